"""Scripts on tasks, their money and their callbacks. Each is carried out whole.

KEYS[1] is the beginning of all keys of the mock, with its hash tag; every key is in that tag's slot.

    task:ID                          hash: account, upstream, body, queries, money, token of the request
    account:NAME:tasks               sorted set of ids in the order of their arrival
    account:NAME:ends:UPSTREAM       sorted set of ids by the time of their end
    account:NAME:sums                hash by upstream: dollars, rest and decimals of all bookings
    account:NAME:refunds:UPSTREAM    sorted set of amounts by the time of their refund
    account:NAME:due                 sorted set of the ids of callbacks by the time at which they are due
    callbacks                        hash by id: number in the order of saving, and the callback
    callback_number                  number of changes of callbacks so far
"""

from __future__ import annotations

from .redis_client import Script
from .steering_scripts import CHANGE

COMMON = (
    CHANGE
    + """
local ONE = 1e15

local function own(account, name)
  return base .. 'account:' .. account .. ':' .. name
end

local function whole(number)
  return string.format('%.0f', number)
end

local function plus(dollars, rest, more_dollars, more_rest)
  dollars, rest = dollars + more_dollars, rest + more_rest
  if rest >= ONE then dollars, rest = dollars + 1, rest - ONE end
  return dollars, rest
end

local function minus(dollars, rest, less_dollars, less_rest)
  dollars, rest = dollars - less_dollars, rest - less_rest
  if rest < 0 then dollars, rest = dollars - 1, rest + ONE end
  return dollars, rest
end

local function quoted(account, upstream)
  local sum = redis.call('HMGET', own(account, 'sums'), upstream .. ':dollars', upstream .. ':rest')
  return tonumber(sum[1] or 0), tonumber(sum[2] or 0)
end

local function set_sum(account, upstream, dollars, rest)
  redis.call('HSET', own(account, 'sums'), upstream .. ':dollars', whole(dollars), upstream .. ':rest', whole(rest))
end

-- What is refunded by now is looked up each time, since a clock can be moved.
local function outstanding(account, upstream, now)
  local dollars, rest = quoted(account, upstream)
  for _, refund in ipairs(redis.call('ZRANGEBYSCORE', own(account, 'refunds:' .. upstream), '-inf', now)) do
    local refunded, refunded_rest = string.match(refund, '^(%d+):(%d+):')
    dollars, rest = minus(dollars, rest, tonumber(refunded), tonumber(refunded_rest))
  end
  return dollars, rest
end

-- An amount is '' where no sums are kept, and a refund is '' where there is none. The most decimals of any amount are
-- those of the sum, as in decimal arithmetic: balances are shown with them.
local function book(account, upstream, id, dollars, rest, decimals, refund_at)
  if dollars == '' then return end
  local most = tonumber(redis.call('HGET', own(account, 'sums'), upstream .. ':decimals') or 0)
  redis.call('HSET', own(account, 'sums'), upstream .. ':decimals', math.max(most, tonumber(decimals)))
  local sum, sum_rest = quoted(account, upstream)
  set_sum(account, upstream, plus(sum, sum_rest, tonumber(dollars), tonumber(rest)))
  if refund_at ~= '' then
    redis.call('ZADD', own(account, 'refunds:' .. upstream), refund_at, dollars .. ':' .. rest .. ':' .. id)
  end
end

local function unbook(account, upstream, id, dollars, rest)
  if not dollars or dollars == '' then return end
  local sum, sum_rest = quoted(account, upstream)
  set_sum(account, upstream, minus(sum, sum_rest, tonumber(dollars), tonumber(rest)))
  redis.call('ZREM', own(account, 'refunds:' .. upstream), dollars .. ':' .. rest .. ':' .. id)
end

-- What is left of a credit, if it does not cover an amount.
local function lacking(account, upstream, now, credit, credit_rest, dollars, rest)
  if credit == '' or dollars == '' then return nil end
  local spent, spent_rest = outstanding(account, upstream, now)
  local left, left_rest = minus(tonumber(credit), tonumber(credit_rest), spent, spent_rest)
  dollars, rest = tonumber(dollars), tonumber(rest)
  if left < dollars or (left == dollars and left_rest < rest) then return {whole(left), whole(left_rest)} end
  return nil
end
"""
)

CALLBACKS = """
local function save_callback(account, id, at, body)
  local number = redis.call('INCR', base .. 'callback_number')
  redis.call('HSET', base .. 'callbacks', id, number .. ':' .. body)
  redis.call('ZADD', own(account, 'due'), at, id)
end

local function remove_callback(account, id)
  redis.call('HDEL', base .. 'callbacks', id)
  redis.call('ZREM', own(account, 'due'), id)
end
"""

