"""Runs of the harness for an agent: the free ladder of `verify`, and `certify`, with results as JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from seedmock_contracts.contract import Contract
from seedmock_contracts.upstreams import get_contract

from ..certify.adapters import SubprocessAdapter
from ..certify.runner import run_certification
from ..verify.live_verification import format_finding, summary_line
from ..verify.order_log import OrderLog
from ..verify.session import NullObserver, Session, paid_options_for, plan_steps
from ..verify.target import LOOPBACK, emulator_target, live_target
from . import KEY_VARIABLE, MOCK_KEY
from .agent_emulator import RefusedCall

MAX_FINDINGS = 50
# Fixed, so that an agent that certifies a corrected client meets the same random scenarios again.
SEED = 20260601


def verify_free(upstream: str, base_url: str | None = None, key: str = "") -> dict[str, Any]:
    """Check a service by the free steps alone: the one at `base_url`, or an emulator that is started for the run.

    The budget is 0, so that no step that orders can run. Raises LookupError, InvalidBaseUrl, and RefusedCall for an
    address to which the key of this process may not be sent.
    """
    contract = get_contract(upstream)
    if base_url is not None:
        check_address(contract, base_url, key)
    with emulator_target() if base_url is None else live_target(contract, base_url, key) as target:
        plan = plan_steps(contract, paid_options_for(target))
        verification = Session.create(target, plan, Decimal(0), OrderLog(None, ""), NullObserver()).run()
    findings = [format_finding(finding) for finding in verification.findings[:MAX_FINDINGS]]
    return {"verdict": str(verification.verdict), "summary": summary_line(verification), "findings": findings}


def check_address(contract: Contract, base_url: str, key: str) -> None:
    """Raise RefusedCall unless a base URL is this machine's or the upstream's own, with a key of the user's for it.

    The agent names the address, and the key is the user's: sent elsewhere, it would be the agent's to give away.
    """
    parts = urlsplit(base_url)
    if parts.scheme in ("http", "https") and parts.hostname in LOOPBACK:
        return
    documented = sorted({base.host for base in contract.bases})
    if f"{parts.scheme}://{parts.netloc}" not in documented:
        allowed = f"allowed: an address of this machine, {', '.join(documented)}"
        raise RefusedCall(f"base_url is {base_url[:200]!r}; {allowed}, or none for an emulator of its own")
    if key == MOCK_KEY:
        raise RefusedCall(f"the real service needs a key: start `seedmock mcp` with {KEY_VARIABLE} set to yours")


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
