"""Callbacks in snapshots: continued after a restore, and posted no more often than due."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from seedmock_server.callbacks.delivery import delivery_of
from seedmock_server.http.outbound import PostResponse

from ..conftest import MEMORY_ONLY


async def taken(emulator: Any) -> bytes:
    response = await emulator.client.get("/_mock/snapshot")
    assert response.status_code == 200, response.text
    return bytes(response.content)


async def put_back(emulator: Any, document: bytes, status: int = 200) -> str:
    response = await emulator.client.put("/_mock/snapshot", content=document)
    assert response.status_code == status, response.text
    return str(response.text)


@pytest.mark.parametrize("forgets", [True, False], ids=["after a reset", "in place"])
def test_a_restored_callback_is_retried_at_its_times(run: Any, receiver: Any, forgets: bool) -> None:
    receiver.responses = [500, 500, 500, 202]

    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        assert [await emulator.pass_time(seconds) for seconds in (2, 1.5)] == [1, 1]
        document = await taken(emulator)
        if forgets:
            await emulator.client.post("/_mock/reset")
        await put_back(emulator, document)
        assert [await emulator.pass_time(seconds) for seconds in (1.4, 0.1, 3.9, 0.1, 7200)] == [0, 1, 0, 1, 0]
        assert [entry["notes"][0].split()[1] for entry in emulator.posts()] == ["1", "2", "3", "4"]
        assert [entry["status"] for entry in emulator.posts()] == [500, 500, 500, 202]

    run(play)
    assert len(receiver.calls) == 4


def test_a_delivered_callback_is_not_repeated_after_a_restore(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        assert await emulator.pass_time(2) == 1
        await put_back(emulator, await taken(emulator))
        assert await emulator.pass_time(7200) == 0

    run(play)
    assert len(receiver.calls) == 1


def test_the_time_limit_counts_from_the_end_of_the_task(run: Any, receiver: Any) -> None:
    receiver.responses = [503] * 100

    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        await emulator.pass_time(1000)
        count = len(emulator.posts())
        await put_back(emulator, await taken(emulator))
        assert len(emulator.posts()) == count
        await emulator.pass_time(7200)
        began = emulator.posts()[0]["at"]
        assert [entry["at"] - began for entry in emulator.posts()][-1] <= 1800
        assert len(emulator.posts()) == 4 + 29

    run(play)


def test_a_callback_delayed_by_a_fault_is_posted_once(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        rule = {"match": {"operation": "callback"}, "fault": "latency seconds=60"}
        assert (await emulator.client.post("/_mock/faults", json=rule)).status_code < 300
        await emulator.order(receiver.url)
        assert await emulator.pass_time(10) == 0
        document = await taken(emulator)
        for _ in range(2):
            await put_back(emulator, document)
            assert [await emulator.pass_time(seconds) for seconds in (51, 1, 7200)] == [0, 1, 0]

    run(play)
    assert len(receiver.calls) == 2


@pytest.mark.parametrize("says", [200, 500])
def test_an_attempt_in_flight_is_repeated_and_its_result_is_dropped(run: Any, receiver: Any, says: int) -> None:
    waits, begun = asyncio.Event(), []

    async def stuck(url: str, *_: Any, **__: Any) -> PostResponse:
        begun.append(url)
        await waits.wait()
        return PostResponse(says if len(begun) == 1 else 200, b"")

    async def play(emulator: Any) -> None:
        dispatcher = emulator.app.callbacks
        dispatcher.sender.post = stuck
        task_id = await emulator.order(receiver.url)
        emulator.clock.advance(2)
        while not begun:
            await asyncio.sleep(0)
        document = await taken(emulator)
        assert [callback["attempts"] for callback in json.loads(document)["callbacks"]] == [0]
        await put_back(emulator, document)
        waits.set()
        await dispatcher.deliver_due()
        await emulator.pass_time(7200)
        assert [entry["notes"] for entry in emulator.posts()] == [(f"attempt 1 for {task_id}",)]
        assert len(begun) == 2

    run(play)


@MEMORY_ONLY
@pytest.mark.parametrize("fault", [None, "latency seconds=60"], ids=["at once", "after a pause"])
def test_an_attempt_that_has_not_begun_before_a_restore_is_made_once(run: Any, fault: str | None) -> None:
    begun = []

    async def counted(url: str, *_: Any, **__: Any) -> PostResponse:
        begun.append(url)
        return PostResponse(200, b"")

    async def play(emulator: Any) -> None:
        dispatcher = emulator.app.callbacks
        dispatcher.sender.post = counted
        if fault is not None:
            rule = {"match": {"operation": "callback"}, "fault": fault}
            assert (await emulator.client.post("/_mock/faults", json=rule)).status_code < 300
        await emulator.order("http://127.0.0.1:9/")
        for turns in range(6):
            document = await taken(emulator)
            emulator.clock.advance(2)
            posting = asyncio.create_task(dispatcher.deliver_due())
            for _ in range(turns):
                await asyncio.sleep(0)
            store, count = emulator.app.checkpoint.store, len(begun)
            to_come = [
                delivery_of(callback, await store.task(callback.task_id)) for callback in await store.callbacks()
            ]
            dispatcher.clear()
            dispatcher.add(to_come)
            await posting
            await emulator.pass_time(60)
            assert len(begun) - count == len(to_come), f"after {turns} turns of the loop"
            await put_back(emulator, document)

    run(play)


def test_an_attempt_overtaken_by_a_reset_is_not_repeated(run: Any, receiver: Any) -> None:
    waits, begun = asyncio.Event(), []

    async def stuck(url: str, *_: Any, **__: Any) -> PostResponse:
        begun.append(url)
        await waits.wait()
        return PostResponse(500, b"")

    async def play(emulator: Any) -> None:
        emulator.app.callbacks.sender.post = stuck
        await emulator.order(receiver.url)
        before = await taken(emulator)
        emulator.clock.advance(2)
        while not begun:
            await asyncio.sleep(0)
        await emulator.client.post("/_mock/reset")
        waits.set()
        await emulator.app.callbacks.deliver_due()
        assert emulator.posts() == []
        await put_back(emulator, before)
        assert [await emulator.pass_time(seconds) for seconds in (1, 1)] == [0, 1]

    run(play)


def test_another_server_continues_from_the_snapshot(run: Any, receiver: Any) -> None:
    receiver.responses = [500]
    documents: list[bytes] = []

    async def first(emulator: Any) -> None:
        await emulator.order(receiver.url)
        await emulator.pass_time(2)
        documents.append(await taken(emulator))

    async def second(emulator: Any) -> None:
        await put_back(emulator, documents[0])
        assert [await emulator.pass_time(seconds) for seconds in (0.9, 0.1, 7200)] == [0, 1, 0]

    run(first)
    run(second)
    assert len(receiver.calls) == 2


def test_a_snapshot_without_callbacks_schedules_those_of_unfinished_tasks(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url, fate="succeed after=1s")
        await emulator.pass_time(1)
        await emulator.order(receiver.url)
        await emulator.order(receiver.url, fate="stuck")
        document = json.loads(await taken(emulator))
        del document["callbacks"]
        await put_back(emulator, json.dumps(document).encode())
        assert await emulator.pass_time(7200) == 1

    run(play)


@pytest.mark.parametrize(
    "change",
    [
        {"task": "task_nobody"},
        {"at": -1.0},
        {"at": 1e12},
        {"started_at": -1.0},
        {"attempts": -1},
        {"task": 3},
        {"colour": "red"},
    ],
    ids=str,
)
def test_a_snapshot_with_invalid_callbacks_is_rejected(run: Any, receiver: Any, change: Any) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        document = await taken(emulator)
        spoilt = json.loads(document)
        spoilt["callbacks"][0].update(change)
        assert "allowed" in await put_back(emulator, json.dumps(spoilt).encode(), status=400)
        assert await taken(emulator) == document
        twice = json.loads(document)
        twice["callbacks"] *= 2
        assert "a callback occurs twice" in await put_back(emulator, json.dumps(twice).encode(), status=400)

    run(play)
