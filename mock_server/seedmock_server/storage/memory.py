"""Store in the memory of this process. No coroutine suspends, so that each is carried out whole."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from seedmock_contracts.lifecycle import TERMINAL

from ..tasks.models import AccountRecords, AssetGroup, AssetRecord, Task
from ..tasks.timeline import state_at
from .call_windows import admit
from .models import ID_TAKEN, Booking, DueCallback, Order, Refusal


class MemoryStore:
    """Records in dictionaries: by id, and by account in the order of arrival.

    Keeps no sums of money: the ledger computes them from the records, and nothing can come between its check and the
    order.
    """

    name = "memory"

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._by_account: defaultdict[str, list[Task]] = defaultdict(list)
        self._queries: dict[str, int] = {}
        self._callbacks: dict[str, DueCallback] = {}
        self._draws: dict[str, int] = {}
        self._calls: dict[tuple[str, str], deque[float]] = {}
        self._groups: defaultdict[str, dict[int, AssetGroup]] = defaultdict(dict)
        self._last_group: dict[str, int] = {}
        self._assets: defaultdict[str, dict[str, AssetRecord]] = defaultdict(dict)
        self._removed: defaultdict[str, list[AssetRecord]] = defaultdict(list)

    # --- tasks ---

    async def accept(self, order: Order) -> Refusal | None:
        task = order.task
        if self._tasks.setdefault(task.id, task) is not task:
            return ID_TAKEN
        self._by_account[task.account].append(task)
        if order.callback is not None:
            self._callbacks[task.id] = order.callback
        return None

    async def replace_task(self, task: Task, booking: Booking | None, callback: DueCallback | None) -> None:
        task = replace(task, queries=0)
        tasks = self._by_account[task.account]
        tasks[tasks.index(self._tasks[task.id])] = task
        self._tasks[task.id] = task
        self._callbacks.pop(task.id, None)
        if callback is not None:
            self._callbacks[task.id] = callback

    async def task(self, task_id: str) -> Task | None:
        task = self._tasks.get(task_id)
        return self._with_queries(task) if self._queries and task is not None else task

    async def tasks(self, account: str) -> Sequence[Task]:
        # A copy: a caller may store a task while it reads the list.
        tasks = self._by_account.get(account, ())
        return [self._with_queries(task) for task in tasks] if self._queries else list(tasks)

    async def unfinished(self, account: str, upstream: str, now: float) -> int:
        tasks = self._by_account.get(account, ())
        return sum(task.upstream == upstream and state_at(task, now).status not in TERMINAL for task in tasks)

    async def count_query(self, task: Task) -> Task:
        self._queries[task.id] = self._queries.get(task.id, 0) + 1
        return self._with_queries(task)

    def _with_queries(self, task: Task) -> Task:
        # Apart from the records: a poll of one task must not look for its place among all of its account.
        queries = self._queries.get(task.id)
        return task if queries is None else replace(task, queries=queries)

    # --- assets ---

    async def add_group(self, upstream: str, account: str, name: str, group_name: str, created_at: float) -> AssetGroup:
        group_id = self._last_group[account] = self._last_group.get(account, 0) + 1
        group = AssetGroup(
            id=group_id, upstream=upstream, account=account, name=name, group_name=group_name, created_at=created_at
        )
        self._groups[account][group_id] = group
        return group

    async def group(self, account: str, group_id: int) -> AssetGroup | None:
        # Asked first: a defaultdict would make an account of every key that guesses an id.
        return self._groups[account].get(group_id) if account in self._groups else None

    async def groups(self, account: str) -> Sequence[AssetGroup]:
        return list(self._groups.get(account, {}).values())

    async def remove_group(self, group: AssetGroup) -> None:
        # The page says so: a group takes its assets with it. They stay on the statement.
        for asset in await self.assets(group.account):
            if asset.group_id == group.id:
                await self.remove_asset(asset)
        self._groups[group.account].pop(group.id, None)

    async def add_asset(self, asset: AssetRecord, booking: Booking | None, credit: object) -> Refusal | None:
        self._assets[asset.account][asset.id] = asset
        return None

    async def replace_asset(self, asset: AssetRecord) -> None:
        if asset.id in self._assets.get(asset.account, ()):
            self._assets[asset.account][asset.id] = asset

    async def asset(self, account: str, asset_id: str) -> AssetRecord | None:
        return self._assets[account].get(asset_id) if account in self._assets else None

    async def assets(self, account: str) -> Sequence[AssetRecord]:
        return list(self._assets.get(account, {}).values())

    async def remove_asset(self, asset: AssetRecord) -> None:
        removed = self._assets[asset.account].pop(asset.id, None)
        if removed is not None:
            self._removed[asset.account].append(removed)

    async def removed_assets(self, account: str) -> Sequence[AssetRecord]:
        return list(self._removed.get(account, ()))

    # --- counters ---

    async def draw(self, account: str) -> int:
        number = self._draws[account] = self._draws.get(account, 0) + 1
        return number

    next_draw = draw

    async def draws(self) -> Mapping[str, int]:
        return dict(self._draws)

    async def set_draws(self, draws: Mapping[str, int]) -> None:
        self._draws = dict(draws)

    async def admit(self, upstream: str, account: str, now: float, rate: int) -> float:
        return admit(self._calls.setdefault((upstream, account), deque()), now, rate)

    async def calls(self) -> Sequence[tuple[str, str, tuple[float, ...]]]:
        return [(*owner, tuple(times)) for owner, times in self._calls.items()]

    async def set_calls(self, calls: Sequence[tuple[str, str, tuple[float, ...]]]) -> None:
        self._calls = {(upstream, account): deque(times) for upstream, account, times in calls}

    # --- callbacks ---

    async def save_callback(self, callback: DueCallback) -> None:
        self._callbacks.pop(callback.task_id, None)
        self._callbacks[callback.task_id] = callback

    async def remove_callback(self, task_id: str) -> None:
        self._callbacks.pop(task_id, None)

    async def callbacks(self, account: str | None = None) -> Sequence[DueCallback]:
        callbacks = [callback for callback in self._callbacks.values() if account in (None, callback.account)]
        return sorted(callbacks, key=lambda callback: callback.at)

    # --- whole accounts ---

    async def accounts(self) -> Sequence[str]:
        return sorted({*self._by_account, *self._last_group, *self._assets, *self._removed})

    async def account_records(self, account: str) -> AccountRecords:
        tasks = tuple(self._by_account.get(account, ()))
        return AccountRecords(
            account=account,
            tasks=tasks,
            queries={task.id: self._queries[task.id] for task in tasks if task.id in self._queries},
            groups=tuple(await self.groups(account)),
            last_group=self._last_group.get(account, 0),
            assets=tuple(await self.assets(account)),
            removed_assets=tuple(await self.removed_assets(account)),
        )

    async def replace_account(self, records: AccountRecords, bookings: Mapping[str, Booking]) -> None:
        account = records.account
        self._remove_records(account)
        for task in records.tasks:
            self._tasks[task.id] = task
            self._by_account[account].append(task)
        self._queries.update(records.queries)
        if records.groups:
            self._groups[account].update({group.id: group for group in records.groups})
        if records.assets:
            self._assets[account].update({asset.id: asset for asset in records.assets})
        if records.removed_assets:
            self._removed[account].extend(records.removed_assets)
        # An id is not used again after a deletion, so the highest may belong to no group any more.
        last_group = max((records.last_group, *(group.id for group in records.groups)))
        if last_group:
            self._last_group[account] = last_group

    async def remove_account(self, account: str) -> None:
        self._remove_records(account)
        self._draws.pop(account, None)
        for key in [key for key in self._calls if key[1] == account]:
            del self._calls[key]
        for task_id in [task_id for task_id, callback in self._callbacks.items() if callback.account == account]:
            del self._callbacks[task_id]

    def _remove_records(self, account: str) -> None:
        for task in self._by_account.pop(account, ()):
            del self._tasks[task.id]
            self._queries.pop(task.id, None)
        for table in (self._groups, self._last_group, self._assets, self._removed):
            table.pop(account, None)

    async def aclose(self) -> None:
        """Nothing is waiting, and nothing is open."""
