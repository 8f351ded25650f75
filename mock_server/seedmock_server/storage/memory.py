"""Store in the memory of this process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ..tasks.models import AccountRecords, AssetGroup, AssetRecord, Task


class MemoryStore:
    """Records in dictionaries: by id, and by account in the order of arrival."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._by_account: defaultdict[str, list[Task]] = defaultdict(list)
        self._queries: dict[str, int] = {}
        self._groups: defaultdict[str, dict[int, AssetGroup]] = defaultdict(dict)
        self._last_group: dict[str, int] = {}
        self._assets: defaultdict[str, dict[str, AssetRecord]] = defaultdict(dict)
        self._removed: defaultdict[str, list[AssetRecord]] = defaultdict(list)

    def add_task(self, task: Task) -> bool:
        if self._tasks.setdefault(task.id, task) is not task:
            return False
        self._by_account[task.account].append(task)
        return True

    def replace_task(self, task: Task) -> None:
        tasks = self._by_account[task.account]
        tasks[tasks.index(self._tasks[task.id])] = task
        self._tasks[task.id] = task

    def task(self, task_id: str) -> Task | None:
        return self._tasks.get(task_id)

    def tasks(self, account: str) -> Sequence[Task]:
        # A copy: a caller may store a task while it reads the list.
        return list(self._by_account.get(account, ()))

    def count_query(self, task_id: str) -> int:
        before = self._queries.get(task_id, 0)
        self._queries[task_id] = before + 1
        return before

    def queries(self, task_id: str) -> int:
        return self._queries.get(task_id, 0)

    def add_group(self, group: AssetGroup) -> None:
        self._groups[group.account][group.id] = group
        self._last_group[group.account] = group.id

    def next_group_id(self, account: str) -> int:
        return self._last_group.get(account, 0) + 1

    def group(self, account: str, group_id: int) -> AssetGroup | None:
        # Asked first: a defaultdict would make an account of every key that guesses an id.
        return self._groups[account].get(group_id) if account in self._groups else None

    def groups(self, account: str) -> Sequence[AssetGroup]:
        return list(self._groups.get(account, {}).values())

    def remove_group(self, group: AssetGroup) -> None:
        # The page says so: a group takes its assets with it. They stay on the statement.
        for asset in self.assets(group.account):
            if asset.group_id == group.id:
                self.remove_asset(asset)
        del self._groups[group.account][group.id]

    def put_asset(self, asset: AssetRecord) -> None:
        self._assets[asset.account][asset.id] = asset

    def asset(self, account: str, asset_id: str) -> AssetRecord | None:
        return self._assets[account].get(asset_id) if account in self._assets else None

    def assets(self, account: str) -> Sequence[AssetRecord]:
        return list(self._assets.get(account, {}).values())

    def remove_asset(self, asset: AssetRecord) -> None:
        self._removed[asset.account].append(self._assets[asset.account].pop(asset.id))

    def removed_assets(self, account: str) -> Sequence[AssetRecord]:
        return list(self._removed.get(account, ()))

    # --- whole accounts ---

    def accounts(self) -> Sequence[str]:
        return list(dict.fromkeys((*self._by_account, *self._last_group, *self._assets, *self._removed)))

    def account_records(self, account: str) -> AccountRecords:
        tasks = tuple(self.tasks(account))
        return AccountRecords(
            account=account,
            tasks=tasks,
            queries={task.id: self._queries[task.id] for task in tasks if task.id in self._queries},
            groups=tuple(self.groups(account)),
            last_group=self._last_group.get(account, 0),
            assets=tuple(self.assets(account)),
            removed_assets=tuple(self.removed_assets(account)),
        )

    def replace_account(self, records: AccountRecords) -> None:
        self.remove_account(records.account)
        for task in records.tasks:
            self.add_task(task)
        self._queries.update(records.queries)
        for group in records.groups:
            self.add_group(group)
        for asset in records.assets:
            self.put_asset(asset)
        if records.removed_assets:
            self._removed[records.account].extend(records.removed_assets)
        # An id is not used again after a deletion, so the highest may belong to no group any more.
        if records.last_group:
            self._last_group[records.account] = records.last_group

    def remove_account(self, account: str) -> None:
        for task in self._by_account.pop(account, ()):
            del self._tasks[task.id]
            self._queries.pop(task.id, None)
        for table in (self._groups, self._last_group, self._assets, self._removed):
            table.pop(account, None)
