"""Journal that shows each exchange to observers as it is stored: for logs and traces. Used only where one is on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence

from ..clock import Clock
from ..journal import Journal, JournalEntry, JournalFilter, LazyEntry
from .journal import task_status

Observer = Callable[[JournalEntry], None]


class ObservedJournal:
    """Journal around another one."""

    def __init__(self, journal: Journal, observers: Sequence[Observer]) -> None:
        self._journal, self._observers = journal, observers

    def append(self, entry: JournalEntry) -> None:
        self._journal.append(entry)
        for observe in self._observers:
            observe(entry)

    def append_lazy(self, entry: LazyEntry, size: int) -> None:
        self.append(entry.entry())

    async def read(self, selection: JournalFilter | None = None) -> Sequence[tuple[int, JournalEntry]]:
        return await self._journal.read(selection)

    async def total(self) -> int:
        return await self._journal.total()

    async def restore(self, total: int, pairs: Iterable[tuple[int, JournalEntry]]) -> None:
        await self._journal.restore(total, pairs)

    async def clear(self, account: str | None = None) -> None:
        await self._journal.clear(account)


def json_log(write: Callable[[str], object] | None = None) -> Observer:
    """Return an observer that writes each exchange as one JSON object a line; by default to standard error.

    Bodies and headers are left out: the journal has them, redacted.
    """
    clock, write_line = Clock(), write or sys.stderr.write

    def observe(entry: JournalEntry) -> None:
        status = task_status(entry)
        fields = {
            "time": round(clock.now(), 6),
            "emulated_time": entry.at,
            "level": "warning" if entry.violations else "info",
            "event": "exchange",
            "upstream": entry.upstream,
            "operation": entry.operation,
            "account": entry.account,
            "method": entry.method,
            "path": entry.path,
            "status": entry.status,
            "outcome": entry.kind.value,
            "task_status": None if status is None else status.value,
            "seconds": round(entry.seconds, 6),
            "faults": list(entry.faults),
            "violations": [violation.fact for violation in entry.violations if not violation.advice],
            "notes": list(entry.notes),
        }
        write_line(json.dumps(fields, ensure_ascii=False) + "\n")

    return observe
