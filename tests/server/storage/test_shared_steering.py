"""Changes to steering state by several requests of one process, while another process changes the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import combinations
from typing import Any, cast

from seedmock_server.storage.models import Changes, DocumentChange
from seedmock_server.storage.protocol import SharedStore
from seedmock_server.storage.shared_steering import SharedSteering

KEY = "all"
NAME = f"total:{KEY}"


class Total:
    """Part of the steering state: a number that changes add to."""

    def __init__(self) -> None:
        self.value = 0

    def keys(self) -> Sequence[str]:
        return (KEY,)

    def dump(self, key: str) -> bytes:
        return str(self.value).encode()

    def load(self, key: str, body: bytes | None) -> None:
        self.value = int(body or 0)

    async def settle(self, store: SharedStore) -> None:
        """No counts."""

    def add(self) -> None:
        self.value += 1


class Documents:
    """Shared store of one document. Another process adds 100 to it before the n-th attempts to store a change."""

    def __init__(self, *others: int) -> None:
        self.version, self.body = 0, b"0"
        self._others, self._puts = others, 0

    def is_changed(self, epoch: int) -> bool:
        return epoch != self.version

    async def changes(self, since: int) -> Changes:
        await asyncio.sleep(0)
        documents: dict[str, tuple[int, bytes | None]] = {NAME: (self.version, self.body)}
        return Changes(self.version, documents if self.version > since else {})

    async def put_documents(self, documents: Sequence[DocumentChange]) -> int | None:
        self._puts += 1
        if self._puts in self._others:
            self.version, self.body = self.version + 1, str(int(self.body) + 100).encode()
        await asyncio.sleep(0)
        ((_, version, body),) = documents
        if version != self.version:
            return None
        self.version, self.body = version + 1, cast(bytes, body)
        stored = self.version
        for _ in range(self._puts % 3):  # the answer is late, so that others come first
            await asyncio.sleep(0)
        return stored


def play(*others: int, changes: int = 6) -> tuple[int, int]:
    """Return the totals of the store and of the process after changes at the same time."""

    async def main() -> tuple[int, int]:
        total, store = Total(), Documents(*others)
        steering = SharedSteering(cast(Any, store))
        steering.attach({"total": cast(Any, total)})
        await asyncio.wait_for(asyncio.gather(*(steering.change(total.add) for _ in range(changes))), 5)
        await steering.refresh()
        return int(store.body), total.value

    return asyncio.run(main())


def test_changes_of_one_process_at_the_same_time_are_all_kept() -> None:
    assert play() == (6, 6)


def test_a_change_that_another_process_precedes_takes_back_no_other() -> None:
    for first, second in combinations(range(1, 8), 2):
        assert play(first, second) == (206, 206), (first, second)
