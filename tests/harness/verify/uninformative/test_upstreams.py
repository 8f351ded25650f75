"""An upstream that keeps the verification from looking is never green, and the hole is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.probes.paid_options import PaidOptions
from seedmock_harness.results.verification import Verification, VerificationVerdict
from seedmock_harness.verify.session import plan_steps

from .upstreams import UPSTREAMS, UninformativeUpstream

if TYPE_CHECKING:
    from ..conftest import OpenEmulator, Verify

CASES = [(row, upstream) for row in UPSTREAMS for upstream in row.upstreams]


def steps_of(upstream: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The steps that an upstream has, of some names."""
    plan = plan_steps(get_contract(upstream), PaidOptions(own_clock=True))
    return tuple(step.name for step in plan.steps if step.name in names)


def sentences(verification: Verification) -> str:
    """Everything that a run says about what it found and could not look at."""
    findings = (
        f"{finding.title}: {finding.fact.id}: {finding.expected}: {finding.observed}"
        for finding in verification.findings
    )
    return " | ".join((verification.problem, *findings))


def test_table_has_at_least_25_upstreams() -> None:
    assert len(UPSTREAMS) >= 25
    assert len({row.name for row in UPSTREAMS}) == len(UPSTREAMS)


@pytest.mark.parametrize(("row", "upstream"), CASES, ids=[f"{row.name}-{upstream}" for row, upstream in CASES])
def test_uninformative_upstream_is_a_finding_or_could_not_look(
    open_emulator: OpenEmulator, verify_target: Verify, row: UninformativeUpstream, upstream: str
) -> None:
    with open_emulator(pace="fast") as emulator:
        target = emulator.with_send(lambda send: row.wrap(upstream, send))
        verification = verify_target(upstream, target, only=steps_of(upstream, row.steps))
    output = sentences(verification)
    assert verification.verdict is not VerificationVerdict.CONFORMS, output
    assert output.strip(" |")
    missing = [text for text in row.texts if text not in output]
    assert not missing, output
