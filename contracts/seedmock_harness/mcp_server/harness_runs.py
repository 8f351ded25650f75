"""Runs of the harness for an agent: the free ladder of `verify`, and `certify`, with results as JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from seedmock_contracts.upstreams import get_contract

from ..certify.adapters import SubprocessAdapter
from ..certify.runner import run_certification
from ..verify.live_verification import format_finding, summary_line
from ..verify.order_log import OrderLog
from ..verify.session import NullObserver, Session, paid_options_for, plan_steps
from ..verify.target import emulator_target

MAX_FINDINGS = 50
SEED = 20260601


def verify_free(upstream: str) -> dict[str, Any]:
    """Check an emulator that is started for the run, by the free steps alone. Raises LookupError."""
    contract = get_contract(upstream)
    with emulator_target() as target:
        plan = plan_steps(contract, paid_options_for(target))
        verification = Session.create(target, plan, Decimal(0), OrderLog(None, ""), NullObserver()).run()
    findings = [format_finding(finding) for finding in verification.findings[:MAX_FINDINGS]]
    return {"verdict": str(verification.verdict), "summary": summary_line(verification), "findings": findings}


def certify_command(upstream: str, command: str, only: list[str]) -> dict[str, Any]:
    """Certify a client that a command runs. Raises LookupError and ValueError."""
    certification = run_certification(SubprocessAdapter(command), upstream=upstream, only=only, seed=SEED)
    return {
        "verdict": str(certification.verdict),
        "problem": certification.problem,
        "trials": list(certification.trials),
        "violations": [
            {"invariant": str(row.invariant), "scenario": row.scenario, "detail": row.detail}
            for row in certification.violations[:MAX_FINDINGS]
        ],
    }
