"""An upstream that keeps the verification from looking is never green, and the hole is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.probes.paid_options import PaidOptions
from seedmock_harness.results.verification import Verification, VerificationVerdict
from seedmock_harness.verify.session import plan_steps

from .lying_upstreams import LIES, Lie

if TYPE_CHECKING:
    from .conftest import OpenEmulator, Verify

CASES = [(lie, upstream) for lie in LIES for upstream in lie.upstreams]


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


def test_table_has_at_least_25_lies() -> None:
    assert len(LIES) >= 25
    assert len({lie.name for lie in LIES}) == len(LIES)


@pytest.mark.parametrize(("lie", "upstream"), CASES, ids=[f"{lie.name}-{upstream}" for lie, upstream in CASES])
def test_lie_is_a_finding_or_could_not_look(
    open_emulator: OpenEmulator, verify_target: Verify, lie: Lie, upstream: str
) -> None:
    with open_emulator(pace="fast") as emulator:
        target = emulator.with_send(lambda send: lie.wrap(upstream, send))
        verification = verify_target(upstream, target, only=steps_of(upstream, lie.steps))
    said = sentences(verification)
    assert verification.verdict is not VerificationVerdict.CONFORMS, said
    assert said.strip(" |")
    missing = [word for word in lie.words if word not in said]
    assert not missing, said
