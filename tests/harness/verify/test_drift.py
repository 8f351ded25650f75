"""Whoever breaks the contract is found out, by the fact that is broken; whoever does it once is not believed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from seedmock_contracts.enums import Basis
from seedmock_harness.results.checks import Severity
from seedmock_harness.results.verification import Finding, VerificationVerdict
from seedmock_server import serve


def _about(found: Any, word: str) -> list[Finding]:
    return [finding for finding in found.findings if word in finding.fact.id]


@pytest.mark.parametrize(
    ("upstream", "lie", "operation", "fact"),
    [
        ("opeai", "backwards", "query", "opeai.content"),
        ("opeai", "other_size", "content", "opeai."),
        ("opeai", "other_duration", "content", "opeai."),
        ("opeai", "missing field=status", "create", "opeai."),
        ("opeai", "retyped field=created_at as=text", "query", "opeai."),
        ("apimodels", "missing field=taskId", "create", "apimodels."),
        ("apimodels", "other_price factor=3", None, "apimodels."),
        ("apimodels", "renamed field=state", "query", "apimodels."),
    ],
)
def test_a_lie_is_found_and_named(
    world_of: Callable[..., Any], verified: Any, upstream: str, lie: str, operation: str | None, fact: str
) -> None:
    with world_of(pace="fast") as world:
        world.lie(lie, upstream=upstream, **({"operation": operation} if operation else {}))
        found = verified(upstream, world.target, only=("text",))
    assert found.verdict is VerificationVerdict.DRIFTED
    breaking = [finding for finding in found.findings if finding.severity is Severity.BREAKING]
    assert any(finding.fact.id.startswith(fact) for finding in breaking)
    assert all(finding.label == "drift" for finding in breaking)


def test_a_finding_tells_what_the_contract_the_emulator_and_the_target_say(
    world_of: Callable[..., Any], verified: Any
) -> None:
    with world_of(pace="fast") as world:
        world.lie("other_size to=320x320", upstream="opeai", operation="content")
        found = verified("opeai", world.target, only=("text",))
    finding = next(finding for finding in found.findings if "320x320" in finding.observed)
    assert "640x640" in finding.expected
    assert "640x640" in finding.emulated
    assert finding.fact.basis is not Basis.ASSUMED
    assert finding.exchange.request.url.startswith("http://127.0.0.1:8000/v1/videos/")


def test_what_is_seen_once_and_not_again_is_a_flake_and_no_drift(world_of: Callable[..., Any], verified: Any) -> None:
    with world_of(pace="fast") as world:
        world.lie("other_size to=320x320", upstream="opeai", operation="content", nth=2)
        found = verified("opeai", world.target, only=("text",))
    flakes = [finding for finding in found.findings if finding.label == "flake"]
    assert flakes
    assert all(finding.severity is Severity.WARNING for finding in flakes)
    assert found.verdict is VerificationVerdict.CONFORMS
    assert len(found.tasks) == 2


def test_a_second_look_is_taken_only_if_the_money_allows_it(world_of: Callable[..., Any], verified: Any) -> None:
    with world_of(pace="fast") as world:
        world.lie("other_size to=320x320", upstream="opeai", operation="content", nth=2)
        found = verified("opeai", world.target, Decimal("0.30"), only=("text",))
    assert found.verdict is VerificationVerdict.DRIFTED
    assert len(found.tasks) == 1
    assert found.spent <= Decimal("0.30")


def test_an_assumption_that_is_contradicted_is_settled_and_no_drift(
    world_of: Callable[..., Any], verified: Any
) -> None:
    with world_of(variants={"opeai.range": "off"}) as world:
        found = verified("opeai", world.target, only=("text",))
    assert found.verdict is VerificationVerdict.CONFORMS
    (finding,) = _about(found, "opeai.range")
    assert finding.severity is Severity.INFO
    assert finding.patch == 'opeai.range: default "on" -> "off"'


def test_the_command_exits_with_1_and_shows_how_to_see_it_again(command: Any, report: Any, tmp_path: Any) -> None:
    from seedmock_server import ControlClient

    with serve(pace="instant", seed=3) as server:
        with ControlClient(server.url) as control:
            control.faults.add("other_size to=320x320", upstream="opeai", operation="content")
        path = str(tmp_path / "report.json")
        options = ("--base-url", server.url, "--budget", "0.3", "--report", path, "--only", "text")
        told = command("--upstream", "opeai", *options, SEEDMOCK_API_KEY="sk_secret_first")
    assert told.exit_code == 1, told.output
    said = report()
    assert (said["verdict"], said["tasks_created"]) == ("drifted", 1)
    assert any(finding["severity"] == "breaking" for finding in said["findings"])
    assert f"curl -i -X GET {server.url}/v1/videos/" in told.output
    assert "$SEEDMOCK_API_KEY" in told.output
    assert "sk_secret_first" not in told.output + (tmp_path / "report.json").read_text()
    assert said["tasks"][0] in told.output
