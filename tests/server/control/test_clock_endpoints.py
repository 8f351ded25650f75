"""Clock endpoints: advance, set, next, rate and freeze; for all or for one key."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

START = 1_780_000_000.0
Control = Callable[..., Any]


def test_the_clock_can_be_read(control: Control) -> None:
    assert control("GET", "clock") == {"now": START, "rate": 0.0, "next_due_at": None, "accounts": {}}


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [(120, 120), (0.5, 0.5), ("120", 120), ("120s", 120), ("2m", 120), ("1h", 3600), ("250ms", 0.25)],
)
def test_advance_accepts_every_notation_of_a_duration(control: Control, duration: Any, seconds: float) -> None:
    assert control("POST", "clock", {"advance": duration})["now"] == START + seconds


@pytest.mark.parametrize(
    "time",
    [START + 86400, int(START) + 86400, "2026-05-29T20:26:40Z", "2026-05-29T22:26:40+02:00", "2026-05-29 20:26:40"],
)
def test_set_accepts_epoch_seconds_and_iso_8601(control: Control, time: Any) -> None:
    assert control("POST", "clock", {"set": time})["now"] == START + 86400


def test_a_task_ends_when_the_clock_is_moved_past_its_end(frozen_server: Any, control: Control) -> None:
    task_id = frozen_server.order_opeai()
    assert frozen_server.query_opeai(task_id)["status"] != "SUCCESS"
    control("POST", "clock", {"advance": "2s"})
    assert frozen_server.query_opeai(task_id)["status"] == "SUCCESS"


def test_next_advances_to_each_status_change_of_every_task(frozen_server: Any, control: Control) -> None:
    frozen_server.order_opeai()
    control("POST", "clock", {"advance": 1})
    frozen_server.order_apimodels(key="sk_other")
    times = []
    while control("GET", "clock")["next_due_at"] is not None:
        times.append(control("POST", "clock", {"next": True})["now"] - START)
    assert times == pytest.approx([1.6, 2.0, 3.0], abs=1e-5)
    assert [task["status"] for task in control("GET", "tasks")["tasks"]] == ["SUCCESS", "SUCCESS"]


def test_next_advances_to_the_end_of_asset_processing(frozen_server: Any, control: Control) -> None:
    group = frozen_server.post("/api/v1/assets/groups", {"name": "g", "group_name": "g"}).json()["data"]
    response = frozen_server.post(
        "/api/v1/assets",
        {"group_id": group["id"], "asset_type": "Image", "url": "https://example.com/a.png", "name": "a"},
    )
    assert response.status_code == 200, response.text
    due = control("GET", "clock")["next_due_at"]
    assert due > START
    assert control("POST", "clock", {"next": True})["now"] == due
    assert control("GET", "clock")["next_due_at"] is None


@pytest.mark.parametrize("time", [START - 86400, "2026-05-27T20:26:40Z"])
def test_the_clock_of_a_key_freezes_at_an_earlier_time(control: Control, time: Any) -> None:
    control("POST", "clock", {"rate": 60, "key": "sk_mine"})
    clock = control("POST", "clock", {"freeze_at": time, "key": "sk_mine"})
    assert (clock["now"], clock["rate"]) == (START - 86400, 0.0)
    assert control("GET", "clock")["now"] == START


def test_next_with_nothing_due_gets_a_409(control: Control) -> None:
    assert "nothing is due" in control("POST", "clock", {"next": True}, status=409)["error"]["message"]


def test_moving_the_clock_of_a_key_leaves_the_others(frozen_server: Any, control: Control) -> None:
    mine, theirs = frozen_server.order_opeai(key="sk_mine"), frozen_server.order_opeai(key="sk_theirs")
    clock = control("POST", "clock", {"advance": "1h", "key": "sk_mine"})
    assert clock["now"] == START + 3600
    assert list(clock["accounts"].values()) == [{"now": START + 3600, "rate": 0.0}]
    assert frozen_server.query_opeai(mine, key="sk_mine")["status"] == "SUCCESS"
    assert frozen_server.query_opeai(theirs, key="sk_theirs")["status"] != "SUCCESS"
    assert control("GET", "clock")["now"] == START
    assert control("GET", "clock", headers={"X-Mock-Key": "sk_mine"})["now"] == START + 3600
    control("POST", "clock", {"advance": 5})
    assert control("GET", "clock?key=sk_mine")["now"] == START + 3600


def test_zero_is_a_duration_and_a_rate(control: Control) -> None:
    assert control("POST", "clock", {"advance": 0})["now"] == START
    control("POST", "clock", {"rate": 2})
    assert control("POST", "clock", {"rate": 0})["rate"] == 0


def test_a_clock_can_run_at_a_rate_and_be_frozen_again(control: Control) -> None:
    assert control("POST", "clock", {"rate": 1000})["rate"] == 1000
    before = control("GET", "clock")["now"]
    assert control("GET", "clock")["now"] > before
    frozen = control("POST", "clock", {"freeze": True})
    assert frozen["rate"] == 0
    assert control("GET", "clock")["now"] == frozen["now"]


@pytest.mark.parametrize(
    ("order", "field", "allowed"),
    [
        ({}, None, "exactly one of advance, set, rate, freeze, freeze_at, next"),
        ({"advance": 1, "rate": 1}, None, "found advance, rate"),
        ({"advance": -1}, "advance", "allowed: seconds"),
        ({"advance": "soon"}, "advance", "'soon'"),
        ({"advance": True}, "advance", "advance"),
        ({"advance": [1]}, "advance", "advance"),
        ({"set": START - 1}, "set", "moves forward only"),
        ({"set": "tomorrow"}, "set", "epoch seconds, or 2026"),
        ({"set": 1e300}, "set", "1e+300"),
        ({"rate": -1}, "rate", "allowed: 0"),
        ({"rate": "fast"}, "rate", "Expected `float"),
        ({"forward": 1}, "forward", "advance, set, rate, freeze, freeze_at, next, key"),
        ({"advance": 1, "key": ""}, "key", "key is blank"),
        ([1], None, "Expected `object`"),
    ],
)
def test_an_invalid_change_is_rejected_and_moves_nothing(
    control: Control, order: Any, field: str | None, allowed: str
) -> None:
    error = control("POST", "clock", order, status=400)["error"]
    assert allowed in error["message"]
    assert error.get("field") == field
    assert control("GET", "clock") == {"now": START, "rate": 0.0, "next_due_at": None, "accounts": {}}


def test_infinity_and_nan_are_rejected(frozen_server: Any, control: Control) -> None:
    for duration in (math.inf, math.nan):
        body = f'{{"advance": {duration}}}'.replace("inf", "Infinity").replace("nan", "NaN")
        assert frozen_server.ask("POST", "/_mock/clock", key=None, content=body).status_code == 400
    assert control("GET", "clock")["now"] == START


def test_an_invalid_key_has_no_clock_and_is_not_repeated_in_messages(start_server: Callable[..., Any]) -> None:
    server = start_server(keys=("sk_good",))
    for key, status in (("sk_good", 200), ("sk_bad", 400)):
        answer = server.ask("POST", "/_mock/clock", key=None, json={"advance": 1, "key": key})
        assert answer.status_code == status
        assert "sk_" not in answer.text


def test_nothing_is_due_under_the_pace_step(start_server: Callable[..., Any]) -> None:
    server = start_server(pace="step")
    server.order_opeai()
    assert server.get("/_mock/clock", key=None).json()["next_due_at"] is None
