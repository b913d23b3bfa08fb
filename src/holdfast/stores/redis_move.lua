-- Gives a session another id, as one atomic step.
--
-- KEYS[1]  the session's key
-- KEYS[2]  beside it: where it moved, for its readers
-- KEYS[3]  beside it: that it was ended, and where it moved
-- KEYS[4]  the new key
-- KEYS[5]  beside the new one: its last writes
-- ARGV[1]  seconds that a key without an expiry of its own is said to live on
-- ARGV[2]  the new record's expiry, epoch seconds
-- ARGV[3]  the bytes that must stand at the old key
-- ARGV[4]  the bytes to write at the new one
-- ARGV[5]  the write's id, empty for none
-- ARGV[6]  1 where it was performed before
-- ARGV[7]  for how many seconds writes are remembered
-- ARGV[8]  for how many seconds nothing is created under the old id
-- ARGV[9]  for how many seconds readers of the old id are told of the new one
-- ARGV[10] what they must show to be told
-- ARGV[11] the new id
--
-- Answers {flag} or {conflict, the bytes that stand at the old key, their expiry}; the flag is gone,
-- conflict, collision or written.

local function remembered()
  for _, write in ipairs(redis.call('LRANGE', KEYS[5], 0, -1)) do
    if write == ARGV[5] then
      return true
    end
  end
end

if ARGV[6] == '1' and remembered() then
  -- A write, so that a WAIT after it counts the replicas that have the remembered one too.
  redis.call('EXPIRE', KEYS[5], ARGV[7])
  return {'written'}
end
local current = redis.call('GET', KEYS[1])
if not current then
  return {'gone'}
end
if current ~= ARGV[3] then
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    left = ARGV[1] * 1000
  end
  local now = redis.call('TIME')
  local at = now[1] * 1000 + math.floor(now[2] / 1000) + left
  return {'conflict', current, math.floor((at + 500) / 1000)}
end
if redis.call('EXISTS', KEYS[4]) == 1 then
  return {'collision'}
end

redis.call('SET', KEYS[4], ARGV[4])
redis.call('EXPIREAT', KEYS[4], ARGV[2])
if ARGV[5] ~= '' then
  redis.call('LPUSH', KEYS[5], ARGV[5])
  redis.call('EXPIRE', KEYS[5], ARGV[7])
end
redis.call('DEL', KEYS[1])
if tonumber(ARGV[8]) > 0 then
  redis.call('SET', KEYS[3], ARGV[11], 'EX', ARGV[8])
end
if tonumber(ARGV[9]) > 0 then
  redis.call('SET', KEYS[2], ARGV[11] .. ARGV[10], 'EX', ARGV[9])
elseif tonumber(ARGV[8]) > 0 then
  redis.call('DEL', KEYS[2])
end
return {'written'}
