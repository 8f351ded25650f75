"""An emulator conforms: for nothing, for the smallest order, and for all the money there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.enums import Basis
from seedmock_contracts.upstreams import NAMES, get_contract

KEYS = {
    *("upstream", "target", "started_at", "verdict", "spent_usd", "tasks_created", "facts", "findings"),
}


@pytest.fixture(params=NAMES)
def upstream(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_unchanged_emulator_gives_no_finding(
    command: Any, report: Any, tmp_path: Path, upstream: str, seed: int
) -> None:
    path = str(tmp_path / "report.json")
    told = command("--upstream", upstream, "--budget", "unlimited", "--report", path, "--seed", str(seed))
    assert told.exit_code == 0, told.output
    said = report()
    assert (said["verdict"], said["findings"], said["trouble"]) == ("conforms", [], "")
    assert said["tasks_created"] > 8
    assert "conforms" in told.output


@pytest.mark.slow
def test_nothing_is_ordered_unless_a_budget_is_given(command: Any, report: Any, tmp_path: Path, upstream: str) -> None:
    told = command("--upstream", upstream, "--report", str(tmp_path / "report.json"))
    assert told.exit_code == 0, told.output
    said = report()
    assert (said["spent_usd"], said["tasks_created"]) == (0, 0)
    assert "paid steps: 0 of" in told.output
    assert "not paid for" in told.output


def test_the_smallest_order_of_tests_has_a_name(command: Any, report: Any, tmp_path: Path, upstream: str) -> None:
    told = command("--upstream", upstream, "--only", "minimal", "--report", str(tmp_path / "report.json"))
    assert told.exit_code == 0, told.output
    assert {"text", "image", "multimodal"} <= set(report()["steps"])
    assert 3 <= report()["tasks_created"] <= 3


def test_a_report_has_every_fact_once_and_the_keys_that_programs_rely_on(
    command: Any, report: Any, tmp_path: Path, upstream: str
) -> None:
    command("--upstream", upstream, "--only", "text", "--report", str(tmp_path / "report.json"))
    said = report()
    assert set(said) >= KEYS
    facts = [(fact["id"], fact["basis"]) for fact in said["facts"]]
    assert facts == [(fact.id, fact.basis.value) for fact in get_contract(upstream).facts()]
    assert {fact["verdict"] for fact in said["facts"]} == {"confirmed", "not-looked"}
    assert all(fact["detail"] for fact in said["facts"])
    assert (said["upstream"], said["target"]) == (upstream, "an emulator of its own")
    assert said["started_at"].endswith("+00:00")


@pytest.mark.slow
def test_an_emulator_settles_no_assumption_by_agreeing_with_itself(
    world_of: Callable[..., Any], verified: Any, upstream: str
) -> None:
    with world_of() as world:
        found = verified(upstream, world.target, only=("text", "free"))
    assert any(seen.fact.basis is Basis.ASSUMED and seen.status == "confirmed" for seen in found.facts)
    assert found.confirmed_assumptions == ()


@pytest.mark.slow
def test_a_stranger_settles_the_assumptions_that_it_bears_out(
    world_of: Callable[..., Any], verified: Any, upstream: str
) -> None:
    def unlabelled(send: Any) -> Any:
        def asked(method: str, url: str, **more: Any) -> Any:
            answer = send(method, url, **more)
            plain = {name: value for name, value in answer.headers.items() if name != "x-mock-basis"}
            return type(answer)(answer.status_code, plain, answer.content)

        return asked

    with world_of() as world:
        found = verified(upstream, world.wrapped(unlabelled), only=("text", "free"))
    assert found.confirmed_assumptions
    assert all(
        patch.startswith(f"{fact.id}: evidence: assumed -> observed (verified 2")
        for fact, patch in found.confirmed_assumptions
    )


def test_listing_sends_nothing(command: Any, upstream: str) -> None:
    told = command("--upstream", upstream, "--list", "--base-url", "http://127.0.0.1:9", "--api-key", "k")
    assert told.exit_code == 0
    rows = told.output.splitlines()
    assert any(row.startswith("text ") and row.endswith("(minimal)") for row in rows)
    assert any("free" in row.split()[1] for row in rows)
