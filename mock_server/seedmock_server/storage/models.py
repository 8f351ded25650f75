"""Records that a store keeps beside those of tasks: orders as they are accepted, and callbacks that are due."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from ..errors import SeedmockServerError
from ..tasks.models import Task


class StoreError(SeedmockServerError):
    """Problem of a store. The message says what is wrong, and what to do."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or written to at the moment; nothing of the request was stored."""


class DueCallback(msgspec.Struct, frozen=True, gc=False):
    """Callback of a task that is due at a time of its account's clock; a task has at most one.

    `started_at`: the task's end, from which the time for attempts counts. `paused`: a fault has delayed it already.
    """

    task_id: str
    account: str
    at: float
    started_at: float
    attempts: int = 0
    paused: bool = False


class Booking(msgspec.Struct, frozen=True, gc=False):
    """Money of an order: the amount in USD, and the time from which on it is refunded, or NEVER."""

    amount: Decimal
    refund_at: float


class Order(msgspec.Struct, frozen=True, gc=False):
    """Everything that accepting a task writes, all of it or nothing.

    `booking` is None where no store keeps sums. `credit`: what the account may spend at the upstream, None for no
    limit; `concurrency`: unfinished tasks that it may have there, None for no limit. Both hold at `now`.
    """

    task: Task
    now: float
    booking: Booking | None = None
    credit: Decimal | None = None
    concurrency: int | None = None
    callback: DueCallback | None = None


class NotCovered(msgspec.Struct, frozen=True, gc=False):
    """An order was not accepted, since it costs more than `remaining`."""

    remaining: Decimal


class TooManyTasks(msgspec.Struct, frozen=True, gc=False):
    """An order was not accepted, since `count` tasks of the account have not ended."""

    count: int


class IdTaken(msgspec.Struct, frozen=True, gc=False):
    """An order was not accepted, since another task has its id."""


Refusal = NotCovered | TooManyTasks | IdTaken
ID_TAKEN = IdTaken()
