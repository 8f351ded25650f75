"""Journal in a stream of the server, with the same bound as in memory. Entries are written after their responses.

An entry leaves after the present turn of the loop, or with the next entry if the server cannot be reached then; the
last ones of a process that is killed can be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ...journal import JournalEntry, JournalFilter, LazyEntry
from ..waiting_entries import WaitingEntries
from .redis_client import RedisClient
from .steering_scripts import APPEND, CLEAR_JOURNAL, RESTORE_JOURNAL

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(JournalEntry).decode


class StreamJournal:
    """Exchanges of all processes, numbered in the order of their arrival at the server."""

    def __init__(self, client: RedisClient, entries: int) -> None:
        self._client, self._bound = client, entries
        self._waiting = WaitingEntries(entries)
        self._is_scheduled = False

    def append(self, entry: JournalEntry) -> None:
        self._wait(entry)

    def append_lazy(self, entry: LazyEntry, size: int) -> None:
        self._wait(entry)

    def _wait(self, entry: JournalEntry | LazyEntry) -> None:
        self._waiting.append(entry)
        if not self._is_scheduled:
            self._is_scheduled = self._client.call_soon(self._post)

    def _post(self) -> None:
        self._is_scheduled = False
        if self._waiting and self._client.is_connected:
            skipped, entries = self._waiting.take()
            self._client.post(APPEND, self._bound, skipped, *_rows(entries))

    async def write(self) -> None:
        """Write what is waiting, and wait for it. Raises StoreUnavailable."""
        if not self._waiting:
            return
        skipped, entries = self._waiting.take()
        try:
            await self._client.run(APPEND, self._bound, skipped, *_rows(entries))
        except BaseException:
            self._waiting.put_back(skipped, entries)
            raise

    async def read(self, selection: JournalFilter | None = None) -> Sequence[tuple[int, JournalEntry]]:
        await self.write()
        selection = selection or JournalFilter()
        start = f"{selection.since + 1}-0"
        rows = await self._client.call("XRANGE", self._client.address.base + "journal", start, "+")
        account = None if selection.account is None else selection.account.encode()
        pairs = [
            (int(number.partition(b"-")[0]) - 1, _decode(body))
            for number, (_, owner, _, body) in rows
            if account in (None, owner)
        ]
        return [pair for pair in pairs if selection.matches(*pair)]

    async def total(self) -> int:
        await self.write()
        return int(await self._client.call("GET", self._client.address.base + "journal_total") or 0)

    async def restore(self, total: int, pairs: Iterable[tuple[int, JournalEntry]]) -> None:
        self._waiting.clear()
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


def _rows(entries: Iterable[JournalEntry]) -> list[str | bytes]:
    return [part for entry in entries for part in (entry.account, _encode(entry))]
