-- ARGV: client, request, now, now by the clock of leases, lease (seconds; 0: nobody holds what is taken), limit, then namespace and
-- weight for each that has another than 1. Gives the epoch, the fence, the end of the lease, and hint and record for each.
local client, request, lease, limit = ARGV[1], ARGV[2], tonumber(ARGV[5]), tonumber(ARGV[6])
local before = answered('take', client, request)
if before then return before end
local MOVED = 5000 -- the most that one call makes ready, so that it holds nobody up
local over = clock(ARGV[4])
local now, until_ = clock(ARGV[3]), exact(over + lease)
local weights = {}
for at = 7, #ARGV, 2 do
  weights[ARGV[at]] = tonumber(ARGV[at + 1])
end

local function leased_no_more(hint, record)
  gather('HDEL', key('holders'), hint)
  put_ready(hint, record)
end

-- Rises over a flush and a restart too, since the clock of leases does.
local function next_fence()
  local last = tonumber(redis.call('HGET', key('state'), 'fence') or '0')
  local fence = string.format('%.0f', math.max(last + 1, math.floor(over * 1000000)))
  redis.call('HSET', key('state'), 'fence', fence)
  return fence
end

-- How many one namespace may have before it is another's turn.
local function quota(heads, left)
  if not heads[4] then return left end
  local ahead = (tonumber(heads[4]) - tonumber(heads[2])) * (weights[heads[1]] or 1)
  return math.min(left, math.max(1, math.ceil(ahead)))
end

local function serve(heads, taken)
  local namespace = heads[1]
  local wanted, weight = quota(heads, limit - #taken), weights[namespace] or 1
  local popped = redis.call('ZPOPMIN', key('ready', namespace), wanted)
  for at = 1, #popped, 2 do
    taken[#taken + 1] = popped[at]
  end
  redis.call('HSET', key('state'), 'pass', tonumber(heads[2]) + (#popped / 2 - 1) / weight)
  if #popped < 2 * wanted or redis.call('EXISTS', key('ready', namespace)) == 0 then
    redis.call('ZREM', key('names'), namespace)
  else
    redis.call('ZINCRBY', key('names'), wanted / weight, namespace)
  end
end

local function hand_over(hint, holder, reply)
  local record = record_of(hint)
  if not record then return end
  reply[#reply + 1] = hint
  reply[#reply + 1] = record
  if lease > 0 then
    gather('ZADD', key('leased'), until_, hint)
    gather('HSET', key('holders'), hint, holder)
  else
    forget(hint)
  end
end

move_due('leased', MOVED, over, leased_no_more)
move_due('later', MOVED, now, put_ready)
local taken = {}
while #taken < limit do
  local heads = redis.call('ZRANGE', key('names'), 0, 1, 'WITHSCORES')
  if #heads == 0 then break end
  serve(heads, taken)
end
local fence = #taken > 0 and next_fence() or '0'
local reply = { redis.call('HGET', key('state'), 'epoch') or '', fence, until_ }
for _, hint in ipairs(taken) do
  hand_over(hint, fence .. ';0;' .. client, reply)
end
write_all()
-- Who watched the clock and has work now wakes another one, who will.
local function hand_over_watch()
  local watcher = string.match(redis.call('GET', key('timer')) or '', ';(.*)$')
  if watcher ~= client then return false end
  redis.call('DEL', key('timer'))
  return redis.call('EXISTS', key('later'), key('leased')) > 0
end

if hand_over_watch() or redis.call('EXISTS', key('names')) == 1 then wake() end
return answer('take', client, request, reply)
