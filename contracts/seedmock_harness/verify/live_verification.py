"""Verify a live service from Python, and describe the result in plain text. Knows no command line."""

from __future__ import annotations

from decimal import Decimal

from seedmock_contracts.upstreams import get_contract

from ..errors import HarnessError
from ..results.verification import FactStatus, Finding, Verification
from .order_log import OrderLog, state_file
from .session import NullObserver, Session, paid_options_for, plan_steps, target_fingerprint
from .target import live_target


class LiveUpstreamDrifted(HarnessError, AssertionError):
    """A live service that contradicts its documentation or could not be verified; the message has every finding."""

    def __init__(self, verification: Verification) -> None:
        inconclusive = verification.verdict == "inconclusive"
        head = [f"could not verify: {verification.problem}"] if inconclusive else []
        super().__init__("\n".join([*head, summary_line(verification), *map(format_finding, verification.findings)]))


def run_verification(
    upstream: str,
    *,
    api_key: str,
    base_url: str = "",
    second_api_key: str = "",
    budget: Decimal | None = Decimal(0),
) -> Verification:
    """Check a live service against the documented contract: free checks first, then paid ones within `budget`.

    `budget` is in USD, None for no limit. `base_url` is an origin, or an origin and a prefix; empty for the upstream's
    own. Isolation between accounts is checked only with a `second_api_key`. Paid calls are logged before they are
    sent, in the same file as those of `seedmock verify`: an interrupted verification is resumed and pays nothing twice.

    Raises LookupError for an unknown upstream, InvalidBaseUrl and OrderLogError.
    """
    contract = get_contract(upstream)
    with live_target(contract, base_url or contract.bases[0].host, api_key, second_api_key) as target:
        plan, target_id = plan_steps(contract, paid_options_for(target)), target_fingerprint(contract, target)
        order_log = OrderLog(state_file(f"verify-{contract.name}-{target_id}.jsonl"), target_id)
        return Session.create(target, plan, budget, order_log, NullObserver()).run()


def summary_line(verification: Verification) -> str:
    """Return verdict, counts of facts, cost and problem in one line."""
    counts = ", ".join(f"{sum(fact.status is status for fact in verification.facts)} {status}" for status in FactStatus)
    tasks = f", tasks {', '.join(verification.tasks)}" if verification.tasks else ""
    problem = f"; problem: {verification.problem}" if verification.problem else ""
    cost = f"{verification.spent:f} {verification.currency}{tasks}"
    target = f"{verification.contract.name} at {verification.target}"
    return f"{target}: {verification.verdict} ({counts}; {cost}){problem}"


def format_finding(finding: Finding) -> str:
    """Return a finding as text for a test report, one property per line."""
    label = f", {finding.label}" if finding.label != "drift" else ""
    lines = (
        f"{finding.severity}: {finding.title} ({finding.fact.id}, {finding.fact.basis}{label})",
        f"  expected  {finding.expected}",
        f"  observed  {finding.observed}",
        f"  response  {finding.exchange.response.status} {finding.exchange.response.body[:200]}",
    )
    return "\n".join(lines)
