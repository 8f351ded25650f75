"""Protocol of stores. Every method is a coroutine, since some stores are in another thread or on another machine.

A coroutine of the store in memory never suspends. What has to happen at once is one method, which a store carries out
whole or not at all; callers never rely on the order of two calls.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from ..journal import Journal
from ..tasks.models import AccountRecords, AssetGroup, AssetRecord, Task
from .models import Booking, Changes, DocumentChange, DueCallback, Order, Refusal, RuleCounts


class Store(Protocol):
    """Records by id and by account, and the counters and callbacks that go with them."""

    name: str
    """Kind of the store, as `GET /_mock/health` names it: memory, sqlite, redis."""

    # --- tasks ---

    async def accept(self, order: Order) -> Refusal | None:
        """Store a task with its money and its callback in one step; return why not, having stored none of them.

        When it returns None the order survives everything that the store survives.
        """
        ...

    async def replace_task(self, task: Task, booking: Booking | None, callback: DueCallback | None) -> None:
        """Replace the record of a task by another with the same id, its money, and its callback (None removes it)."""
        ...

    async def task(self, task_id: str) -> Task | None: ...

    async def tasks(self, account: str) -> Sequence[Task]:
        """List an account's tasks, oldest first."""
        ...

    async def unfinished(self, account: str, upstream: str, now: float) -> int:
        """Count an account's tasks at an upstream that end after a time, or never."""
        ...

    async def count_query(self, task: Task) -> Task:
        """Count a query of a task, and return its record with the new count."""
        ...

    # --- assets ---

    async def add_group(self, upstream: str, account: str, name: str, group_name: str, created_at: float) -> AssetGroup:
        """Add a group under the account's next id, which counts from 1 and is never used again."""
        ...

    async def group(self, account: str, group_id: int) -> AssetGroup | None: ...

    async def groups(self, account: str) -> Sequence[AssetGroup]:
        """List an account's groups, oldest first."""
        ...

    async def remove_group(self, group: AssetGroup) -> None:
        """Remove a group and all its assets, if it is there."""
        ...

    async def add_asset(self, asset: AssetRecord, booking: Booking | None, credit: Decimal | None) -> Refusal | None:
        """Add an asset with its fee, in one step; return why not, having added nothing."""
        ...

    async def replace_asset(self, asset: AssetRecord) -> None:
        """Replace the record of an asset by another with the same id, if it is there."""
        ...

    async def asset(self, account: str, asset_id: str) -> AssetRecord | None: ...

    async def assets(self, account: str) -> Sequence[AssetRecord]:
        """List an account's assets, oldest first."""
        ...

    async def remove_asset(self, asset: AssetRecord) -> None:
        """Remove an asset, if it is there; it remains on the statement."""
        ...

    async def removed_assets(self, account: str) -> Sequence[AssetRecord]:
        """List an account's removed assets, which remain on its statement."""
        ...

    # --- counters ---

    async def draw(self, account: str) -> int:
        """Count 1, 2, 3, ... for an account, and return the number."""
        ...

    async def next_draw(self, account: str) -> int:
        """Return what `draw` would, for an order that uses it; another process may come first, as `accept` will say."""
        ...

    async def draws(self) -> Mapping[str, int]:
        """Return the last number of each account."""
        ...

    async def set_draws(self, draws: Mapping[str, int]) -> None:
        """Replace the last numbers of all accounts."""
        ...

    async def admit(self, upstream: str, account: str, now: float, rate: int) -> float:
        """Add a call to the account's last minute, and return 0; or return the seconds until there is room for it."""
        ...

    async def calls(self) -> Sequence[tuple[str, str, tuple[float, ...]]]:
        """Return the calls of the last minute that were admitted, by upstream and account."""
        ...

    async def set_calls(self, calls: Sequence[tuple[str, str, tuple[float, ...]]]) -> None:
        """Replace the calls of the last minute of all accounts."""
        ...

    # --- callbacks ---

    async def save_callback(self, callback: DueCallback) -> None:
        """Schedule a callback, or move the one that its task has."""
        ...

    async def remove_callback(self, task_id: str) -> None:
        """Remove the callback of a task, if it has one."""
        ...

    async def callbacks(self, account: str | None = None) -> Sequence[DueCallback]:
        """List the callbacks of an account, or of all, earliest first; those of one time as they were saved."""
        ...

    # --- whole accounts ---

    async def accounts(self) -> Sequence[str]:
        """List the accounts that have any record."""
        ...

    async def account_records(self, account: str) -> AccountRecords:
        """Return all records of an account."""
        ...

    async def replace_account(self, records: AccountRecords, bookings: Mapping[str, Booking]) -> None:
        """Replace all records of an account; `bookings` are by the id of the task or asset."""
        ...

    async def remove_account(self, account: str) -> None:
        """Remove the records, counters and callbacks of an account; its group ids and draws count from 1 again."""
        ...

    async def aclose(self) -> None:
        """Write what is waiting, and let go of files and connections."""
        ...


