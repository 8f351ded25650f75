"""Posts what became of a task to the URL that its order named, when it has ended by its account's clock.

What is due is posted in the order of its moments, each at its own, also when a clock has jumped over many of them.
Knows no upstream: the body and the plan are given to it. Whatever goes wrong is a line in the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from seedmock_contracts.enums import Basis
from seedmock_contracts.timing import CallbackPlan

from ..clock import Clocks
from ..faults.callback_faults import CallbackFaults, FaultedPost
from ..http.outbound import Headers, PostResponse, post
from ..http.url_policy import FetchError, FetchFailure, FetchNotAllowed, FetchPolicy, FetchTimeout
from ..journal import PATH_CHARS, Journal, JournalEntry, truncated_body
from ..tasks.models import Task
from ..tasks.timeline import NEVER, ends_at
from ..upstreams.protocol import JsonResponse, raw_response

OPERATION = "callback"
HEADERS: Headers = ((b"content-type", b"application/json"), (b"x-mock-basis", b"assumed"))
TOGETHER = 16
LONGEST_WAIT = 3600.0
HOPELESS = (FetchFailure.BROKEN, FetchFailure.PRIVATE)
log = logging.getLogger("seedmock")


@dataclass(frozen=True, slots=True)
class Plan:
    """How often it is tried: after each of `backoff`, then every `interval`, until `lasts` after the end. Seconds."""

    attempt: float = 10.0
    backoff: tuple[float, ...] = (1.0, 2.0, 4.0)
    interval: float = 60.0
    lasts: float = 1800.0

    @property
    def shortest_pause(self) -> float:
        return min((*self.backoff, self.interval))

    def after(self, tries: int) -> float:
        """How long to wait after so many tries."""
        return self.backoff[tries - 1] if tries <= len(self.backoff) else self.interval


class Delivery(NamedTuple):
    """A post that is due at a moment; `number` keeps those of one moment in the order in which they came."""

    at: float
    number: int
    task: Task
    begun: float
    tries: int = 0
    paused: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """How an attempt went: `status` 0 without an answer; `hopeless` when another would go no better.

    `took` is in seconds of the account's clock: on one that stands still, nothing, or all the time that there is.
    """

    sent: bytes
    status: int = 0
    answered: bytes = b""
    note: str = ""
    took: float = 0.0
    hopeless: bool = False
    faults: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether this was the last attempt."""
        return self.hopeless or 200 <= self.status < 300


class Poster(Protocol):
    """How a body is brought to a URL: `fetching.post`, or what a test puts in its place."""

    async def __call__(
        self, url: str, content: bytes, headers: Headers, /, *, policy: FetchPolicy, seconds: float
    ) -> PostResponse: ...


