"""Barriers between workers: one asks, and is told when all others have written what they had to write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from typing import Protocol

from .messages import SETTLE, SETTLED


class Member(Protocol):
    """Worker that takes part."""

    def send(self, kind: str, **fields: object) -> None: ...


class Barriers:
    """Barriers that are open, and the statistics of all workers, also of those that have ended."""

    def __init__(self) -> None:
        self._number = 0
        self._open: dict[int, tuple[Member, int, set[Member]]] = {}
        self._statistics: dict[Member, Counter[str]] = {}
        self._ended: Counter[str] = Counter()

    def open(self, asker: Member, request_id: int, others: Set[Member]) -> None:
        """Ask all others to write; the asker gets its answer when the last of them has."""
        self._number += 1
        self._open[self._number] = asker, request_id, set(others)
        for member in others:
            member.send(SETTLE, id=self._number)
        self._finish()

    def pass_by(self, member: Member, number: int, statistics: Counter[str]) -> None:
        """Note that a worker has written, and what it has counted since its start."""
        self.count(member, statistics)
        if number in self._open:
            self._open[number][2].discard(member)
            self._finish()

    def count(self, member: Member, statistics: Counter[str]) -> None:
        self._statistics[member] = statistics

    def forget(self, member: Member) -> None:
        """Wait for a worker no longer, since it has died; what it had counted still counts."""
        self._ended.update(self._statistics.pop(member, Counter()))
        self._open = {number: barrier for number, barrier in self._open.items() if barrier[0] is not member}
        for _, _, waiting in self._open.values():
            waiting.discard(member)
        self._finish()

    def _finish(self) -> None:
        for number, (asker, request_id, waiting) in list(self._open.items()):
            if not waiting:
                del self._open[number]
                total = Counter(self._ended)
                for member, statistics in self._statistics.items():
                    if member is not asker:
                        total.update(statistics)
                asker.send(SETTLED, id=request_id, statistics=total)
