-- ARGV: client, request, now, horizon (seconds), missing ('1': only hints that are nowhere), namespace, then hint, rank, due, alarm for each.
-- No hint may be there twice. Gives the epoch of what is kept here, '' where there is none.
local client, request, missing, namespace = ARGV[1], ARGV[2], ARGV[5] == '1', ARGV[6]
local before = answered('push', client, request)
if before then return before end
local now = clock(ARGV[3])
local horizon = now + tonumber(ARGV[4])
local early = redis.call('ZRANGE', key('later'), 0, 0, 'WITHSCORES')[2]
local waking = false

local shown = {} -- whether the run has tasks that are shown as blocked
local function unblock(run, seq)
  if shown[run] == nil then shown[run] = redis.call('EXISTS', key('blocked', run)) == 1 end
  if shown[run] then redis.call('SREM', key('blocked', run), seq) end
end

-- Whether somebody has the hint: then it is wanted once more when its holder is done with it.
local function wanted_again(hint)
  local holder = redis.call('HGET', key('holders'), hint)
  if not holder then return false end
  local fence, _, name = string.match(holder, '^(%d+);(%d);(.*)$')
  redis.call('HSET', key('holders'), hint, fence .. ';1;' .. name)
  return true
end

local function remove(hint, record)
  local _, _, _, previous = fields(record)
  redis.call('ZREM', key('ready', previous), hint)
  redis.call('ZREM', key('later'), hint)
end

local function add(hint, rank, due, alarm)
  local run, place = parts(hint)
  local old = redis.call('HGET', key('run', run), place)
  if (missing and old) or tonumber(due) > horizon then return end
  local record = table.concat({ rank, due, alarm, namespace }, ';')
  gather('HSET', key('run', run), place, record)
  unblock(run, string.match(place, '^%d+'))
  if old then
    if wanted_again(hint) then return end
    remove(hint, old)
  end
  put(hint, record, now)
  if tonumber(due) <= now or not early or tonumber(due) < tonumber(early) then waking = true end
end

for at = 7, #ARGV, 4 do
  add(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
end
write_all()
if waking then wake() end
return answer('push', client, request, redis.call('HGET', key('state'), 'epoch') or '')
