-- ARGV: now by the clock of leases, lease (seconds), then hint and fence for each. Gives the numbers, from 0, of those that nobody holds under that fence, and at
-- last the end of the lease. To do it twice is to do it once.
local until_ = exact(clock(ARGV[1]) + tonumber(ARGV[2]))
local lost = {}
for at = 3, #ARGV, 2 do
  local fence = string.match(redis.call('HGET', key('holders'), ARGV[at]) or '', '^(%d+);')
  if fence == ARGV[at + 1] then
    redis.call('ZADD', key('leased'), until_, ARGV[at])
  else
    lost[#lost + 1] = (at - 3) / 2
  end
end
return { until_, lost }
