"""Verification as one JSON object."""

from __future__ import annotations

import json
from typing import Any

from msgspec import to_builtins

from seedmock_contracts.exchange import Exchange

from ...results.checks import curl_command
from ...results.verification import FactResult, Finding, Verification


def verification_json(verification: Verification) -> str:
    """Return the object, indented. Amounts are numbers in `currency`, times are ISO 8601 in UTC."""
    return json.dumps(verification_object(verification), indent=2, ensure_ascii=False) + "\n"


def verification_object(verification: Verification) -> dict[str, Any]:
    """Return the object as a dict."""
    from datetime import UTC, datetime

    return {
        "upstream": verification.contract.name,
        "target": verification.target,
        "started_at": datetime.fromtimestamp(verification.started_at, UTC).isoformat(timespec="seconds"),
        "verdict": verification.verdict.value,
        "problem": verification.problem,
        "spent": float(verification.spent),
        "currency": verification.currency,
        "tasks_created": len(verification.tasks),
        "tasks": list(verification.tasks),
        "unresolved_orders": list(verification.unresolved_orders),
        "seconds": round(verification.seconds, 3),
        "steps": list(verification.steps),
        "resumable": verification.resumable,
        "facts": [_fact_object(fact) for fact in verification.facts],
        "findings": [_finding_object(finding) for finding in verification.findings],
        "confirmed_assumptions": [
            {"fact": fact.id, "severity": "info", "patch": patch} for fact, patch in verification.confirmed_assumptions
        ],
    }


def _fact_object(fact: FactResult) -> dict[str, Any]:
    return {
        "id": fact.fact.id,
        "basis": fact.fact.basis.value,
        "status": fact.status.value,
        "detail": fact.detail,
    }


def _finding_object(finding: Finding) -> dict[str, Any]:
    return {
        "fact": finding.fact.id,
        "basis": finding.fact.basis.value,
        "check": finding.check,
        "severity": finding.severity.value,
        "label": finding.label,
        "assumption": finding.is_about_assumption,
        "title": finding.title,
        "expected": finding.expected,
        "emulated": finding.emulated,
        "observed": finding.observed,
        "patch": finding.patch,
        "exchange": exchange_object(finding.exchange),
    }


def exchange_object(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange as a dict, with the curl command that repeats it."""
    return {**to_builtins(exchange), "curl": repeat_command(exchange)}


def repeat_command(exchange: Exchange) -> str:
    """Return the curl command that repeats a request, with a variable in place of the caller's key."""
    name = {"second": "$SEEDMOCK_SECOND_API_KEY", "wrong": "no-such-key"}.get(exchange.caller, "$SEEDMOCK_API_KEY")
    return curl_command(exchange.request).replace("$SEEDMOCK_API_KEY", name)
