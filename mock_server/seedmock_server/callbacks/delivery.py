"""Records of a callback: when it is due, how an attempt went, when to try again. Knows neither HTTP nor a clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from seedmock_contracts.timing import CallbackPlan

from ..journal import PATH_CHARS, JournalEntry, hidden_users, truncated_body
from ..storage import DueCallback
from ..tasks.models import Task
from ..tasks.timeline import NEVER
from ..upstreams.protocol import Headers

# No member of an upstream's endpoints: the direction is reversed, and the receiver is the application.
OPERATION = "callback"
HEADERS: Headers = ((b"content-type", b"application/json"), (b"x-mock-basis", b"assumed"))


class RetrySchedule(Struct, frozen=True):
    """Seconds: limit of an attempt, pauses between attempts, and the time after the task's end in which to try.

    After the pauses of `backoff` every pause is `interval`.
    """

    attempt_seconds: float = 10.0
    backoff: tuple[float, ...] = (1.0, 2.0, 4.0)
    interval: float = 60.0
    total_seconds: float = 1800.0

    @property
    def shortest_pause(self) -> float:
        return min((*self.backoff, self.interval))

    def pause_after(self, attempts: int) -> float:
        return self.backoff[attempts - 1] if attempts <= len(self.backoff) else self.interval

    def next_attempt_at(self, delivery: Delivery, result: DeliveryResult) -> float:
        """Return when to try again; NEVER if the attempt was the last one."""
        # From the end of the attempt: a receiver that takes its 10 s each time would else be posted to without a pause.
        due = delivery.at + result.took + self.pause_after(delivery.attempts + 1)
        return NEVER if result.is_final or due > delivery.started_at + self.total_seconds else due


class Delivery(NamedTuple):
    """Attempt that is due at a time. `number` orders those of one time; `paused`: a fault has delayed it already."""

    at: float
    number: int
    task: Task
    started_at: float
    attempts: int = 0
    paused: bool = False


class DeliveryResult(Struct, frozen=True):
    """Outcome of an attempt. `status` 0 is no response; `is_permanent` if another attempt would fail as well.

    `took` is in seconds of the account's clock: on one that stands still, 0 or the whole time limit. `sent_at` is its
    reading when the post began; None on a clock that stands still, which has jumped over the time of the attempt.
    """

    request_body: bytes
    status: int = 0
    response_body: bytes = b""
    note: str = ""
    took: float = 0.0
    sent_at: float | None = None
    is_permanent: bool = False
    faults: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        return self.is_permanent or 200 <= self.status < 300


def delivery_of(callback: DueCallback, task: Task) -> Delivery:
    """Return the attempt that is due by the store's record of a callback."""
    return Delivery(callback.at, 0, task, callback.started_at, callback.attempts, callback.paused)


def callback_of(delivery: Delivery) -> DueCallback:
    """Return the record that a store keeps of an attempt."""
    task = delivery.task
    return DueCallback(task.id, task.account, delivery.at, delivery.started_at, delivery.attempts, delivery.paused)


def retry_schedule(plan: CallbackPlan) -> RetrySchedule:
    """Return the schedule of a contract's figures."""
    backoff = tuple(float(amount.value) for amount in plan.backoff)
    return RetrySchedule(float(plan.attempt.value), backoff, float(plan.interval.value), float(plan.lasting.value))


def journal_entry(delivery: Delivery, result: DeliveryResult, notes: Iterable[str]) -> JournalEntry:
    """Return the journal entry of an attempt."""
    task = delivery.task
    path, _, query = hidden_users(task.callback_url).partition("?")
    return JournalEntry(
        delivery.at if result.sent_at is None else result.sent_at,
        task.upstream,
        OPERATION,
        task.account,
        "POST",
        path[:PATH_CHARS],
        result.status,
        truncated_body(result.request_body),
        result.response_body,
        tuple(hidden_users(note) for note in notes if note),
        query[:PATH_CHARS],
        HEADERS,
        faults=result.faults,
    )
