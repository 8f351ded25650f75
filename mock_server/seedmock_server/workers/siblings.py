"""The other workers at the same address, as one of them sees them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from ..journal import Journal, JournalEntry, JournalFilter, LazyEntry
from .messages import COUNTED, SETTLE, SETTLED, Message, MessageReader, encode_message

SETTLE_SECONDS: Final = 2.0
"""Longest wait for the others: one that hangs must not keep the journal from being read."""
# Counts are for metrics, which are scraped each few seconds; a message an exchange would cost as much as a poll.
COUNT_SECONDS: Final = 1.0
EXIT_SECONDS: Final = 20.0
"""Time to stop after the supervisor has died; it is more than the grace period of responses."""


class Siblings(Protocol):
    """Processes that answer at the same address."""

    count: int
    """How many there are, with this one."""

    def attach(self, write_waiting: Callable[[], Awaitable[object]], count: Callable[[], Counter[str]]) -> None:
        """Take part from now on, in the running loop.

        `write_waiting` writes to the store what this process has not written yet; `count` returns its statistics.
        """
        ...

    async def settle(self) -> Counter[str]:
        """Wait until the others have written what waits for it, and return the sum of their statistics."""
        ...


class SupervisorLink:
    """Siblings that are reached by way of the supervisor. When that dies, this process stops."""

    def __init__(self, commands: int, reports: int) -> None:
        """`commands` and `reports` are the pipes from and to the supervisor. Waits for the settings."""
        self._reader, self._reports = MessageReader(commands), reports
        first: Message = {"workers": 0, "settings": {}}
        while not first["workers"] and not self._reader.is_ended:
            first = next(self._reader.read(), first)  # the supervisor sends nothing else before this process is ready
        self.count: int = first["workers"]
        self.settings: dict[str, Any] = first["settings"]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._requests: dict[int, asyncio.Future[Counter[str]]] = {}
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()
        threading.Thread(target=self._listen, name="seedmock supervisor", daemon=True).start()

    def report(self, kind: str, **fields: Any) -> None:
        """Send a message to the supervisor; one that has died needs none. Call it in the main thread."""
        message = memoryview(encode_message(kind, **fields))
        with contextlib.suppress(OSError):
            while message:
                message = message[os.write(self._reports, message) :]

    def attach(self, write_waiting: Callable[[], Awaitable[object]], count: Callable[[], Counter[str]]) -> None:
        self._write_waiting, self._count_statistics = write_waiting, count
        self._loop = asyncio.get_running_loop()
        self._counted: Counter[str] = Counter()
        self._report_counts(self._loop)

    def _report_counts(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send the statistics, if they have changed, now and each second."""
        statistics = self._count_statistics()
        if statistics != self._counted:
            self._counted = statistics
            self.report(COUNTED, statistics=statistics)
        loop.call_later(COUNT_SECONDS, self._report_counts, loop)

    async def settle(self) -> Counter[str]:
        self._number += 1
        number = self._number
        answer: asyncio.Future[Counter[str]] = asyncio.get_running_loop().create_future()
        self._requests[number] = answer
        self.report(SETTLE, id=number)
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await answer
        except TimeoutError:
            return Counter()
        finally:
            del self._requests[number]
        return answer.result()

    # --- in a thread ---

    def _listen(self) -> None:
        while not self._reader.is_ended:
            for message in self._reader.read():
                if self._loop is not None:
                    with contextlib.suppress(RuntimeError):  # the loop is closed: this process stops
                        self._loop.call_soon_threadsafe(self._receive, message)
        signal.raise_signal(signal.SIGTERM)
        threading.Event().wait(EXIT_SECONDS)
        os._exit(1)

    # --- in the loop ---

    def _receive(self, message: Message) -> None:
        if message["kind"] == SETTLE:
            task = asyncio.get_running_loop().create_task(self._settle_own(message["id"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif message["kind"] == SETTLED and message["id"] in self._requests:
            request = self._requests[message["id"]]
            if not request.done():
                request.set_result(Counter(message["statistics"]))

    async def _settle_own(self, number: int) -> None:
        try:
            await self._write_waiting()
        finally:  # a store that cannot be used now must not make the others wait
            self.report(SETTLED, id=number, statistics=self._count_statistics())


class SettledJournal:
    """Journal that several workers write: before it is read, all of them have written what they have answered."""

    def __init__(self, journal: Journal, siblings: Siblings) -> None:
        self._journal, self._siblings = journal, siblings

    def append(self, entry: JournalEntry) -> None:
        self._journal.append(entry)

    def append_lazy(self, entry: LazyEntry, size: int) -> None:
        self._journal.append_lazy(entry, size)

    async def read(self, selection: JournalFilter | None = None) -> Sequence[tuple[int, JournalEntry]]:
        await self._siblings.settle()
        return await self._journal.read(selection)

    async def total(self) -> int:
        await self._siblings.settle()
        return await self._journal.total()

    async def restore(self, total: int, pairs: Iterable[tuple[int, JournalEntry]]) -> None:
        await self._siblings.settle()
        await self._journal.restore(total, pairs)

    async def clear(self, account: str | None = None) -> None:
        await self._siblings.settle()
        await self._journal.clear(account)
