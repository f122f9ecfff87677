-- Decides as sendwell/domain/limits.py does; what stands in a question is told by question.py.
--
-- KEYS     where the TATs of the question's keys are kept
-- ARGV[1]  now, how long a key outlasts what it counts, then the question's numbers, as MessagePack
--
-- Times are microseconds. Lua counts in doubles, which hold them exactly until the year 2255.

local now, outlasts, intervals, tolerances, sizes, wanted = unpack(cmsgpack.unpack(ARGV[1]))

local CLOCKS_DIFFER = 1000000

local function stored()
  local tats = redis.call('MGET', unpack(KEYS))
  for key, interval in ipairs(intervals) do
    local tat = tonumber(tats[key] or now)
    local furthest = now + tolerances[key]
    tats[key] = tat > furthest + interval + CLOCKS_DIFFER and furthest or math.max(now, tat)
  end
  return tats
end

local function keep(key, tat)
  local ms = math.ceil((tat - now + outlasts) / 1000)
  redis.call('SET', KEYS[key], string.format('%.0f', tat), 'PX', string.format('%.0f', ms))
end

local tats, moved, refused = stored(), {}, {}
local last = 0
for demand, size in ipairs(sizes) do
  local first = last + 1
  last = last + size
  local narrowest, till = nil, now
  for place = first, last do
    local key = wanted[place]
    if tats[key] - tolerances[key] > till then
      narrowest, till = key, tats[key] - tolerances[key]
    end
  end
  if narrowest then
    table.insert(refused, demand)
    table.insert(refused, narrowest)
    table.insert(refused, till)
  else
    for place = first, last do
      local key = wanted[place]
      tats[key] = tats[key] + intervals[key]
      moved[key] = true
    end
  end
end

for key in pairs(moved) do
  keep(key, tats[key])
end
return refused
