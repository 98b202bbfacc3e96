-- ARGV: none. Gives when the next hint is due (seconds since the epoch, as text), or nothing.
local namespace = redis.call('ZRANGE', key('names'), 0, 0)[1]
if namespace then
  local hint = redis.call('ZRANGE', key('ready', namespace), 0, 0)[1]
  local record = hint and record_of(hint)
  if record then
    local _, due = fields(record)
    return due
  end
end
return redis.call('ZRANGE', key('later'), 0, 0, 'WITHSCORES')[2] or false
