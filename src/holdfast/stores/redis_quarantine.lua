-- Lists some entries of the quarantine, by their names.
--
-- KEYS[1]  the quarantine: a hash of entries
-- KEYS[2]  the quarantine: their instants
-- ARGV[1]  the name of the entry before the first one; empty: from the start
-- ARGV[2]  how many
-- ARGV[3]  for how many seconds an entry is kept
--
-- Answers the name to go on from, empty: that was the last; then name, instant and entry of each.

local now = tonumber(redis.call('TIME')[1])
local kept = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. (now - ARGV[3]), '+inf', 'WITHSCORES')
local names, instants = {}, {}
for i = 1, #kept, 2 do
  if kept[i] > ARGV[1] then
    names[#names + 1] = kept[i]
    instants[kept[i]] = kept[i + 1]
  end
end
table.sort(names)
local count = math.min(#names, tonumber(ARGV[2]))
local answer = {count < #names and names[count] or ''}
for i = 1, count do
  answer[#answer + 1] = names[i]
  answer[#answer + 1] = instants[names[i]]
  answer[#answer + 1] = redis.call('HGET', KEYS[1], names[i])
end
return answer
