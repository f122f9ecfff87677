-- Decides as sendwell/domain/lease.py does; what stands in a question is told by question.py.
--
-- KEYS     where the TATs of the question's keys are kept
-- ARGV[1]  now, how long a key outlasts what it counts, then the question's numbers, as MessagePack
--
-- Times are microseconds. Lua counts in doubles, which hold them exactly until the year 2255.

local now, outlasts, intervals, tolerances, counts, spares, returned =
  unpack(cmsgpack.unpack(ARGV[1]))

local CLOCKS_DIFFER = 1000000
local SPARE_SHARE = 100

local answers = {}
local tats = redis.call('MGET', unpack(KEYS))
for key, interval in ipairs(intervals) do
  local furthest = now + tolerances[key]
  local tat = tonumber(tats[key] or now)
  if tat > furthest + interval + CLOCKS_DIFFER then
    tat = furthest
  end
  tat = math.max(now, math.max(now, tat) - returned[key] * interval)
  local room = math.max(0, math.floor((furthest + interval - tat) / interval))
  local in_advance =
    math.min(spares[key], math.floor(math.max(0, room - counts[key]) / SPARE_SHARE))
  local granted = math.min(room, counts[key] + in_advance)
  tat = tat + granted * interval
  local ms = math.ceil((tat - now + outlasts) / 1000)
  redis.call('SET', KEYS[key], string.format('%.0f', tat), 'PX', string.format('%.0f', ms))
  table.insert(answers, granted)
  table.insert(answers, tat)
end
return answers
