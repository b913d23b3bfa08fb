-- Ends a session whatever it holds, and keeps its id from being created again for a while.
--
-- KEYS[1]  the session's key
-- KEYS[2]  beside it: that it was ended
-- ARGV[1]  for how many seconds nothing is created under its id
--
-- Answers how many sessions were there, 0 or 1.

redis.call('SET', KEYS[2], '1', 'EX', ARGV[1])
return redis.call('DEL', KEYS[1])
