-- Keeps bytes that are no session, within the quarantine's bounds.
--
-- KEYS[1]  the quarantine: a hash of entries
-- KEYS[2]  the quarantine: their instants
-- ARGV[1]  the entry's name
-- ARGV[2]  the entry
-- ARGV[3]  for how many seconds it is kept
-- ARGV[4]  how many entries there may be
--
-- Answers 1: it is kept, or was already; 0: the quarantine is full.

local now = tonumber(redis.call('TIME')[1])
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])) do
  redis.call('HDEL', KEYS[1], old)
  redis.call('ZREM', KEYS[2], old)
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  return 1
end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return 1
