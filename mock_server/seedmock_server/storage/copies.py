"""Copies that a process keeps of shared records until any process changes one: tasks, and the draws of accounts."""

from __future__ import annotations

from collections.abc import Mapping

from ..tasks.models import Task
from .models import Document

# A copy saves a poll its read of the store. Those of finished tasks, which nobody polls any more, leave only so.
MAX_TASKS = 4096
MAX_DRAWS = 10_000
SET_DRAWS = "set-draws"
"""Document without a body: its version is that of the last change that set draws back. No other change does, so that a
process keeps the draws of refused orders, which are stored nowhere."""


class Copies:
    """Bounded copies. Draws that were given to orders and are not stored yet count too."""

    def __init__(self, *, caches_tasks: bool) -> None:
        self._caches_tasks = caches_tasks
        self.tasks: dict[str, Task] = {}
        self.draws: dict[str, int] = {}

    def add_task(self, task: Task) -> None:
        if self._caches_tasks:
            if len(self.tasks) >= MAX_TASKS:
                self.tasks.clear()
            self.tasks[task.id] = task

    def add_draw(self, account: str, number: int) -> None:
        if len(self.draws) >= MAX_DRAWS:
            self.draws.clear()
        self.draws[account] = self.last_draw(account, number)

    def last_draw(self, account: str, stored: int) -> int:
        return max(stored, self.draws.get(account, 0))

    def last_draws(self, stored: Mapping[str, int]) -> dict[str, int]:
        """Return the last draw of each account that has one, here or in the store."""
        return {account: self.last_draw(account, stored.get(account, 0)) for account in sorted({*stored, *self.draws})}

    def heed_set_draws(self, documents: Mapping[str, Document]) -> dict[str, Document]:
        """Forget the draws if a change has set them back, and return the documents but for the note on that."""
        if SET_DRAWS in documents:
            self.draws.clear()
        return {name: document for name, document in documents.items() if name != SET_DRAWS}

    def clear(self) -> None:
        self.tasks.clear()
        self.draws.clear()
