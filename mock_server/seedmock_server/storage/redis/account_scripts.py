"""Scripts on assets, and on all records of an account. Each is carried out whole.

KEYS[1] and the keys of tasks are as in `task_scripts`; beside them:

    accounts                         set of the accounts that have any record
    account:NAME:counts              hash: the last numbers of groups and of assets
    account:NAME:groups              hash by number
    account:NAME:assets              sorted set of ids in the order of their arrival
    account:NAME:asset_bodies        hash by id
    account:NAME:asset_groups        hash by id: number of the group
    account:NAME:removed             list of removed assets
"""

from __future__ import annotations

from .redis_client import Script
from .task_scripts import CALLBACKS, COMMON

ASSETS = """
local function remove_asset(account, id)
  local body = redis.call('HGET', own(account, 'asset_bodies'), id)
  if not body then return end
  redis.call('RPUSH', own(account, 'removed'), body)
  redis.call('HDEL', own(account, 'asset_bodies'), id)
  redis.call('HDEL', own(account, 'asset_groups'), id)
  redis.call('ZREM', own(account, 'assets'), id)
end

local function store_asset(account, id, group, body)
  redis.call('SADD', base .. 'accounts', account)
  redis.call('ZADD', own(account, 'assets'), 'NX', redis.call('HINCRBY', own(account, 'counts'), 'asset', 1), id)
  redis.call('HSET', own(account, 'asset_bodies'), id, body)
  redis.call('HSET', own(account, 'asset_groups'), id, group)
end
"""

ADD_GROUP = Script(
    COMMON
    + """
local account, body = ARGV[1], ARGV[2]
local number = redis.call('HINCRBY', own(account, 'counts'), 'group', 1)
redis.call('HSET', own(account, 'groups'), number, body)
redis.call('SADD', base .. 'accounts', account)
return number
"""
)

REMOVE_GROUP = Script(
    COMMON
    + ASSETS
    + """
local account, number = ARGV[1], ARGV[2]
for _, id in ipairs(redis.call('ZRANGE', own(account, 'assets'), 0, -1)) do
  if redis.call('HGET', own(account, 'asset_groups'), id) == number then remove_asset(account, id) end
end
redis.call('HDEL', own(account, 'groups'), number)
return 1
"""
)

ADD_ASSET = Script(
    COMMON
    + ASSETS
    + """
local id, account, upstream, group, body = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local now, dollars, rest, decimals, refund_at = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local credit, credit_rest = ARGV[11], ARGV[12]
-- The same request again, whose answer was lost with its connection, has been accepted.
if redis.call('HGET', own(account, 'asset_bodies'), id) == body then return {'accepted'} end
local left = lacking(account, upstream, now, credit, credit_rest, dollars, rest)
if left then return {'uncovered', left[1], left[2]} end
store_asset(account, id, group, body)
book(account, upstream, id, dollars, rest, decimals, refund_at)
return {'accepted'}
"""
)

REPLACE_ASSET = Script(
    COMMON
    + """
local key = own(ARGV[1], 'asset_bodies')
if redis.call('HEXISTS', key, ARGV[2]) == 1 then redis.call('HSET', key, ARGV[2], ARGV[3]) end
return 1
"""
)

REMOVE_ASSET = Script(COMMON + ASSETS + "remove_asset(ARGV[1], ARGV[2]) return 1")

LIST_ASSETS = Script(
    COMMON
    + """
local bodies = {}
for place, id in ipairs(redis.call('ZRANGE', own(ARGV[1], 'assets'), 0, -1)) do
  bodies[place] = redis.call('HGET', own(ARGV[1], 'asset_bodies'), id)
end
return bodies
"""
)

