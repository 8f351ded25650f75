"""A verification as one JSON object, for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from seedmock_contracts.exchange import Exchange

from ...results.checks import curl_command
from ...results.verification import FactResult, Finding, Verification


def verification_json(found: Verification) -> str:
    """The object, indented. Amounts are numbers in USD (or play money, if `money` says so), moments ISO 8601 in UTC."""
    return json.dumps(as_object(found), indent=2, ensure_ascii=False) + "\n"


def as_object(found: Verification) -> dict[str, Any]:
    """The object as Python has it."""
    from datetime import UTC, datetime

    return {
        "upstream": found.contract.name,
        "target": found.target,
        "started_at": datetime.fromtimestamp(found.started_at, UTC).isoformat(timespec="seconds"),
        "verdict": found.verdict.value,
        "trouble": found.problem,
        "spent_usd": float(found.spent),
        "money": found.currency,
        "tasks_created": len(found.tasks),
        "tasks": list(found.tasks),
        "doubts": list(found.unresolved_orders),
        "seconds": round(found.seconds, 3),
        "steps": list(found.steps),
        "resumable": found.resumable,
        "facts": [_fact(fact) for fact in found.facts],
        "findings": [_finding(finding) for finding in found.findings],
        "settled": [
            {"fact": fact.id, "severity": "info", "patch": patch} for fact, patch in found.confirmed_assumptions
        ],
    }


def _fact(seen: FactResult) -> dict[str, Any]:
    fact = seen.fact
    return {"id": fact.id, "basis": fact.basis.value, "verdict": seen.status.value, "detail": seen.detail}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "fact": finding.fact.id,
        "basis": finding.fact.basis.value,
        "check": finding.check,
        "severity": finding.severity.value,
        "label": finding.label,
        "settled": finding.is_about_assumption,
        "title": finding.title,
        "expected": finding.expected,
        "emulated": finding.emulated,
        "observed": finding.observed,
        "patch": finding.patch,
        "exchange": exchange_object(finding.exchange),
    }


def exchange_object(exchange: Exchange) -> dict[str, Any]:
    """An exchange with the command that repeats it."""
    return {**asdict(exchange), "curl": repeat(exchange)}


def repeat(exchange: Exchange) -> str:
    """The command that repeats a request, with a variable in the place of the asker's key."""
    name = {"second": "$SEEDMOCK_SECOND_API_KEY", "wrong": "no-such-key"}.get(exchange.caller, "$SEEDMOCK_API_KEY")
    return curl_command(exchange.request).replace("$SEEDMOCK_API_KEY", name)
