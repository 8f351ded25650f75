"""Statements on tasks, their money and their callbacks. Each function is part of one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from sqlite3 import Connection

from msgspec.structs import replace

from ...tasks.models import Task
from ...tasks.timeline import NEVER, ends_at
from ..codec import Codec
from ..models import Booking, DueCallback
from .many_rows import insert_rows

TaskRow = tuple[str, str, str, float | None, str | None, float | None, bytes]
"""Id, account, upstream, end, amount, time of the refund, and the record."""
ZERO = Decimal(0)
CALLBACK_FIELDS = "task_id, account, at, started_at, attempts, paused"


def insert_tasks(connection: Connection, rows: Sequence[TaskRow]) -> None:
    insert_rows(connection, "tasks (id, account, upstream, ends_at, amount, refund_at, body)", rows)


def money(booking: Booking | None) -> tuple[str | None, float | None]:
    """Return the columns `amount` and `refund_at`."""
    if booking is None:
        return None, None
    return str(booking.amount), None if booking.refund_at == NEVER else booking.refund_at


def end_column(task: Task) -> float | None:
    """Return the column `ends_at`."""
    end = ends_at(task)
    return None if end == NEVER else end


def replace_task(
    connection: Connection, task: Task, body: bytes, booking: Booking | None, callback: DueCallback | None
) -> None:
    row = connection.execute("SELECT amount FROM tasks WHERE id = ?", (task.id,)).fetchone()
    if row is None:
        return
    amount, refund_at = money(booking)
    connection.execute(
        "UPDATE tasks SET ends_at = ?, amount = ?, refund_at = ?, body = ? WHERE id = ?",
        (end_column(task), amount, refund_at, body, task.id),
    )
    difference = Decimal(amount or 0) - Decimal(row[0] or 0)
    if difference:
        add_to_sum(connection, task.account, task.upstream, difference)
    connection.execute("DELETE FROM callbacks WHERE task_id = ?", (task.id,))
    if callback is not None:
        save_callback(connection, callback)


def task(connection: Connection, codec: Codec, task_id: str) -> Task | None:
    row = connection.execute("SELECT body, queries FROM tasks WHERE id = ?", (task_id,)).fetchone()
    return None if row is None else _decoded(codec, *row)


def tasks(connection: Connection, codec: Codec, account: str) -> Sequence[Task]:
    rows = connection.execute("SELECT body, queries FROM tasks WHERE account = ? ORDER BY seq", (account,))
    return [_decoded(codec, *row) for row in rows]


def raw_tasks(connection: Connection, codec: Codec, account: str) -> Sequence[tuple[Task, int]]:
    """Return an account's tasks as they were stored, with their counts of queries apart."""
    rows = connection.execute("SELECT body, queries FROM tasks WHERE account = ? ORDER BY seq", (account,))
    return [(codec.decode(body, Task), queries) for body, queries in rows]


def _decoded(codec: Codec, body: bytes, queries: int) -> Task:
    task = codec.decode(body, Task)
    return replace(task, queries=queries) if queries else task


def unfinished(connection: Connection, account: str, upstream: str, now: float) -> int:
    count: int = connection.execute(
        "SELECT count(*) FROM tasks WHERE account = ?1 AND upstream = ?2 AND ends_at > ?3", (account, upstream, now)
    ).fetchone()[0]
    endless: int = connection.execute(
        "SELECT count(*) FROM tasks WHERE account = ? AND upstream = ? AND ends_at IS NULL", (account, upstream)
    ).fetchone()[0]
    return count + endless


def count_query(connection: Connection, task_id: str) -> int:
    row = connection.execute(
        "UPDATE tasks SET queries = queries + 1 WHERE id = ? RETURNING queries", (task_id,)
    ).fetchone()
    return 0 if row is None else int(row[0])


# --- money ---


def add_to_sum(connection: Connection, account: str, upstream: str, amount: Decimal) -> None:
    # Texts, since an amount has more digits than a float and more decimals than a bill.
    total = _quoted(connection, account, upstream) + amount
    connection.execute("INSERT OR REPLACE INTO sums VALUES (?, ?, ?)", (account, upstream, str(total)))


def _quoted(connection: Connection, account: str, upstream: str) -> Decimal:
    row = connection.execute(
        "SELECT quoted FROM sums WHERE account = ? AND upstream = ?", (account, upstream)
    ).fetchone()
    return ZERO if row is None else Decimal(row[0])


def outstanding(connection: Connection, account: str, upstream: str, now: float) -> Decimal:
    """Return the amount on hold or charged; what is refunded by now is looked up, since a clock can be moved."""
    refunds: Iterable[tuple[str]] = connection.execute(
        "SELECT amount FROM tasks WHERE account = ?1 AND upstream = ?2 AND refund_at <= ?3 UNION ALL "
        "SELECT amount FROM assets WHERE account = ?1 AND upstream = ?2 AND refund_at <= ?3",
        (account, upstream, now),
    )
    return _quoted(connection, account, upstream) - sum((Decimal(amount) for (amount,) in refunds), ZERO)


# --- callbacks ---


def save_callback(connection: Connection, callback: DueCallback) -> None:
    # A new row each time: callbacks of one time are sent in the order in which they were saved.
    connection.execute("DELETE FROM callbacks WHERE task_id = ?", (callback.task_id,))
    connection.execute(
        f"INSERT INTO callbacks ({CALLBACK_FIELDS}) SELECT ?, ?, ?, ?, ?, ? "  # noqa: S608 - a constant
        "WHERE EXISTS (SELECT 1 FROM tasks WHERE id = ?)",
        (
            callback.task_id,
            callback.account,
            callback.at,
            callback.started_at,
            callback.attempts,
            callback.paused,
            callback.task_id,
        ),
    )


def remove_callback(connection: Connection, task_id: str) -> None:
    connection.execute("DELETE FROM callbacks WHERE task_id = ?", (task_id,))


def callbacks(connection: Connection, account: str | None) -> Sequence[DueCallback]:
    rows = connection.execute(
        f"SELECT {CALLBACK_FIELDS} FROM callbacks WHERE ?1 IS NULL OR account = ?1 ORDER BY at, seq",  # noqa: S608
        (account,),
    )
    return [
        DueCallback(task_id, owner, at, started_at, attempts, bool(paused))
        for task_id, owner, at, started_at, attempts, paused in rows
    ]
