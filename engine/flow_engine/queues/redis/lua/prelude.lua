-- What all scripts share. KEYS[1] is the lane, `flow:{...}`; its braces put all keys of a lane on one node of a cluster, so that the names
-- made here need not be declared.
--
--   LANE:ready:NS    ZSET    hints that are due, by rank            LANE:run:RUN     HASH  SEQ:ATTEMPT -> RANK;DUE;ALARM;NS
--   LANE:names       ZSET    namespaces that have some, by pass     LANE:holders     HASH  hint -> FENCE;AGAIN;CLIENT
--   LANE:later       ZSET    hints that are not yet due, by time    LANE:blocked:RUN SET   seq of tasks that wait for parents
--   LANE:leased      ZSET    hints in somebody's hands, by the end of the lease
--   LANE:wake        LIST    one token while there is work for whoever waits; LANE:timer is who watches the clock
--   LANE:knock:WORKER LIST   a token while there is mail for this worker; expires
--   LANE:state       HASH    epoch, fence (the last one given), pass (of the last namespace served)
--   LANE:answer:CLIENT:KIND  what the last script of this kind gave to this client, for when the answer was lost; expires
local lane = KEYS[1]
local CHUNK = 1000 -- arguments of one command, and members read at once: far below what Lua's stack takes
local ANSWER_SECONDS = 60

local function key(...)
  return lane .. ':' .. table.concat({ ... }, ':')
end

-- Seconds since the epoch: those that were given, else this server's.
local function clock(given)
  if given and given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end

local function exact(number)
  return string.format('%.6f', number)
end

-- The answer to this very request, where it has been carried out before.
local function answered(kind, client, request)
  local kept = redis.call('GET', key('answer', client, kind))
  if not kept then return nil end
  local unpacked = cmsgpack.unpack(kept)
  if unpacked[1] == request then return unpacked[2] end
  return nil
end

local function answer(kind, client, request, reply)
  redis.call('SETEX', key('answer', client, kind), ANSWER_SECONDS, cmsgpack.pack({ request, reply }))
  return reply
end

local function parts(hint)
  return string.match(hint, '^(.*):(%d+:%d+)$')
end

local function record_of(hint)
  local run, place = parts(hint)
  return redis.call('HGET', key('run', run), place)
end

local function fields(record)
  return string.match(record, '^([^;]*);([^;]*);([^;]*);(.*)$')
end

-- Writes that are carried out together, since a command for each costs several times as much. They are not seen before `write_all`.
local batches, order = {}, {}
local function write(batch)
  if #batch > 2 then redis.call(unpack(batch)) end
  for at = #batch, 3, -1 do
    batch[at] = nil
  end
end

local function gather(command, target, first, second)
  local name = command .. ' ' .. target
  local batch = batches[name]
  if not batch then
    batch = { command, target }
    batches[name], order[#order + 1] = batch, batch
  end
  batch[#batch + 1] = first
  if second then batch[#batch + 1] = second end
  if #batch > CHUNK then write(batch) end
end

local function write_all()
  for _, batch in ipairs(order) do
    write(batch)
  end
end

local function forget(hint)
  local run, place = parts(hint)
  gather('HDEL', key('run', run), place)
end

-- A namespace that comes back starts where the others stand: what it did not use is no credit.
local entered = {}
local function enter(namespace)
  if entered[namespace] then return end
  entered[namespace] = true
  redis.call('ZADD', key('names'), 'NX', redis.call('HGET', key('state'), 'pass') or '0', namespace)
end

local function put_ready(hint, record)
  local rank, _, _, namespace = fields(record)
  gather('ZADD', key('ready', namespace), rank, hint)
  enter(namespace)
end

local function put(hint, record, now)
  local _, due = fields(record)
  if tonumber(due) <= now then
    put_ready(hint, record)
  else
    gather('ZADD', key('later'), due, hint)
  end
end

-- One token wakes one who waits; whoever takes and leaves work behind wakes the next.
local function wake()
  if redis.call('LLEN', key('wake')) == 0 then redis.call('RPUSH', key('wake'), '1') end
end

local function move_due(set, limit, now, move)
  local left = limit
  while left > 0 do
    local found = redis.call('ZRANGEBYSCORE', key(set), '-inf', exact(now), 'LIMIT', 0, math.min(left, CHUNK))
    for _, hint in ipairs(found) do
      gather('ZREM', key(set), hint)
      local record = record_of(hint)
      if record then move(hint, record) end
    end
    write_all()
    if #found < math.min(left, CHUNK) then return end
    left = left - #found
  end
end
