"""A correct emulator conforms: without a budget, with the smallest order, and with an unlimited budget."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import Result

from seedmock_contracts.enums import Basis
from seedmock_contracts.upstreams import get_contract

from ...profiles import IS_DEEP

if TYPE_CHECKING:
    from .conftest import OpenEmulator, Verify, VerifyWhole

# Whole runs with other seeds are alike. Each time there is another one, step by step, in tests/harness/mutants, with
# parts of the steps for twenty seeds more.
SEEDS = [1, 2, 3] if IS_DEEP else [1]
KEYS = {
    *("upstream", "target", "started_at", "verdict", "spent", "currency", "problem"),
    *("tasks_created", "facts", "findings", "unresolved_orders", "confirmed_assumptions"),
}
Run = Callable[..., Result]
ReadReport = Callable[[], dict[str, Any]]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_unmodified_emulator_has_no_finding(verify_whole: VerifyWhole, upstream: str, seed: int) -> None:
    run = verify_whole(upstream, seed)
    assert (run.report["verdict"], run.report["findings"], run.report["problem"]) == ("conforms", [], "")
    assert run.report["tasks_created"] > 8
    assert "conforms" in run.output


@pytest.mark.slow
def test_nothing_is_ordered_without_a_budget(
    run_verify: Run, read_report: ReadReport, tmp_path: Path, upstream: str
) -> None:
    result = run_verify("--upstream", upstream, "--report", str(tmp_path / "report.json"))
    assert result.exit_code == 0, result.output
    report = read_report()
    assert (report["spent"], report["tasks_created"]) == (0, 0)
    assert "paid steps: 0 of" in result.output
    assert "beyond the budget" in result.output


def test_minimal_selects_the_vendors_own_test_orders(
    run_verify: Run, read_report: ReadReport, tmp_path: Path, upstream: str
) -> None:
    result = run_verify("--upstream", upstream, "--only", "minimal", "--report", str(tmp_path / "report.json"))
    assert result.exit_code == 0, result.output
    assert {"text", "image", "multimodal"} <= set(read_report()["steps"])
    assert 3 <= read_report()["tasks_created"] <= 3


def test_report_has_every_fact_once_and_the_documented_keys(
    run_verify: Run, read_report: ReadReport, tmp_path: Path, upstream: str
) -> None:
    run_verify("--upstream", upstream, "--only", "text", "--report", str(tmp_path / "report.json"))
    report = read_report()
    assert set(report) >= KEYS
    facts = [(fact["id"], fact["basis"]) for fact in report["facts"]]
    assert facts == [(fact.id, fact.basis.value) for fact in get_contract(upstream).facts()]
    assert {fact["status"] for fact in report["facts"]} == {"confirmed", "not-checked"}
    assert all(fact["detail"] for fact in report["facts"])
    assert (report["upstream"], report["target"]) == (upstream, "an emulator started for this run")
    assert report["started_at"].endswith("+00:00")


@pytest.mark.slow
def test_emulator_confirms_no_assumption(open_emulator: OpenEmulator, verify_target: Verify, upstream: str) -> None:
    with open_emulator() as emulator:
        verification = verify_target(upstream, emulator.target, only=("text", "free"))
    assert any(fact.fact.basis is Basis.ASSUMED and fact.status == "confirmed" for fact in verification.facts)
    assert verification.confirmed_assumptions == ()


@pytest.mark.slow
def test_live_service_confirms_assumptions(open_emulator: OpenEmulator, verify_target: Verify, upstream: str) -> None:
    def without_basis_header(send: Any) -> Any:
        def wrapped(method: str, url: str, **arguments: Any) -> Any:
            response = send(method, url, **arguments)
            headers = {name: value for name, value in response.headers.items() if name != "x-mock-basis"}
            return type(response)(response.status_code, headers, response.content)

        return wrapped

    with open_emulator() as emulator:
        verification = verify_target(upstream, emulator.with_send(without_basis_header), only=("text", "free"))
    assert verification.confirmed_assumptions
    assert all(
        patch.startswith(f"{fact.id}: basis: assumed -> observed (verified 2")
        for fact, patch in verification.confirmed_assumptions
    )


def test_list_sends_nothing(run_verify: Run, upstream: str) -> None:
    result = run_verify("--upstream", upstream, "--list", "--base-url", "http://127.0.0.1:9", "--api-key", "k")
    assert result.exit_code == 0
    rows = result.output.splitlines()
    assert any(row.startswith("text ") and row.endswith("(minimal)") for row in rows)
    assert any("free" in row.split()[1] for row in rows)
