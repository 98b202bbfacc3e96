-- ARGV: client, now, most (milliseconds). Gives how long this client may sleep unless it is woken, in milliseconds: 0 where there is
-- work, -1 where it need not watch the clock. One of those who wait does, so that the others are not all woken by each delay.
local client, now, most = ARGV[1], clock(ARGV[2]), tonumber(ARGV[3])
if redis.call('EXISTS', key('names')) == 1 then return 0 end
local delay
for set, at in pairs({ later = now, leased = clock() }) do
  local first = redis.call('ZRANGE', key(set), 0, 0, 'WITHSCORES')[2]
  if first then delay = math.min(delay or math.huge, tonumber(first) - at) end
end
if not delay then return -1 end
delay = math.max(math.ceil(delay * 1000), 0)
if delay == 0 then return 0 end
local watch, name = string.match(redis.call('GET', key('timer')) or '', '^([^;]*);(.*)$')
local at = exact(clock() * 1000 + delay)
if watch and name ~= client and tonumber(watch) <= tonumber(at) then return -1 end
redis.call('SET', key('timer'), at .. ';' .. client, 'PX', math.min(delay, most) + 1000)
return delay
