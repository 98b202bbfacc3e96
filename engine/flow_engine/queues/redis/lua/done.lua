-- ARGV: client, request, now, then hint, fence and again ('1': it goes back as it was) for each. Gives the numbers, from 0, of those that
-- nobody holds under that fence.
local client, request = ARGV[1], ARGV[2]
local before = answered('done', client, request)
if before then return before end
local now = clock(ARGV[3])
local refused, back = {}, {}
for at = 4, #ARGV, 3 do
  local hint = ARGV[at]
  local fence, again = string.match(redis.call('HGET', key('holders'), hint) or '', '^(%d+);(%d);')
  if fence ~= ARGV[at + 1] then
    refused[#refused + 1] = (at - 4) / 3
  else
    gather('ZREM', key('leased'), hint)
    gather('HDEL', key('holders'), hint)
    if again == '1' or ARGV[at + 2] == '1' then
      back[#back + 1] = hint
    else
      forget(hint)
    end
  end
end
for _, hint in ipairs(back) do
  local record = record_of(hint)
  if record then put(hint, record, now) end
end
write_all()
if #back > 0 then wake() end
return answer('done', client, request, refused)
