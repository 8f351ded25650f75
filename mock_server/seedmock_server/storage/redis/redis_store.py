"""The store on a Redis server: each method that writes is one script."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from seedmock_contracts import __version__

from ...http.coroutines import run_now
from ...journal import Journal
from ...randomness import fresh_token
from ...tasks.models import AccountRecords, AssetGroup, AssetRecord, Task
from ...tasks.timeline import ends_at
from ..codec import Codec
from ..models import (
    ID_TAKEN,
    Booking,
    DueCallback,
    NotCovered,
    Order,
    Refusal,
    StaleNumber,
    StoreUnavailable,
    TooManyTasks,
)
from . import account_scripts, task_scripts
from .address import RedisAddress
from .amounts import joined_amount, money_of, split_credit
from .counters import RedisCounters
from .redis_client import Argument, RedisClient
from .server_check import FORMAT, PROGRAM, check_server
from .steering_scripts import AGREE
from .stream_journal import StreamJournal

PAGE = 1000
"""Tasks that are read at once: a server does nothing else meanwhile."""
SETTING = "setting:"


class RedisStore(RedisCounters):
    """Records of all processes that use a prefix of a server. Tasks are cached until any process replaces one."""

    name = "redis"

    def __init__(self, address: RedisAddress, folder: Path, *, journal_entries: int, caches_tasks: bool = True) -> None:
        """Check a server, whose records name files in `folder`. Raises StoreError.

        `caches_tasks` is off where polls change records, as they do under the pace `step`.
        """
        super().__init__(RedisClient(address), caches_tasks=caches_tasks)
        check_server(self._client)
        self._codec = Codec(folder)
        process = fresh_token()
        self._requests = (f"{process}-{number}" for number in itertools.count())
        self._journal = StreamJournal(self._client, journal_entries)
        self.journal: Journal = self._journal

    # --- settings ---

    def agree(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Store settings that are not stored yet, and return those that are in force."""
        fields = {"program": PROGRAM, "format": FORMAT, "seedmock": __version__}
        fields.update({SETTING + name: value for name, value in settings.items()})
        arguments = (fresh_token(), *itertools.chain.from_iterable(fields.items()))
        about = _pairs(run_now(self._client.run(AGREE, *arguments, repeats=1)))
        self._era = about[b"life"]
        # Again with each connection: a server that was restarted may have lost all.
        self._client.life_query = self._client.pack_run(AGREE, *arguments)
        self._client.check_life = self._check_life
        return {
            name.decode().removeprefix(SETTING): value.decode()
            for name, value in about.items()
            if name.startswith(SETTING.encode())
        }

    def replace_setting(self, name: str, value: str) -> None:
        run_now(self._client.call("HSET", self._base + "about", SETTING + name, value))

    def _check_life(self, about: Sequence[bytes]) -> None:
        era = _pairs(about)[b"life"]
        if era != self._era:
            self._era, self._has_lost_documents = era, True
            self._forget_copies()

    # --- tasks ---

    async def accept(self, order: Order) -> Refusal | None:
        task, callback = order.task, order.callback
        reply = await self._client.run_certainly(
            task_scripts.ACCEPT,
            task.id,
            task.account,
            task.upstream,
            self._codec.encode(task),
            next(self._requests),
            repr(ends_at(task)),
            repr(order.now),
            *money_of(order.booking),
            *split_credit(order.credit),
            "" if order.concurrency is None else order.concurrency,
            "" if order.number is None else order.number,
            "" if callback is None else repr(callback.at),
            b"" if callback is None else self._codec.encode(callback),
        )
        refusal = _refusal(reply)
        if refusal is None:
            self._copies.add_task(task)
            self._own_callbacks += callback is not None
        elif isinstance(refusal, StaleNumber):
            self._copies.add_draw(task.account, refusal.number)
        return refusal

    async def replace_task(self, task: Task, booking: Booking | None, callback: DueCallback | None) -> None:
        await self._client.run(
            task_scripts.REPLACE,
            task.id,
            self._codec.encode(replace(task, queries=0)),
            repr(ends_at(task)),
            *money_of(booking),
            "" if callback is None else repr(callback.at),
            b"" if callback is None else self._codec.encode(callback),
            repeats=1,
        )
        self._own_callbacks += 1
        self._copies.tasks.pop(task.id, None)

    async def task(self, task_id: str) -> Task | None:
        task = self._copies.tasks.get(task_id)
        if task is None:
            generation = self._generation
            body, queries = await self._client.call("HMGET", f"{self._base}task:{task_id}", "body", "queries")
            if body is not None:
                task = self._decoded(body, int(queries or 0))
                if generation == self._generation:
                    self._copies.add_task(task)
        return task

    def _decoded(self, body: bytes, queries: int) -> Task:
        task = self._codec.decode(body, Task)
        return replace(task, queries=queries) if queries else task

    async def tasks(self, account: str) -> Sequence[Task]:
        return [self._decoded(body, queries) for body, queries in await self._raw_tasks(account)]

    async def _raw_tasks(self, account: str) -> Sequence[tuple[bytes, int]]:
        rows: list[tuple[bytes, int]] = []
        for start in itertools.count(0, PAGE):
            end = start + PAGE - 1
            flat = await self._client.run(task_scripts.LIST_TASKS, account, start, end, repeats=1)
            rows += ((body, int(queries)) for body, queries in zip(flat[::2], flat[1::2], strict=True) if body)
            if len(flat) < 2 * PAGE:
                break
        return rows

    async def unfinished(self, account: str, upstream: str, now: float) -> int:
        ends = f"{self._base}account:{account}:ends:{upstream}"
        return int(await self._client.call("ZCOUNT", ends, f"({now!r}", "+inf"))

    async def count_query(self, task: Task) -> Task:
        queries = await self._client.run(task_scripts.COUNT_QUERY, task.id)
        self._copies.tasks.pop(task.id, None)
        return replace(task, queries=int(queries))

    async def outstanding(self, account: str, upstream: str, now: float) -> Decimal:
        return joined_amount(*await self._client.run(task_scripts.OUTSTANDING, account, upstream, repr(now), repeats=1))

    # --- callbacks ---

    async def save_callback(self, callback: DueCallback) -> None:
        await self._client.run(
            task_scripts.SAVE_CALLBACK,
            callback.task_id,
            callback.account,
            repr(callback.at),
            self._codec.encode(callback),
            repeats=1,
        )
        self._own_callbacks += 1

    async def remove_callback(self, task_id: str) -> None:
        await self._client.run(task_scripts.REMOVE_CALLBACK, task_id, repeats=1)

    async def callbacks(self, account: str | None = None) -> Sequence[DueCallback]:
        if account is None:
            rows = await self._client.call("HVALS", self._base + "callbacks")
        else:
            rows = await self._client.run(task_scripts.LIST_CALLBACKS, account, repeats=1)
        numbered = [
            (int(number), self._codec.decode(body, DueCallback))
            for number, _, body in (row.partition(b":") for row in rows if row)
        ]
        return [callback for _, callback in sorted(numbered, key=lambda pair: (pair[1].at, pair[0]))]

    # --- assets ---

    async def add_group(self, upstream: str, account: str, name: str, group_name: str, created_at: float) -> AssetGroup:
        draft = AssetGroup(
            id=0, upstream=upstream, account=account, name=name, group_name=group_name, created_at=created_at
        )
        number = await self._client.run(account_scripts.ADD_GROUP, account, self._codec.encode(draft))
        return replace(draft, id=int(number))

    async def group(self, account: str, group_id: int) -> AssetGroup | None:
        body = await self._client.call("HGET", f"{self._base}account:{account}:groups", str(group_id))
        return None if body is None else self._decoded_group(group_id, body)

    def _decoded_group(self, group_id: int, body: bytes) -> AssetGroup:
        return replace(self._codec.decode(body, AssetGroup), id=group_id)

    async def groups(self, account: str) -> Sequence[AssetGroup]:
        rows = await self._client.call("HGETALL", f"{self._base}account:{account}:groups")
        return self._sorted_groups(rows.items())

    def _sorted_groups(self, rows: Iterable[tuple[bytes, bytes]]) -> list[AssetGroup]:
        return sorted((self._decoded_group(int(number), body) for number, body in rows), key=lambda group: group.id)

    async def remove_group(self, group: AssetGroup) -> None:
        await self._client.run(account_scripts.REMOVE_GROUP, group.account, group.id, repeats=1)

    async def add_asset(self, asset: AssetRecord, booking: Booking | None, credit: Decimal | None) -> Refusal | None:
        reply = await self._client.run_certainly(
            account_scripts.ADD_ASSET,
            asset.id,
            asset.account,
            asset.upstream,
            asset.group_id,
            self._codec.encode(asset),
            repr(asset.created_at),
            *money_of(booking),
            *split_credit(credit),
        )
        return _refusal(reply)

    async def replace_asset(self, asset: AssetRecord) -> None:
        body = self._codec.encode(asset)
        await self._client.run(account_scripts.REPLACE_ASSET, asset.account, asset.id, body, repeats=1)

    async def asset(self, account: str, asset_id: str) -> AssetRecord | None:
        body = await self._client.call("HGET", f"{self._base}account:{account}:asset_bodies", asset_id)
        return None if body is None else self._codec.decode(body, AssetRecord)

    async def assets(self, account: str) -> Sequence[AssetRecord]:
        return self._decoded_assets(await self._client.run(account_scripts.LIST_ASSETS, account, repeats=1))

    def _decoded_assets(self, bodies: Iterable[bytes]) -> list[AssetRecord]:
        return [self._codec.decode(body, AssetRecord) for body in bodies]

    async def remove_asset(self, asset: AssetRecord) -> None:
        await self._client.run(account_scripts.REMOVE_ASSET, asset.account, asset.id, repeats=1)

    async def removed_assets(self, account: str) -> Sequence[AssetRecord]:
        return self._decoded_assets(await self._client.call("LRANGE", f"{self._base}account:{account}:removed", 0, -1))

    # --- whole accounts ---

    async def accounts(self) -> Sequence[str]:
        return sorted(name.decode() for name in await self._client.call("SMEMBERS", self._base + "accounts"))

    async def account_records(self, account: str) -> AccountRecords:
        rows = [(self._codec.decode(body, Task), queries) for body, queries in await self._raw_tasks(account)]
        reply = await self._client.run(account_scripts.ACCOUNT_RECORDS, account, repeats=1)
        last_group, groups, assets, removed = reply
        return AccountRecords(
            account=account,
            tasks=tuple(task for task, _ in rows),
            queries={task.id: queries for task, queries in rows if queries},
            groups=tuple(self._sorted_groups(_pairs(groups).items())),
            last_group=int(last_group),
            assets=tuple(self._decoded_assets(assets)),
            removed_assets=tuple(self._decoded_assets(removed)),
        )

    async def replace_account(self, records: AccountRecords, bookings: Mapping[str, Booking]) -> None:
        encode = self._codec.encode
        tasks = [
            _packed(
                task.id,
                task.upstream,
                encode(task),
                records.queries.get(task.id, 0),
                repr(ends_at(task)),
                *money_of(bookings.get(task.id)),
            )
            for task in records.tasks
        ]
        groups = [_packed(group.id, encode(group)) for group in records.groups]
        placed: list[tuple[AssetRecord, int | str]] = [
            *((asset, "") for asset in records.removed_assets),
            *((asset, asset.group_id) for asset in records.assets),
        ]
        assets = [
            _packed(asset.id, asset.upstream, encode(asset), group, *money_of(bookings.get(asset.id)))
            for asset, group in placed
        ]
        last_group = max((records.last_group, *(group.id for group in records.groups)))
        await self._client.run(
            account_scripts.REPLACE_ACCOUNT,
            records.account,
            last_group,
            len(tasks),
            len(groups),
            *tasks,
            *groups,
            *assets,
            repeats=1,
        )
        self._forget_copies()

    async def remove_account(self, account: str) -> None:
        await self._client.run(account_scripts.REMOVE_ACCOUNT, account, repeats=1)
        self._own_callbacks += 1
        self._forget_copies()

    async def aclose(self) -> None:
        with contextlib.suppress(StoreUnavailable):
            await self._journal.write()
        await self._client.aclose()


def _pairs(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _packed(*fields: Argument) -> bytes:
    encoded = [field if isinstance(field, bytes) else str(field).encode() for field in fields]
    return b"".join(b"%d:%b" % (len(field), field) for field in encoded)


def _refusal(reply: Sequence[Any]) -> Refusal | None:
    """Return why a script has stored nothing; None if it has."""
    match reply:
        case [b"accepted"]:
            return None
        case [b"taken"]:
            return ID_TAKEN
        case [b"stale", number]:
            return StaleNumber(int(number))
        case [b"busy", count]:
            return TooManyTasks(int(count))
        case [b"uncovered", dollars, rest]:
            return NotCovered(joined_amount(dollars, rest))
    raise AssertionError(f"a script has answered {reply!r}")
