"""Dispatches the callbacks of tasks that have ended by their accounts' clocks, and repeats those that failed.

Each account has a queue for each receiver (scheme, host and port), so that one that hangs holds up nothing else. A
queue's callbacks are posted in the order of the times at which they are due, also when a clock has jumped over many.
Knows no upstream. Every attempt is journaled.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from ..clock import Clocks
from ..http.coroutines import MAY_BLOCK
from ..journal import Journal
from ..storage import DueCallback, Store, StoreUnavailable
from ..tasks.models import Task
from ..tasks.timeline import NEVER
from .delivery import Delivery, DeliveryResult, RetrySchedule, callback_of, delivery_of, journal_entry
from .lease import LOOK_SECONDS, CallbackLease
from .sender import CallbackSender

# Posts of one receiver at one time: the batch is as slow as its slowest post, and the next one waits for it.
MAX_BATCH = 16
MAX_IN_FLIGHT = 256
"""Posts at one time, in all: each takes a file descriptor, of which many systems allow 1024."""
MAX_WAITING = 10_000
"""Callbacks that wait for one receiver. One more is journaled, and not sent."""
MAX_SLEEP_SECONDS = 3600.0
# Below it, a busy machine and the pause between two looks explain the delay.
LATE_SECONDS = 1.0
DEFAULT_SCHEDULE = RetrySchedule()
Lane = tuple[str, str]
"""Account and receiver of a queue."""


class CallbackDispatcher:
    """Queues of deliveries. Belongs to the event loop in which orders arrive."""

    def __init__(
        self,
        store: Store,
        clocks: Clocks,
        journal: Journal,
        sender: CallbackSender,
        schedules: Mapping[str, RetrySchedule] | None = None,
    ) -> None:
        """`schedules` are by upstream."""
        self._store, self._clocks, self._journal = store, clocks, journal
        self.sender, self._schedules = sender, schedules or {}
        self._numbers = itertools.count()
        self._queues: dict[Lane, list[Delivery]] = {}
        self._in_flight: dict[int, Delivery] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._locks: defaultdict[Lane, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._worker: asyncio.Task[None] | None = None
        self._senders: dict[Lane, asyncio.Task[int]] = {}
        self._lease: CallbackLease | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._touched: set[str] = set()
        self._expected: set[str] = set()
        self._finishing: set[str] = set()
        clocks.shared.on_change(self.wake)

    # --- other processes ---

    def share(self, lease: CallbackLease) -> None:
        """Send only while this process has the lease: others have the same callbacks in their store."""
        self._lease = lease

    async def resume(self) -> None:
        """Send what earlier runs and other processes have left in the store. Call it in the event loop."""
        self._start()
        await self._check_others()

    async def _keep(self, lease: CallbackLease) -> None:
        """Look for what other processes have done, until the end."""
        while True:
            with contextlib.suppress(StoreUnavailable):  # at the next look, then
                await lease.refresh()
                await self._check_others()
            await asyncio.sleep(LOOK_SECONDS)

    async def _check_others(self) -> None:
        """Take the lease if it is free, and load callbacks that others have changed."""
        lease = self._lease
        if lease is None:
            return
        if not await lease.take():
            self.clear()
        elif MAY_BLOCK.get() and self._loading.locked():  # nothing may wait here; the load under way will do
            return
        else:
            # One load at a time: a second one would forget what was sent during the first, which then queued it again.
            async with self._loading:
                if await lease.sees_changes():
                    await self._load()

    async def _load(self) -> None:
        """Replace the queues by what is in the store, but for what is in flight or changes here meanwhile."""
        self._touched = {delivery.task.id for delivery in self._in_flight.values()} | self._finishing
        deliveries = []
        for callback in await self._store.callbacks():
            task = await self._store.task(callback.task_id)
            if task is not None:
                deliveries.append(delivery_of(callback, task))
        own, queued = self._touched | self._expected, sorted(itertools.chain.from_iterable(self._queues.values()))
        remaining = {delivery.task.id: delivery for delivery in queued if delivery.task.id in own}
        merged = [
            remaining.pop(delivery.task.id, None) if delivery.task.id in own else delivery for delivery in deliveries
        ]
        self._queues.clear()
        # In the order of the store, and numbered anew: what was queued here meanwhile comes after older ones.
        self.add([*(delivery for delivery in merged if delivery is not None), *remaining.values()])

    # --- queues ---

    @contextlib.contextmanager
    def expected(self, task_id: str) -> Iterator[None]:
        """Leave a task's callback to the caller, who stores it within the block, and then schedules it.

        It would be queued twice if what others have stored is loaded in between.
        """
        self._expected.add(task_id)
        try:
            yield
        finally:
            self._expected.discard(task_id)

    async def schedule(self, task: Task, callback: DueCallback) -> None:
        """Send a task's callback, which is in the store, when it is due. Call it in the event loop."""
        if self._lease is not None:
            self._start()
            if not await self._lease.take():
                return
        self._touched.add(task.id)
        # The end that was scheduled at the create is not reached any more; the cancellation is an end of its own.
        if task.cancelled_at is not None:
            self._withdraw(task)
        delivery = delivery_of(callback, task)
        if len(self._queues.get(_lane(task), ())) < MAX_WAITING:
            self.add([delivery])
        else:
            await self._store.remove_callback(task.id)
            result = DeliveryResult(b"", note=f"not sent: {MAX_WAITING} callbacks wait for this receiver already")
            self._journal.append(journal_entry(delivery, result, [f"for {task.id}", result.note]))

    def _withdraw(self, task: Task) -> None:
        """Remove the delivery for an end that a cancelled task does not reach any more."""
        lane = _lane(task)
        queue = [delivery for delivery in self._queues.pop(lane, ()) if delivery.task.id != task.id]
        if queue:
            heapq.heapify(queue)
            self._queues[lane] = queue

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Add deliveries; those of one time are posted in this order. Call it in the event loop."""
        self._push(*(delivery._replace(number=next(self._numbers)) for delivery in deliveries))
        self._start()
        self.wake()

    def clear(self, account: str | None = None) -> None:
        """Remove all deliveries, or an account's, from this process; the results of those in flight are dropped."""
        if account is None:
            self._queues.clear()
            self._in_flight.clear()
        else:
            for lane in self._lanes(account):
                self._queues.pop(lane, None)
            for delivery in list(self._in_flight.values()):
                if delivery.task.account == account:
                    del self._in_flight[delivery.number]

    async def due_at(self, account: str, now: float) -> float:
        """Return the next time after `now` at which an account's callback is due; NEVER for none."""
        callbacks = await self._store.callbacks(account)
        return min((callback.at for callback in callbacks if callback.at > now), default=NEVER)

    def _lanes(self, account: str | None) -> list[Lane]:
        """Return the queues of an account, or all, that wait or are being sent."""
        busy = (lane for lane, lock in self._locks.items() if lock.locked())
        return [lane for lane in dict.fromkeys((*self._queues, *busy)) if account in (None, lane[0])]

    async def deliver_due(self, account: str | None = None) -> int:
        """Post all that is due by now, of an account or of all, and wait for what is in flight.

        Returns the number of attempts that were made for this call.
        """
        self._start()
        await self._check_others()
        return sum(await asyncio.gather(*(self._deliver(lane) for lane in self._lanes(account))))

    async def aclose(self) -> None:
        """Stop, and remove all deliveries."""
        loop = asyncio.get_running_loop()
        tasks = [task for task in (self._worker, self._keeper, *self._senders.values()) if task]
        self._worker = self._keeper = None
        own = [task for task in tasks if task.get_loop() is loop]
        for task in own:
            task.cancel()
        await asyncio.gather(*own, return_exceptions=True)
        self.clear()
        if self._lease is not None:
            await self._lease.give_up()

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
            self._loop, self._woken, self._worker, self._keeper = loop, asyncio.Event(), None, None
            self._loading = asyncio.Lock()
            self._locks, self._room, self._senders = defaultdict(asyncio.Lock), asyncio.Semaphore(MAX_IN_FLIGHT), {}
        if self._lease is not None and (self._keeper is None or self._keeper.done()):
            self._keeper = loop.create_task(self._keep(self._lease), name="seedmock callback lease")
        if self._queues and (self._worker is None or self._worker.done()):
            self._worker = loop.create_task(self._work(), name="seedmock callbacks")

    async def _work(self) -> None:
        """Sleep until the next time by the fastest of the clocks; without limit while all of them stand still."""
        while self._queues:
            self._woken.clear()
            for lane, queue in self._idle_queues():
                if queue[0].at <= self._clocks.now(lane[0]):
                    self._send(lane)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._sleep_seconds()):
                    await self._woken.wait()

    def _sleep_seconds(self) -> float | None:
        if not self._queues:
            return 0.0
        waits = []
        for (account, _), queue in self._idle_queues():
            clock = self._clocks.for_account(account)
            if clock.rate:
                waits.append((queue[0].at - clock.now()) / clock.rate)
        return min(MAX_SLEEP_SECONDS, max(0.001, min(waits))) if waits else None

    def _idle_queues(self) -> list[tuple[Lane, list[Delivery]]]:
        """Return the queues of which nothing is being sent."""
        return [pair for pair in self._queues.items() if pair[0] not in self._senders]

    # --- deliveries of one queue ---

    def _send(self, lane: Lane) -> None:
        """Deliver what is due of a queue, beside the others; the worker looks again when that is done."""

        def finish(_: asyncio.Task[int]) -> None:
            senders.pop(lane, None)
            woken.set()

        senders, woken = self._senders, self._woken
        senders[lane] = asyncio.create_task(self._deliver(lane), name="seedmock callbacks")
        senders[lane].add_done_callback(finish)

    async def _deliver(self, lane: Lane) -> int:
        attempts = 0
        async with self._locks[lane]:
            while await self._may_send() and (batch := self._take_batch(lane)):
                try:
                    results = await asyncio.gather(*(self._attempt(delivery) for delivery in batch))
                # A server that stops, or a test that ends, must lose no callback: it goes back to the queue.
                except asyncio.CancelledError:
                    self._push(*(delivery for delivery in batch if self._land(delivery)))
                    raise
                attempts += len(batch)
                landed = [pair for pair in zip(batch, results, strict=True) if self._land(pair[0])]
                # Until the store has the result it still lists them, and a load would queue them again.
                self._finishing.update(delivery.task.id for delivery, _ in landed)
                try:
                    # Together: a store commits what is waiting at one time as one.
                    await asyncio.gather(*(self._finish(delivery, result) for delivery, result in landed))
                finally:
                    self._finishing.difference_update(delivery.task.id for delivery, _ in landed)
        return attempts

    async def _may_send(self) -> bool:
        """Ask again before each batch: a process that was held up may have lost the lease."""
        return self._lease is None or await self._lease.take()

    def _take_batch(self, lane: Lane) -> list[Delivery]:
        """Take what is due, earliest first, but not more than is due before the first of them could be repeated.

        On a clock that stands still the batch is one delivery: there every run must be the same.
        """
        queue, clock = self._queues.get(lane), self._clocks.for_account(lane[0])
        batch: list[Delivery] = []
        while queue and queue[0].at <= clock.now() and len(batch) < (MAX_BATCH if clock.rate else 1):
            if batch and queue[0].at >= batch[0].at + self._schedule_of(batch[0].task).shortest_pause:
                break
            batch.append(heapq.heappop(queue))
            self._in_flight[batch[-1].number] = batch[-1]
            self._touched.add(batch[-1].task.id)
        if queue is not None and not queue:
            self._queues.pop(lane, None)
        return batch

    async def _attempt(self, delivery: Delivery) -> DeliveryResult | None:
        """Return the result; None for a delivery that was removed before it began, or delayed by a fault."""
        # A reset or a restored snapshot came first: this post belongs to a state that is gone, and could come twice.
        if delivery.number not in self._in_flight:
            return None
        async with self._room:
            result = await self.sender.send(delivery, self._schedule_of(delivery.task).attempt_seconds)
        if not isinstance(result, float):
            return result
        if delivery.number in self._in_flight:
            # `paused`, or the fault would delay the post again, for ever.
            await self._repeat(delivery._replace(at=delivery.at + result, paused=True))
            self._land(delivery)
        return None

    def _land(self, delivery: Delivery) -> bool:
        """Remove a delivery from those in flight; False for one that was removed meanwhile."""
        return self._in_flight.pop(delivery.number, None) is not None

    async def _finish(self, delivery: Delivery, result: DeliveryResult | None) -> None:
        """Journal an attempt, and schedule the next one. Without a result, the task has been deleted."""
        if result is None:
            await self._store.remove_callback(delivery.task.id)
            return
        due = self._schedule_of(delivery.task).next_attempt_at(delivery, result)
        notes = [f"attempt {delivery.attempts + 1} for {delivery.task.id}", result.note]
        late = (delivery.at if result.sent_at is None else result.sent_at) - delivery.at
        if late >= LATE_SECONDS:
            notes.append(f"sent {late:.1f} s after it was due")
        if not result.is_final:
            notes.append("no further attempt" if due == NEVER else f"next attempt in {due - delivery.at:g} s")
        self._journal.append(journal_entry(delivery, result, notes))
        if due == NEVER:
            await self._store.remove_callback(delivery.task.id)
        else:
            await self._repeat(delivery._replace(at=due, attempts=delivery.attempts + 1))
            self._start()
            self._woken.set()

    async def _repeat(self, delivery: Delivery) -> None:
        """Schedule the next attempt of a delivery, in the store first: a crash in between must not lose it."""
        await self._store.save_callback(callback_of(delivery))
        self._push(delivery._replace(number=next(self._numbers)))

    def _schedule_of(self, task: Task) -> RetrySchedule:
        return self._schedules.get(task.upstream, DEFAULT_SCHEDULE)

    def _push(self, *deliveries: Delivery) -> None:
        for delivery in deliveries:
            heapq.heappush(self._queues.setdefault(_lane(delivery.task), []), delivery)


def _lane(task: Task) -> Lane:
    try:
        parts = urlsplit(task.callback_url)
    except ValueError:  # the attempt will say what is wrong with it
        return task.account, ""
    return task.account, f"{parts.scheme}://{parts.netloc}".lower()
