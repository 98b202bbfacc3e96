-- ARGV: client, now, now by the clock of leases, most (milliseconds). Gives how long this client may sleep unless it is woken, in milliseconds: 0 where there is
-- work, -1 where it need not watch the clock. One of those who wait long enough does, so that the others are not all woken by each delay;
-- it hands that over when it takes (take.lua).
local client, now, most = ARGV[1], clock(ARGV[2]), tonumber(ARGV[4])
if redis.call('EXISTS', key('names')) == 1 then return 0 end
local delay, next_
for set, at in pairs({ later = now, leased = clock(ARGV[3]) }) do
  local first = redis.call('ZRANGE', key(set), 0, 0, 'WITHSCORES')[2]
  if first and tonumber(first) - at < (delay or math.huge) then delay, next_ = tonumber(first) - at, first end
end
if not delay then return -1 end
delay = math.max(math.ceil(delay * 1000), 0)
if delay == 0 then return 0 end
if delay > most then return -1 end
local watch, name = string.match(redis.call('GET', key('timer')) or '', '^([^;]*);(.*)$')
if watch and name ~= client and tonumber(watch) <= tonumber(next_) then return -1 end
redis.call('SET', key('timer'), next_ .. ';' .. client, 'PX', delay + 1000)
return delay
