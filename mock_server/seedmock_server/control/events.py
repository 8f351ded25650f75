"""Server-sent events: tell subscribers that something has changed; the control API has the rest.

A request costs one comparison without a subscriber, and sets a flag otherwise. One task compares what is counted
(the journal, the next time that something is due) and appends a few words to the queue of each subscriber.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from starlette.types import Receive, Scope, Send

from .errors import ControlError

PATH: Final = "/_mock/events"
# Proxies close what is silent for a minute (nginx: proxy_read_timeout), and a dead browser is noticed by a write.
HEARTBEAT_SECONDS: Final = 15.0
PAUSE_SECONDS: Final = 0.1
"""Shortest time between two looks: a busy application makes thousands of changes a second, and eyes see ten."""
TICK_SECONDS: Final = 0.5
"""Longest time between two looks: a callback is journaled, and another process stores, without telling us."""
# A page that lags as far behind is quicker with a new look at everything: `resync` takes the place of the queue.
MAX_QUEUE: Final = 64
MAX_SUBSCRIBERS: Final = 64
HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the events back
]


@dataclass(slots=True, eq=False)
class Subscription:
    """Queue of one subscriber. One that does not read is told to load everything again, and costs no memory."""

    queue: deque[bytes] = field(default_factory=deque)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    is_ended: bool = False

    def put(self, event: bytes) -> None:
        if len(self.queue) >= MAX_QUEUE:
            self.queue.clear()
            event = encode_event("resync", {})
        self.queue.append(event)
        self.ready.set()


class EventFeed:
    """Broadcast of changes. Belongs to the event loop of its subscribers; `touch` may be called from any thread.

    `read_count` returns the number of exchanges, `read_due` the real seconds until something is due by any clock, NEVER
    for nothing. The latter looks at every task, and is called at most once in TICK_SECONDS.
    """

    def __init__(self, read_count: Callable[[], Awaitable[int]], read_due: Callable[[], Awaitable[float]]) -> None:
        self._read_count, self._read_due = read_count, read_due
        self._subscriptions: set[Subscription] = set()
        self._topics: set[str] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()

    def touch(self, topic: str = "") -> None:
        """Note that something has changed: a topic such as `faults`, or only what can be counted."""
        if not self._subscriptions:
            return
        if topic:
            self._topics.add(topic)
        loop = self._loop
        if loop is not None and not self._woken.is_set():
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(self._woken.set)

    def close(self) -> None:
        """End all streams, so that a server that stops need not wait for them."""
        for subscription in self._subscriptions:
            subscription.is_ended = True
            subscription.ready.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `GET /_mock/events` until the client or the server goes. Raises ControlError before that."""
        if scope["method"] != "GET":
            message = f"method {scope['method'][:20]!r} is not allowed at {PATH}; allowed: GET"
            raise ControlError(message, status=405, allowed=["GET"])
        if len(self._subscriptions) >= MAX_SUBSCRIBERS:
            raise ControlError(f"{MAX_SUBSCRIBERS} streams are open; allowed: at most that many", status=503)
        subscription = self._subscribe()
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await self._stream(subscription, gone, send)
        finally:
            gone.cancel()
            self._unsubscribe(subscription)

    async def _stream(self, subscription: Subscription, gone: asyncio.Future[Any], send: Send) -> None:
        while not (gone.done() or subscription.is_ended):
            ready: asyncio.Future[Any] = asyncio.ensure_future(subscription.ready.wait())
            await asyncio.wait({ready, gone}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            subscription.ready.clear()
            body = b"".join(subscription.queue) or b": still here\n\n"
            subscription.queue.clear()
            await send({"type": "http.response.body", "body": body, "more_body": True})
        if not gone.done():
            await send({"type": "http.response.body", "body": encode_event("end", {})})

    def _subscribe(self) -> Subscription:
        subscription, loop = Subscription(), asyncio.get_running_loop()
        # Browsers wait for some seconds by themselves before they connect again (HTML standard, section 9.2).
        subscription.put(b"retry: 1000\n" + encode_event("hello", {}))
        # An application in process may be run by one loop after another, and the watcher ended with the loop before.
        if self._loop is not loop:
            self._loop, self._woken, self._watcher = loop, asyncio.Event(), None
        self._subscriptions.add(subscription)
        if self._watcher is None or self._watcher.done():
            self._watcher = loop.create_task(self._watch(loop), name="seedmock events")
        return subscription

    def _unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)
        if not self._subscriptions and self._watcher is not None:
            self._watcher.cancel()

    async def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        count, due_at, read_at = await self._read_count(), loop.time() + await self._read_due(), loop.time()
        is_stale = False
        while self._subscriptions:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(TICK_SECONDS, max(PAUSE_SECONDS, due_at - loop.time()))):
                    await self._woken.wait()
            self._woken.clear()
            topics, self._topics = self._topics, set()
            if (count_now := await self._read_count()) != count:
                count = count_now
                topics.add("journal")
            if loop.time() >= due_at:
                topics.add("due")
            is_stale = is_stale or bool(topics)
            # Something else is due once a clock was moved or a time was reached: these do not wait for the tick.
            if is_stale and (loop.time() >= read_at + TICK_SECONDS or topics & {"clock", "due"}):
                due_at, read_at, is_stale = loop.time() + await self._read_due(), loop.time(), False
            if topics:
                self._publish(encode_event("change", {"topics": sorted(topics)}))
            await asyncio.sleep(PAUSE_SECONDS)

    def _publish(self, event: bytes) -> None:
        for subscription in self._subscriptions:
            subscription.put(event)


def encode_event(name: str, data: dict[str, Any]) -> bytes:
    """Encode an event; JSON has no line feed outside its strings, and escapes those inside."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
