"""Statements on counters: draws, group ids, and the calls of a minute. Each function is part of one transaction."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from sqlite3 import Connection

from ..call_windows import admit as admit_to_window

DRAW = "draw"


def count(connection: Connection, kind: str, account: str, above: int = 0) -> int:
    """Count 1, 2, 3, ... for a kind and an account, but on from `above`, and return the number."""
    row = connection.execute(
        "INSERT INTO counters VALUES (?1, ?2, ?3 + 1) ON CONFLICT DO UPDATE SET number = max(number, ?3) + 1 "
        "RETURNING number",
        (kind, account, above),
    ).fetchone()
    return int(row[0])


def last(connection: Connection, kind: str, account: str) -> int:
    row = connection.execute("SELECT number FROM counters WHERE kind = ? AND account = ?", (kind, account)).fetchone()
    return 0 if row is None else int(row[0])


def set_counter(connection: Connection, kind: str, account: str, number: int) -> None:
    connection.execute("INSERT OR REPLACE INTO counters VALUES (?, ?, ?)", (kind, account, number))


def counters(connection: Connection, kind: str) -> Mapping[str, int]:
    return dict(connection.execute("SELECT account, number FROM counters WHERE kind = ?", (kind,)))


def set_counters(connection: Connection, kind: str, numbers: Mapping[str, int]) -> None:
    connection.execute("DELETE FROM counters WHERE kind = ?", (kind,))
    connection.executemany(
        "INSERT INTO counters VALUES (?, ?, ?)", [(kind, account, number) for account, number in numbers.items()]
    )


def admit(connection: Connection, upstream: str, account: str, now: float, rate: int) -> float:
    row = connection.execute(
        "SELECT times FROM calls WHERE account = ? AND upstream = ?", (account, upstream)
    ).fetchone()
    calls = deque(_times(b"" if row is None else row[0]))
    wait = admit_to_window(calls, now, rate)
    _set_calls(connection, upstream, account, calls)
    return wait


def calls(connection: Connection) -> Sequence[tuple[str, str, tuple[float, ...]]]:
    rows = connection.execute("SELECT upstream, account, times FROM calls ORDER BY account, upstream")
    return [(upstream, account, tuple(_times(times))) for upstream, account, times in rows]


def set_calls(connection: Connection, calls: Sequence[tuple[str, str, tuple[float, ...]]]) -> None:
    connection.execute("DELETE FROM calls")
    for upstream, account, times in calls:
        _set_calls(connection, upstream, account, times)


def _set_calls(connection: Connection, upstream: str, account: str, times: Sequence[float]) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO calls VALUES (?, ?, ?)", (upstream, account, array("d", times).tobytes())
    )


def _times(times: bytes) -> array[float]:
    return array("d", times)
