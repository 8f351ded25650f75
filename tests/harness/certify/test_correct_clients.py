"""Correct clients are certified, whatever their design; the reference client is one of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from seedmock_client.cli.adapter import outcome
from seedmock_contracts.upstreams import NAMES
from seedmock_harness.certify.adapters import ClientEnvironment, SubprocessAdapter
from seedmock_harness.certify.runner import run_certification, select_scenarios
from seedmock_harness.results.certification import CertificationVerdict

from ...profiles import IS_DEEP

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


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_reference_client_is_certified(upstream: str) -> None:
    certification = run_certification(_reference_client, upstream=upstream, seed=1)
    assert certification.violations == ()
    assert certification.verdict is CertificationVerdict.CERTIFIED
    assert len(certification.trials) > 80


def program_scenarios(upstream: str) -> list[str]:
    """All scenarios in depth, otherwise the first of each kind: what a program adds to a call is alike in the others.

    To start the program takes as much processor time as ten trials in this process.
    """
    names = [scenario.name for scenario in select_scenarios(upstream, (), 1)]
    first_of_kind = {name.partition("-")[0]: name for name in reversed(names)}
    return names if IS_DEEP else list(first_of_kind.values())


@pytest.mark.slow
def test_reference_client_is_certified_as_a_program() -> None:
    program, names = SubprocessAdapter(f"{sys.executable} -m seedmock_client.cli.adapter"), program_scenarios("opeai")
    certification = run_certification(program, upstream="opeai", only=names, seed=1)
    assert certification.violations == ()
    assert certification.verdict is CertificationVerdict.CERTIFIED
    assert len(certification.trials) == len(names) > 15
