"""The store in a database: each method is a job of the database's thread, and returns after its commit."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from msgspec.structs import replace

from ...clock import system_time
from ...journal import Journal
from ...tasks.models import AccountRecords, AssetGroup, AssetRecord, Task
from ..codec import Codec
from ..copies import Copies
from ..models import (
    Booking,
    Changes,
    DocumentChange,
    DueCallback,
    Order,
    Refusal,
    RuleCounts,
    StaleNumber,
    StoreError,
    StoreUnavailable,
)
from . import account_rows, asset_rows, counter_rows, document_rows, order_rows, task_rows
from .database import Database, Statement
from .epoch import SharedCounters
from .group_cache import GroupCache
from .journal_rows import SqliteJournal
from .tables import checkpoint, open_connection

T = TypeVar("T")
CHECKPOINT_CHANGES = 2000
"""Changes of rows between two checkpoints. In a database with a million tasks each is on a page of its own."""


class SqliteStore:
    """Records of all processes that use the file. Tasks that are polled are cached, until any process replaces one."""

    name = "sqlite"

    def __init__(self, path: Path, folder: Path, *, journal_entries: int, caches_tasks: bool = True) -> None:
        """Open a database, whose records name files in `folder`. Raises StoreError.

        `caches_tasks` is off where polls change records, as they do under the pace `step`.
        """
        self.path = path
        self._codec = Codec(folder)
        self._cache_of_group = cache = GroupCache()
        self._changes_at_checkpoint = 0
        self._db = Database(
            path, open_connection(path), flush=cache.flush, discard=cache.clear, on_commit=self._start_checkpoint
        )
        try:
            self._counters = SharedCounters(path.with_name(path.name + "-epoch"))
            self._db.run_now(self._set_epoch)
        except StoreUnavailable as error:
            self._db.close()
            raise StoreError(str(error)) from error
        except OSError as error:
            self._db.close()
            raise StoreError(f"the database {path} can't be used: {error.strerror}: {error.filename}") from error
        # Another connection for what reads a million rows: orders must not wait for it.
        self._scans = Database(path, open_connection(path))
        self._copies = Copies(caches_tasks=caches_tasks)
        self._journal = SqliteJournal(self._db, journal_entries)
        self.journal: Journal = self._journal

    def _start_checkpoint(self, connection: Connection) -> None:
        """Let the connection for scans bring commits from the log to the database, once they are some thousand pages.

        That waits for the disk, and an order must not.
        """
        changes = connection.total_changes
        if changes - self._changes_at_checkpoint >= CHECKPOINT_CHANGES:
            self._changes_at_checkpoint = changes
            with contextlib.suppress(StoreUnavailable):  # it is closed: the last connection brings the rest
                self._scans.post(checkpoint, writes=False)

    async def _write(self, run: Statement[T]) -> T:
        return await self._db.write(partial(self._run, run))

    async def _read(self, run: Statement[T]) -> T:
        return await self._db.read(partial(self._run, run))

    def _run(self, run: Statement[T], connection: Connection) -> T:
        """Run what may look at sums and draws, in a group in which orders have added some."""
        self._cache_of_group.flush(connection)
        return run(connection)

    def _set_epoch(self, connection: Connection) -> None:
        self._counters.epoch = document_rows.epoch(connection)

    # --- settings ---

    def agree(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Store settings that are not stored yet, and return those that are in force."""
        return self._db.run_now(partial(_agree, settings=settings))

    def replace_setting(self, name: str, value: str) -> None:
        self._db.run_now(partial(_replace_setting, name=name, value=value))

    # --- tasks ---

    async def accept(self, order: Order) -> Refusal | None:
        task = order.task
        body = self._codec.encode(task)

        def accept(connection: Connection, is_alone: bool = False) -> Refusal | None:
            refusal = order_rows.accept(connection, self._cache_of_group, order, body, is_alone=is_alone)
            if refusal is None and order.callback is not None:
                self._counters.count_callback()
            return refusal

        refusal = await self._db.write(accept, alone=partial(accept, is_alone=True))
        if refusal is None:
            self._copies.add_task(task)
        elif isinstance(refusal, StaleNumber):
            self._copies.add_draw(task.account, refusal.number)
        return refusal

    async def replace_task(self, task: Task, booking: Booking | None, callback: DueCallback | None) -> None:
        body = self._codec.encode(replace(task, queries=0))

        def change(connection: Connection) -> None:
            task_rows.replace_task(connection, task, body, booking, callback)
            self._change_epoch(connection)
            self._counters.count_callback()

        await self._write(change)
        self._copies.tasks.pop(task.id, None)

    def _change_epoch(self, connection: Connection) -> None:
        # Before the commit, and with the lock: see `epoch`.
        self._counters.epoch = document_rows.next_epoch(connection)

    def _set_draws_back(self, connection: Connection) -> None:
        self._change_epoch(connection)
        document_rows.note_set_draws(connection)

    async def task(self, task_id: str) -> Task | None:
        task = self._copies.tasks.get(task_id)
        if task is None:
            epoch = self._counters.epoch
            task = await self._read(partial(task_rows.task, codec=self._codec, task_id=task_id))
            if task is not None and epoch == self._counters.epoch:
                self._copies.add_task(task)
        return task

    async def tasks(self, account: str) -> Sequence[Task]:
        return await self._scans.read(partial(task_rows.tasks, codec=self._codec, account=account))

    async def unfinished(self, account: str, upstream: str, now: float) -> int:
        return await self._read(partial(task_rows.unfinished, account=account, upstream=upstream, now=now))

    async def count_query(self, task: Task) -> Task:
        queries = await self._write(partial(task_rows.count_query, task_id=task.id))
        self._copies.tasks.pop(task.id, None)
        return replace(task, queries=queries)

    # --- assets ---

    async def add_group(self, upstream: str, account: str, name: str, group_name: str, created_at: float) -> AssetGroup:
        draft = AssetGroup(
            id=0, upstream=upstream, account=account, name=name, group_name=group_name, created_at=created_at
        )
        return await self._write(partial(asset_rows.add_group, codec=self._codec, draft=draft))

    async def group(self, account: str, group_id: int) -> AssetGroup | None:
        return await self._read(partial(asset_rows.group, codec=self._codec, account=account, group_id=group_id))

    async def groups(self, account: str) -> Sequence[AssetGroup]:
        return await self._read(partial(asset_rows.groups, codec=self._codec, account=account))

    async def remove_group(self, group: AssetGroup) -> None:
        await self._write(partial(asset_rows.remove_group, account=group.account, group_id=group.id))

    async def add_asset(self, asset: AssetRecord, booking: Booking | None, credit: Decimal | None) -> Refusal | None:
        body = self._codec.encode(asset)
        return await self._write(partial(asset_rows.add_asset, asset=asset, body=body, booking=booking, credit=credit))

    async def replace_asset(self, asset: AssetRecord) -> None:
        await self._write(partial(asset_rows.replace_asset, asset=asset, body=self._codec.encode(asset)))

    async def asset(self, account: str, asset_id: str) -> AssetRecord | None:
        return await self._read(partial(asset_rows.asset, codec=self._codec, account=account, asset_id=asset_id))

    async def assets(self, account: str) -> Sequence[AssetRecord]:
        return await self._read(partial(asset_rows.assets, codec=self._codec, account=account))

    async def remove_asset(self, asset: AssetRecord) -> None:
        await self._write(partial(asset_rows.remove_asset, account=asset.account, asset_id=asset.id))

    async def removed_assets(self, account: str) -> Sequence[AssetRecord]:
        return await self._read(partial(asset_rows.removed_assets, codec=self._codec, account=account))

    # --- counters ---

    async def draw(self, account: str) -> int:
        # Numbers that were used to orders and not stored yet count too, or the same run would draw others.
        used = self._copies.draws.get(account, 0)
        number = await self._write(partial(counter_rows.count, kind=counter_rows.DRAW, account=account, above=used))
        self._copies.add_draw(account, number)
        return number

    async def next_draw(self, account: str) -> int:
        number = self._copies.draws.get(account)
        if number is None:
            stored = await self._read(partial(counter_rows.last, kind=counter_rows.DRAW, account=account))
            number = self._copies.last_draw(account, stored)
        self._copies.add_draw(account, number + 1)
        return number + 1

    async def draws(self) -> Mapping[str, int]:
        return self._copies.last_draws(await self.counters(counter_rows.DRAW))

    async def set_draws(self, draws: Mapping[str, int]) -> None:
        await self.set_counters(counter_rows.DRAW, draws)
        self._copies.draws.clear()

    async def count(self, kind: str, account: str) -> int:
        return await self._write(partial(counter_rows.count, kind=kind, account=account))

    async def counters(self, kind: str) -> Mapping[str, int]:
        return await self._read(partial(counter_rows.counters, kind=kind))

    async def set_counters(self, kind: str, numbers: Mapping[str, int]) -> None:
        def change(connection: Connection) -> None:
            counter_rows.set_counters(connection, kind, numbers)
            self._set_draws_back(connection)

        await self._write(change)

    async def admit(self, upstream: str, account: str, now: float, rate: int) -> float:
        return await self._write(partial(counter_rows.admit, upstream=upstream, account=account, now=now, rate=rate))

    async def calls(self) -> Sequence[tuple[str, str, tuple[float, ...]]]:
        return await self._read(counter_rows.calls)

    async def set_calls(self, calls: Sequence[tuple[str, str, tuple[float, ...]]]) -> None:
        await self._write(partial(counter_rows.set_calls, calls=calls))

    # --- callbacks ---

    async def save_callback(self, callback: DueCallback) -> None:
        def save(connection: Connection) -> None:
            task_rows.save_callback(connection, callback)
            self._counters.count_callback()

        await self._write(save)

    async def remove_callback(self, task_id: str) -> None:
        await self._write(partial(task_rows.remove_callback, task_id=task_id))

    async def callbacks(self, account: str | None = None) -> Sequence[DueCallback]:
        return await self._read(partial(task_rows.callbacks, account=account))

    def callback_signal(self) -> int:
        return self._counters.callbacks_of_others

    async def lease(self, name: str, owner: str, seconds: float) -> bool:
        now = system_time()
        return await self._write(partial(document_rows.lease, name=name, owner=owner, now=now, seconds=seconds))

    async def end_lease(self, name: str, owner: str) -> None:
        await self._write(partial(document_rows.end_lease, name=name, owner=owner))

    # --- whole accounts ---

    async def accounts(self) -> Sequence[str]:
        return await self._read(account_rows.accounts)

    async def account_records(self, account: str) -> AccountRecords:
        return await self._scans.read(partial(account_rows.account_records, codec=self._codec, account=account))

    async def replace_account(self, records: AccountRecords, bookings: Mapping[str, Booking]) -> None:
        def change(connection: Connection) -> None:
            account_rows.replace_account(connection, self._codec, records, bookings)
            self._change_epoch(connection)

        await self._write(change)
        self._forget_copies()

    async def remove_account(self, account: str) -> None:
        def change(connection: Connection) -> None:
            account_rows.remove_account(connection, account)
            self._set_draws_back(connection)
            self._counters.count_callback()

        await self._write(change)
        self._copies.tasks.clear()
        self._copies.draws.pop(account, None)

    def _forget_copies(self) -> None:
        self._copies.clear()

    # --- what steers ---

    def is_changed(self, epoch: int) -> bool:
        return self._counters.epoch != epoch

    async def changes(self, since: int) -> Changes:
        changes = await self._read(partial(document_rows.changes, since=since))
        self._copies.tasks.clear()
        return Changes(changes.epoch, self._copies.heed_set_draws(changes.documents))

    async def put_documents(self, documents: Sequence[DocumentChange]) -> int | None:
        def change(connection: Connection) -> int | None:
            epoch = document_rows.put_documents(connection, documents)
            if epoch is not None:
                self._counters.epoch = epoch
            return epoch

        return await self._write(change)

    async def claim(
        self, kind: str, label: str, account: str, times: int | None, nth: int | None, *, draws: bool
    ) -> RuleCounts:
        return await self._write(
            partial(document_rows.claim, kind=kind, label=label, account=account, times=times, nth=nth, draws=draws)
        )

    async def apply_rule(self, kind: str, label: str, times: int | None) -> int | None:
        return await self._write(partial(document_rows.apply, kind=kind, label=label, times=times))

    async def rule_counts(self, kind: str) -> Mapping[str, tuple[int, int, Mapping[str, int]]]:
        return await self._read(partial(document_rows.rule_counts, kind=kind))

    async def set_rule_counts(self, kind: str, counts: Mapping[str, tuple[int, int, Mapping[str, int]]]) -> None:
        await self._write(partial(document_rows.set_rule_counts, kind=kind, counts=counts))

    async def remove_rule_counts(self, kind: str, labels: Sequence[str]) -> None:
        await self._write(partial(document_rows.remove_rule_counts, kind=kind, labels=labels))

    async def outstanding(self, account: str, upstream: str, now: float) -> Decimal:
        return await self._read(partial(task_rows.outstanding, account=account, upstream=upstream, now=now))

    async def aclose(self) -> None:
        self._journal.post()
        self._scans.close()
        self._db.close()
        self._counters.close()


def _agree(connection: Connection, settings: Mapping[str, str]) -> dict[str, str]:
    connection.executemany("INSERT OR IGNORE INTO settings VALUES (?, ?)", list(settings.items()))
    return dict(connection.execute("SELECT name, value FROM settings"))


def _replace_setting(connection: Connection, name: str, value: str) -> None:
    connection.execute("UPDATE settings SET value = ? WHERE name = ?", (value, name))
