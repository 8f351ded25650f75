"""Queues of callbacks: one for each account and receiver, bounded, and what the journal says of the time of sending."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from seedmock_server.callbacks import dispatcher
from seedmock_server.clock import Clock, ManualClock
from seedmock_server.http.outbound import PostResponse

SLOW, QUICK = "http://slow.test:9/hook", "http://127.0.0.1:9/hook"
OTHER_KEY = {"Authorization": "Bearer sk_test_somebody_else"}


class Network:
    """Poster whose slow host responds when it is told to; the others respond at once."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.release = asyncio.Event()
        self.in_flight = self.most = 0

    async def post(self, url: str, *_: Any, **__: Any) -> PostResponse:
        self.urls.append(url)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        if "slow" in url:
            await self.release.wait()
        await asyncio.sleep(0)
        self.in_flight -= 1
        return PostResponse(200, b"")

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.urls) < count:
                await asyncio.sleep(0)


CLOCKS = {"running": lambda: Clock(1_780_000_000.0, rate=1e-9), "standing still": ManualClock}


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize("headers", [{}, OTHER_KEY], ids=["of the same key", "of another key"])
def test_a_receiver_that_hangs_holds_up_no_other(run: Any, clock: Any, headers: dict[str, str]) -> None:
    async def play(emulator: Any) -> None:
        network = Network()
        emulator.app.callbacks.sender.post = network.post
        await emulator.order(SLOW)
        await network.until(1)
        for number in range(3):
            await emulator.order(f"{QUICK}/{number}", **headers)
            await network.until(number + 2)
        assert network.urls == [SLOW, *(f"{QUICK}/{number}" for number in range(3))]
        network.release.set()
        await emulator.app.callbacks.deliver_due()
        assert [entry["status"] for entry in emulator.posts()] == [200] * 4
        assert emulator.posts()[-1]["path"] == SLOW

    run(play, clock=clock(), pace="instant")


def test_a_receiver_is_a_scheme_a_host_and_a_port(run: Any) -> None:
    async def play(emulator: Any) -> None:
        for url in ("http://a.test/1", "http://A.test/2?x=y", "https://a.test/1", "http://a.test:81/1"):
            await emulator.order(url)
        lanes = [receiver for _, receiver in emulator.app.callbacks._queues]
        assert lanes == ["http://a.test", "https://a.test", "http://a.test:81"]

    run(play)


def test_the_journal_has_the_time_at_which_a_late_callback_was_sent(run: Any) -> None:
    async def play(emulator: Any) -> None:
        network = Network()
        emulator.app.callbacks.sender.post = network.post
        first = await emulator.order(SLOW, fate="succeed after=1s")
        second = await emulator.order(SLOW, fate="succeed after=5s")
        begin = emulator.clock.now()
        emulator.clock.advance(1)
        await network.until(1)
        emulator.clock.advance(29)
        network.release.set()
        await emulator.app.callbacks.deliver_due()
        entries = emulator.posts()
        assert [round(entry["at"] - begin, 3) for entry in entries] == [1, 30]
        assert [entry["notes"] for entry in entries] == [
            (f"attempt 1 for {first}",),
            (f"attempt 1 for {second}", "sent 25.0 s after it was due"),
        ]

    run(play, clock=CLOCKS["running"]())


def test_a_queue_is_bounded(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "MAX_WAITING", 2)

    async def play(emulator: Any) -> None:
        network = Network()
        emulator.app.callbacks.sender.post = network.post
        ids = [await emulator.order(QUICK) for _ in range(3)]
        await emulator.order("http://127.0.0.1:10/", fate="succeed after=9s")
        (refused,) = emulator.posts()
        assert refused["status"] == 0
        assert refused["notes"] == (f"for {ids[2]}", "not sent: 2 callbacks wait for this receiver already")
        assert await emulator.pass_time(10) == 3
        await emulator.order(QUICK)
        assert await emulator.pass_time(10) == 1

    run(play)


def test_posts_at_one_time_are_bounded(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "MAX_IN_FLIGHT", 3)

    async def play(emulator: Any) -> None:
        network = Network()
        emulator.app.callbacks.sender.post = network.post
        for number in range(9):
            await emulator.order(f"http://127.0.0.1:{number + 1}/")
        assert await emulator.pass_time(2) == 9
        assert network.most == 3

    run(play)


def test_closing_with_receivers_that_hang_leaves_no_task_behind(run: Any) -> None:
    async def play(emulator: Any) -> None:
        network = Network()
        emulator.app.callbacks.sender.post = network.post
        for number in range(3):
            await emulator.order(f"http://slow.test:{number + 1}/")
        await network.until(3)

    run(play, pace="instant")
