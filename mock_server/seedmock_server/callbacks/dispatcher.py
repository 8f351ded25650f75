"""Dispatches the callbacks of tasks that have ended by their accounts' clocks, and repeats those that failed.

Callbacks are posted in the order of the times at which they are due, also when a clock has jumped over many of them.
Knows no upstream. Every attempt is journaled.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping

from ..clock import Clocks
from ..journal import Journal
from ..tasks.models import Task
from ..tasks.timeline import NEVER, ends_at
from .delivery import Delivery, DeliveryResult, RetrySchedule, journal_entry
from .sender import CallbackSender

MAX_BATCH = 16
MAX_SLEEP_SECONDS = 3600.0
DEFAULT_SCHEDULE = RetrySchedule()


class CallbackDispatcher:
    """Queues of deliveries, one an account. Belongs to the event loop in which orders arrive."""

    def __init__(
        self,
        clocks: Clocks,
        journal: Journal,
        sender: CallbackSender,
        schedules: Mapping[str, RetrySchedule] | None = None,
    ) -> None:
        """`schedules` are by upstream."""
        self._clocks, self._journal, self.sender, self._schedules = clocks, journal, sender, schedules or {}
        self._numbers = itertools.count()
        self._queues: dict[str, list[Delivery]] = {}
        self._in_flight: dict[int, Delivery] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker: asyncio.Task[None] | None = None
        clocks.shared.on_change(self.wake)

    # --- queues ---

    def schedule(self, task: Task, at: float | None = None) -> None:
        """Schedule a task's callback for its end, or for a given time. Call it in the event loop."""
        if task.cancelled_at is not None:
            self._withdraw(task)
        due = ends_at(task) if at is None else at
        if due != NEVER:
            self.add([Delivery(due, 0, task, due)])

    def _withdraw(self, task: Task) -> None:
        """Remove the delivery for an end that a cancelled task does not reach any more."""
        queue = [delivery for delivery in self._queues.pop(task.account, ()) if delivery.task.id != task.id]
        if queue:
            heapq.heapify(queue)
            self._queues[task.account] = queue

    def pending(self) -> list[Delivery]:
        """Return the deliveries that are not finished, earliest first, those in flight included."""
        queued = itertools.chain.from_iterable(self._queues.values())
        return sorted((*queued, *self._in_flight.values()), key=lambda delivery: (delivery.at, delivery.number))

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Add deliveries; those of one time are posted in this order. Call it in the event loop."""
        self._push(*(delivery._replace(number=next(self._numbers)) for delivery in deliveries))
        self._start()
        self.wake()

    def clear(self, account: str | None = None) -> None:
        """Remove all deliveries, or an account's; the results of those in flight are dropped."""
        if account is None:
            self._queues.clear()
            self._in_flight.clear()
        else:
            self._queues.pop(account, None)
            for delivery in list(self._in_flight.values()):
                if delivery.task.account == account:
                    del self._in_flight[delivery.number]

    def due_at(self, account: str, now: float) -> float:
        """Return the next time after `now` at which an account's callback is due; NEVER for none."""
        return min((delivery.at for delivery in self._queues.get(account, ()) if delivery.at > now), default=NEVER)

    async def deliver_due(self, account: str | None = None) -> int:
        """Post all that is due by now, of an account or of all, and wait for what is in flight.

        Returns the number of attempts that were made for this call.
        """
        self._start()
        busy = (name for name, lock in self._locks.items() if lock.locked())
        accounts = list(dict.fromkeys((*self._queues, *busy))) if account is None else [account]
        return sum(await asyncio.gather(*(self._deliver(name) for name in accounts)))

    async def aclose(self) -> None:
        """Stop, and remove all deliveries."""
        worker, self._worker = self._worker, None
        if worker is not None and worker.get_loop() is asyncio.get_running_loop():
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker
        self.clear()

    # --- waiting ---

    def wake(self) -> None:
        """Look again for what is due, because a clock was moved. Any thread may call this."""
        loop = self._loop
        if self._queues and loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(self._woken.set)

    def _start(self) -> None:
        """Work in the running loop from now on: a test may have several, one after the other."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._woken, self._worker = loop, asyncio.Event(), None
            self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        if self._queues and (self._worker is None or self._worker.done()):
            self._worker = loop.create_task(self._work(), name="seedmock callbacks")

    async def _work(self) -> None:
        """Sleep until the next time by the fastest of the clocks; without limit while all of them stand still."""
        while self._queues:
            self._woken.clear()
            await asyncio.gather(*(self._deliver(account) for account in list(self._queues)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._sleep_seconds()):
                    await self._woken.wait()

    def _sleep_seconds(self) -> float | None:
        if not self._queues:
            return 0.0
        waits = []
        for account, queue in self._queues.items():
            clock = self._clocks.for_account(account)
            if clock.rate:
                waits.append((queue[0].at - clock.now()) / clock.rate)
        return min(MAX_SLEEP_SECONDS, max(0.001, min(waits))) if waits else None

    # --- deliveries of one account ---

    async def _deliver(self, account: str) -> int:
        attempts = 0
        async with self._locks[account]:
            while batch := self._take_batch(account):
                try:
                    results = await asyncio.gather(*(self._attempt(delivery) for delivery in batch))
                except asyncio.CancelledError:
                    self._push(*(delivery for delivery in batch if self._land(delivery)))
                    raise
                attempts += len(batch)
                for delivery, result in zip(batch, results, strict=True):
                    if self._land(delivery) and result is not None:
                        self._finish(delivery, result)
        return attempts

    def _take_batch(self, account: str) -> list[Delivery]:
        """Take what is due, earliest first, but not more than is due before the first of them could be repeated.

        On a clock that stands still the batch is one delivery: there every run must be the same.
        """
        queue, clock = self._queues.get(account), self._clocks.for_account(account)
        batch: list[Delivery] = []
        while queue and queue[0].at <= clock.now() and len(batch) < (MAX_BATCH if clock.rate else 1):
            if batch and queue[0].at >= batch[0].at + self._schedule_of(batch[0].task).shortest_pause:
                break
            batch.append(heapq.heappop(queue))
            self._in_flight[batch[-1].number] = batch[-1]
        if queue is not None and not queue:
            self._queues.pop(account, None)
        return batch

    async def _attempt(self, delivery: Delivery) -> DeliveryResult | None:
        """Return the result; None for a delivery that was removed before it began, or delayed by a fault."""
        if delivery.number not in self._in_flight:
            return None
        result = await self.sender.send(delivery, self._schedule_of(delivery.task).attempt_seconds)
        if not isinstance(result, float):
            return result
        if self._land(delivery):
            self._push(delivery._replace(at=delivery.at + result, number=next(self._numbers), paused=True))
        return None

    def _land(self, delivery: Delivery) -> bool:
        """Remove a delivery from those in flight; False for one that was removed meanwhile."""
        return self._in_flight.pop(delivery.number, None) is not None

    def _finish(self, delivery: Delivery, result: DeliveryResult) -> None:
        """Journal an attempt, and schedule the next one."""
        due = self._schedule_of(delivery.task).next_attempt_at(delivery, result)
        notes = [f"attempt {delivery.attempts + 1} for {delivery.task.id}", result.note]
        if not result.is_final:
            notes.append("no further attempt" if due == NEVER else f"next attempt in {due - delivery.at:g} s")
        self._journal.append(journal_entry(delivery, result, notes))
        if due != NEVER:
            self._push(delivery._replace(at=due, number=next(self._numbers), attempts=delivery.attempts + 1))
            self._start()
            self._woken.set()

    def _schedule_of(self, task: Task) -> RetrySchedule:
        return self._schedules.get(task.upstream, DEFAULT_SCHEDULE)

    def _push(self, *deliveries: Delivery) -> None:
        for delivery in deliveries:
            heapq.heappush(self._queues.setdefault(delivery.task.account, []), delivery)
