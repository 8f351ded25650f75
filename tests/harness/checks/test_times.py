"""Times: their unit, that they stay, that the end comes at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks.timestamps import (
    asset_creation_times_are_plausible,
    completion_time_appears_at_the_end,
    creation_time_is_stable,
    timestamps_have_the_documented_unit,
)
from seedmock_harness.results.checks import Severity

AT, MS = 1780275601, 1780275601000
ASSET = "asset-20260601090001-m2x8q"


def ok(data: Any) -> dict[str, Any]:
    return {"code": 200, "msg": "success", "data": data}


def test_times_near_now_are_confirmed(talk: Callable[..., Any]) -> None:
    assert talk("opeai").order().held(timestamps_have_the_documented_unit) == {"opeai.times"}
    assert talk("apimodels").order().poll("completed").held(timestamps_have_the_documented_unit) == {"apimodels.times"}


@pytest.mark.parametrize("at", [AT * 1000, AT / 1000, AT + 8 * 3600, AT - 8 * 3600, 0])
def test_a_time_in_another_unit_or_zone_is_found(talk: Callable[..., Any], at: float) -> None:
    title = "created_at is not near the time of the exchange"
    lies = talk("opeai").order(created_at=at), talk("opeai").order().poll("QUEUED", created_at=at)
    for lie in lies:
        assert lie.broken(timestamps_have_the_documented_unit) == {"opeai.times": (Severity.BREAKING, title)}


@pytest.mark.parametrize("name", ["createTime", "completeTime"])
@pytest.mark.parametrize("at", [AT, MS * 1000, MS + 8 * 3600 * 1000])
def test_a_s_times_are_milliseconds(talk: Callable[..., Any], name: str, at: int) -> None:
    found = talk("apimodels").order().poll("completed", **{name: at}).broken(timestamps_have_the_documented_unit)
    title = f"{name} is not near the time of the exchange"
    assert found == {"apimodels.times": (Severity.BREAKING, title)}


def test_without_a_clock_nobody_knows(talk: Callable[..., Any]) -> None:
    timeless = talk("opeai")
    timeless.at = 0.0
    assert timeless.order(created_at=5).of(timestamps_have_the_documented_unit) == []
    assert talk("opeai").poll("QUEUED", created_at=5).of(timestamps_have_the_documented_unit) == [], (
        "of old, for all we know"
    )


def test_the_time_of_creation_is_the_same_each_time(talk: Callable[..., Any]) -> None:
    honest = talk("opeai").order().poll("QUEUED")
    assert honest.held(creation_time_is_stable) == {"opeai.query.answer.created_at"}
    found = honest.poll("IN_PROGRESS", created_at=AT + 1).broken(creation_time_is_stable)
    assert found == {"opeai.query.answer.created_at": (Severity.BREAKING, "created_at has changed")}
    other = talk("apimodels").order().poll("pending")
    assert other.of(creation_time_is_stable) == [], "it is told for the first time"
    assert other.poll("completed").held(creation_time_is_stable) == {"apimodels.query.answer.createTime"}
    assert other.poll("completed", createTime=MS + 5).broken(creation_time_is_stable)


def test_the_end_is_told_at_the_end(talk: Callable[..., Any]) -> None:
    check = completion_time_appears_at_the_end
    assert talk("apimodels").order().poll("completed").held(check) == {"apimodels.query.answer.completeTime"}
    assert talk("apimodels").order().poll("failed").held(check) == {"apimodels.query.answer.completeTime.failed"}
    early = talk("apimodels").order().poll("processing", completeTime=MS).broken(check)
    assert early == {
        "apimodels.query.answer.completeTime": (
            Severity.BREAKING,
            "completeTime is set before the task has ended",
        )
    }
    backwards = talk("apimodels").order().poll("completed", completeTime=MS - 1).broken(check)
    assert backwards["apimodels.query.answer.completeTime"][1] == "a task has ended before its creation"


def test_openai_s_end_is_in_seconds(talk: Callable[..., Any]) -> None:
    check = completion_time_appears_at_the_end
    assert talk("opeai").order().poll("completed", progress=100, completed_at=AT + 3).held(check)
    assert talk("opeai").order().poll("completed", progress=100, completed_at=AT - 3).broken(check)
    assert talk("opeai").order().poll("completed", progress=100, completed_at=None).of(check) == []
    assert talk("opeai").order().poll("in_progress", progress=50, completed_at=AT).broken(check)


@pytest.mark.parametrize(("at", "right"), [(AT, True), (AT * 1000, False)])
def test_an_asset_is_dated_by_its_making(talk: Callable[..., Any], at: int, right: bool) -> None:
    face = {"url": "https://example.com/a.png", "asset_type": "Image", "group_id": 1}
    told = {"id": ASSET, "asset_url": f"asset://{ASSET}", "status": "Active"}
    made = talk("apimodels").hear(Operation.ASSET_CREATE, ok(told), sent=face)
    seen = made.hear(Operation.ASSET_GET, ok({**told, "created_at": at}), sent={"id": ASSET})
    assert [look.passed for look in seen.of(asset_creation_times_are_plausible)] == [right]
    assert (
        talk("apimodels")
        .hear(Operation.ASSET_GET, ok({**told, "created_at": at}))
        .of(asset_creation_times_are_plausible)
        == []
    )
