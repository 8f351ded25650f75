"""Correct clients are certified, whatever their design; the reference client is one of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from seedmock_client.cli.adapter import outcome
from seedmock_harness.certify.adapters import Adapter, ClientEnvironment, ClientFactory, SubprocessAdapter
from seedmock_harness.certify.runner import run_certification
from seedmock_harness.results.certification import CertificationVerdict

if TYPE_CHECKING:
    from .conftest import MakeClient

DESIGNS = (
    ("plain", "apimodels"),  # httpx
    ("stdlib", "opeai"),  # urllib only
    ("asynchronous", "opeai"),  # asyncio, counts its polls
    ("webhook", "apimodels"),  # never polls
    ("unhurried", "apimodels"),  # ignores SEEDMOCK_POLL_SECONDS
)


@pytest.mark.slow
@pytest.mark.parametrize(("design", "upstream"), DESIGNS)
def test_correct_client_is_certified(design: str, upstream: str, make_client: MakeClient) -> None:
    certification = run_certification(make_client(design), upstream=upstream, seed=1)
    assert certification.violations == ()
    assert certification.verdict is CertificationVerdict.CERTIFIED
    assert len(certification.trials) > 80


def _reference_client(environment: ClientEnvironment) -> Callable[[Any], Any]:
    return lambda order: outcome(order, environment.variables)


REFERENCE: dict[str, ClientFactory | Adapter] = {
    "opeai": SubprocessAdapter(f"{sys.executable} -m seedmock_client.cli.adapter"),
    "apimodels": _reference_client,
}
"""The reference client's adapter: as a program for one upstream, in this process for the other."""


@pytest.mark.slow
@pytest.mark.parametrize("upstream", REFERENCE)
def test_reference_client_is_certified(upstream: str) -> None:
    certification = run_certification(REFERENCE[upstream], upstream=upstream, seed=1)
    assert certification.violations == ()
    assert certification.verdict is CertificationVerdict.CERTIFIED
    assert len(certification.trials) > 80
