"""Summaries: the verdict in the first sentence, then the actions, the most urgent first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from seedmock_contracts.enums import Basis
from seedmock_harness.reports.summary import summarize_certification, summarize_verification
from seedmock_harness.results.certification import CertificationVerdict
from seedmock_harness.results.verification import VerificationVerdict

if TYPE_CHECKING:
    from .conftest import MakeCertification, MakeVerification


def test_drift_comes_before_problems_and_money(make_verification: MakeVerification) -> None:
    actions = summarize_verification(replace(make_verification(), resumable=True)).actions
    beginnings = (
        *("Start with", "Run again before", "Fix the problem"),
        *("Run the same command", "Ask the vendor", "Keep the ids"),
    )
    assert [action.startswith(text) for action, text in zip(actions, beginnings, strict=False)] == [True] * 6
    assert actions[6] == "Change 1 assumption in the contract that the upstream contradicts."
    assert actions[7] == "Mark 1 confirmed assumption in the contract as observed."
    assert actions[8].startswith("Note that ")


def test_only_a_few_task_ids_are_listed(make_verification: MakeVerification) -> None:
    actions = summarize_verification(replace(make_verification(), tasks=tuple("abcde"))).actions
    assert "Keep the ids of the paid tasks: a, b, c and 2 more, listed below." in actions


def test_incomplete_verification_says_so(make_verification: MakeVerification) -> None:
    verification = replace(make_verification(), verdict=VerificationVerdict.INCONCLUSIVE, findings=())
    assert summarize_verification(verification).headline.endswith(
        "could not be checked completely; no drift in what was checked."
    )


def test_conforming_verification_counts_the_unchecked_facts(make_verification: MakeVerification) -> None:
    verification = replace(make_verification(), verdict=VerificationVerdict.CONFORMS, findings=())
    headline = summarize_verification(verification).headline
    assert headline.endswith(f" of {len(verification.facts)} were not checked.")


def test_contradicted_assumption_is_not_drift(make_verification: MakeVerification) -> None:
    verification = make_verification()
    findings = tuple(finding for finding in verification.findings if finding.fact.basis is Basis.ASSUMED)
    verification = replace(verification, verdict=VerificationVerdict.CONFORMS, findings=findings)
    summary = summarize_verification(verification)
    assert "none has drifted" in summary.headline
    assert not any(action.startswith("Start with") for action in summary.actions)


def test_certification_lists_the_fixes_and_how_to_run_only_these_again(make_certification: MakeCertification) -> None:
    actions = summarize_certification(make_certification()).actions
    fix = "Fix one-charge: an order is charged at most once. It is violated in one and 1 more scenario."
    assert actions[0] == fix
    assert actions[1].startswith("Fix paced-polls: ")
    assert actions[2].endswith("--only one --only two")


def test_certified_client_has_nothing_to_do(make_certification: MakeCertification) -> None:
    certification = make_certification(verdict=CertificationVerdict.CERTIFIED, violations=())
    summary = summarize_certification(certification)
    assert summary.headline == "The client is certified for opeai: all invariants are satisfied in 3 scenarios."
    assert summary.actions == ()
