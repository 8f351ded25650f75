"""A verification for those who have no command line: of a live service, in one call."""

from __future__ import annotations

from decimal import Decimal

from seedmock_contracts.upstreams import get_contract

from ..results.verification import Finding, Seen, Verification
from .order_log import OrderLog
from .places import state_file
from .session import Session, Silent, about, plan, terms_for
from .target import elsewhere


def verified(
    upstream: str, base_url: str, key: str, second: str = "", limit: Decimal | None = Decimal(0)
) -> Verification:
    """Make every step that the limit allows; an empty address is the upstream's own.

    Raises wire.InvalidAddress and book.UnreadableOrderLog.
    """
    contract = get_contract(upstream)
    with elsewhere(contract, base_url or contract.bases[0].host, key, second) as target:
        steps = plan(contract, terms_for(target))
        path = state_file(f"verify-{contract.name}-{about(contract, target)}.jsonl")
        return Session.prepared(target, steps, limit, OrderLog(path, about(contract, target)), Silent()).run()


def in_short(found: Verification) -> str:
    """The verdict, what was looked at and what it cost, in one line."""
    counts = ", ".join(f"{sum(fact.seen is seen for fact in found.facts)} {seen}" for seen in Seen)
    tasks = f", tasks {', '.join(found.tasks)}" if found.tasks else ""
    trouble = f"; in the way: {found.trouble}" if found.trouble else ""
    cost = f"{found.spent:f} {found.money}{tasks}"
    return f"{found.contract.name} at {found.target}: {found.verdict} ({counts}; {cost}){trouble}"


def told(finding: Finding) -> str:
    """One finding, to be read in a test's report."""
    label = f", {finding.label}" if finding.label != "drift" else ""
    lines = (
        f"{finding.severity}: {finding.title} ({finding.fact.id}, {finding.fact.basis}{label})",
        f"  expected  {finding.expected}",
        f"  observed  {finding.observed}",
        f"  answer    {finding.exchange.response.status} {finding.exchange.response.body[:200]}",
    )
    return "\n".join(lines)
