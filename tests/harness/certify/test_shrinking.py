"""What breaks in a scenario of many steps is shown in as few as still break it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_harness.certify import runner as running
from seedmock_harness.certify.runner import run_certification
from seedmock_harness.certify.scenario import Scenario, fate, fault
from seedmock_harness.certify.trial import shrunk
from seedmock_harness.results.certification import Invariant

MANY = Scenario(
    "many",
    "a lot goes wrong at once",
    (
        fate("succeed after=500ms"),
        fault("query", "status code=500", nth=1),
        fault("query", "latency seconds=50ms", nth=2),
        fault("query", "status code=429 retry_after=1s", nth=3),
        fault("query", "status code=404", nth=4),
        fault("query", "malformed", nth=5),
        fault("content", "body_cut", times=1),
        fault("content", "status code=500", nth=2),
    ),
    "without audio",
)


def test_steps_are_left_out_as_long_as_it_still_breaks() -> None:
    asked: list[Scenario] = []

    def breaks(scenario: Scenario) -> bool:
        asked.append(scenario)
        return any("404" in step.text for step in scenario.steps)

    small = shrunk(MANY, breaks)
    assert [str(step) for step in small.steps] == ["fault at query, call 4: status code=404"]
    assert small.order == "text"
    assert len(asked) < 30


def test_so_many_tries_are_made_and_no_more() -> None:
    asked: list[Scenario] = []
    small = shrunk(MANY, lambda one: not asked.append(one), most=3)
    assert len(asked) == 3
    assert len(small.steps) == 6


@pytest.mark.slow
def test_a_drawn_scenario_in_which_a_client_fails_is_told_in_its_smallest_form(
    making: Callable[..., Any], monkeypatch: Any
) -> None:
    monkeypatch.setattr(running, "generated", lambda *_, **__: iter((MANY,)))
    found = run_certification(
        making("plain", "ignores-retry-after"), upstream="opeai", only=("ordinary", "many"), seed=1
    )
    (broken,) = found.violations
    assert broken.invariant is Invariant.RETRY_AFTER
    steps = [line for line in broken.transcript if line.startswith("step: ")]
    assert steps == ["step: fault at query, call 3: status code=429 retry_after=1s"]
