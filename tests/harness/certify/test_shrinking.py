"""A violation found in a scenario of many steps is reported with as few steps as still show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seedmock_harness.certify import runner
from seedmock_harness.certify.runner import run_certification
from seedmock_harness.certify.scenario import TrialScenario, fate, fault
from seedmock_harness.certify.trial import shrink_scenario
from seedmock_harness.results.certification import Invariant

if TYPE_CHECKING:
    from .conftest import MakeClient

SCENARIO = TrialScenario(
    "many",
    "many faults at once",
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


def test_needless_steps_are_removed() -> None:
    attempts: list[TrialScenario] = []

    def fails(scenario: TrialScenario) -> bool:
        attempts.append(scenario)
        return any("404" in step.text for step in scenario.steps)

    smallest = shrink_scenario(SCENARIO, fails)
    assert [str(step) for step in smallest.steps] == ["fault at query, call 4: status code=404"]
    assert smallest.order == "text"
    assert len(attempts) < 30


def test_number_of_attempts_is_limited() -> None:
    attempts: list[TrialScenario] = []

    def fails(scenario: TrialScenario) -> bool:
        attempts.append(scenario)
        return True

    smallest = shrink_scenario(SCENARIO, fails, max_attempts=3)
    assert len(attempts) == 3
    assert len(smallest.steps) == 6


@pytest.mark.slow
def test_violation_in_a_random_scenario_is_reported_in_its_smallest_form(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "random_scenarios", lambda *_, **__: iter((SCENARIO,)))
    client = make_client("plain", "ignores-retry-after")
    certification = run_certification(client, upstream="opeai", only=("success", "many"), seed=1)
    (violation,) = certification.violations
    assert violation.invariant is Invariant.RETRY_AFTER
    steps = [line for line in violation.transcript if line.startswith("step: ")]
    assert steps == ["step: fault at query, call 3: status code=429 retry_after=1s"]