class CallbackDispatcher:
    """The posts of all accounts. Belongs to the event loop in which orders come."""

    def __init__(
        self,
        clocks: Clocks,
        journal: Journal,
        render: Callable[[Task], JsonResponse | None],
        *,
        plans: Mapping[str, Plan] | None = None,
        policy: FetchPolicy = FetchPolicy.LOOPBACK,
        way: Poster = post,
        faults: CallbackFaults | None = None,
    ) -> None:
        """`render` returns the body for a task that has ended, None for one that has been deleted."""
        self._clocks, self._journal, self._render = clocks, journal, render
        self._plans, self._policy, self.way, self._faults = plans or {}, policy, way, faults
        self._numbers = itertools.count()
        self._waiting: dict[str, list[Delivery]] = {}
        self._under_way: dict[int, Delivery] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._round: asyncio.Task[None] | None = None
        clocks.shared.on_change(self.wake)

    # --- what is to be posted ---

    def expect(self, task: Task, at: float | None = None) -> None:
        """Post when a task ends, or at a moment. To be called in the event loop."""
        if task.cancelled_at is not None:
            self._withdraw(task)
        moment = ends_at(task) if at is None else at
        if moment == NEVER:
            return
        self.resume([Delivery(moment, 0, task, moment)])

    def _withdraw(self, task: Task) -> None:
        """Do not post what was due at the end that a task no longer comes to."""
        waiting = [one for one in self._waiting.pop(task.account, ()) if one.task.id != task.id]
        if waiting:
            heapq.heapify(waiting)
            self._waiting[task.account] = waiting

    def expected(self) -> list[Delivery]:
        """What is to be posted, earliest first; what is being posted just now is still among it."""
        waiting = itertools.chain.from_iterable(self._waiting.values())
        return sorted((*waiting, *self._under_way.values()), key=lambda one: (one.at, one.number))

    def resume(self, deliveries: Iterable[Delivery]) -> None:
        """Post these too, those of one moment in the order given. To be called in the event loop."""
        self._put(*(one._replace(number=next(self._numbers)) for one in deliveries))
        self._begin()
        self.wake()

    def forget(self, account: str | None = None) -> None:
        """Post nothing more for an account, or for anybody; how a post under way ends counts no more."""
        if account is None:
            self._waiting.clear()
            self._under_way.clear()
        else:
            self._waiting.pop(account, None)
            self._under_way = {number: one for number, one in self._under_way.items() if one.task.account != account}

    def due_at(self, account: str, now: float) -> float:
        """The next moment after `now` at which something is posted for an account; NEVER for none."""
        return min((one.at for one in self._waiting.get(account, ()) if one.at > now), default=NEVER)

    async def deliver_due(self, account: str | None = None) -> int:
        """Post all that is due by now, for an account or for all, and wait for what is under way.

        Returns the number of attempts that were made for this call.
        """
        self._begin()
        busy = (one for one, lock in self._locks.items() if lock.locked())
        accounts = list(dict.fromkeys((*self._waiting, *busy))) if account is None else [account]
        return sum(await asyncio.gather(*(self._deliver(one) for one in accounts)))

    async def aclose(self) -> None:
        """Post nothing more."""
        working, self._round = self._round, None
        if working is not None and working.get_loop() is asyncio.get_running_loop():
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
        self.forget()

    # --- when ---

    def wake(self) -> None:
        """Look again what is due: a clock was moved. Any thread may call this."""
        loop = self._loop
        if self._waiting and loop is not None:
            with contextlib.suppress(RuntimeError):  # that loop has been closed, and nobody listens any more
                loop.call_soon_threadsafe(self._moved.set)

    def _begin(self) -> None:
        """Work in the running loop from now on: a test may have several, one after the other."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._moved, self._round = loop, asyncio.Event(), None
            self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        if self._waiting and (self._round is None or self._round.done()):
            self._round = loop.create_task(self._work(), name="seedmock courier")

    async def _work(self) -> None:
        """Sleeps until the next moment by the fastest of the clocks; for ever, while they stand still."""
        while self._waiting:
            self._moved.clear()
            await asyncio.gather(*(self._deliver(one) for one in list(self._waiting)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._moved.wait()

    def _pause(self) -> float | None:
        if not self._waiting:
            return 0.0
        waits = []
        for account, heap in self._waiting.items():
            clock = self._clocks.for_account(account)
            if clock.rate:
                waits.append((heap[0].at - clock.now()) / clock.rate)
        return min(LONGEST_WAIT, max(0.001, min(waits))) if waits else None

    # --- one account's posts ---

    async def _deliver(self, account: str) -> int:
        tried = 0
        async with self._locks[account]:
            while batch := self._take(account):
                try:
                    outcomes = await asyncio.gather(*(self._attempt(one) for one in batch))
                except asyncio.CancelledError:
                    self._put(*(one for one in batch if self._ended(one)))
                    raise
                tried += len(batch)
                for delivery, outcome in zip(batch, outcomes, strict=True):
                    if self._ended(delivery) and outcome is not None:
                        self._close(delivery, outcome)
        return tried

    def _take(self, account: str) -> list[Delivery]:
        """What is due, earliest first: not more than can be posted before the first of them is tried again.

        One by one on a clock that stands still, where all that happens can be made to happen again.
        """
        heap, clock = self._waiting.get(account), self._clocks.for_account(account)
        batch: list[Delivery] = []
        while heap and heap[0].at <= clock.now() and len(batch) < (TOGETHER if clock.rate else 1):
            if batch and heap[0].at >= batch[0].at + self._plan(batch[0].task).shortest_pause:
                break
            batch.append(heapq.heappop(heap))
            self._under_way[batch[-1].number] = batch[-1]
        if heap is not None and not heap:
            self._waiting.pop(account, None)
        return batch

    async def _attempt(self, delivery: Delivery) -> DeliveryResult | None:
        """Post once; None for a task that is no more, and for a post that was forgotten before it began."""
        body, clock, plan = b"", self._clocks.for_account(delivery.task.account), self._plan(delivery.task)
        began = clock.now()
        try:
            response = self._render(delivery.task) if delivery.number in self._under_way else None
            if response is None:
                return None
            faulted = self._faulted(delivery.task, response)
            if faulted.delay and not delivery.paused:
                self._ended(delivery)
                later = delivery._replace(at=delivery.at + faulted.delay, number=next(self._numbers), paused=True)
                self._put(later)
                return None
            body, posted = faulted.body, PostResponse(0, b"")
            if faulted.reset:
                return DeliveryResult(body, note="the connection was reset on purpose", faults=faulted.applied)
            for _ in range(faulted.times):
                url, policy = delivery.task.callback_url, self._policy
                posted = await self.way(url, body, faulted.headers, policy=policy, seconds=plan.attempt)
            if not faulted.times:
                return DeliveryResult(body, note="lost on purpose", hopeless=True, faults=faulted.applied)
        except FetchNotAllowed:
            note = "not posted: callbacks go nowhere" if self._policy is FetchPolicy.NONE else NOT_LOOPBACK
            return DeliveryResult(body, note=note, hopeless=True)
        except FetchError as error:
            hung = isinstance(error, FetchTimeout) and not clock.rate
            took = plan.attempt if hung else clock.now() - began
            return DeliveryResult(body, note=str(error), took=took, hopeless=error.reason in HOPELESS)
        except Exception:
            log.exception("seedmock failed to post a callback; this is a bug of ours")
            return DeliveryResult(body, note="seedmock itself failed; its log says why", hopeless=True)
        took = clock.now() - began if clock.rate else 0.0
        return DeliveryResult(body, posted.status, posted.beginning, took=took, faults=faulted.applied)

    def _faulted(self, task: Task, response: JsonResponse) -> FaultedPost:
        response = replace(response, basis=Basis.ASSUMED)  # that callbacks repeat the query's body is assumed
        if self._faults is not None:
            return self._faults.apply(task, response)
        raw = raw_response(response)
        return FaultedPost(raw.body, raw.headers)

    def _ended(self, delivery: Delivery) -> bool:
        """Take a post from those under way; False for one that was forgotten meanwhile, or put off."""
        return self._under_way.pop(delivery.number, None) is not None

    def _close(self, delivery: Delivery, outcome: DeliveryResult) -> None:
        """Write an attempt into the journal, and come back if it must be made again."""
        again = NEVER if outcome.done else self._again(delivery, outcome)
        notes = [f"attempt {delivery.tries + 1} for {delivery.task.id}", outcome.note]
        if not outcome.done:
            notes.append("given up" if again == NEVER else f"again in {again - delivery.at:g} s")
        self._journal.append(_entry(delivery, outcome, notes))
        if again != NEVER:
            self._put(delivery._replace(at=again, number=next(self._numbers), tries=delivery.tries + 1))
            self._begin()
            self._moved.set()

    def _again(self, delivery: Delivery, outcome: DeliveryResult) -> float:
        """When the next attempt is due, NEVER when the time for attempts is over."""
        plan = self._plan(delivery.task)
        due = delivery.at + outcome.took + plan.after(delivery.tries + 1)
        return due if due <= delivery.begun + plan.lasts else NEVER

    def _plan(self, task: Task) -> Plan:
        return self._plans.get(task.upstream) or Plan()

    def _put(self, *deliveries: Delivery) -> None:
        for one in deliveries:
            heapq.heappush(self._waiting.setdefault(one.task.account, []), one)


NOT_LOOPBACK = "not posted: callbacks go to this machine only; --callbacks public lets them out"


def _entry(delivery: Delivery, outcome: DeliveryResult, notes: Iterable[str]) -> JournalEntry:
    task = delivery.task
    path, _, query = task.callback_url.partition("?")
    return JournalEntry(
        delivery.at,
        task.upstream,
        OPERATION,
        task.account,
        "POST",
        path[:PATH_CHARS],
        outcome.status,
        truncated_body(outcome.sent),
        outcome.answered,
        tuple(note for note in notes if note),
        query[:PATH_CHARS],
        HEADERS,
        faults=outcome.faults,
    )


def plan_of(callbacks: CallbackPlan) -> Plan:
    """The plan that an upstream's figures make."""
    backoff = tuple(float(amount.value) for amount in callbacks.backoff)
    return Plan(
        float(callbacks.attempt.value), backoff, float(callbacks.interval.value), float(callbacks.lasting.value)
    )
