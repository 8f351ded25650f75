"""Statements that accept an order, now or with the others of its group. Each is part of one transaction."""

from __future__ import annotations

from sqlite3 import Connection

from ..models import ID_TAKEN, NotCovered, Order, Refusal, StaleNumber, TooManyTasks
from . import task_rows
from .group_cache import GroupCache


def accept(connection: Connection, cache: GroupCache, order: Order, body: bytes, *, is_alone: bool) -> Refusal | None:
    """Store an order, now or with the others of its group. If not `is_alone`, an id that is taken is an IntegrityError.

    The group has failed then, and each order of it comes again, alone.
    """
    task, booking = order.task, order.booking
    refusal = _refusal(connection, cache, order)
    if refusal is not None:
        return refusal
    if is_alone and connection.execute("SELECT 1 FROM tasks WHERE id = ?", (task.id,)).fetchone():
        return ID_TAKEN
    cache.add_task((task.id, task.account, task.upstream, task_rows.end_column(task), *task_rows.money(booking), body))
    if booking is not None:
        cache.add(task.account, task.upstream, booking.amount)
    if order.callback is not None:
        cache.flush(connection)  # a callback is that of a stored task
        task_rows.save_callback(connection, order.callback)
    return None


def _refusal(connection: Connection, cache: GroupCache, order: Order) -> Refusal | None:
    task = order.task
    if order.concurrency is not None:
        cache.flush(connection)
        count = task_rows.unfinished(connection, task.account, task.upstream, order.now)
        if count >= order.concurrency:
            return TooManyTasks(count)
    if order.credit is not None and order.booking is not None:
        cache.flush(connection)
        remaining = order.credit - task_rows.outstanding(connection, task.account, task.upstream, order.now)
        if remaining < order.booking.amount:
            return NotCovered(remaining)
    # Last: an order that is refused for another reason uses no draw.
    if order.number is not None:
        number = cache.use_number(connection, task.account, order.number)
        if number != order.number:
            return StaleNumber(number)
    return None
