-- Gives a lock back if it is the owner's. KEYS[1]; ARGV: owner.
-- As Illuminate/Cache/LuaScripts.php, releaseLock.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
