"""Tasks, sums and draws of one group of orders, written at once: statements are what an order costs.

Valid only while the database's lock is held. Whatever else reads or writes those tables flushes first.
"""

from __future__ import annotations

from decimal import Decimal
from sqlite3 import Connection

from . import counter_rows, task_rows


class GroupCache:
    """Additions of a group's orders so far. Belongs to the database's thread."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], Decimal] = {}
        self._draws: dict[str, int] = {}
        self._tasks: list[task_rows.TaskRow] = []

    def use_number(self, connection: Connection, account: str, number: int) -> int:
        """Note that an order uses an account's draw, or the next one if that is used already, and return it."""
        last = self._draws.get(account)
        if last is None:
            last = counter_rows.last(connection, counter_rows.DRAW, account)
        self._draws[account] = max(number, last + 1)
        return self._draws[account]

    def add(self, account: str, upstream: str, amount: Decimal) -> None:
        key = account, upstream
        self._sums[key] = self._sums.get(key, task_rows.ZERO) + amount

    def add_task(self, row: task_rows.TaskRow) -> None:
        self._tasks.append(row)

    def flush(self, connection: Connection) -> None:
        """Write what was added. Raises IntegrityError if a task's id is taken."""
        task_rows.insert_tasks(connection, self._tasks)
        for (account, upstream), amount in self._sums.items():
            task_rows.add_to_sum(connection, account, upstream, amount)
        for account, number in self._draws.items():
            counter_rows.set_counter(connection, counter_rows.DRAW, account, number)
        self.clear()

    def clear(self) -> None:
        """Forget what was added, after it was written or taken back."""
        self._tasks.clear()
        self._sums.clear()
        self._draws.clear()
