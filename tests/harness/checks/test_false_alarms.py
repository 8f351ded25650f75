"""Unusual but documented behaviour causes at most information; undocumented behaviour fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.results.checks import Severity

UPSTREAMS = ("opeai", "apimodels")


def poll_failures(emulator: Any, fate: str, times: int = 8) -> list[tuple[Severity, str]]:
    """Poll a task of this fate every second and return severity and fact of each failure."""
    driver = emulator.driver
    order = driver.call(
        Operation.CREATE, dict(driver.contract.example(Operation.CREATE)), headers={"x-mock-fate": fate}
    )
    params = {"task_id": order.created_id}
    for _ in range(times):
        driver.call(Operation.QUERY, None if driver.contract.name == "opeai" else params, params=params)
        driver.sleep(1.0)
    return [(failure.severity, failure.fact.id) for failure in emulator.failures()]


@pytest.mark.parametrize("name", UPSTREAMS)
@pytest.mark.parametrize(
    "fate", ["stuck status=queued", "stuck status=in_progress", "slow", "link_dead", "content_late"]
)
def test_slow_tasks_pass(start_emulator: Callable[..., Any], name: str, fate: str) -> None:
    assert poll_failures(start_emulator(name), fate) == []


def test_undocumented_early_status_of_opeai_is_information(start_emulator: Callable[..., Any]) -> None:
    failures = poll_failures(start_emulator("opeai"), "not_started_first queue=2s render=2s duration=1s")
    assert set(failures) == {(Severity.INFO, "opeai.status.queued")}


@pytest.mark.parametrize(("name", "field"), [("opeai", "status"), ("apimodels", "state")])
def test_unknown_status_fails(start_emulator: Callable[..., Any], name: str, field: str) -> None:
    failures = poll_failures(start_emulator(name), "unknown_status raw_status=PONDERING duration=2s queue=1s render=1s")
    assert (Severity.BREAKING, f"{name}.query.response.{field}") in failures
    assert {fact for _, fact in failures} <= {f"{name}.query.response.{field}", "apimodels.envelope"}


@pytest.mark.parametrize("name", UPSTREAMS)
def test_failure_spelled_expired_fails(start_emulator: Callable[..., Any], name: str) -> None:
    failures = poll_failures(start_emulator(name), "expired raw_status=expired queue=1s render=1s")
    assert set(failures) == {(Severity.BREAKING, f"{name}.status.failure")}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", UPSTREAMS)
def test_no_seed_causes_a_failure(start_emulator: Callable[..., Any], name: str, seed: int) -> None:
    assert poll_failures(start_emulator(name, seed=seed), "succeed queue=2s render=3s") == []
