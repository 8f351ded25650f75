"""Callbacks on the wire: to a real receiver on loopback, by a clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import Any

import pytest

from seedmock_contracts.terms import Basis
from seedmock_contracts.upstreams import contract
from seedmock_server.clock import Clock, ManualClock
from seedmock_server.courier import Plan, plan_of
from seedmock_server.fetching import Fetch, Posted, Reason, Refused, TookTooLong, post

UPSCALE = {"model": "video-upscale", "videoUrl": "https://example.com/a.mp4", "targetResolution": "2k"}


@pytest.mark.parametrize("fate", ["", "failed", "expired", "completed_without_url"])
@pytest.mark.parametrize("upscales", [False, True], ids=["create", "upscale"])
def test_the_end_of_a_task_is_posted_once_in_the_words_of_a_query(
    run: Any, receiver: Any, fate: str, upscales: bool
) -> None:
    async def play(studio: Any) -> None:
        more = {"document": UPSCALE} if upscales else {}
        task_id = await studio.order(receiver.url + "?order=7", fate=fate, **more)
        assert await studio.pass_time(1.999) == 0
        assert receiver.calls == []
        assert await studio.pass_time(0.001) == 1
        asked = await studio.query(task_id)
        ((method, path, headers, body),) = receiver.calls
        assert (method, path, body) == ("POST", "/told?order=7", asked.content)
        data = json.loads(body)["data"]
        assert (data["taskId"], data["state"]) == (task_id, "failed" if fate in ("failed", "expired") else "completed")
        assert data["model"]
        told = {name.lower(): value for name, value in headers.items()}
        assert (told["content-type"], told["x-mock-basis"]) == ("application/json", "assumed")
        plain = {"host", "accept", "accept-encoding", "content-type", "content-length", "x-mock-basis"}
        assert set(told) <= plain  # no signature, no key
        assert await studio.pass_time(7200) == 0
        (entry,) = studio.posts()
        assert (entry["method"], entry["path"], entry["query"]) == ("POST", receiver.url, "order=7")
        assert (entry["status"], entry["answered"]) == (200, b"thank you")
        assert entry["sent"] == body
        assert entry["notes"] == (f"attempt 1 for {task_id}",)

    run(play)


def test_a_task_without_a_callback_or_without_an_end_posts_nothing(run: Any, receiver: Any) -> None:
    async def play(studio: Any) -> None:
        await studio.order(None)
        await studio.order(receiver.url, fate="stuck")
        assert await studio.pass_time(86400) == 0

    run(play)
    assert receiver.calls == []


def test_a_refused_order_is_told_to_nobody(run: Any, receiver: Any) -> None:
    async def play(studio: Any) -> None:
        body = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "x", "callback_url": receiver.url}
        told = {"X-Mock-Fate": "refused"}
        answer = await studio.client.post("/api/v1/video/generations", json=body, headers=told)
        assert answer.status_code == 400
        assert await studio.pass_time(3600) == 0

    run(play)


def test_after_a_500_it_is_tried_again_until_a_2xx_and_never_after(run: Any, receiver: Any) -> None:
    receiver.answers = [500, 301, 404, 202]
    receiver.headers = {"Location": "/elsewhere"}

    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        assert [await studio.pass_time(seconds) for seconds in (2, 0.9, 0.1, 1.9, 0.1, 3.9, 0.1, 7200)] == [
            1, 0, 1, 0, 1, 0, 1, 0,
        ]  # fmt: skip
        assert [entry["status"] for entry in studio.posts()] == [500, 301, 404, 202]
        assert [entry["notes"][1:] for entry in studio.posts()] == [
            ("again in 1 s",), ("again in 2 s",), ("again in 4 s",), (),
        ]  # fmt: skip

    run(play)
    assert {path for _, path, _, _ in receiver.calls} == {"/told"}
    assert len({body for *_, body in receiver.calls}) == 1


@pytest.mark.parametrize("steps", [1, 10, 720])
def test_for_half_an_hour_and_no_longer_however_the_clock_is_moved(run: Any, receiver: Any, steps: int) -> None:
    receiver.answers = [503] * 100

    async def play(studio: Any) -> None:
        began = studio.clock.now()
        await studio.order(receiver.url)
        for _ in range(steps):
            await studio.pass_time(7200 / steps)
        moments = [round(entry["at"] - began - 2, 3) for entry in studio.posts()]
        assert moments == [0, 1, 3, 7, *(7 + 60 * number for number in range(1, 30))]
        assert moments[-1] <= 1800 < moments[-1] + 60
        assert studio.posts()[-1]["notes"][-1] == "given up"
        assert studio.app.courier.due_at(studio.posts()[0]["account"], 0) == float("inf")

    run(play)


def test_lines_stand_in_the_order_of_their_moments(run: Any, receiver: Any) -> None:
    receiver.answers = [500] * 9

    async def play(studio: Any) -> None:
        ids = [await studio.order(receiver.url, fate=f"succeed after={after}s") for after in (40, 2, 5, 2)]
        await studio.pass_time(3600)
        entries = studio.posts()
        assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
        assert [ids.index(entry["notes"][0].split()[-1]) for entry in entries[:7]] == [1, 3, 1, 3, 2, 1, 3]

    run(play)


def test_two_runs_of_one_seed_write_the_same_lines(run: Any, receiver: Any) -> None:
    lines: list[Any] = []

    async def play(studio: Any) -> None:
        receiver.answers = [500, 500, 200, 500]
        for after in (3, 1, 2):
            await studio.order(receiver.url, fate=f"failed after={after}s")
        await studio.pass_time(600)
        lines.append(studio.lines)

    run(play)
    run(play)
    assert lines[0] == lines[1]
    assert len(lines[0]) == 3 + 6


def test_the_next_moment_can_be_asked_for(run: Any, receiver: Any) -> None:
    receiver.answers = [500]

    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        now, courier = studio.clock.now(), studio.app.courier
        (account,) = courier._waiting
        assert courier.due_at(account, now) == now + 2
        assert courier.due_at(account, now + 2) == float("inf")
        assert courier.due_at("somebody else", now) == float("inf")
        await studio.pass_time(2)
        assert courier.due_at(account, studio.clock.now()) == now + 3

    run(play)


# --- where ---


@pytest.mark.parametrize("policy", ["none", "loopback", "public"])
@pytest.mark.parametrize(
    "url", ["http://192.0.2.7/told", "https://example.com/told", "http://10.0.0.1:9/told", "http://[fd00::1]/told"]
)
def test_nobody_but_this_machine_is_called_unless_it_is_wished(
    run: Any, policy: str, url: str, monkeypatch: Any
) -> None:
    looked_up = []

    async def looking(self: Any, host: str, *more: Any, **others: Any) -> Any:
        looked_up.append(host)
        raise OSError("no names in this test")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", looking)

    async def play(studio: Any) -> None:
        await studio.order(url)
        assert await studio.pass_time(2) == 1
        (entry,) = studio.posts()
        assert entry["status"] == 0
        if policy == "public":
            private = "example.com" not in url
            assert ("private/reserved" in entry["notes"][1]) is private
            assert (await studio.pass_time(1) == 0) is private
        else:
            assert entry["notes"][1].startswith("not posted: callbacks go ")
            assert ("--callbacks public" in entry["notes"][1]) is (policy == "loopback")
            assert await studio.pass_time(7200) == 0

    run(play, callbacks=policy)
    assert bool(looked_up) is (policy == "public" and "example.com" in url)


@pytest.mark.parametrize("policy", ["none", "public"])
def test_loopback_is_called_only_where_loopback_is_meant(run: Any, receiver: Any, policy: str) -> None:
    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        assert await studio.pass_time(7200) == 1

    run(play, callbacks=policy)
    assert receiver.calls == []


def test_localhost_is_this_machine(run: Any, receiver: Any) -> None:
    async def play(studio: Any) -> None:
        await studio.order(receiver.url.replace("127.0.0.1", "localhost"))
        await studio.pass_time(2)
        assert [entry["status"] for entry in studio.posts()] == [200]

    run(play)
    assert receiver.calls[0][2]["Host"].startswith("localhost:")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "told", "https://", "asset://asset-1", "data:,x", ""])
@pytest.mark.parametrize("document", [{}, UPSCALE], ids=["create", "upscale"])
def test_a_callback_url_that_is_no_web_address_is_a_400(run: Any, url: str, document: Any) -> None:
    async def play(studio: Any) -> None:
        body = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "x", **document, "callback_url": url}
        answer = await studio.client.post("/api/v1/video/generations", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, 400)
        assert answer.json()["msg"].startswith("callback_url is ")
        assert answer.headers["X-Mock-Basis"] == "assumed"

    run(play)


@pytest.mark.parametrize("url", ["http://user:secret@127.0.0.1/", "http://127.0.0.1:99999/x", "http://127.0.0.1:x/"])
def test_what_can_never_be_posted_is_one_line_in_the_journal(run: Any, url: str) -> None:
    async def play(studio: Any) -> None:
        await studio.order(url)
        assert await studio.pass_time(7200) == 1
        assert studio.posts()[0]["status"] == 0
        assert "secret" not in studio.posts()[0]["notes"][1]

    run(play)


# --- receivers that misbehave ---


def test_where_nobody_listens_it_is_tried_to_the_end(run: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"

        async def play(studio: Any) -> None:
            await studio.order(url)
            assert await studio.pass_time(7200) == 33
            assert all(entry["notes"][1].startswith("the callback can't be posted: ") for entry in studio.posts())

        run(play)


def test_one_that_hangs_is_given_up_in_time_and_that_time_counts(run: Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)

        async def play(studio: Any) -> None:
            studio.app.courier._plan = Plan(attempt=0.05)
            began = time.monotonic()
            await studio.order(f"http://127.0.0.1:{silent.getsockname()[1]}/")
            assert await studio.pass_time(2 + 0.05 + 1) == 2
            assert time.monotonic() - began < 0.5
            first, second = studio.posts()
            assert first["notes"][1:] == ("the callback took more than 0.05 seconds", "again in 1.05 s")
            assert second["at"] - first["at"] == pytest.approx(1.05)

        run(play)


def test_a_body_without_end_is_read_no_further_than_the_journal_keeps(run: Any, receiver: Any) -> None:
    receiver.body = b"x" * 3_000_000

    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        assert await studio.pass_time(2) == 1
        assert studio.posts()[0]["answered"] == b"x" * 4096

    run(play)


@pytest.mark.parametrize("headers", [{"Content-Length": "900"}, {"Content-Length": "1000", "Connection": "close"}])
def test_a_body_that_never_comes_changes_nothing(
    run: Any, receiver: Any, headers: dict[str, str], monkeypatch: Any
) -> None:
    receiver.headers = headers
    monkeypatch.setattr("seedmock_server.fetching.PATIENCE", 0.05)

    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        assert await studio.pass_time(600) == 1
        assert (studio.posts()[0]["status"], studio.posts()[0]["answered"]) == (200, b"thank you")

    run(play)


def test_what_breaks_in_the_emulator_itself_is_told_and_harms_nobody(run: Any, caplog: Any) -> None:
    async def broken(*_: Any, **__: Any) -> Posted:
        raise RuntimeError("ours")

    async def play(studio: Any) -> None:
        studio.app.courier.way = broken
        await studio.order("http://127.0.0.1:9/")
        assert await studio.pass_time(3600) == 1
        assert "seedmock itself failed" in studio.posts()[0]["notes"][1]
        caplog.clear()

    run(play)


def test_many_at_one_moment_go_together_and_keep_their_order(run: Any) -> None:
    going, most, ids = 0, 0, []

    async def slow(*_: Any, **__: Any) -> Posted:
        nonlocal going, most
        going, most = going + 1, max(most, going + 1)
        await asyncio.sleep(0)
        going -= 1
        return Posted(200, b"")

    async def play(studio: Any) -> None:
        studio.app.courier.way = slow
        ids.extend([await studio.order("http://127.0.0.1:9/") for _ in range(40)])
        assert await studio.pass_time(2) == 40
        assert [entry["notes"][0].split()[-1] for entry in studio.posts()] == ids

    run(play, clock=Clock(1_780_000_000.0, rate=1e-9))
    assert most == 16
    ids.clear()
    most = 0
    run(play)
    assert most == 1


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (Refused(Reason.UNREACHABLE, "no"), 33),
        (Refused(Reason.BROKEN, "no"), 1),
        (TookTooLong(Reason.UNREACHABLE, ""), 29),
    ],
)
def test_only_what_may_pass_is_tried_again(run: Any, error: Exception, tries: int) -> None:
    async def way(*_: Any, **__: Any) -> Posted:
        raise error

    async def play(studio: Any) -> None:
        studio.app.courier.way = way
        await studio.order("http://127.0.0.1:9/")
        assert await studio.pass_time(7200) == tries

    run(play)


# --- whose clock, and which ---


def test_it_goes_by_the_clock_of_its_key(run: Any, receiver: Any) -> None:
    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        await studio.client.get("/api/v1/balance", headers={"X-Mock-Advance": "2s"})
        await studio.app.courier.deliver_due()
        assert len(studio.posts()) == 1
        other = {"Authorization": "Bearer sk_test_somebody_else"}
        await studio.order(receiver.url, **other)
        await studio.client.get("/api/v1/balance", headers={"X-Mock-Advance": "1h"})
        await studio.app.courier.deliver_due()
        assert len(studio.posts()) == 1
        assert await studio.pass_time(2) == 1

    run(play)


async def until(receiver: Any, calls: int) -> None:
    for _ in range(5000):
        if len(receiver.calls) >= calls:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("nobody called")


def test_moving_a_clock_is_enough_from_this_thread_or_another(run: Any, receiver: Any) -> None:
    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        await asyncio.sleep(0.01)
        assert receiver.calls == []
        await asyncio.to_thread(studio.clock.advance, 2)
        await until(receiver, 1)
        await studio.order(receiver.url)
        studio.clock.advance(2)
        await until(receiver, 2)

    run(play)


@pytest.mark.parametrize("move", ["run", "set", "restore"])
def test_every_way_of_moving_a_clock_counts(run: Any, receiver: Any, move: str) -> None:
    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        await asyncio.sleep(0)
        at = studio.clock.now()
        {
            "run": lambda: studio.clock.run(1000.0),
            "set": lambda: studio.clock.set(at + 3),
            "restore": lambda: studio.clock.restore(at + 3, 0.0),
        }[move]()
        await until(receiver, 1)

    run(play)


def test_on_a_running_clock_it_comes_by_itself(run: Any, receiver: Any) -> None:
    receiver.answers = [500]

    async def play(studio: Any) -> None:
        await studio.order(receiver.url, fate="succeed after=1s")
        await until(receiver, 2)
        await studio.app.courier.deliver_due()
        assert [entry["status"] for entry in studio.posts()] == [500, 200]

    run(play, clock=Clock(rate=50.0))


def test_a_real_clock_that_jumps_leaves_no_attempt_out(run: Any, receiver: Any) -> None:
    receiver.answers = [500, 500]

    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        assert await studio.pass_time(86400) == 3
        assert [entry["status"] for entry in studio.posts()] == [500, 500, 200]

    run(play, clock=Clock())


def test_an_instant_task_is_told_at_once(run: Any, receiver: Any) -> None:
    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        await until(receiver, 1)

    run(play, pace="instant")


def test_under_the_pace_step_the_query_that_ends_a_task_is_what_posts(run: Any, receiver: Any) -> None:
    async def play(studio: Any) -> None:
        task_id = await studio.order(receiver.url)
        for state, posts in (("pending", 0), ("processing", 0), ("completed", 1), ("completed", 1)):
            assert (await studio.query(task_id)).json()["data"]["state"] == state
            await studio.pass_time(3600)
            assert len(receiver.calls) == posts
        assert json.loads(receiver.calls[0][3])["data"]["state"] == "completed"

    run(play, pace="step")


def test_a_task_that_ends_at_its_first_query_is_told_of_too(run: Any, receiver: Any) -> None:
    async def play(studio: Any) -> None:
        task_id = await studio.order(receiver.url, fate="succeed after=0s")
        for _ in range(3):
            await studio.query(task_id)
        assert await studio.pass_time(1) <= 1

    run(play, pace="step")
    assert len(receiver.calls) == 1


def test_closing_leaves_nothing_behind_while_posts_are_waiting_or_under_way(run: Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)

        async def play(studio: Any) -> None:
            await studio.order(f"http://127.0.0.1:{silent.getsockname()[1]}/")
            studio.clock.advance(2)
            await asyncio.sleep(0.05)
            await studio.order(f"http://127.0.0.1:{silent.getsockname()[1]}/")

        began = time.monotonic()
        run(play)
        assert time.monotonic() - began < 3


def test_it_works_on_in_the_next_event_loop(receiver: Any, tmp_path: Any) -> None:
    import httpx

    from seedmock_server import create_app

    clock = ManualClock()
    app = create_app(clock=clock, pace="fast", cache=tmp_path)

    async def order() -> None:
        transport, key = httpx.ASGITransport(app), {"Authorization": "Bearer sk_x"}
        async with httpx.AsyncClient(transport=transport, base_url="http://a.test", headers=key) as client:
            body = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "x", "callback_url": receiver.url}
            assert (await client.post("/api/v1/video/generations", json=body)).status_code == 200

    asyncio.run(order())
    clock.advance(1)
    asyncio.run(order())
    clock.advance(1)
    asyncio.run(app.courier.deliver_due())  # type: ignore[arg-type]
    assert len(receiver.calls) == 1
    clock.advance(1)
    asyncio.run(app.courier.deliver_due())  # type: ignore[arg-type]
    assert len(receiver.calls) == 2

    async def wait_for_it() -> None:
        await order()
        await asyncio.to_thread(clock.advance, 2)
        await until(receiver, 3)

    asyncio.run(wait_for_it())
    asyncio.run(app.aclose())


def test_a_task_that_is_no_more_is_told_to_nobody(run: Any, receiver: Any) -> None:
    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        (account,) = studio.app.courier._waiting
        studio.app.state.store.forget(account)
        assert await studio.pass_time(10) == 0
        await studio.order(receiver.url)
        studio.app.courier.forget(account)
        assert await studio.pass_time(10) == 0

    run(play)
    assert receiver.calls == []


def test_the_plan_is_the_vendor_s(run: Any) -> None:
    assert plan_of(contract("apimodels")) == Plan(10.0, (1.0, 2.0, 4.0), 60.0, 1800.0)
    figures = {amount.id: amount.basis for amount in contract("apimodels").amounts if ".callback." in amount.id}
    guessed = [id_ for id_, basis in figures.items() if basis is Basis.ASSUMED]
    assert guessed == ["apimodels.callback.interval_seconds"]


def test_a_served_emulator_calls_when_its_clock_is_moved_by_the_test(receiver: Any, tmp_path: Any) -> None:
    import httpx

    from seedmock_server import serve

    clock = ManualClock()
    with serve(clock=clock, pace="fast", cache=tmp_path) as server:
        body = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "x", "callback_url": receiver.url}
        key = {"Authorization": "Bearer sk_x"}
        answer = httpx.post(f"{server.url}/api/v1/video/generations", json=body, headers=key)
        assert answer.status_code == 200
        assert not receiver.heard.wait(0.05)
        clock.advance(2)
        assert receiver.heard.wait(5)
        told = json.loads(receiver.calls[0][3])["data"]
        assert told["resultUrls"][0].startswith(server.url)
        assert httpx.get(told["resultUrls"][0]).status_code == 200


def test_on_a_running_clock_too_no_line_comes_before_an_earlier_one(run: Any, receiver: Any) -> None:
    receiver.answers = [500] * 4

    async def play(studio: Any) -> None:
        for after in (1, 9):
            await studio.order(receiver.url, fate=f"succeed after={after}s")
        assert await studio.pass_time(3600) == 6
        assert [entry["at"] for entry in studio.posts()] == sorted(entry["at"] for entry in studio.posts())

    run(play, clock=Clock(1_780_000_000.0, rate=1e-9))


def test_an_account_s_own_clock_is_enough(run: Any, receiver: Any) -> None:
    async def play(studio: Any) -> None:
        await studio.order(receiver.url)
        await studio.client.get("/api/v1/balance", headers={"X-Mock-Advance": "1s"})
        await asyncio.sleep(0.01)
        await studio.client.get("/api/v1/balance", headers={"X-Mock-Advance": "1s"})
        await until(receiver, 1)

    run(play)


def test_what_was_under_way_when_a_call_was_given_up_is_posted_by_the_next(run: Any, receiver: Any) -> None:
    waits = asyncio.Event()

    async def stuck(*_: Any, **__: Any) -> Posted:
        await waits.wait()
        return Posted(200, b"")

    async def play(studio: Any) -> None:
        courier = studio.app.courier
        courier.way = stuck
        task_id = await studio.order(receiver.url)
        account = studio.lines[0].account
        studio.clock.advance(2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(courier.deliver_due(account), 0.02)
        waits.set()
        await courier.deliver_due()
        assert [entry["notes"] for entry in studio.posts()] == [(f"attempt 1 for {task_id}",)]

    run(play)


def test_a_retry_comes_by_itself_after_a_call_that_took_the_only_post(run: Any, receiver: Any) -> None:
    async def play(studio: Any) -> None:
        task = studio.app.state.store.task(await studio.order(receiver.url, fate="succeed after=0s"))
        await until(receiver, 1)
        await studio.app.courier.deliver_due()
        receiver.answers = [500]
        studio.app.courier.expect(task)
        await studio.app.courier.deliver_due()
        await until(receiver, 3)
        await studio.app.courier.deliver_due()

    run(play, clock=Clock(rate=50.0))


def test_an_answer_is_read_no_further_than_it_is_kept() -> None:
    import httpx

    read = []

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            for number in range(1000):
                read.append(number)
                yield b"x" * 1000

    transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=Endless()))
    sending = post(
        "http://127.0.0.1/", b"{}", (), policy=Fetch.LOOPBACK, seconds=5, keep_bytes=2500, transport=lambda: transport
    )
    assert asyncio.run(sending) == Posted(200, b"x" * 2500)
    assert read == [0, 1, 2]
