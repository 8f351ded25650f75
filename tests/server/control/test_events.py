"""Server-sent events: a subscriber is told that something has changed, whatever it was, and never holds up a server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from seedmock_server import create_app, serve
from seedmock_server.clock import ManualClock, stopwatch
from seedmock_server.control import events as feed

ORDER = {"model": "seedance-2-0-fast", "prompt": "x", "size": "640x640", "seconds": "4"}
KEY = {"Authorization": "Bearer sk_one"}


class Stream:
    """A subscription over a socket: its events, one at a time."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, dict[str, Any]]:
        name = ""
        async with asyncio.timeout(10):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    return name, json.loads(value)
        raise AssertionError("the stream ended")

    async def topics(self, expected: set[str]) -> None:
        """Read on until all of these topics have been told."""
        while expected:
            name, data = await self.next()
            expected = expected - set(data["topics"]) if name == "change" else expected


def subscribed(use: Callable[[Stream, httpx.AsyncClient, Any], Awaitable[None]], clips: Any, **settings: Any) -> None:
    """Run a function with a stream, a client and the clock of an emulator on a socket."""

    async def run() -> None:
        clock = ManualClock()
        with serve(clock=clock, pace="fast", seed=1, cache_dir=clips, **settings) as server:
            async with (
                httpx.AsyncClient(base_url=server.url, headers=KEY) as client,
                client.stream("GET", "/_mock/events") as response,
            ):
                assert response.headers["content-type"] == "text/event-stream"
                stream = Stream(response)
                assert await stream.next() == ("hello", {})
                await use(stream, client, clock)

    asyncio.run(run())


@pytest.mark.slow
def test_changes_by_requests_clock_and_rules_are_events(clips: Any) -> None:
    async def use(stream: Stream, client: httpx.AsyncClient, clock: Any) -> None:
        await client.post("/v1/videos", json=ORDER)
        await stream.topics({"journal"})
        await client.post("/_mock/faults", json={"fault": "status code=503"})
        await stream.topics({"faults"})
        clock.advance(5)  # as a test does that holds the clock, without a request
        await stream.topics({"clock"})

    subscribed(use, clips)


@pytest.mark.slow
def test_the_end_of_a_task_is_an_event_of_a_clock_that_runs(clips: Any) -> None:
    async def use(stream: Stream, client: httpx.AsyncClient, clock: Any) -> None:
        await client.post("/v1/videos", json=ORDER)
        clock.set_rate(2)
        await stream.topics({"due"})

    subscribed(use, clips)


@pytest.mark.slow
def test_a_server_that_stops_ends_the_stream_at_once(clips: Any) -> None:
    async def run() -> tuple[list[str], float]:
        with serve(cache_dir=clips) as server:
            async with (
                httpx.AsyncClient(base_url=server.url) as client,
                client.stream("GET", "/_mock/events") as response,
            ):
                lines = response.aiter_lines()
                assert await anext(lines)
                start = stopwatch()
                await asyncio.to_thread(server.stop)
                return [line async for line in lines], stopwatch() - start

    lines, seconds = asyncio.run(run())
    assert "event: end" in lines
    assert seconds < 2  # the grace period, after which it is aborted, is 3 s


def test_a_subscriber_that_does_not_read_loads_everything_again_and_keeps_no_queue() -> None:
    subscription = feed.Subscription()
    for _ in range(feed.MAX_QUEUE):
        subscription.put(b"event: change\n\n")
    assert len(subscription.queue) == feed.MAX_QUEUE
    subscription.put(b"event: change\n\n")
    assert list(subscription.queue) == [b"event: resync\ndata: {}\n\n"]


def test_nothing_is_noted_while_nobody_subscribes() -> None:
    calls: list[str] = []

    async def count() -> int:
        calls.append("count")
        return 0

    unread = feed.EventFeed(count, count)
    for _ in range(100):
        unread.touch("faults")
    assert (calls, unread._topics) == ([], set())


def test_subscriptions_are_bounded_and_other_methods_refused(clips: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MAX_SUBSCRIBERS", 0)

    async def ask(method: str) -> httpx.Response:
        async with create_app(cache_dir=clips) as app:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, "/_mock/events")

    assert asyncio.run(ask("GET")).status_code == 503
    response = asyncio.run(ask("POST"))
    assert (response.status_code, response.headers["allow"]) == (405, "GET")
