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

    def __init__(self, pauses: int = 0) -> None:
        self.value, self.pauses = 0, pauses

    def keys(self) -> Sequence[str]:
        return (KEY,)

    def dump(self, key: str) -> bytes:
        return str(self.value).encode()

    def load(self, key: str, body: bytes | None) -> None:
        self.value = int(body or 0)

    async def settle(self, store: SharedStore) -> None:
        """No counts, but time passes, as where there are some."""
        for _ in range(self.pauses):
            await asyncio.sleep(0)

    def add(self) -> None:
        self.value += 1


class Documents:
    """Shared store of one document. Another process adds 100 to it before some attempts to store, and after others."""

    def __init__(self, before: Sequence[int], after: Sequence[int]) -> None:
        self.version, self.body = 0, b"0"
        self._before, self._after, self._puts = before, after, 0
        self.elsewhere = 0

    def is_changed(self, epoch: int) -> bool:
        return epoch != self.version

    async def changes(self, since: int) -> Changes:
        await asyncio.sleep(0)
        documents: dict[str, tuple[int, bytes | None]] = {NAME: (self.version, self.body)}
        return Changes(self.version, documents if self.version > since else {})

    async def put_documents(self, documents: Sequence[DocumentChange]) -> int | None:
        self._puts += 1
        attempt = self._puts
        if attempt in self._before:
            self._change_elsewhere()
        await asyncio.sleep(0)
        ((_, version, body),) = documents
        if version != self.version:
            return None
        self.version, self.body = version + 1, cast(bytes, body)
        stored = self.version
        if attempt in self._after:
            self._change_elsewhere()
        for _ in range(attempt % 4):  # the answer is late, so that others come first
            await asyncio.sleep(0)
        return stored

    def _change_elsewhere(self) -> None:
        self.elsewhere += 1
        self.version, self.body = self.version + 1, str(int(self.body) + 100).encode()


def play(before: Sequence[int] = (), after: Sequence[int] = (), pauses: int = 0) -> int:
    """Change a total six times at once, among other requests; return how often another process has changed it."""

    async def main() -> int:
        total, store = Total(pauses), Documents(before, after)
        steering = SharedSteering(cast(Any, store))
        steering.attach({"total": cast(Any, total)})

        async def read() -> None:
            for _ in range(20):
                await steering.refresh()
                await asyncio.sleep(0)

        await asyncio.wait_for(asyncio.gather(read(), *(steering.change(total.add) for _ in range(6))), 5)
        await steering.refresh()
        assert int(store.body) == total.value == 6 + 100 * store.elsewhere, (before, after)
        return store.elsewhere

    return asyncio.run(main())


def test_changes_of_one_process_at_the_same_time_are_all_kept() -> None:
    assert play() == 0


def test_a_change_that_another_process_precedes_takes_back_no_other() -> None:
    for attempts in combinations(range(1, 8), 2):
        assert play(before=attempts) == 2


def test_a_change_of_another_process_before_the_answer_is_not_forgotten() -> None:
    for attempts in combinations(range(1, 7), 2):
        assert play(after=attempts) > 0  # an attempt that fails has no answer


def test_a_change_that_a_load_has_undone_before_it_was_stored_is_made_again() -> None:
    for pauses in range(1, 5):
        for attempts in combinations(range(1, 7), 2):
            play(after=attempts, pauses=pauses)


def test_a_load_names_the_parts_that_another_process_has_changed() -> None:
    async def main() -> None:
        store, parts = Documents((), ()), list[str]()
        one, other = (SharedSteering(cast(Any, store)) for _ in range(2))
        totals = Total(), Total()
        for steering, total in zip((one, other), totals, strict=True):
            steering.attach({"total": cast(Any, total)})
            await steering.refresh()
        other.on_load(parts.append)
        await one.change(totals[0].add)
        assert parts == []
        await other.refresh()
        await other.refresh()
        assert (parts, totals[1].value) == (["total"], 1)

    asyncio.run(main())
