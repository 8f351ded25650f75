"""The first sentence is the verdict, and what follows is what to do, the most pressing first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from seedmock_contracts.enums import Basis
from seedmock_harness.reports.summary import of_certification, of_verification
from seedmock_harness.results.certification import CertificationVerdict
from seedmock_harness.results.verification import VerificationVerdict


def test_drift_comes_first_then_what_was_in_the_way_then_the_money(verification: Any) -> None:
    steps = of_verification(replace(verification(), resumable=True)).steps
    beginnings = ("Begin with", "Run once more", "See to", "Give the same", "Ask the vendor", "Keep the ids")
    assert [step.startswith(begun) for step, begun in zip(steps, beginnings, strict=False)] == [True] * 6
    assert steps[6] == "Change 1 assumption in the contract that the upstream has answered otherwise."
    assert steps[7] == "Take over what was confirmed: 1 assumption can be marked as observed."
    assert steps[8].startswith("Mind what was not looked at: ")


def test_of_many_paid_ids_a_few_are_named(verification: Any) -> None:
    steps = of_verification(replace(verification(), tasks=tuple("abcde"))).steps
    assert "Keep the ids of what is paid for: a, b, c and 2 more, listed below." in steps


def test_what_was_seen_in_part_is_said_to_be_so(verification: Any) -> None:
    found = replace(verification(), verdict=VerificationVerdict.COULD_NOT_LOOK, findings=())
    assert of_verification(found).headline.endswith(
        "could not be looked at in full; nothing that was seen contradicts a promise."
    )


def test_what_conforms_says_how_much_of_it_was_not_looked_at(verification: Any) -> None:
    found = replace(verification(), verdict=VerificationVerdict.CONFORMS, findings=())
    assert of_verification(found).headline.endswith(f" of {len(found.facts)} were not looked at.")


def test_an_assumption_that_is_answered_otherwise_is_no_promise_that_was_broken(verification: Any) -> None:
    found = verification()
    settled = tuple(finding for finding in found.findings if finding.fact.basis is Basis.ASSUMED)
    summary = of_verification(replace(found, verdict=VerificationVerdict.CONFORMS, findings=settled))
    assert "no promise is contradicted" in summary.headline
    assert not any(step.startswith("Begin with") for step in summary.steps)


def test_a_client_learns_what_to_mend_and_how_to_try_just_that_again(certification: Any) -> None:
    steps = of_certification(certification()).steps
    assert steps[0] == "Mend one-charge: an order is charged at most once. It breaks in one and 1 more scenario."
    assert steps[1].startswith("Mend paced-polls: ")
    assert steps[2].endswith("--only one --only two")


def test_a_certified_client_has_nothing_to_do(certification: Any) -> None:
    summary = of_certification(certification(verdict=CertificationVerdict.CERTIFIED, violations=()))
    assert summary.headline == "The client is certified for opeai: all invariants hold in 3 scenarios."
    assert summary.steps == ()
