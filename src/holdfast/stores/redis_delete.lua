-- Ends a session whatever it holds, and keeps its id from being created again for a while.
--
-- KEYS[1]  the session's key
-- KEYS[2]  beside it: where it moved, for its readers
-- KEYS[3]  beside it: that it was ended; by a move: where to
-- KEYS[4]  beside it: nothing that is read
-- ARGV[1]  for how many seconds nothing is created under its id; 0: it may be at once
--
-- Answers {flag} or {moved, where to}; the flag is deleted, missing, or unfenced where nothing was
-- there and nobody was asked where it moved. Something is written in any case, so that a WAIT after
-- it counts the replicas that know it: another one may have ended the session a moment ago.

local ID_LENGTH = 40

local ended = redis.call('DEL', KEYS[1])
if tonumber(ARGV[1]) == 0 then
  if ended == 0 then
    redis.call('SET', KEYS[4], '1', 'PX', 1)
  end
  return {ended == 1 and 'deleted' or 'unfenced'}
end
local to = redis.call('GET', KEYS[2]) or redis.call('GET', KEYS[3]) or ''
if #to < ID_LENGTH then
  redis.call('SET', KEYS[3], '1', 'EX', ARGV[1])
  return {ended == 1 and 'deleted' or 'missing'}
end
to = string.sub(to, 1, ID_LENGTH)
-- Who performs this again, because the answer was lost, is told the same.
redis.call('SET', KEYS[3], to, 'EX', ARGV[1])
return {'moved', to}