REMOVAL = """
local function upstreams_of(account)
  local upstreams = {}
  for _, field in ipairs(redis.call('HKEYS', own(account, 'sums'))) do
    upstreams[string.match(field, '^(.*):')] = true
  end
  return upstreams
end

local function remove_records(account)
  for _, id in ipairs(redis.call('ZRANGE', own(account, 'tasks'), 0, -1)) do
    local upstream = redis.call('HGET', base .. 'task:' .. id, 'upstream')
    if upstream then redis.call('DEL', own(account, 'ends:' .. upstream)) end
    redis.call('DEL', base .. 'task:' .. id)
  end
  for upstream in pairs(upstreams_of(account)) do redis.call('DEL', own(account, 'refunds:' .. upstream)) end
  for _, name in ipairs({'tasks', 'sums', 'counts', 'groups', 'assets', 'asset_bodies', 'asset_groups', 'removed'}) do
    redis.call('DEL', own(account, name))
  end
  redis.call('SREM', base .. 'accounts', account)
end
"""

# Records are packed, since a call has less than a million arguments, and an account may have many tasks. As netstrings,
# since the MessagePack of Redis 7.0 knows no binary strings.
REPLACE_ACCOUNT = Script(
    COMMON
    + ASSETS
    + REMOVAL
    + """
local function unpacked(text)
  local fields, at = {}, 1
  while at <= #text do
    local _, colon, length = string.find(text, '^(%d+):', at)
    fields[#fields + 1] = string.sub(text, colon + 1, colon + length)
    at = colon + 1 + length
  end
  return fields
end

local account, last_group, task_count, group_count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
remove_records(account)
for place = 1, task_count do
  local task = unpacked(ARGV[4 + place])
  local id, upstream, body, queries, ends_at = task[1], task[2], task[3], task[4], task[5]
  local key = base .. 'task:' .. id
  redis.call('HSET', key, 'account', account, 'upstream', upstream, 'body', body, 'token', 'restored')
  if queries ~= '0' then redis.call('HSET', key, 'queries', queries) end
  if task[6] ~= '' then redis.call('HSET', key, 'dollars', task[6], 'rest', task[7]) end
  redis.call('ZADD', own(account, 'tasks'), place - 1, id)
  redis.call('ZADD', own(account, 'ends:' .. upstream), ends_at, id)
  book(account, upstream, id, task[6], task[7], task[8], task[9])
end
for place = 5 + task_count, 4 + task_count + group_count do
  local group = unpacked(ARGV[place])
  redis.call('HSET', own(account, 'groups'), group[1], group[2])
end
for place = 5 + task_count + group_count, #ARGV do
  local asset = unpacked(ARGV[place])
  local id, upstream, body, group = asset[1], asset[2], asset[3], asset[4]
  if group == '' then
    redis.call('RPUSH', own(account, 'removed'), body)
  else
    store_asset(account, id, group, body)
  end
  book(account, upstream, id, asset[5], asset[6], asset[7], asset[8])
end
if last_group > 0 then redis.call('HSET', own(account, 'counts'), 'group', last_group) end
if last_group > 0 or #ARGV > 4 then redis.call('SADD', base .. 'accounts', account) end
return change_epoch()
"""
)

REMOVE_ACCOUNT = Script(
    COMMON
    + CALLBACKS
    + REMOVAL
    + """
local account = ARGV[1]
remove_records(account)
for _, kind in ipairs(redis.call('SMEMBERS', base .. 'counts')) do
  redis.call('HDEL', base .. 'counts:' .. kind, account)
end
for _, window in ipairs(redis.call('SMEMBERS', base .. 'windows')) do
  local upstream, owner = string.match(window, '^([^:]*):(.*)$')
  if owner == account then
    redis.call('DEL', own(account, 'calls:' .. upstream))
    redis.call('SREM', base .. 'windows', window)
  end
end
for _, id in ipairs(redis.call('ZRANGE', own(account, 'due'), 0, -1)) do remove_callback(account, id) end
redis.call('INCR', base .. 'callback_number')
return set_draws_back()
"""
)

ACCOUNT_RECORDS = Script(
    COMMON
    + """
local account = ARGV[1]
local assets = {}
for place, id in ipairs(redis.call('ZRANGE', own(account, 'assets'), 0, -1)) do
  assets[place] = redis.call('HGET', own(account, 'asset_bodies'), id)
end
return {
  redis.call('HGET', own(account, 'counts'), 'group') or '0',
  redis.call('HGETALL', own(account, 'groups')),
  assets,
  redis.call('LRANGE', own(account, 'removed'), 0, -1),
}
"""
)
