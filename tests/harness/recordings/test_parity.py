"""A recording tells what its verification told: the same facts, and the same contradictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_harness.drift.comparison import compare_recordings
from seedmock_harness.recordings.files import load_recordings
from seedmock_harness.recordings.writer import Recorder
from seedmock_harness.results.checks import Severity
from seedmock_harness.results.verification import FactStatus, Verification, VerificationVerdict
from seedmock_harness.verify.order_log import OrderLog
from seedmock_harness.verify.session import NullObserver, Session, paid_options_for, plan_steps
from seedmock_harness.verify.target import KEYS, emulator_target
from seedmock_server import create_app
from seedmock_server.clock import ManualClock
from seedmock_server.faults.rules import parse_fault_rule


class Listener(NullObserver):
    """A watcher that records."""

    def __init__(self, recorder: Recorder) -> None:
        self.exchange = recorder.add  # type: ignore[method-assign]


def both(
    folder: Path, upstream: str, only: tuple[str, ...], *lies: dict[str, Any]
) -> tuple[Verification, Verification]:
    """What a verification of an emulator that may lie finds, and what its recording does."""
    contract, clock = get_contract(upstream), ManualClock()
    app = create_app(clock=clock, seed=7, keys=tuple(KEYS.values()), pace="instant")
    for lie in lies:
        app.faults.add(parse_fault_rule(lie))
    with (
        emulator_target(app=app, clock=clock) as target,
        Recorder(folder, contract, "x", 1.0, KEYS.values(), True) as recorder,
    ):
        steps = plan_steps(contract, paid_options_for(target), only)
        found = Session.create(target, steps, None, OrderLog(None, ""), Listener(recorder)).run()
    return found, compare_recordings(load_recordings([folder]), 2.0).verification


def facts(found: Verification, seen: FactStatus) -> set[str]:
    return {fact.fact.id for fact in found.facts if fact.status is seen}


def breaking(found: Verification) -> set[str]:
    return {one.fact.id for one in found.findings if one.severity is Severity.BREAKING}


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_a_recording_confirms_what_the_verification_confirmed(tmp_path: Path, upstream: str) -> None:
    live, kept = both(tmp_path, upstream, ("free", "text"))
    assert (live.verdict, kept.verdict) == (VerificationVerdict.CONFORMS, VerificationVerdict.CONFORMS)
    assert {(one.fact.id, one.severity) for one in kept.findings} == {
        (one.fact.id, one.severity) for one in live.findings
    }
    assert facts(kept, FactStatus.CONFIRMED) == facts(live, FactStatus.CONFIRMED)


@pytest.mark.parametrize(
    ("upstream", "only", "lie"),
    [
        ("opeai", ("free.create.seconds.range",), {"fault": "other_limit fact=opeai.create.seconds.range high=16"}),
        (
            "apimodels",
            ("free.create.duration.range",),
            {"fault": "other_limit fact=apimodels.create.duration.range low=5"},
        ),
        ("opeai", ("text",), {"fault": "missing field=status", "match": {"operation": "query"}}),
        ("opeai", ("text",), {"fault": "other_size to=320x320", "match": {"operation": "content"}}),
        ("apimodels", ("text",), {"fault": "renamed field=state", "match": {"operation": "query"}}),
        ("opeai", ("free.auth",), {"fault": "other_refusal code=418", "match": {"upstream": "opeai"}}),
    ],
)
def test_a_recording_contradicts_what_the_verification_contradicted(
    tmp_path: Path, upstream: str, only: tuple[str, ...], lie: dict[str, Any]
) -> None:
    live, kept = both(tmp_path, upstream, only, lie)
    assert live.verdict is kept.verdict is VerificationVerdict.DRIFTED
    assert breaking(live) <= breaking(kept)
