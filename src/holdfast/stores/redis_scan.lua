-- One step of a walk over the keys, with the head of each value, so that the caller can tell a
-- session from what else Laravel keeps under the same prefix.
--
-- ARGV[1]  cursor, 0 at first
-- ARGV[2]  pattern of the keys
-- ARGV[3]  about how many keys to look at
-- ARGV[4]  bytes of each value's head
--
-- Answers {next cursor, key, head, key, head, ...}; values that are not strings are left out.

local step = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local answer = {step[1]}
for _, key in ipairs(step[2]) do
  local head = redis.pcall('GETRANGE', key, 0, ARGV[4] - 1)
  if type(head) == 'string' and head ~= '' then
    answer[#answer + 1] = key
    answer[#answer + 1] = head
  end
end
return answer
