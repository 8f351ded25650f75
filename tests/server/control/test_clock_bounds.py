"""Bounds of the clock: no way to move it leads to a date that cannot be written."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from seedmock_server import serve
from seedmock_server.cli.main import main
from seedmock_server.clock import MAX_RATE, MAX_TIME, Clock, ManualClock
from seedmock_server.matching.rules import InvalidRule
from seedmock_server.settings import InvalidSetting, Settings
from seedmock_server.tasks.latency import latency_rule_from

from ..conftest import BOAT_OPEAI

Control = Callable[..., Any]
StartServer = Callable[..., Any]
NOW = 1_780_000_000.0
TOO_LATE = (MAX_TIME * 1.01, 1e15, 1e300, math.inf, math.nan)


def change_clock(server: Any, change: Any) -> Any:
    return server.ask("POST", "/_mock/clock", key=None, json=change)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"advance": "99999999d"}, "advance"),
        ({"advance": "999999999d"}, "advance"),
        ({"advance": 1e300}, "advance"),
        ({"advance": 2_000_000_000}, "advance"),
        ({"set": MAX_TIME * 1.01}, "set"),
        ({"set": "9999-12-31T23:59:59Z"}, "set"),
        ({"set": "9999-12-31T23:59:59-12:00"}, "set"),
        ({"rate": MAX_RATE * 1.01}, "rate"),
        ({"rate": 1e300}, "rate"),
    ],
)
@pytest.mark.parametrize("key", [None, "sk_mine"])
def test_a_change_beyond_the_calendar_is_rejected(frozen_server: Any, change: Any, field: str, key: str | None) -> None:
    response = change_clock(frozen_server, change if key is None else {**change, "key": key})
    assert response.status_code == 400, response.text
    assert response.json()["error"]["field"] == field
    assert "allowed" in response.json()["error"]["message"]
    clock = frozen_server.get("/_mock/clock", key=None).json()
    assert (clock["now"], clock["rate"], clock["accounts"]) == (NOW, 0.0, {})


def test_repeated_advances_stop_before_the_end_of_the_calendar(frozen_server: Any) -> None:
    assert change_clock(frozen_server, {"set": MAX_TIME}).status_code == 200
    response = change_clock(frozen_server, {"advance": "1s"})
    assert response.status_code == 400
    assert f"from 0 to {MAX_TIME:.0f}" in response.json()["error"]["message"]


def test_creates_and_polls_work_at_the_latest_time(frozen_server: Any) -> None:
    assert change_clock(frozen_server, {"set": MAX_TIME}).status_code == 200
    for fate in ("succeed queue=1000000000 render=1000000000", "slow after=1000000000"):
        instruction = {"X-Mock-Fate": fate}
        order = frozen_server.post("/v1/videos", BOAT_OPEAI, headers=instruction)
        assert order.status_code == 200, order.text
        assert frozen_server.query_opeai(order.json()["id"])["status"] != "SUCCESS"
    frozen_server.query_apimodels(frozen_server.order_apimodels())
    assert frozen_server.get("/_mock/journal?format=har", key=None).status_code == 200


def test_a_time_in_milliseconds_is_named_as_such(frozen_server: Any) -> None:
    response = change_clock(frozen_server, {"set": 1795917254000})
    assert response.status_code == 400
    message = response.json()["error"]["message"]
    assert "seconds since the epoch" in message
    assert "this looks like milliseconds: 1795917254" in message


@pytest.mark.parametrize("duration", ["99999999d", "1000000001", "1e400", "nan"])
def test_a_header_beyond_the_calendar_gets_a_400_and_moves_nothing(frozen_server: Any, duration: str) -> None:
    response = frozen_server.get("/v1/videos/x", headers={"X-Mock-Advance": duration})
    assert response.status_code == 400, response.text
    assert "allowed" in response.json()["error"]["message"]
    assert frozen_server.get("/_mock/clock", key=None).json()["accounts"] == {}


def test_a_header_past_the_latest_time_gets_a_400(frozen_server: Any) -> None:
    change_clock(frozen_server, {"set": MAX_TIME})
    response = frozen_server.get("/v1/videos/x", headers={"X-Mock-Advance": "1s"})
    assert response.status_code == 400
    assert "X-Mock-Advance is '1s': time is 100000000001; allowed" in response.json()["error"]["message"]
    assert frozen_server.get("/_mock/clock", key=None).json()["accounts"] == {}


@pytest.mark.parametrize("at", TOO_LATE)
def test_no_method_of_a_clock_accepts_a_time_beyond_the_calendar(at: float) -> None:
    clock = ManualClock()
    for move in (clock.set, clock.advance, clock.sleep, lambda at: clock.restore(at, 0.0), ManualClock, Clock):
        with pytest.raises(ValueError, match="allowed"):
            move(at)
    assert clock.now() == NOW


@pytest.mark.parametrize("rate", [-1.0, MAX_RATE * 2, math.inf, math.nan])
def test_no_method_of_a_clock_accepts_a_rate_that_skips_years(rate: float) -> None:
    clock = ManualClock()
    for move in (clock.set_rate, lambda rate: clock.restore(NOW, rate), lambda rate: Clock(NOW, rate=rate)):
        with pytest.raises(ValueError, match=r"allowed: 0 \(frozen\) to 1000000"):
            move(rate)
    assert (clock.now(), clock.rate) == (NOW, 0.0)


def test_a_running_clock_stops_at_the_latest_time() -> None:
    clock = Clock(MAX_TIME - 1e-9, rate=MAX_RATE)
    while clock.now() < MAX_TIME:
        pass
    assert clock.now() == MAX_TIME


@given(st.lists(st.tuples(st.sampled_from(["advance", "set", "restore"]), st.floats()), max_size=8))
def test_every_reading_of_a_clock_is_a_date(moves: list[tuple[str, float]]) -> None:
    clock = ManualClock()
    for name, value in moves:
        with contextlib.suppress(ValueError):
            getattr(clock, name)(value, *([0.0] if name == "restore" else []))
    assert datetime.fromtimestamp(clock.now(), UTC).year <= 5138


def test_the_command_line_rejects_a_time_beyond_the_calendar() -> None:
    clock = ManualClock()
    with serve(pace="fast", clock=clock) as server:
        for arguments in (["advance", "99999999d"], ["set", "1795917254000"], ["rate", "1e300"]):
            result = CliRunner().invoke(main, ["clock", *arguments], env={"SEEDMOCK_BASE_URL": server.url})
            assert result.exit_code == 1, result.output
            assert "allowed" in result.output
    assert clock.now() == NOW


SNAPSHOT_CHANGES: dict[str, Callable[[Any], Any]] = {
    "the shared clock": lambda state: state["clock"].update(now=MAX_TIME * 1.5),
    "the rate": lambda state: state["clock"].update(rate=MAX_RATE * 2),
    "an account's clock": lambda state: state["clocks"].update({"key-x": {"now": 1e15, "rate": 0}}),
    "a task's creation": lambda state: state["accounts"][0]["tasks"][0].update(created_at=1e15),
    "a task's cancellation": lambda state: state["accounts"][0]["tasks"][0].update(cancelled_at=1e15),
    "a phase": lambda state: state["accounts"][0]["tasks"][0]["phases"][1].update(at=1e15),
    "the delay of a clip": lambda state: state["accounts"][0]["tasks"][0].update(clip_delay=1e15),
    "the life of a link": lambda state: state["accounts"][0]["tasks"][0].update(link_seconds=-1),
    "a journal entry": lambda state: state["journal"]["entries"][0][1].__setitem__(0, 1e15),
    "a counted call": lambda state: state.update(recent_calls=[["opeai", "key-x", [1e15]]]),
    "a fixed latency": lambda state: state.update(latencies={"rules": [{"fixed": 1e15}]}),
    "a latency below 0": lambda state: state.update(latencies={"rules": [{"distribution": {"p50": -1, "p90": 1}}]}),
}


@pytest.mark.parametrize("change", SNAPSHOT_CHANGES.values(), ids=SNAPSHOT_CHANGES)
def test_a_snapshot_with_a_time_beyond_the_calendar_is_rejected(
    frozen_server: Any, change: Callable[[Any], Any]
) -> None:
    frozen_server.order_opeai()
    state = json.loads(frozen_server.get("/_mock/snapshot", key=None).content)
    change(state)
    response = frozen_server.ask("PUT", "/_mock/snapshot", key=None, json=state)
    assert response.status_code == 400, response.text
    assert "allowed" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "latency", ['fixed = "99999999d"', 'p50 = "1s"\np90 = "99999999d"'], ids=["fixed", "distribution"]
)
def test_a_scenario_with_a_latency_beyond_the_calendar_is_rejected(frozen_server: Any, latency: str) -> None:
    head = '[scenario]\ntitle = "Slow"\ndescription = "Slow."\nlink = "https://example.com/"\n'
    response = frozen_server.ask("PUT", "/_mock/scenario", key=None, content=f"{head}[latency]\n{latency}\n".encode())
    assert response.status_code == 400
    assert "at most 1000000000 seconds" in response.json()["error"]["message"]


def test_the_tail_of_a_latency_stays_in_the_calendar() -> None:
    rule = latency_rule_from({"p50": "1ms", "p90": 1e9})
    assert sum(rule.durations(1 - 1e-9)) == pytest.approx(1e9)


def test_a_latency_of_more_than_31_years_is_rejected() -> None:
    with pytest.raises(InvalidRule, match="fixed is '99999999d'; allowed: at most 1000000000 seconds"):
        latency_rule_from({"fixed": "99999999d"})


@pytest.mark.parametrize("seconds", [-1.0, 1e10, math.inf, math.nan])
def test_a_refund_beyond_the_calendar_is_no_setting(seconds: float) -> None:
    with pytest.raises(InvalidSetting, match="refund_after"):
        Settings(refund_after=seconds)
