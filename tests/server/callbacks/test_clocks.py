"""Callbacks by clocks that are advanced, run, jump, or count queries."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from seedmock_server.clock import Clock
from seedmock_server.storage import DueCallback


def test_a_callback_uses_the_clock_of_its_account(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        await emulator.client.get("/api/v1/balance", headers={"X-Mock-Advance": "2s"})
        await emulator.app.callbacks.deliver_due()
        assert len(emulator.posts()) == 1
        other = {"Authorization": "Bearer sk_test_somebody_else"}
        await emulator.order(receiver.url, **other)
        await emulator.client.get("/api/v1/balance", headers={"X-Mock-Advance": "1h"})
        await emulator.app.callbacks.deliver_due()
        assert len(emulator.posts()) == 1
        assert await emulator.pass_time(2) == 1

    run(play)


def test_advancing_the_clock_of_an_account_triggers_its_callback(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        await emulator.client.get("/api/v1/balance", headers={"X-Mock-Advance": "1s"})
        await asyncio.sleep(0.01)
        await emulator.client.get("/api/v1/balance", headers={"X-Mock-Advance": "1s"})
        await receiver.until(1)

    run(play)


def test_advancing_a_clock_in_any_thread_triggers_callbacks(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        await asyncio.sleep(0.01)
        assert receiver.calls == []
        await asyncio.to_thread(emulator.clock.advance, 2)
        await receiver.until(1)
        await emulator.order(receiver.url)
        emulator.clock.advance(2)
        await receiver.until(2)

    run(play)


@pytest.mark.parametrize("move", ["run", "set", "restore"])
def test_every_way_of_moving_a_clock_triggers_callbacks(run: Any, receiver: Any, move: str) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        await asyncio.sleep(0)
        at = emulator.clock.now()
        {
            "run": lambda: emulator.clock.set_rate(1000.0),
            "set": lambda: emulator.clock.set(at + 3),
            "restore": lambda: emulator.clock.restore(at + 3, 0.0),
        }[move]()
        await receiver.until(1)

    run(play)


def test_a_callback_arrives_on_a_running_clock(run: Any, receiver: Any) -> None:
    receiver.responses = [500]

    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url, fate="succeed after=1s")
        await receiver.until(2)
        await emulator.app.callbacks.deliver_due()
        assert [entry["status"] for entry in emulator.posts()] == [500, 200]

    run(play, clock=Clock(rate=50.0))


def test_entries_are_in_order_on_a_running_clock(run: Any, receiver: Any) -> None:
    receiver.responses = [500] * 4

    async def play(emulator: Any) -> None:
        for after in (1, 9):
            await emulator.order(receiver.url, fate=f"succeed after={after}s")
        assert await emulator.pass_time(3600) == 6
        assert [entry["at"] for entry in emulator.posts()] == sorted(entry["at"] for entry in emulator.posts())

    run(play, clock=Clock(1_780_000_000.0, rate=1e-9))


def test_a_retry_follows_after_deliver_due_made_the_first_attempt(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        task = await emulator.app.checkpoint.store.task(await emulator.order(receiver.url, fate="succeed after=0s"))
        await receiver.until(1)
        await emulator.app.callbacks.deliver_due()
        receiver.responses = [500]
        now = emulator.clock.now()
        await emulator.app.callbacks.schedule(task, DueCallback(task.id, task.account, now, now))
        await emulator.app.callbacks.deliver_due()
        await receiver.until(3)
        await emulator.app.callbacks.deliver_due()

    run(play, clock=Clock(rate=50.0))


def test_a_jump_of_a_running_clock_skips_no_attempt(run: Any, receiver: Any) -> None:
    receiver.responses = [500, 500]

    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        assert await emulator.pass_time(86400) == 3
        assert [entry["status"] for entry in emulator.posts()] == [500, 500, 200]

    run(play, clock=Clock())


def test_an_instant_task_is_posted_at_once(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        await receiver.until(1)

    run(play, pace="instant")


def test_under_the_pace_step_the_query_that_ends_a_task_is_what_posts(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        task_id = await emulator.order(receiver.url)
        for state, posts in (("pending", 0), ("processing", 0), ("completed", 1), ("completed", 1)):
            assert (await emulator.query(task_id)).json()["data"]["state"] == state
            await emulator.pass_time(3600)
            assert len(receiver.calls) == posts
        assert json.loads(receiver.calls[0][3])["data"]["state"] == "completed"

    run(play, pace="step")


def test_a_task_that_ends_at_its_first_query_is_posted(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        task_id = await emulator.order(receiver.url, fate="succeed after=0s")
        for _ in range(3):
            await emulator.query(task_id)
        assert await emulator.pass_time(1) <= 1

    run(play, pace="step")
    assert len(receiver.calls) == 1
