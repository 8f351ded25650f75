"""Each deliberately broken client violates the invariant of its defect, and no other."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seedmock_harness.certify import runner
from seedmock_harness.certify.runner import run_certification
from seedmock_harness.results.certification import CertificationVerdict, Invariant

if TYPE_CHECKING:
    from seedmock_harness.certify.adapters import ClientEnvironment

    from .conftest import MakeClient

COMMON_SCENARIOS = ("success", "failed", "poll-404", "refused-face", "download-other-origin")
"""Scenarios that every broken client runs, besides those that show its defect."""
SHOWN_IN: dict[str, tuple[str, tuple[str, ...]]] = {
    "orders-again": ("opeai", ("poll-502-page",)),
    "resubmits": ("apimodels", ("create-500",)),
    "hides-unknown-submission": ("apimodels", ("create-response-lost", "create-invalid-json")),
    "never-gives-up": ("opeai", ("stuck-in-progress",)),
    "hangs": ("apimodels", ("stuck-queued",)),
    "polls-without-pause": ("apimodels", ("success",)),
    "ignores-retry-after": ("apimodels", ("create-429", "poll-429")),
    "ignores-dates": ("apimodels", ("poll-429-date",)),
    "polls-after-end": ("apimodels", ("success",)),
    "knows-few-statuses": ("apimodels", ("status-succeeded", "status-expired")),
    "failure-is-running": ("apimodels", ("status-cancelled",)),
    "unknown-is-success": ("opeai", ("unknown-status",)),
    "unknown-is-failure": ("opeai", ("unknown-status",)),
    "downloads-early": ("opeai", ("success",)),
    "keeps-partial-file": ("opeai", ("download-cut",)),
    "leaves-partial-file": ("opeai", ("download-cut-always",)),
    "loses-id": ("opeai", ("stuck-queued",)),
    "alters-id": ("apimodels", ("success",)),
    "retries-moderation": ("opeai", ("moderated-video",)),
    "key-to-any-origin": ("opeai", ("download-other-origin",)),
    "breaks-rules": ("apimodels", ("success",)),
    "drops-references": ("opeai", ("order-many-references",)),
}
"""For each defect the upstream, and the scenarios that show it."""
SLOW = ("hangs", "failure-is-running")
"""Defects that take the whole timeout in any scenario: these clients run only the scenarios that show them."""


def defects() -> dict[str, str]:
    """Read the defects and their invariants without importing the client."""
    text = (Path(__file__).parent / "clients" / "plain.py").read_text()
    value = next(
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DEFECTS"
    )
    return dict(ast.literal_eval(value))


DEFECTS = defects()


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS)
def test_broken_client_violates_only_the_invariant_of_its_defect(
    defect: str, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "IDLE_TIMEOUT", 2.0)
    upstream, scenarios = SHOWN_IN[defect]
    only = scenarios if defect in SLOW else {*COMMON_SCENARIOS, *scenarios}
    certification = run_certification(make_client("plain", defect), upstream=upstream, only=only, seed=1)
    assert certification.verdict is CertificationVerdict.NOT_CERTIFIED
    violations = {(violation.invariant.value, violation.scenario) for violation in certification.violations}
    assert violations >= {(DEFECTS[defect], scenario) for scenario in scenarios}
    assert {invariant for invariant, _ in violations} == {DEFECTS[defect]}
    for violation in certification.violations:
        assert sum(line.startswith("step: ") for line in violation.transcript) <= 6


@pytest.mark.parametrize("defect", ["polls-after-end", "polls-without-pause"])
def test_violation_that_a_busy_machine_explains_counts_if_it_can_be_repeated(
    defect: str, make_client: MakeClient
) -> None:
    defects = iter([defect])

    def sound_from_the_second_trial(environment: ClientEnvironment) -> Callable[[Any], Any]:
        client: Callable[[Any], Any] = make_client("plain", next(defects, ""))(environment)
        return client

    once = run_certification(sound_from_the_second_trial, upstream="apimodels", only=("success",), seed=1)
    assert next(defects, None) is None
    assert once.verdict is CertificationVerdict.CERTIFIED
    always = run_certification(make_client("plain", defect), upstream="apimodels", only=("success",), seed=1)
    assert [violation.invariant.value for violation in always.violations] == [DEFECTS[defect]]


def test_each_invariant_has_a_broken_client() -> None:
    assert set(DEFECTS.values()) == {invariant.value for invariant in Invariant}
    assert len(DEFECTS) >= 15
    assert set(SHOWN_IN) == set(DEFECTS)


@pytest.mark.slow
def test_client_in_the_manner_of_a_widespread_sdk_violates_several_invariants(make_client: MakeClient) -> None:
    only = ("success", "create-response-lost", "not-started", "stuck-queued", "download-cut")
    certification = run_certification(make_client("sdk_like"), upstream="opeai", only=only, seed=1)
    violations = {(violation.invariant.value, violation.scenario) for violation in certification.violations}
    assert violations >= {
        ("one-charge", "create-response-lost"),
        ("no-blind-resubmit", "create-response-lost"),
        ("status-spellings", "not-started"),
        ("bounded-wait", "stuck-queued"),
    }
    assert "success" not in {scenario for _, scenario in violations}
