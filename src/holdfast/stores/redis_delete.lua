-- Ends a session whatever it holds, and keeps its id from being created again for a while.
--
-- KEYS[1]  the session's key
-- KEYS[2]  beside it: that it was ended
-- KEYS[3]  beside it: nothing that is read
-- ARGV[1]  for how many seconds nothing is created under its id; 0: it may be at once
--
-- Answers how many sessions were there, 0 or 1. Something is written in any case, so that a WAIT
-- after it counts the replicas that know it: another one may have ended the session a moment ago.

local ended = redis.call('DEL', KEYS[1])
if tonumber(ARGV[1]) > 0 then
  redis.call('SET', KEYS[2], '1', 'EX', ARGV[1])
elseif ended == 0 then
  redis.call('SET', KEYS[3], '1', 'PX', 1)
end
return ended
