-- Reads or conditionally writes one session, as one atomic step.
--
-- KEYS[1]  the session's key
-- KEYS[2]  beside it: where it moved
-- KEYS[3]  beside it: that it was ended
-- KEYS[4]  beside it: its last writes
-- ARGV[1]  find | create | save | touch
-- ARGV[2]  seconds that a key without an expiry of its own is said to live on
-- ARGV[3]  create, save, touch: the new expiry, epoch seconds
-- ARGV[4]  save, touch: the bytes that must stand there
-- ARGV[5]  create, save: the bytes to write
-- ARGV[6]  create, save: the write's id, empty for none
-- ARGV[7]  create, save: 1 where it was performed before
-- ARGV[8]  create, save: how many writes are remembered
-- ARGV[9]  create, save: for how many seconds
--
-- Answers {flag}, {moved, where} or {flag, the bytes that stand there, their expiry in epoch
-- seconds}; the flag is missing, moved, found, gone, fenced, conflict or written, and alone says
-- whether anything was written.

local key, verb = KEYS[1], ARGV[1]
local current = redis.call('GET', key)

local function standing(flag)
  local left = redis.call('PTTL', key)
  if left < 0 then
    left = ARGV[2] * 1000
  end
  local now = redis.call('TIME')
  local at = now[1] * 1000 + math.floor(now[2] / 1000) + left
  return {flag, current, math.floor((at + 500) / 1000)}
end

if verb == 'find' then
  if current then
    return standing('found')
  end
  local moved = redis.call('GET', KEYS[2])
  return moved and {'moved', moved} or {'missing'}
end

if ARGV[7] == '1' then
  for _, write in ipairs(redis.call('LRANGE', KEYS[4], 0, -1)) do
    if write == ARGV[6] then
      return {'written'}
    end
  end
end

if verb == 'create' then
  if redis.call('EXISTS', KEYS[3]) == 1 then
    return {'fenced'}
  end
  if current then
    return standing('conflict')
  end
elseif not current then
  return {'gone'}
elseif current ~= ARGV[4] then
  return standing('conflict')
end

if verb ~= 'touch' then
  redis.call('SET', key, ARGV[5])
  if ARGV[6] ~= '' then
    if redis.call('LPUSH', KEYS[4], ARGV[6]) > tonumber(ARGV[8]) then
      redis.call('LTRIM', KEYS[4], 0, ARGV[8] - 1)
    end
    redis.call('EXPIRE', KEYS[4], ARGV[9])
  end
end
-- An instant in the past deletes the key, which is what an expired session is.
redis.call('EXPIREAT', key, ARGV[3])
return {'written'}
