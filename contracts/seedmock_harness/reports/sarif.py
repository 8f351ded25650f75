"""SARIF 2.1.0, as far as verifications and certifications need it.

A result is about a contract, not a file. Viewers require a relative address for each result: it consists of the
upstream and the operation or the scenario.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from seedmock_contracts import __version__
from seedmock_contracts.exchange import Exchange

from ..results.checks import Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Mapping[Severity, str] = {Severity.BREAKING: "error", Severity.WARNING: "warning", Severity.INFO: "note"}

Object = dict[str, Any]


def render_sarif(rules: Sequence[Object], results: Iterable[Object], invocation: Object, properties: Object) -> str:
    """Return the log of one run."""
    driver = {"name": "seedmock", "semanticVersion": __version__, "rules": list(rules)}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "results": list(results),
        "columnKind": "unicodeCodePoints",
        "properties": properties,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def rule_object(id_: str, short: str, full: str, help_text: str, level: str, tags: Iterable[str]) -> Object:
    """Return a reporting descriptor; `help_text` says what the rule rests on and what to do, in Markdown."""
    return {
        "id": id_,
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        # GitHub shows this below an alert, and rejects rules without it (GH2012 of Microsoft's sarif-multitool 5.7).
        "help": {"text": help_text.replace("`", ""), "markdown": help_text},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": list(dict.fromkeys(tags))},
    }


def result_object(
    rule_id: str, rule_index: int, severity: Severity, message: str, address: str, name: str, fingerprint: str
) -> Object:
    """Return a result at a relative address; `name` describes the place in words."""
    return {
        "ruleId": rule_id,
        "ruleIndex": rule_index,
        "level": LEVELS[severity],
        "message": {"text": message},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": quote(address)}, "region": {"startLine": 1}},
                "logicalLocations": [{"fullyQualifiedName": name}],
            }
        ],
        "partialFingerprints": {"seedmock/v1": fingerprint},
    }


def invocation_object(
    successful: bool, exit_code: int, problem: str, started_at: float | None, seconds: float
) -> Object:
    """Return how the run went; `started_at` is in seconds since the epoch."""
    invocation: Object = {"executionSuccessful": successful, "exitCode": exit_code}
    if started_at is not None:
        invocation |= {"startTimeUtc": _format_utc(started_at), "endTimeUtc": _format_utc(started_at + seconds)}
    if problem:
        invocation["toolExecutionNotifications"] = [{"level": "error", "message": {"text": problem}}]
    return invocation


def exchange_properties(exchange: Exchange) -> Object:
    """Return `webRequest` and `webResponse` of a result."""
    request, response = exchange.request, exchange.response
    web_request: Object = {"method": request.method, "target": request.url, "headers": dict(request.headers)}
    web_response: Object = {"statusCode": response.status, "headers": dict(response.headers)}
    if request.body:
        web_request["body"] = {"text": request.body}
    if response.body:
        web_response["body"] = {"text": response.body}
    if not response.status:
        web_response = {"noResponseReceived": True}
    return {"webRequest": web_request, "webResponse": web_response}


def _format_utc(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}Z"
