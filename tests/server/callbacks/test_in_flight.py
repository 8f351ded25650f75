"""Posts in flight: in parallel, cancelled, failed, closed, and in another event loop."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import Any

import httpx
import pytest

from seedmock_server import create_app, serve
from seedmock_server.clock import Clock, ManualClock
from seedmock_server.http.outbound import PostResponse

from ..conftest import ENDS_CONNECTIONS


def test_callbacks_of_one_time_are_posted_together_and_keep_their_order(run: Any) -> None:
    going, most, ids = 0, 0, []

    async def slow(*_: Any, **__: Any) -> PostResponse:
        nonlocal going, most
        going, most = going + 1, max(most, going + 1)
        await asyncio.sleep(0)
        going -= 1
        return PostResponse(200, b"")

    async def play(emulator: Any) -> None:
        emulator.app.callbacks.sender.post = slow
        ids.extend([await emulator.order("http://127.0.0.1:9/") for _ in range(40)])
        assert await emulator.pass_time(2) == 40
        assert [entry["notes"][0].split()[-1] for entry in emulator.posts()] == ids

    run(play, clock=Clock(1_780_000_000.0, rate=1e-9))
    assert most == 16
    ids.clear()
    most = 0
    run(play)
    assert most == 1


def test_deliveries_in_flight_when_a_caller_is_cancelled_are_posted_by_the_next(run: Any, receiver: Any) -> None:
    waits = asyncio.Event()

    async def stuck(*_: Any, **__: Any) -> PostResponse:
        await waits.wait()
        return PostResponse(200, b"")

    async def play(emulator: Any) -> None:
        dispatcher = emulator.app.callbacks
        dispatcher.sender.post = stuck
        task_id = await emulator.order(receiver.url)
        account = emulator.entries[0].account
        emulator.clock.advance(2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(dispatcher.deliver_due(account), 0.02)
        waits.set()
        await dispatcher.deliver_due()
        assert [entry["notes"] for entry in emulator.posts()] == [(f"attempt 1 for {task_id}",)]

    run(play)


def test_an_internal_error_is_journaled_and_does_not_affect_others(run: Any, caplog: Any) -> None:
    async def broken(*_: Any, **__: Any) -> PostResponse:
        raise RuntimeError("ours")

    async def play(emulator: Any) -> None:
        emulator.app.callbacks.sender.post = broken
        await emulator.order("http://127.0.0.1:9/")
        assert await emulator.pass_time(3600) == 1
        assert "internal error in seedmock" in emulator.posts()[0]["notes"][1]
        caplog.clear()

    run(play)


def test_closing_leaves_no_task_behind(run: Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)

        async def play(emulator: Any) -> None:
            await emulator.order(f"http://127.0.0.1:{silent.getsockname()[1]}/")
            emulator.clock.advance(2)
            await asyncio.sleep(0.05)
            await emulator.order(f"http://127.0.0.1:{silent.getsockname()[1]}/")

        began = time.monotonic()
        run(play)
        assert time.monotonic() - began < 3


@ENDS_CONNECTIONS
def test_the_dispatcher_works_in_the_next_event_loop(receiver: Any, tmp_path: Any) -> None:
    clock = ManualClock()
    app = create_app(clock=clock, pace="fast", cache_dir=tmp_path)

    async def order() -> None:
        transport, key = httpx.ASGITransport(app), {"Authorization": "Bearer sk_x"}
        async with httpx.AsyncClient(transport=transport, base_url="http://a.test", headers=key) as client:
            body = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "x", "callback_url": receiver.url}
            assert (await client.post("/api/v1/video/generations", json=body)).status_code == 200

    asyncio.run(order())
    clock.advance(1)
    asyncio.run(order())
    clock.advance(1)
    asyncio.run(app.callbacks.deliver_due())
    assert len(receiver.calls) == 1
    clock.advance(1)
    asyncio.run(app.callbacks.deliver_due())
    assert len(receiver.calls) == 2

    async def wait_for_it() -> None:
        await order()
        await asyncio.to_thread(clock.advance, 2)
        await receiver.until(3)

    asyncio.run(wait_for_it())
    asyncio.run(app.aclose())


def test_a_served_emulator_posts_when_the_test_moves_its_clock(receiver: Any, tmp_path: Any) -> None:
    clock = ManualClock()
    with serve(clock=clock, pace="fast", cache_dir=tmp_path) as server:
        body = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "x", "callback_url": receiver.url}
        key = {"Authorization": "Bearer sk_x"}
        response = httpx.post(f"{server.url}/api/v1/video/generations", json=body, headers=key)
        assert response.status_code == 200
        assert not receiver.called.wait(0.05)
        clock.advance(2)
        assert receiver.called.wait(5)
        data = json.loads(receiver.calls[0][3])["data"]
        assert data["resultUrls"][0].startswith(server.url)
        assert httpx.get(data["resultUrls"][0]).status_code == 200
