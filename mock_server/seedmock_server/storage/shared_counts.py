"""Counts of rules in a store that several processes use."""

from __future__ import annotations

from ..matching.rules import Counter
from ..randomness import SeededRandom
from .protocol import SharedStore


class StoreCounts:
    """Counts of the rules of one kind. The counters show them as they were at the last request of this process."""

    def __init__(self, store: SharedStore, kind: str) -> None:
        self._store, self._kind = store, kind

    async def claim(self, counter: Counter, account: str, random: SeededRandom) -> bool:
        match, store, label = counter.match, self._store, counter.label
        share = match.probability
        counts = await store.claim(self._kind, label, account, match.times, match.nth, draws=share is not None)
        counter.matched, counter.applied = counts.matched, counts.applied
        if counts.draw is None or share is None:
            return counts.is_applied
        counter.draws[account] = counts.draw
        if counter.draw(account, counts.draw, random) >= share:
            return False
        applied = await store.apply_rule(self._kind, label, match.times)
        counter.applied = counter.applied if applied is None else applied
        return applied is not None

    async def draw(self, kind: str, account: str) -> int:
        return await self._store.count(kind, account)