class SharedStore(Store, Protocol):
    """Store that outlives the process, and that other processes use: it also has what steers, and what rules count."""

    journal: Journal
    """The exchanges of all processes."""

    def agree(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        """Store the settings that are not stored yet, and return all that are, when a process starts."""
        ...

    def replace_setting(self, name: str, value: str) -> None:
        """Replace a setting, which other processes see when they start."""
        ...

    def is_changed(self, epoch: int) -> bool | Awaitable[bool]:
        """Tell whether anything that processes have copies of has changed since an epoch; each request asks."""
        ...

    async def changes(self, since: int) -> Changes:
        """Return the documents that have changed since an epoch, and forget copies of records that may have."""
        ...

    async def put_documents(self, documents: Sequence[DocumentChange]) -> int | None:
        """Replace documents, all or none; return their new version, or None if one has another version by now."""
        ...

    async def claim(
        self, kind: str, label: str, account: str, times: int | None, nth: int | None, *, draws: bool
    ) -> RuleCounts:
        """Count a request that a rule matches, and its application, unless that depends on a draw.

        The rule is used up after `times`, and applied to the `nth` request alone. Where it `draws`, the account's draws
        are counted instead, and `apply_rule` follows on a draw that hits.
        """
        ...

    async def apply_rule(self, kind: str, label: str, times: int | None) -> int | None:
        """Count that a rule is applied, and return how often; None if others have used it up meanwhile."""
        ...

    async def rule_counts(self, kind: str) -> Mapping[str, tuple[int, int, Mapping[str, int]]]:
        """Return matched, applied and draws by account of the rules of a kind, by label."""
        ...

    async def set_rule_counts(self, kind: str, counts: Mapping[str, tuple[int, int, Mapping[str, int]]]) -> None:
        """Replace the counts of all rules of a kind."""
        ...

    async def remove_rule_counts(self, kind: str, labels: Sequence[str]) -> None: ...

    async def count(self, kind: str, account: str) -> int:
        """Count 1, 2, 3, ... for a kind of draws and an account, and return the number."""
        ...

    async def counters(self, kind: str) -> Mapping[str, int]:
        """Return the last number of each account."""
        ...

    async def set_counters(self, kind: str, numbers: Mapping[str, int]) -> None:
        """Replace the last numbers of all accounts."""
        ...

    async def outstanding(self, account: str, upstream: str, now: float) -> Decimal:
        """Return the amount of all bookings that are not refunded at a time."""
        ...

    def callback_signal(self) -> int | Awaitable[int]:
        """Return a number that changes when another process saves a callback, or removes a task that has one."""
        ...

    async def lease(self, name: str, owner: str, seconds: float) -> bool:
        """Take or prolong the right of one process; False while another has it, which ends if it is not prolonged."""
        ...

    async def end_lease(self, name: str, owner: str) -> None: ...
