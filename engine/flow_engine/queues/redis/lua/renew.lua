-- ARGV: client, lease (seconds), then hint and fence for each. Gives the numbers, from 0, of those that this client does not hold, and at
-- last the end of the lease. To do it twice is to do it once.
local client = ARGV[1]
local until_ = exact(clock() + tonumber(ARGV[2]))
local lost = {}
for at = 3, #ARGV, 2 do
  local fence, _, name = string.match(redis.call('HGET', key('holders'), ARGV[at]) or '', '^(%d+);(%d);(.*)$')
  if fence == ARGV[at + 1] and name == client then
    redis.call('ZADD', key('leased'), until_, ARGV[at])
  else
    lost[#lost + 1] = (at - 3) / 2
  end
end
return { until_, lost }
