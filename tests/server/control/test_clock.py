"""Time over HTTP: on by a step, to a moment, to what is due; faster, slower, not at all; for all or for one key."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

START = 1_780_000_000.0
Tell = Callable[..., Any]


def test_the_clock_says_what_it_reads(tell: Tell) -> None:
    assert tell("GET", "clock") == {"now": START, "rate": 0.0, "next_due_at": None, "accounts": {}}


@pytest.mark.parametrize(
    ("said", "seconds"),
    [(120, 120), (0.5, 0.5), ("120", 120), ("120s", 120), ("2m", 120), ("1h", 3600), ("250ms", 0.25)],
)
def test_the_clock_goes_on_by_a_time_however_it_is_written(tell: Tell, said: Any, seconds: float) -> None:
    assert tell("POST", "clock", {"advance": said})["now"] == START + seconds


@pytest.mark.parametrize(
    "said",
    [START + 86400, int(START) + 86400, "2026-05-29T20:26:40Z", "2026-05-29T22:26:40+02:00", "2026-05-29 20:26:40"],
)
def test_the_clock_goes_to_a_moment_however_it_is_written(tell: Tell, said: Any) -> None:
    assert tell("POST", "clock", {"set": said})["now"] == START + 86400


def test_a_task_ends_when_the_clock_is_moved_past_its_end(still: Any, tell: Tell) -> None:
    task_id = still.order_b()
    assert still.task_b(task_id)["status"] != "SUCCESS"
    tell("POST", "clock", {"advance": "2s"})
    assert still.task_b(task_id)["status"] == "SUCCESS"


def test_next_goes_from_phase_to_phase_of_every_task(still: Any, tell: Tell) -> None:
    still.order_b()
    tell("POST", "clock", {"advance": 1})
    still.order_a(key="sk_other")
    moments = []
    while tell("GET", "clock")["next_due_at"] is not None:
        moments.append(tell("POST", "clock", {"next": True})["now"] - START)
    assert moments == pytest.approx([1.6, 2.0, 3.0], abs=1e-5)
    assert [task["status"] for task in tell("GET", "tasks")["tasks"]] == ["SUCCESS", "SUCCESS"]


def test_next_waits_for_assets_too(still: Any, tell: Tell) -> None:
    group = still.post("/api/v1/assets/groups", {"name": "g", "group_name": "g"}).json()["data"]
    made = still.post(
        "/api/v1/assets",
        {"group_id": group["id"], "asset_type": "Image", "url": "https://example.com/a.png", "name": "a"},
    )
    assert made.status_code == 200, made.text
    due = tell("GET", "clock")["next_due_at"]
    assert due > START
    assert tell("POST", "clock", {"next": True})["now"] == due
    assert tell("GET", "clock")["next_due_at"] is None


def test_next_where_nothing_is_due_says_so(tell: Tell) -> None:
    assert "nothing is due" in tell("POST", "clock", {"next": True}, status=409)["error"]["message"]


def test_a_key_has_a_clock_of_its_own_once_it_moves_it(still: Any, tell: Tell) -> None:
    mine, theirs = still.order_b(key="sk_mine"), still.order_b(key="sk_theirs")
    said = tell("POST", "clock", {"advance": "1h", "key": "sk_mine"})
    assert said["now"] == START + 3600
    assert list(said["accounts"].values()) == [{"now": START + 3600, "rate": 0.0}]
    assert still.task_b(mine, key="sk_mine")["status"] == "SUCCESS"
    assert still.task_b(theirs, key="sk_theirs")["status"] != "SUCCESS"
    assert tell("GET", "clock")["now"] == START
    assert tell("GET", "clock", headers={"X-Mock-Key": "sk_mine"})["now"] == START + 3600
    tell("POST", "clock", {"advance": 5})
    assert tell("GET", "clock?key=sk_mine")["now"] == START + 3600


def test_a_clock_runs_at_a_rate_and_stands_still_again(tell: Tell) -> None:
    assert tell("POST", "clock", {"rate": 1000})["rate"] == 1000
    before = tell("GET", "clock")["now"]
    assert tell("GET", "clock")["now"] > before
    frozen = tell("POST", "clock", {"freeze": True})
    assert frozen["rate"] == 0
    assert tell("GET", "clock")["now"] == frozen["now"]


@pytest.mark.parametrize(
    ("order", "field", "allowed"),
    [
        ({}, None, "exactly one of advance, set, rate, freeze, next"),
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
        ({"forward": 1}, "forward", "advance, set, rate, freeze, next, key"),
        ({"advance": 1, "key": ""}, "key", "key is blank"),
        ([1], None, "Expected `object`"),
    ],
)
def test_an_order_that_cannot_be_moves_nothing_and_says_what_is_allowed(
    tell: Tell, order: Any, field: str | None, allowed: str
) -> None:
    error = tell("POST", "clock", order, status=400)["error"]
    assert allowed in error["message"]
    assert error.get("field") == field
    assert tell("GET", "clock") == {"now": START, "rate": 0.0, "next_due_at": None, "accounts": {}}


def test_a_moment_that_is_no_number_is_refused(still: Any, tell: Tell) -> None:
    for said in (math.inf, math.nan):
        body = f'{{"advance": {said}}}'.replace("inf", "Infinity").replace("nan", "NaN")
        assert still.ask("POST", "/_mock/clock", key=None, content=body).status_code == 400
    assert tell("GET", "clock")["now"] == START


def test_a_server_with_keys_knows_no_clock_of_another(open_door: Callable[..., Any]) -> None:
    door = open_door(keys=("sk_good",))
    for key, status in (("sk_good", 200), ("sk_bad", 400)):
        answer = door.ask("POST", "/_mock/clock", key=None, json={"advance": 1, "key": key})
        assert answer.status_code == status
        assert "sk_" not in answer.text


def test_under_the_pace_step_no_task_waits_for_the_clock(open_door: Callable[..., Any]) -> None:
    door = open_door(pace="step")
    door.order_b()
    assert door.get("/_mock/clock", key=None).json()["next_due_at"] is None
