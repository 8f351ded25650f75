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
    `number` is the account's draw that the task was planned with.
    """

    task: Task
    now: float
    booking: Booking | None = None
    credit: Decimal | None = None
    concurrency: int | None = None
    callback: DueCallback | None = None
    number: int | None = None


class NotCovered(msgspec.Struct, frozen=True, gc=False):
    """An order was not accepted, since it costs more than `remaining`."""

    remaining: Decimal


class TooManyTasks(msgspec.Struct, frozen=True, gc=False):
    """An order was not accepted, since `count` tasks of the account have not ended."""

    count: int


class IdTaken(msgspec.Struct, frozen=True, gc=False):
    """An order was not accepted, since another task has its id."""


class StaleNumber(msgspec.Struct, frozen=True, gc=False):
    """An order was not accepted, since another process has used its draw, or a later one. It may come with `number`.

    The store has counted that draw for it, in the step that refused it.
    """

    number: int


Refusal = NotCovered | TooManyTasks | IdTaken | StaleNumber
ID_TAKEN = IdTaken()


Document = tuple[int, bytes | None]
"""Version and body of a document; the body of one that was removed is None."""


class Changes(msgspec.Struct, frozen=True):
    """Documents that have changed since an epoch."""

    epoch: int
    documents: dict[str, Document]


DocumentChange = tuple[str, int, bytes | None]
"""Name of a document, the version that it is believed to have (0 for none), and its new body, None to remove it."""


class RuleCounts(msgspec.Struct, frozen=True, gc=False):
    """Counts of a rule after a request that it matches, with the number of the account's draw if it is to draw."""

    matched: int
    applied: int
    draw: int | None = None
    is_applied: bool = False
