"""Journal in the database, with the same bound as in memory. Entries are committed after their responses.

An entry goes with the next commit, or with those of the next ten milliseconds, and after the order that it tells of.
The end of a process that is killed can be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from sqlite3 import Connection

import msgspec

from ...journal import JournalEntry, JournalFilter, LazyEntry
from ..spaced_call import SpacedCall
from ..waiting_entries import WaitingEntries
from .database import Database
from .many_rows import insert_rows

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(JournalEntry).decode
NUMBER = "INSERT INTO counters VALUES ('journal', '', ?) ON CONFLICT DO UPDATE SET number = number + ? RETURNING number"


class SqliteJournal:
    """Exchanges of all processes, numbered in the order of their commits."""

    def __init__(self, database: Database, entries: int) -> None:
        self._db, self._bound = database, entries
        self._waiting = WaitingEntries(entries)
        self._spaced_post = SpacedCall(self.post)

    def append(self, entry: JournalEntry) -> None:
        self._wait(entry)

    def append_lazy(self, entry: LazyEntry, size: int) -> None:
        self._wait(entry)

    def _wait(self, entry: JournalEntry | LazyEntry) -> None:
        self._waiting.append(entry)
        self._spaced_post.request()

    def post(self) -> None:
        """Write what is waiting with the next commit; what is read afterwards finds it."""
        if self._waiting:
            taken: list[JournalEntry] = []
            self._db.post(lambda connection: self._write_waiting(connection, taken))

    def _write_waiting(self, connection: Connection, rows: list[JournalEntry]) -> None:
        """Write what is waiting, in the database's thread; `rows` is what an attempt that failed has taken."""
        skipped, entries = self._waiting.take()
        rows += entries
        count = len(rows) + skipped
        total = connection.execute(NUMBER, (count, count)).fetchone()[0]
        first = total - len(rows)
        numbered = [(first + place, entry.account, _encode(entry)) for place, entry in enumerate(rows)]
        insert_rows(connection, "journal (number, account, body)", numbered)
        connection.execute("DELETE FROM journal WHERE number < ?", (total - self._bound,))

    async def read(self, selection: JournalFilter | None = None) -> Sequence[tuple[int, JournalEntry]]:
        selection = selection or JournalFilter()
        where, values = "number >= ?", [selection.since]
        if selection.account is not None:
            where, values = f"{where} AND account = ?", [*values, selection.account]  # type: ignore[list-item]

        def rows(connection: Connection) -> list[tuple[int, bytes]]:
            query = f"SELECT number, body FROM journal WHERE {where} ORDER BY number"  # noqa: S608 - constants
            return connection.execute(query, values).fetchall()

        self.post()
        pairs = [(number, _decode(body)) for number, body in await self._db.read(rows)]
        return [pair for pair in pairs if selection.matches(*pair)]

    async def total(self) -> int:
        def count(connection: Connection) -> int:
            row = connection.execute("SELECT number FROM counters WHERE kind = 'journal' AND account = ''").fetchone()
            return 0 if row is None else int(row[0])

        self.post()
        return await self._db.read(count)

    async def restore(self, total: int, pairs: Iterable[tuple[int, JournalEntry]]) -> None:
        rows = [(number, entry.account, _encode(entry)) for number, entry in tuple(pairs)[-self._bound :]]

        def replace(connection: Connection) -> None:
            connection.execute("DELETE FROM journal")
            connection.executemany("INSERT INTO journal VALUES (?, ?, ?)", rows)
            connection.execute("INSERT OR REPLACE INTO counters VALUES ('journal', '', ?)", (total,))

        self.post()
        await self._db.write(replace)

    async def clear(self, account: str | None = None) -> None:
        if account is None:
            await self.restore(0, ())
        else:
            self.post()
            await self._db.write(lambda connection: _remove(connection, account))


def _remove(connection: Connection, account: str) -> None:
    connection.execute("DELETE FROM journal WHERE account = ?", (account,))
