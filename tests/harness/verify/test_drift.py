"""A target that contradicts the contract is found, by the fact that it contradicts; a flake is not drift."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import Result

from seedmock_contracts.enums import Basis
from seedmock_harness.results.checks import Severity
from seedmock_harness.results.verification import VerificationVerdict
from seedmock_server import ControlClient, serve

if TYPE_CHECKING:
    from .conftest import OpenEmulator, Verify


@pytest.mark.parametrize(
    ("upstream", "mutation", "operation", "fact"),
    [
        ("opeai", "backwards", "query", "opeai.content"),
        ("opeai", "other_size", "content", "opeai."),
        ("opeai", "other_duration", "content", "opeai."),
        ("opeai", "missing field=status", "create", "opeai."),
        ("opeai", "retyped field=created_at as=string", "query", "opeai."),
        ("apimodels", "missing field=taskId", "create", "apimodels."),
        ("apimodels", "other_price factor=3", None, "apimodels."),
        ("apimodels", "renamed field=state", "query", "apimodels."),
    ],
)
def test_mutation_is_breaking_drift_of_its_fact(
    open_emulator: OpenEmulator,
    verify_target: Verify,
    upstream: str,
    mutation: str,
    operation: str | None,
    fact: str,
) -> None:
    with open_emulator(pace="fast") as emulator:
        emulator.add_fault(mutation, upstream=upstream, **({"operation": operation} if operation else {}))
        verification = verify_target(upstream, emulator.target, only=("text",))
    assert verification.verdict is VerificationVerdict.DRIFTED
    breaking = [finding for finding in verification.findings if finding.severity is Severity.BREAKING]
    assert any(finding.fact.id.startswith(fact) for finding in breaking)
    assert all(finding.label == "drift" for finding in breaking)


def test_finding_has_the_values_of_contract_emulator_and_target(
    open_emulator: OpenEmulator, verify_target: Verify
) -> None:
    with open_emulator(pace="fast") as emulator:
        emulator.add_fault("other_size to=320x320", upstream="opeai", operation="content")
        verification = verify_target("opeai", emulator.target, only=("text",))
    finding = next(finding for finding in verification.findings if "320x320" in finding.observed)
    assert "640x640" in finding.expected
    assert "640x640" in finding.emulated
    assert finding.fact.basis is not Basis.ASSUMED
    assert finding.exchange.request.url.startswith("http://127.0.0.1:8000/v1/videos/")


def test_finding_that_does_not_reappear_is_a_flake(open_emulator: OpenEmulator, verify_target: Verify) -> None:
    with open_emulator(pace="fast") as emulator:
        emulator.add_fault("other_size to=320x320", upstream="opeai", operation="content", nth=2)
        verification = verify_target("opeai", emulator.target, only=("text",))
    flakes = [finding for finding in verification.findings if finding.label == "flake"]
    assert flakes
    assert all(finding.severity is Severity.WARNING for finding in flakes)
    assert verification.verdict is VerificationVerdict.CONFORMS
    assert len(verification.tasks) == 2


def test_failed_step_is_repeated_only_within_the_budget(open_emulator: OpenEmulator, verify_target: Verify) -> None:
    with open_emulator(pace="fast") as emulator:
        emulator.add_fault("other_size to=320x320", upstream="opeai", operation="content", nth=2)
        verification = verify_target("opeai", emulator.target, Decimal("0.30"), only=("text",))
    assert verification.verdict is VerificationVerdict.DRIFTED
    assert len(verification.tasks) == 1
    assert verification.spent <= Decimal("0.30")


def test_contradicted_assumption_is_a_patch_and_not_drift(open_emulator: OpenEmulator, verify_target: Verify) -> None:
    with open_emulator(variants={"opeai.range": "off"}) as emulator:
        verification = verify_target("opeai", emulator.target, only=("text",))
    assert verification.verdict is VerificationVerdict.CONFORMS
    (finding,) = [finding for finding in verification.findings if "opeai.range" in finding.fact.id]
    assert finding.severity is Severity.INFO
    assert finding.patch == 'opeai.range: default "on" -> "off"'


def test_drift_exits_with_1_and_prints_curl_commands_without_the_key(
    run_verify: Callable[..., Result], read_report: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    with serve(pace="instant", seed=3) as server:
        with ControlClient(server.url) as control:
            control.faults.add("other_size to=320x320", upstream="opeai", operation="content")
        path = str(tmp_path / "report.json")
        options = ("--base-url", server.url, "--budget", "0.3", "--report", path, "--only", "text")
        result = run_verify("--upstream", "opeai", *options, SEEDMOCK_API_KEY="sk_secret_first")
    assert result.exit_code == 1, result.output
    report = read_report()
    assert (report["verdict"], report["tasks_created"]) == ("drifted", 1)
    assert any(finding["severity"] == "breaking" for finding in report["findings"])
    assert f"curl -i -X GET {server.url}/v1/videos/" in result.output
    assert "$SEEDMOCK_API_KEY" in result.output
    assert "sk_secret_first" not in result.output + (tmp_path / "report.json").read_text()
    assert report["tasks"][0] in result.output