ACCEPT = Script(
    COMMON
    + CALLBACKS
    + """
local id, account, upstream, body, token = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local ends_at, now, dollars, rest, decimals, refund_at = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local credit, credit_rest, concurrency, number = ARGV[12], ARGV[13], ARGV[14], ARGV[15]
local callback_at, callback = ARGV[16], ARGV[17]
local task = base .. 'task:' .. id

-- The same request again, whose answer was lost with its connection, has been accepted.
local stored = redis.call('HGET', task, 'token')
if stored then return {stored == token and 'accepted' or 'taken'} end
if concurrency ~= '' then
  local count = redis.call('ZCOUNT', own(account, 'ends:' .. upstream), '(' .. now, '+inf')
  if count >= tonumber(concurrency) then return {'busy', count} end
end
local left = lacking(account, upstream, now, credit, credit_rest, dollars, rest)
if left then return {'uncovered', left[1], left[2]} end
if number ~= '' then
  local last = tonumber(redis.call('HGET', base .. 'counts:draw', account) or 0)
  local free = math.max(tonumber(number), last + 1)
  redis.call('HSET', base .. 'counts:draw', account, free)
  redis.call('SADD', base .. 'counts', 'draw')
  if free > tonumber(number) then return {'stale', free} end
end

redis.call('HSET', task, 'account', account, 'upstream', upstream, 'body', body, 'token', token)
if dollars ~= '' then redis.call('HSET', task, 'dollars', dollars, 'rest', rest) end
redis.call('SADD', base .. 'accounts', account)
redis.call('ZADD', own(account, 'tasks'), redis.call('ZCARD', own(account, 'tasks')), id)
redis.call('ZADD', own(account, 'ends:' .. upstream), ends_at, id)
book(account, upstream, id, dollars, rest, decimals, refund_at)
if callback ~= '' then save_callback(account, id, callback_at, callback) end
return {'accepted'}
"""
)

REPLACE = Script(
    COMMON
    + CALLBACKS
    + """
local id, body, ends_at = ARGV[1], ARGV[2], ARGV[3]
local dollars, rest, decimals, refund_at = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local callback_at, callback = ARGV[8], ARGV[9]
local task = base .. 'task:' .. id
local stored = redis.call('HMGET', task, 'account', 'upstream', 'dollars', 'rest')
local account, upstream = stored[1], stored[2]
if not account then return 0 end

unbook(account, upstream, id, stored[3], stored[4])
redis.call('HSET', task, 'body', body)
redis.call('HDEL', task, 'dollars', 'rest')
if dollars ~= '' then redis.call('HSET', task, 'dollars', dollars, 'rest', rest) end
redis.call('ZADD', own(account, 'ends:' .. upstream), ends_at, id)
book(account, upstream, id, dollars, rest, decimals, refund_at)
remove_callback(account, id)
if callback ~= '' then
  save_callback(account, id, callback_at, callback)
else
  redis.call('INCR', base .. 'callback_number')
end
change_epoch()
return 1
"""
)

COUNT_QUERY = Script("""
local task = KEYS[1] .. 'task:' .. ARGV[1]
if redis.call('EXISTS', task) == 0 then return 0 end
return redis.call('HINCRBY', task, 'queries', 1)
""")

LIST_TASKS = Script("""
local tasks = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1] .. 'account:' .. ARGV[1] .. ':tasks', ARGV[2], ARGV[3])) do
  local task = redis.call('HMGET', KEYS[1] .. 'task:' .. id, 'body', 'queries')
  tasks[#tasks + 1] = task[1]
  tasks[#tasks + 1] = task[2] or '0'
end
return tasks
""")

OUTSTANDING = Script(
    COMMON
    + """
local dollars, rest = outstanding(ARGV[1], ARGV[2], ARGV[3])
return {whole(dollars), whole(rest), redis.call('HGET', own(ARGV[1], 'sums'), ARGV[2] .. ':decimals') or '0'}
"""
)

# Only while its task is there: an account that was removed meanwhile must not get a callback again.
SAVE_CALLBACK = Script(
    COMMON
    + CALLBACKS
    + """
local id, account, at, body = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('EXISTS', base .. 'task:' .. id) == 1 then save_callback(account, id, at, body) end
return 1
"""
)

REMOVE_CALLBACK = Script(
    COMMON
    + CALLBACKS
    + """
local body = redis.call('HGET', base .. 'callbacks', ARGV[1])
if body then remove_callback(cmsgpack.unpack(string.match(body, '^%d+:(.*)$')).account, ARGV[1]) end
return 1
"""
)

LIST_CALLBACKS = Script("""
local ids = redis.call('ZRANGE', KEYS[1] .. 'account:' .. ARGV[1] .. ':due', 0, -1)
local callbacks = {}
for place, id in ipairs(ids) do callbacks[place] = redis.call('HGET', KEYS[1] .. 'callbacks', id) end
return callbacks
""")
