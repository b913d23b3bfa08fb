-- Takes a lock, or takes it anew for the owner who holds it. KEYS[1]; ARGV: owner, seconds.
-- Laravel: SET key owner EX seconds NX (Illuminate/Cache/RedisLock.php).
if redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'NX') then
  return 1
end
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
  return 1
end
return 0
