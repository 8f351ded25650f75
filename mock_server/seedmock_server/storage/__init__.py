"""Where records are kept. One protocol, so that a durable or a shared store can stand in for the memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..tasks.models import AccountRecords, AssetGroup, AssetRecord, Task
from .memory import MemoryStore

__all__ = ["MemoryStore", "Store"]


class Store(Protocol):
    """Records by id and by account. Nothing here knows time: states are worked out from the records."""

    def add_task(self, task: Task) -> bool:
        """Keep a task; False, and nothing kept, when its id is taken."""
        ...

    def task(self, task_id: str) -> Task | None: ...

    def tasks(self, account: str) -> Sequence[Task]:
        """An account's tasks, oldest first."""
        ...

    def count_query(self, task_id: str) -> int:
        """How often a task was queried before this time."""
        ...

    def queries(self, task_id: str) -> int:
        """How often a task was queried."""
        ...

    def add_group(self, group: AssetGroup) -> None: ...

    def next_group_id(self, account: str) -> int: ...

    def group(self, account: str, group_id: int) -> AssetGroup | None: ...

    def groups(self, account: str) -> Sequence[AssetGroup]:
        """An account's groups, oldest first."""
        ...

    def remove_group(self, group: AssetGroup) -> None:
        """Take away a group and all its assets."""
        ...

    def put_asset(self, asset: AssetRecord) -> None:
        """Keep an asset, in the place of the one with its id if there is one."""
        ...

    def asset(self, account: str, asset_id: str) -> AssetRecord | None: ...

    def assets(self, account: str) -> Sequence[AssetRecord]:
        """An account's assets, oldest first."""
        ...

    def remove_asset(self, asset: AssetRecord) -> None: ...

    def removed_assets(self, account: str) -> Sequence[AssetRecord]:
        """What was taken away: it is gone, but it was paid for."""
        ...

    # --- all that an account has ---

    def accounts(self) -> Sequence[str]:
        """The accounts that have anything."""
        ...

    def account_records(self, account: str) -> AccountRecords:
        """Everything of an account."""
        ...

    def replace_account(self, holding: AccountRecords) -> None:
        """Let an account have this and nothing else."""
        ...

    def remove_account(self, account: str) -> None:
        """Take away everything of an account; its groups count from 1 again."""
        ...
