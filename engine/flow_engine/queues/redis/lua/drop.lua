-- ARGV: runs. All that is kept of them goes. To do it twice is to do it once.
local function leave(namespace)
  if redis.call('EXISTS', key('ready', namespace)) == 0 then redis.call('ZREM', key('names'), namespace) end
end

for _, run in ipairs(ARGV) do
  for _, place in ipairs(redis.call('HKEYS', key('run', run))) do
    local hint = run .. ':' .. place
    local _, _, _, namespace = fields(record_of(hint))
    redis.call('ZREM', key('ready', namespace), hint)
    redis.call('ZREM', key('later'), hint)
    redis.call('ZREM', key('leased'), hint)
    redis.call('HDEL', key('holders'), hint)
    leave(namespace)
  end
  redis.call('DEL', key('run', run), key('blocked', run))
end
return #ARGV
