-- Reads or conditionally writes one session, as one atomic step.
--
-- KEYS[1]  the session's key
-- ARGV[1]  find | create | save | touch
-- ARGV[2]  seconds that a key without an expiry of its own is said to live on
-- ARGV[3]  create, save, touch: the new expiry, epoch seconds
-- ARGV[4]  save, touch: the bytes that must stand there
-- ARGV[5]  create, save: the bytes to write
--
-- Answers {flag} or {flag, the bytes that stand there, their expiry in epoch seconds}; the flag is
-- missing, found, gone, conflict or written, and alone says whether anything was written.

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
  if not current then
    return {'missing'}
  end
  return standing('found')
end

if verb == 'create' then
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
end
-- An instant in the past deletes the key, which is what an expired session is.
redis.call('EXPIREAT', key, ARGV[3])
return {'written'}
