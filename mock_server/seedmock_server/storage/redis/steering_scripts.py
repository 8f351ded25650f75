"""Scripts on counters, on what steers, on counts of rules, on the journal and on leases. Each is carried out whole.

KEYS[1] is as in `task_scripts`:

    about                   hash: whose data this is, its format, and the settings that all processes have in common
    epoch                   number of the last change that copies must learn of
    documents, versions     hash of bodies, and sorted set of versions, by the names of documents
    counts, counts:KIND     set of kinds; hash of the last numbers, by account
    windows                 set of UPSTREAM:ACCOUNT, each with the list account:NAME:calls:UPSTREAM
    rules:KIND              hash: LABEL:matched, LABEL:applied, LABEL:draws:ACCOUNT
    journal, journal_total  stream of exchanges, whose ids are their numbers plus 1; number of all exchanges so far
    lease:NAME              owner, with a time to live
"""

from __future__ import annotations

from ..copies import SET_DRAWS
from .redis_client import Script

CHANGE = f"""
local base = KEYS[1]
local function change_epoch()
  return redis.call('INCR', base .. 'epoch')
end

local function set_draws_back()
  local epoch = change_epoch()
  redis.call('ZADD', base .. 'versions', epoch, '{SET_DRAWS}')
  return epoch
end
"""

# The first epoch is the server's time in milliseconds: after a loss of all data, epochs go on above the old ones.
AGREE = Script("""
local base, time = KEYS[1], redis.call('TIME')
-- A process asks with the same arguments each time: only with the time is another life another one.
if redis.call('HSETNX', base .. 'about', 'life', ARGV[1] .. time[1] .. '.' .. time[2]) == 1 then
  redis.call('SET', base .. 'epoch', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
end
for place = 2, #ARGV, 2 do redis.call('HSETNX', base .. 'about', ARGV[place], ARGV[place + 1]) end
return redis.call('HGETALL', base .. 'about')
""")

# Names that copies know of, and that are gone with all data: they get a version, so that the copies learn of it.
BURY_DOCUMENTS = Script(
    CHANGE
    + """
local epoch = change_epoch()
for _, name in ipairs(ARGV) do redis.call('ZADD', base .. 'versions', 'NX', epoch, name) end
return epoch
"""
)

COUNT = Script("""
local key, account, above = KEYS[1] .. 'counts:' .. ARGV[1], ARGV[2], tonumber(ARGV[3])
redis.call('SADD', KEYS[1] .. 'counts', ARGV[1])
local last = tonumber(redis.call('HGET', key, account) or 0)
if last < above then redis.call('HSET', key, account, above) end
return redis.call('HINCRBY', key, account, 1)
""")

SET_COUNTERS = Script(
    CHANGE
    + """
local key = base .. 'counts:' .. ARGV[1]
redis.call('DEL', key)
redis.call('SADD', base .. 'counts', ARGV[1])
for place = 2, #ARGV, 2 do redis.call('HSET', key, ARGV[place], ARGV[place + 1]) end
return set_draws_back()
"""
)

ADMIT = Script("""
local upstream, account, now, rate = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local key = KEYS[1] .. 'account:' .. account .. ':calls:' .. upstream
local first = redis.call('LINDEX', key, 0)
while first and tonumber(first) + 60 - now <= 0 do
  redis.call('LPOP', key)
  first = redis.call('LINDEX', key, 0)
end
local count = redis.call('LLEN', key)
if count < rate then
  redis.call('RPUSH', key, ARGV[3])
  redis.call('SADD', KEYS[1] .. 'windows', upstream .. ':' .. account)
  return '0'
end
return string.format('%.17g', math.min(60, tonumber(redis.call('LINDEX', key, count - rate)) + 60 - now))
""")

CALLS = Script("""
local calls = {}
local windows = redis.call('SMEMBERS', KEYS[1] .. 'windows')
table.sort(windows)
for place, window in ipairs(windows) do
  local upstream, account = string.match(window, '^([^:]*):(.*)$')
  local key = KEYS[1] .. 'account:' .. account .. ':calls:' .. upstream
  calls[place] = {upstream, account, redis.call('LRANGE', key, 0, -1)}
end
return calls
""")

SET_CALLS = Script("""
for _, window in ipairs(redis.call('SMEMBERS', KEYS[1] .. 'windows')) do
  local upstream, account = string.match(window, '^([^:]*):(.*)$')
  redis.call('DEL', KEYS[1] .. 'account:' .. account .. ':calls:' .. upstream)
end
redis.call('DEL', KEYS[1] .. 'windows')
local place = 1
while place <= #ARGV do
  local upstream, account, count = ARGV[place], ARGV[place + 1], tonumber(ARGV[place + 2])
  local key = KEYS[1] .. 'account:' .. account .. ':calls:' .. upstream
  for offset = 1, count do redis.call('RPUSH', key, ARGV[place + 2 + offset]) end
  redis.call('SADD', KEYS[1] .. 'windows', upstream .. ':' .. account)
  place = place + 3 + count
end
return 1
""")

