"""A recorded verification confirms and contradicts the same facts as the verification did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.exchange import Exchange
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


class RecordingObserver(NullObserver):
    """Observer that records every exchange."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def exchange(self, exchange: Exchange) -> None:
        self._recorder.add(exchange)


def verify_and_compare(
    folder: Path, upstream: str, only: tuple[str, ...], *faults: dict[str, Any]
) -> tuple[Verification, Verification]:
    """Verify an emulator with some faults; return the verification, and that of its recording."""
    contract, clock = get_contract(upstream), ManualClock()
    app = create_app(clock=clock, seed=7, keys=tuple(KEYS.values()), pace="instant")
    for fault in faults:
        app.faults.add(parse_fault_rule(fault))
    with (
        emulator_target(app=app, clock=clock) as target,
        Recorder(folder, contract, "x", 1.0, KEYS.values(), True) as recorder,
    ):
        plan = plan_steps(contract, paid_options_for(target), only)
        session = Session.create(target, plan, None, OrderLog(None, ""), RecordingObserver(recorder))
        verification = session.run()
    return verification, compare_recordings(load_recordings([folder]), 2.0).verification


def facts_with(verification: Verification, status: FactStatus) -> set[str]:
    return {fact.fact.id for fact in verification.facts if fact.status is status}


def findings_of(verification: Verification) -> set[tuple[str, Severity]]:
    return {(finding.fact.id, finding.severity) for finding in verification.findings}


def breaking_facts(verification: Verification) -> set[str]:
    return {fact for fact, severity in findings_of(verification) if severity is Severity.BREAKING}


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_recording_confirms_the_same_facts(tmp_path: Path, upstream: str) -> None:
    live, recorded = verify_and_compare(tmp_path, upstream, ("free", "text"))
    assert (live.verdict, recorded.verdict) == (VerificationVerdict.CONFORMS, VerificationVerdict.CONFORMS)
    assert findings_of(recorded) == findings_of(live)
    assert facts_with(recorded, FactStatus.CONFIRMED) == facts_with(live, FactStatus.CONFIRMED)


@pytest.mark.parametrize(
    ("upstream", "only", "fault"),
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
def test_recording_contradicts_the_same_facts(
    tmp_path: Path, upstream: str, only: tuple[str, ...], fault: dict[str, Any]
) -> None:
    live, recorded = verify_and_compare(tmp_path, upstream, only, fault)
    assert live.verdict is recorded.verdict is VerificationVerdict.DRIFTED
    assert breaking_facts(live) <= breaking_facts(recorded)
