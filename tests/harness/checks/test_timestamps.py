"""Checks of timestamps: unit, stability, and completion time."""

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

SECONDS, MILLISECONDS = 1780275601, 1780275601000
ASSET = "asset-20260601090001-m2x8q"


def enveloped(data: Any) -> dict[str, Any]:
    return {"code": 200, "msg": "success", "data": data}


def test_current_times_are_confirmed(new_history: Callable[..., Any]) -> None:
    assert new_history("opeai").order().passed(timestamps_have_the_documented_unit) == {"opeai.times"}
    assert new_history("apimodels").order().poll("completed").passed(timestamps_have_the_documented_unit) == {
        "apimodels.times"
    }


@pytest.mark.parametrize("timestamp", [SECONDS * 1000, SECONDS / 1000, SECONDS + 8 * 3600, SECONDS - 8 * 3600, 0])
def test_time_in_another_unit_or_zone_fails(new_history: Callable[..., Any], timestamp: float) -> None:
    title = "created_at is not near the time of the exchange"
    histories = (
        new_history("opeai").order(created_at=timestamp),
        new_history("opeai").order().poll("QUEUED", created_at=timestamp),
    )
    for history in histories:
        assert history.failed(timestamps_have_the_documented_unit) == {"opeai.times": (Severity.BREAKING, title)}


@pytest.mark.parametrize("name", ["createTime", "completeTime"])
@pytest.mark.parametrize("timestamp", [SECONDS, MILLISECONDS * 1000, MILLISECONDS + 8 * 3600 * 1000])
def test_apimodels_times_are_in_milliseconds(new_history: Callable[..., Any], name: str, timestamp: int) -> None:
    failures = (
        new_history("apimodels")
        .order()
        .poll("completed", **{name: timestamp})
        .failed(timestamps_have_the_documented_unit)
    )
    title = f"{name} is not near the time of the exchange"
    assert failures == {"apimodels.times": (Severity.BREAKING, title)}


def test_times_are_not_checked_without_a_clock(new_history: Callable[..., Any]) -> None:
    history = new_history("opeai")
    history.now = 0.0
    assert history.order(created_at=5).results_of(timestamps_have_the_documented_unit) == []
    assert new_history("opeai").poll("QUEUED", created_at=5).results_of(timestamps_have_the_documented_unit) == [], (
        "of old, for all we know"
    )


def test_creation_time_is_stable(new_history: Callable[..., Any]) -> None:
    history = new_history("opeai").order().poll("QUEUED")
    assert history.passed(creation_time_is_stable) == {"opeai.query.response.created_at"}
    failures = history.poll("IN_PROGRESS", created_at=SECONDS + 1).failed(creation_time_is_stable)
    assert failures == {"opeai.query.response.created_at": (Severity.BREAKING, "created_at has changed")}
    history = new_history("apimodels").order().poll("pending")
    assert history.results_of(creation_time_is_stable) == [], "it is told for the first time"
    assert history.poll("completed").passed(creation_time_is_stable) == {"apimodels.query.response.createTime"}
    assert history.poll("completed", createTime=MILLISECONDS + 5).failed(creation_time_is_stable)


def test_completion_time_appears_at_the_end(new_history: Callable[..., Any]) -> None:
    check = completion_time_appears_at_the_end
    assert new_history("apimodels").order().poll("completed").passed(check) == {"apimodels.query.response.completeTime"}
    assert new_history("apimodels").order().poll("failed").passed(check) == {
        "apimodels.query.response.completeTime.failed"
    }
    failures = new_history("apimodels").order().poll("processing", completeTime=MILLISECONDS).failed(check)
    assert failures == {
        "apimodels.query.response.completeTime": (
            Severity.BREAKING,
            "completeTime is set before the task has ended",
        )
    }
    failures = new_history("apimodels").order().poll("completed", completeTime=MILLISECONDS - 1).failed(check)
    assert failures["apimodels.query.response.completeTime"][1] == "a task has ended before its creation"


def test_openai_completion_time_is_in_seconds(new_history: Callable[..., Any]) -> None:
    check = completion_time_appears_at_the_end
    assert new_history("opeai").order().poll("completed", progress=100, completed_at=SECONDS + 3).passed(check)
    assert new_history("opeai").order().poll("completed", progress=100, completed_at=SECONDS - 3).failed(check)
    assert new_history("opeai").order().poll("completed", progress=100, completed_at=None).results_of(check) == []
    assert new_history("opeai").order().poll("in_progress", progress=50, completed_at=SECONDS).failed(check)


@pytest.mark.parametrize(("timestamp", "passes"), [(SECONDS, True), (SECONDS * 1000, False)])
def test_asset_creation_time_is_plausible(new_history: Callable[..., Any], timestamp: int, passes: bool) -> None:
    face = {"url": "https://example.com/a.png", "asset_type": "Image", "group_id": 1}
    document = {"id": ASSET, "asset_url": f"asset://{ASSET}", "status": "Active"}
    history = new_history("apimodels").respond(Operation.ASSET_CREATE, enveloped(document), request=face)
    history = history.respond(
        Operation.ASSET_GET, enveloped({**document, "created_at": timestamp}), request={"id": ASSET}
    )
    assert [result.passed for result in history.results_of(asset_creation_times_are_plausible)] == [passes]
    assert (
        new_history("apimodels")
        .respond(Operation.ASSET_GET, enveloped({**document, "created_at": timestamp}))
        .results_of(asset_creation_times_are_plausible)
        == []
    )
