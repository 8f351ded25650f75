"""Journal in a stream of the server, with the same bound as in memory. Entries are written after their responses.

An entry leaves after the present turn of the loop, with those of the next ten milliseconds, or with the next one if the
server cannot be reached then. A batch whose reply is lost is sent again, and stored once; the last ones of a process
that is killed can be missing.
"""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from ...journal import JournalEntry, JournalFilter, LazyEntry
from ...randomness import fresh_token
from ..models import StoreUnavailable
from ..spaced_call import SpacedCall
from ..waiting_entries import WaitingEntries
from .redis_client import RedisClient
from .steering_scripts import APPEND, CLEAR_JOURNAL, RESTORE_JOURNAL

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(JournalEntry).decode
POST_ROUNDS = 2
"""A script that the server does not know any more is sent again."""
log = logging.getLogger("seedmock")


class _Batch(msgspec.Struct, frozen=True):
    """Entries that are stored at once, and the number of those that were skipped before them."""

    token: str
    skipped: int
    entries: Sequence[JournalEntry]
    is_repeated: bool = False

    def arguments(self, bound: int) -> list[str | bytes | int]:
        rows = (part for entry in self.entries for part in (entry.account, _encode(entry)))
        return [bound, self.skipped, self.token, int(self.is_repeated), *rows]


class StreamJournal:
    """Exchanges of all processes, numbered in the order of their arrival at the server."""

    def __init__(self, client: RedisClient, entries: int) -> None:
        self._client, self._bound = client, entries
        self._waiting = WaitingEntries(entries)
        self._lost: deque[_Batch] = deque()
        """Batches of which it is not known that they are stored, oldest first."""
        process = fresh_token()
        self._tokens = (f"{process}-{number}" for number in itertools.count())
        self._under_way = 0
        self._spaced_post = SpacedCall(self._post)

    def append(self, entry: JournalEntry) -> None:
        self._wait(entry)

    def append_lazy(self, entry: LazyEntry, size: int) -> None:
        self._wait(entry)

    def _wait(self, entry: JournalEntry | LazyEntry) -> None:
        self._waiting.append(entry)
        self._spaced_post.request()

    def _post(self) -> None:
        if self._client.is_connected:
            for batch in self._take():
                self._under_way += 1
                self._client.post(APPEND, *batch.arguments(self._bound), on_end=partial(self._end_batch, batch))

    def _take(self) -> Sequence[_Batch]:
        """Remove all batches that are to be sent: lost ones, and one of what is waiting."""
        batches = list(self._lost)
        self._lost.clear()
        if self._waiting:
            batches.append(_Batch(next(self._tokens), *self._waiting.take()))
        return batches

    def _end_batch(self, batch: _Batch, error: Exception | None) -> None:
        self._under_way -= 1
        if isinstance(error, StoreUnavailable):
            self._keep(batch)
        elif error is not None:
            log.error("%d entries of the journal were not stored: %s", len(batch.entries), error)

    def _keep(self, *batches: _Batch) -> None:
        """Keep batches for another attempt, but no more entries than the journal has."""
        self._lost.extend(replace(batch, is_repeated=True) for batch in batches)
        while sum(len(batch.entries) for batch in self._lost) > self._bound:
            oldest = self._lost.popleft()
            skipped = oldest.skipped + len(oldest.entries)
            if self._lost:
                self._lost[0] = replace(self._lost[0], skipped=self._lost[0].skipped + skipped)
            else:
                self._waiting.skip(skipped)

    async def write(self) -> None:
        """Write what is waiting, and wait for it. Raises StoreUnavailable."""
        await self._end_posts()
        batches = deque(self._take())
        try:
            while batches:
                await self._store(batches[0])
                batches.popleft()
        finally:
            self._keep(*batches)

    async def _end_posts(self) -> None:
        """Wait for the replies to batches that are under way: one that is lost or refused has to be sent again."""
        for _ in range(POST_ROUNDS):
            if self._under_way:
                await self._client.call("PING")  # answered after them

    async def _store(self, batch: _Batch) -> None:
        try:
            await self._client.run(APPEND, *batch.arguments(self._bound))
        except StoreUnavailable:
            await self._client.run(APPEND, *replace(batch, is_repeated=True).arguments(self._bound))

    async def read(self, selection: JournalFilter | None = None) -> Sequence[tuple[int, JournalEntry]]:
        await self.write()
        selection = selection or JournalFilter()
        # An entry's id is one more than its number, since streams have no id 0-0.
        start = f"{selection.since + 1}-0"
        rows = await self._client.call("XRANGE", self._client.address.base + "journal", start, "+")
        account = None if selection.account is None else selection.account.encode()
        pairs = [
            (int(number.partition(b"-")[0]) - 1, _decode(body))
            for number, (_, owner, _, body, *_) in rows
            if account in (None, owner)
        ]
        return [pair for pair in pairs if selection.matches(*pair)]

    async def total(self) -> int:
        await self.write()
        return int(await self._client.call("GET", self._client.address.base + "journal_total") or 0)

    async def restore(self, total: int, pairs: Iterable[tuple[int, JournalEntry]]) -> None:
        self._waiting.clear()
        self._lost.clear()
        rows: list[str | bytes | int] = []
        for number, entry in tuple(pairs)[-self._bound :]:
            rows += (number, entry.account, _encode(entry))
        await self._client.run(RESTORE_JOURNAL, total, *rows)

    async def clear(self, account: str | None = None) -> None:
        if account is None:
            await self.restore(0, ())
        else:
            await self.write()
            await self._client.run(CLEAR_JOURNAL, account)
