"""Violations of each severity, as certification counts them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.certify.invariants.orders import contract_respected
from seedmock_server.journal import LoggedViolation, ViolationSeverity


@pytest.mark.parametrize(
    ("severity", "counts"),
    [
        (ViolationSeverity.VIOLATION, True),
        (ViolationSeverity.UNUSED_REFERENCE, True),
        (ViolationSeverity.ADVICE, False),
    ],
)
def test_a_lost_reference_breaks_the_contract_and_advice_does_not(severity: ViolationSeverity, counts: bool) -> None:
    message = "this order is text-to-video: input_reference names no content"
    violation = LoggedViolation("opeai.unknown_fields", "input_reference", message, severity)
    call = SimpleNamespace(
        entry=SimpleNamespace(violations=(violation,)), call=SimpleNamespace(method="POST", path="/v1/videos")
    )
    evidence: Any = SimpleNamespace(
        calls=[call], tasks=[], creates=[], scenario=SimpleNamespace(steps=()), contract=get_contract("opeai")
    )
    problems = list(contract_respected(evidence))
    assert problems == [f"POST /v1/videos: {message} (opeai.unknown_fields)"] * counts