CHANGES = Script("""
local changes = {redis.call('GET', KEYS[1] .. 'epoch') or '0'}
local versions = redis.call('ZRANGEBYSCORE', KEYS[1] .. 'versions', '(' .. ARGV[1], '+inf', 'WITHSCORES')
for place = 1, #versions, 2 do
  changes[#changes + 1] = versions[place]
  changes[#changes + 1] = versions[place + 1]
  changes[#changes + 1] = redis.call('HGET', KEYS[1] .. 'documents', versions[place])
end
return changes
""")

PUT_DOCUMENTS = Script(
    CHANGE
    + """
for place = 1, #ARGV, 4 do
  local version = tonumber(redis.call('ZSCORE', base .. 'versions', ARGV[place]) or 0)
  if version ~= tonumber(ARGV[place + 1]) then return false end
end
local epoch = change_epoch()
for place = 1, #ARGV, 4 do
  local name, is_removed, body = ARGV[place], ARGV[place + 2] == '1', ARGV[place + 3]
  redis.call('ZADD', base .. 'versions', epoch, name)
  if is_removed then
    redis.call('HDEL', base .. 'documents', name)
  else
    redis.call('HSET', base .. 'documents', name, body)
  end
end
return epoch
"""
)

CLAIM = Script("""
local key = KEYS[1] .. 'rules:' .. ARGV[1]
local label, account, times, nth, draws = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local matched = redis.call('HINCRBY', key, label .. ':matched', 1)
local applied = tonumber(redis.call('HGET', key, label .. ':applied') or 0)
if (times ~= '' and applied >= tonumber(times)) or (nth ~= '' and matched ~= tonumber(nth)) then
  return {matched, applied, 0, 0}
end
if draws == '1' then return {matched, applied, redis.call('HINCRBY', key, label .. ':draws:' .. account, 1), 0} end
return {matched, redis.call('HINCRBY', key, label .. ':applied', 1), 0, 1}
""")

APPLY_RULE = Script("""
local key, field, times = KEYS[1] .. 'rules:' .. ARGV[1], ARGV[2] .. ':applied', ARGV[3]
if times ~= '' and tonumber(redis.call('HGET', key, field) or 0) >= tonumber(times) then return false end
return redis.call('HINCRBY', key, field, 1)
""")

SET_RULE_COUNTS = Script("""
local key = KEYS[1] .. 'rules:' .. ARGV[1]
redis.call('DEL', key)
for place = 2, #ARGV, 2 do redis.call('HSET', key, ARGV[place], ARGV[place + 1]) end
return 1
""")

REMOVE_RULE_COUNTS = Script("""
local key = KEYS[1] .. 'rules:' .. ARGV[1]
local removed = {}
for place = 2, #ARGV do removed[ARGV[place]] = true end
for _, field in ipairs(redis.call('HKEYS', key)) do
  if removed[string.match(field, '^([^:]*):')] then redis.call('HDEL', key, field) end
end
return 1
""")

# The last entry of a batch has its token, by which a repetition is recognized: the first reply can be lost.
APPEND = Script("""
local bound, key, count = tonumber(ARGV[1]), KEYS[1] .. 'journal', (#ARGV - 4) / 2
if ARGV[4] == '1' then
  for _, row in ipairs(redis.call('XREVRANGE', key, '+', '-')) do
    if row[2][6] == ARGV[3] then return 0 end
  end
end
local number = redis.call('INCRBY', KEYS[1] .. 'journal_total', tonumber(ARGV[2]) + count) - count
for place = 5, #ARGV, 2 do
  number = number + 1
  local id = string.format('%.0f-0', number)
  if place + 1 < #ARGV then
    redis.call('XADD', key, id, 'account', ARGV[place], 'entry', ARGV[place + 1])
  else
    redis.call('XADD', key, id, 'account', ARGV[place], 'entry', ARGV[place + 1], 'batch', ARGV[3])
  end
end
redis.call('XTRIM', key, 'MAXLEN', bound)
return number
""")

RESTORE_JOURNAL = Script("""
redis.call('DEL', KEYS[1] .. 'journal')
redis.call('SET', KEYS[1] .. 'journal_total', ARGV[1])
for place = 2, #ARGV, 3 do
  local id = string.format('%.0f-0', ARGV[place] + 1)
  redis.call('XADD', KEYS[1] .. 'journal', id, 'account', ARGV[place + 1], 'entry', ARGV[place + 2])
end
return 1
""")

CLEAR_JOURNAL = Script("""
local key = KEYS[1] .. 'journal'
for _, row in ipairs(redis.call('XRANGE', key, '-', '+')) do
  if row[2][2] == ARGV[1] then redis.call('XDEL', key, row[1]) end
end
return 1
""")

LEASE = Script("""
local key, owner, milliseconds = KEYS[1] .. 'lease:' .. ARGV[1], ARGV[2], ARGV[3]
local holder = redis.call('GET', key)
if holder and holder ~= owner then return 0 end
if milliseconds == '0' then redis.call('DEL', key) else redis.call('SET', key, owner, 'PX', milliseconds) end
return 1
""")

END_LEASE = Script("""
local key = KEYS[1] .. 'lease:' .. ARGV[1]
if redis.call('GET', key) == ARGV[2] then redis.call('DEL', key) end
return 1
""")
