"""Correct clients are not blamed for anything, however they are made; the reference client is one of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from seedmock_client.cli.adapter import outcome
from seedmock_harness.certify.adapters import Program
from seedmock_harness.certify.runner import run_certification
from seedmock_harness.results.certification import CertificationVerdict

DESIGNS = (
    ("plain", "apimodels"),  # httpx
    ("stdlib", "opeai"),  # urllib alone
    ("asynchronous", "opeai"),  # asyncio, polls by count
    ("webhook", "apimodels"),  # never polls
    ("unhurried", "apimodels"),  # ignores SEEDMOCK_POLL_SECONDS
)


@pytest.mark.slow
@pytest.mark.parametrize(("design", "upstream"), DESIGNS)
def test_a_correct_client_is_certified_whatever_its_design(
    design: str, upstream: str, making: Callable[..., Any]
) -> None:
    found = run_certification(making(design), upstream=upstream, seed=1)
    assert found.violations == ()
    assert found.verdict is CertificationVerdict.CERTIFIED
    assert len(found.trials) > 80


REFERENCE = {
    "opeai": Program(f"{sys.executable} -m seedmock_client.cli.adapter"),
    "apimodels": lambda where: lambda order: outcome(order, where.environment),
}
"""The reference client's adapter, for one upstream as a program and for the other called in this process."""


@pytest.mark.slow
@pytest.mark.parametrize("upstream", REFERENCE)
def test_the_reference_client_is_certified(upstream: str) -> None:
    found = run_certification(REFERENCE[upstream], upstream=upstream, seed=1)
    assert found.violations == ()
    assert found.verdict is CertificationVerdict.CERTIFIED
    assert len(found.trials) > 80
