"""Entries of the journal that a process has not written to a shared store yet."""

from __future__ import annotations

from collections import deque

from ..journal import JournalEntry, LazyEntry


class WaitingEntries:
    """The last `bound` entries, for the store keeps no more of them; `skipped` others still count."""

    def __init__(self, bound: int) -> None:
        self._entries: deque[JournalEntry | LazyEntry] = deque(maxlen=bound)
        self._skipped = 0

    def __len__(self) -> int:
        """Number of entries that the store is to count."""
        return len(self._entries) + self._skipped

    def append(self, entry: JournalEntry | LazyEntry) -> None:
        if len(self._entries) == self._entries.maxlen:
            self._skipped += 1
        self._entries.append(entry)

    def take(self) -> tuple[int, list[JournalEntry]]:
        """Remove all entries, built, and the number of those that were skipped before them."""
        entries: list[JournalEntry] = []
        while self._entries:
            entry = self._entries.popleft()
            entries.append(entry if isinstance(entry, JournalEntry) else entry.entry())
        skipped, self._skipped = self._skipped, 0
        return skipped, entries

    def skip(self, entries: int) -> None:
        """Count entries that are gone, so that the numbers of the others remain."""
        self._skipped += entries

    def clear(self) -> None:
        self._entries.clear()
