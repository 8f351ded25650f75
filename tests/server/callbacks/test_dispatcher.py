"""Posts at the end of a task and their retries, by a frozen clock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedmock_contracts.enums import Basis
from seedmock_contracts.upstreams import get_contract
from seedmock_server.callbacks.delivery import RetrySchedule, retry_schedule


@pytest.mark.parametrize("fate", ["", "failed", "expired", "completed_without_url"])
@pytest.mark.parametrize("upscales", [False, True], ids=["create", "upscale"])
def test_the_end_of_a_task_is_posted_once_with_the_body_of_a_query(
    run: Any, receiver: Any, fate: str, upscales: bool
) -> None:
    async def play(emulator: Any) -> None:
        task_id = await emulator.order(receiver.url + "?order=7", fate=fate, upscales=upscales)
        assert await emulator.pass_time(1.999) == 0
        assert receiver.calls == []
        assert await emulator.pass_time(0.001) == 1
        response = await emulator.query(task_id)
        ((method, path, headers, body),) = receiver.calls
        assert (method, path, body) == ("POST", "/told?order=7", response.content)
        data = json.loads(body)["data"]
        assert (data["taskId"], data["state"]) == (task_id, "failed" if fate in ("failed", "expired") else "completed")
        assert data["model"]
        sent_headers = {name.lower(): value for name, value in headers.items()}
        assert (sent_headers["content-type"], sent_headers["x-mock-basis"]) == ("application/json", "assumed")
        plain = {"host", "accept", "accept-encoding", "content-type", "content-length", "x-mock-basis"}
        assert set(sent_headers) <= plain  # no signature, no key
        assert await emulator.pass_time(7200) == 0
        (entry,) = emulator.posts()
        assert (entry["method"], entry["path"], entry["query"]) == ("POST", receiver.url, "order=7")
        assert (entry["status"], entry["response_body"]) == (200, b"thank you")
        assert entry["request_body"] == body
        assert entry["notes"] == (f"attempt 1 for {task_id}",)

    run(play)


def test_a_task_without_a_callback_or_without_an_end_posts_nothing(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(None)
        await emulator.order(receiver.url, fate="stuck")
        assert await emulator.pass_time(86400) == 0

    run(play)
    assert receiver.calls == []


def test_a_refused_order_has_no_callback(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        assert (await emulator.create(receiver.url, fate="refused")).status_code == 400
        assert await emulator.pass_time(3600) == 0

    run(play)


def test_after_a_500_it_is_retried_until_a_2xx_and_never_after(run: Any, receiver: Any) -> None:
    receiver.responses = [500, 301, 404, 202]
    receiver.headers = {"Location": "/elsewhere"}

    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        assert [await emulator.pass_time(seconds) for seconds in (2, 0.9, 0.1, 1.9, 0.1, 3.9, 0.1, 7200)] == [
            1, 0, 1, 0, 1, 0, 1, 0,
        ]  # fmt: skip
        assert [entry["status"] for entry in emulator.posts()] == [500, 301, 404, 202]
        assert [entry["notes"][1:] for entry in emulator.posts()] == [
            ("next attempt in 1 s",), ("next attempt in 2 s",), ("next attempt in 4 s",), (),
        ]  # fmt: skip

    run(play)
    assert {path for _, path, _, _ in receiver.calls} == {"/told"}
    assert len({body for *_, body in receiver.calls}) == 1


@pytest.mark.parametrize("steps", [1, 10, 720])
def test_retries_end_after_half_an_hour_however_the_clock_is_moved(run: Any, receiver: Any, steps: int) -> None:
    receiver.responses = [503] * 100

    async def play(emulator: Any) -> None:
        began = emulator.clock.now()
        await emulator.order(receiver.url)
        for _ in range(steps):
            await emulator.pass_time(7200 / steps)
        moments = [round(entry["at"] - began - 2, 3) for entry in emulator.posts()]
        assert moments == [0, 1, 3, 7, *(7 + 60 * number for number in range(1, 30))]
        assert moments[-1] <= 1800 < moments[-1] + 60
        assert emulator.posts()[-1]["notes"][-1] == "no further attempt"
        assert await emulator.app.callbacks.due_at(emulator.posts()[0]["account"], 0) == float("inf")

    run(play)


def test_the_schedule_is_the_vendor_s(run: Any) -> None:
    callbacks = get_contract("apimodels").callbacks
    assert callbacks is not None
    assert retry_schedule(callbacks) == RetrySchedule(10.0, (1.0, 2.0, 4.0), 60.0, 1800.0)
    figures = {amount.id: amount.basis for amount in get_contract("apimodels").amounts if ".callback." in amount.id}
    guessed = [id_ for id_, basis in figures.items() if basis is Basis.ASSUMED]
    assert guessed == ["apimodels.callback.interval_seconds"]


def test_journal_entries_are_in_the_order_of_their_times(run: Any, receiver: Any) -> None:
    receiver.responses = [500] * 9

    async def play(emulator: Any) -> None:
        ids = [await emulator.order(receiver.url, fate=f"succeed after={after}s") for after in (40, 2, 5, 2)]
        await emulator.pass_time(3600)
        entries = emulator.posts()
        assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
        assert [ids.index(entry["notes"][0].split()[-1]) for entry in entries[:7]] == [1, 3, 1, 3, 2, 1, 3]

    run(play)


def test_two_runs_of_one_seed_write_the_same_entries(run: Any, receiver: Any) -> None:
    entries: list[Any] = []

    async def play(emulator: Any) -> None:
        receiver.responses = [500, 500, 200, 500]
        for after in (3, 1, 2):
            await emulator.order(receiver.url, fate=f"failed after={after}s")
        await emulator.pass_time(600)
        entries.append([entry._replace(seconds=0.0) for entry in emulator.entries])  # which is real time

    run(play)
    run(play)
    assert entries[0] == entries[1]
    assert len(entries[0]) == 3 + 6


def test_the_next_due_time_can_be_queried(run: Any, receiver: Any) -> None:
    receiver.responses = [500]

    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        now, dispatcher = emulator.clock.now(), emulator.app.callbacks
        ((account, _),) = dispatcher._queues
        assert await dispatcher.due_at(account, now) == now + 2
        assert await dispatcher.due_at(account, now + 2) == float("inf")
        assert await dispatcher.due_at("somebody else", now) == float("inf")
        await emulator.pass_time(2)
        assert await dispatcher.due_at(account, emulator.clock.now()) == now + 3

    run(play)


def test_a_deleted_task_is_not_posted(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        ((account, _),) = emulator.app.callbacks._queues
        await emulator.app.checkpoint.store.remove_account(account)
        assert await emulator.pass_time(10) == 0
        await emulator.order(receiver.url)
        emulator.app.callbacks.clear(account)
        assert await emulator.pass_time(10) == 0

    run(play)
    assert receiver.calls == []
