"""The control API from Python: the same verbs, in process and over a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import Control, create_app
from seedmock_server.clock import ManualClock
from seedmock_server.control_client import ControlCallError, NotRunning

Open = Callable[..., Any]
ORDER = {"model": "seedance-2-0-fast", "prompt": "A cat", "size": "640x640", "seconds": "4"}


@pytest.fixture
def door(open_door: Open) -> Any:
    return open_door("on a socket", pace="fast")


@pytest.fixture
def control(door: Any) -> Iterator[Control]:
    with Control(door.origin) as control:
        yield control


def test_the_clock_is_moved_by_every_verb(control: Control) -> None:
    start = control.clock.read().now
    assert control.clock.advance("15m").now == start + 900
    assert control.clock.set(start + 1000).now == start + 1000
    assert control.clock.run(2).rate == 2
    assert control.clock.freeze().rate == 0
    assert list(control.clock.advance(5, key="sk_mine").accounts) != []


def test_next_goes_to_what_is_due(door: Any, control: Control) -> None:
    task_id = door.order_b()
    control.clock.next()
    assert control.task(task_id).status == "IN_PROGRESS"
    control.clock.next()
    assert control.task(task_id).status == "SUCCESS"
    with pytest.raises(ControlCallError, match="nothing is due") as refused:
        control.clock.next()
    assert (refused.value.status, refused.value.field) == (409, "next")


def test_fates_are_told_and_met(door: Any, control: Control) -> None:
    rule = control.fates.add("moderated after=1s", prompt="cat", times=1, key="sk_test_one_of_ours")
    control.fates.default("stuck")
    met = [control.task(door.order_b(prompt=prompt)).fate for prompt in ("a cat", "a cat")]
    assert met == ["moderated after=1s", "stuck"]
    assert [(one.id, one.applied) for one in control.fates.rows().rules] == [(rule.id, 1)]
    assert control.fates.remove(rule.id).removed == 1
    assert control.fates.clear().removed == 0


def test_faults_are_told_and_met(door: Any, control: Control) -> None:
    rule = control.faults.add("status code=502", nth=1)
    assert door.get("/v1/balance").status_code == 502
    assert [one.applied for one in control.faults.rows().rules] == [1]
    assert control.faults.remove(rule.id).removed == 1
    control.faults.add({"fault": "status", "code": 503}, upstream="opeai")
    assert control.faults.clear().removed == 1


def test_everything_can_be_looked_at(door: Any, control: Control) -> None:
    task_id = door.order_b()
    door.post("/v1/videos", {"model": "x"})
    assert control.health().status == "ok"
    assert set(control.basis()) == {"apimodels", "opeai"}
    assert control.variants()[0].option
    assert control.openapi()["openapi"].startswith("3.1")
    assert [one.id for one in control.tasks(upstream="opeai", limit=5).tasks] == [task_id]
    assert [one.operation for one in control.timeline(task_id).exchanges] == ["create"]
    assert [line.id for line in control.ledger().statements[0].lines] == [task_id]
    assert [one.kind for one in control.journal(kind="refused").exchanges] == ["refused"]
    assert len(control.har()["log"]["entries"]) == 2
    assert len(control.lines().splitlines()) == 2
    assert control.curl(task=task_id).count("curl -X") == 1
    assert control.violations().violations[0].fact
    assert len(control.scenarios().scenarios) > 3


def test_money_and_limits_are_set(door: Any, control: Control) -> None:
    assert control.credit("1.50", key="sk_mine", upstream="opeai").statements[0].upstreams["opeai"].remaining == "1.5"
    assert control.limit(rate=7, key="sk_mine").limits[1].rate == 7
    assert len(control.limits().limits) == 2


def test_media_are_declared(control: Control) -> None:
    url = "https://example.com/a.png?x=1&y"
    assert control.declare(url, "image", width=640, height=640, face=True).media[0].face is True
    assert control.media().media[0].url == url
    assert control.undeclare(url).removed == 1
    assert control.undeclare().removed == 0


def test_the_state_is_saved_forgotten_and_put_back(door: Any, control: Control) -> None:
    door.order_b()
    taken = control.snapshot()
    assert control.reset(key="sk_nobody").tasks == 0
    assert control.reset().tasks == 1
    control.restore(taken)
    assert control.tasks().total == 1
    control.restore(taken.decode())
    with pytest.raises(ControlCallError, match="not a valid snapshot"):
        control.restore("{}")


def test_a_scenario_is_put_on_and_taken_away(control: Control) -> None:
    name = control.scenarios().scenarios[0].name
    on = control.play(name).scenario
    assert on is not None
    assert on.name == name
    assert control.scenario().scenario == on
    assert control.stop().scenario is None


def test_what_is_refused_says_what_is_allowed(control: Control) -> None:
    with pytest.raises(ControlCallError, match="'explode'; allowed: succeed"):
        control.fates.add("explode")
    with pytest.raises(ControlCallError) as refused:
        control.tasks(status="done")
    assert refused.value.allowed == ("QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE")


def test_nobody_there_is_said_in_one_sentence() -> None:
    with pytest.raises(NotRunning, match=r"no emulator answers at http://127\.0\.0\.1:9 .*seedmock serve"):
        Control("http://127.0.0.1:9").health()


def test_a_server_that_is_no_emulator_is_told_from_one() -> None:
    other = httpx.MockTransport(lambda _: httpx.Response(404, text="<html>"))
    with pytest.raises(ControlCallError, match="no control API: it answered HTTP 404"):
        Control("http://example.com", transport=other).health()


@pytest.mark.parametrize("url", ["", "8000", "ftp://x", "//x"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ControlCallError, match="allowed: an address"):
        Control(url)


def test_a_token_is_shown_and_a_key_stays_out_of_addresses() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"exchanges": [], "total": 0, "next": 0})

    Control("http://x/v1/?a=b", "secret", transport=httpx.MockTransport(answer)).journal(key="sk_mine", limit=3)
    assert str(seen[0].url) == "http://x/_mock/journal?limit=3"
    assert (seen[0].headers["x-mock-token"], seen[0].headers["x-mock-key"]) == ("secret", "sk_mine")


def test_an_application_that_nobody_serves_is_commanded_directly(clips: Path) -> None:
    async def within_a_loop() -> None:
        async with create_app(clock=ManualClock(), cache_dir=clips, control_token="secret") as app:
            with Control.of(app, "secret") as control:
                control.fates.add("stuck", key="sk_mine")
                assert control.clock.advance(60).now == app.clock.now()
                assert control.snapshot() == control.snapshot()
                assert json.loads(control.snapshot())["fates"]["rules"]
            with pytest.raises(ControlCallError, match="token"):
                Control.of(app).clock.read()

    asyncio.run(within_a_loop())
