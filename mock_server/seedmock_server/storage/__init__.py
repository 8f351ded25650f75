"""Storage of records: a protocol, and the stores that implement it. Knows no clock: records have no state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..tasks.models import AccountRecords, AssetGroup, AssetRecord, Task
from .memory import MemoryStore

__all__ = ["MemoryStore", "Store"]


class Store(Protocol):
    """Records by id and by account."""

    def add_task(self, task: Task) -> bool:
        """Add a task; return False, having added nothing, if its id is taken."""
        ...

    def replace_task(self, task: Task) -> None:
        """Replace the record of a task by another with the same id."""
        ...

    def task(self, task_id: str) -> Task | None: ...

    def tasks(self, account: str) -> Sequence[Task]:
        """List an account's tasks, oldest first."""
        ...

    def count_query(self, task_id: str) -> int:
        """Count a query of a task, and return the number of those before it."""
        ...

    def queries(self, task_id: str) -> int:
        """Return how often a task was queried."""
        ...

    def add_group(self, group: AssetGroup) -> None: ...

    def next_group_id(self, account: str) -> int: ...

    def group(self, account: str, group_id: int) -> AssetGroup | None: ...

    def groups(self, account: str) -> Sequence[AssetGroup]:
        """List an account's groups, oldest first."""
        ...

    def remove_group(self, group: AssetGroup) -> None:
        """Remove a group and all its assets."""
        ...

    def put_asset(self, asset: AssetRecord) -> None:
        """Add an asset, or replace the one with its id."""
        ...

    def asset(self, account: str, asset_id: str) -> AssetRecord | None: ...

    def assets(self, account: str) -> Sequence[AssetRecord]:
        """List an account's assets, oldest first."""
        ...

    def remove_asset(self, asset: AssetRecord) -> None: ...

    def removed_assets(self, account: str) -> Sequence[AssetRecord]:
        """List an account's removed assets, which remain on its statement."""
        ...

    # --- whole accounts ---

    def accounts(self) -> Sequence[str]:
        """List the accounts that have any record."""
        ...

    def account_records(self, account: str) -> AccountRecords:
        """Return all records of an account."""
        ...

    def replace_account(self, records: AccountRecords) -> None:
        """Replace all records of an account."""
        ...

    def remove_account(self, account: str) -> None:
        """Remove all records of an account; its group ids count from 1 again."""
        ...
