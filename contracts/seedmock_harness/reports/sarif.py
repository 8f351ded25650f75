"""SARIF 2.1.0, as far as both kinds of reports need it. A result's place is one in a contract, and no file.

Those who show such results want a relative address of each: ours is `UPSTREAM/OPERATION`, where it was seen.
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


def sarif(rules: Sequence[Object], results: Iterable[Object], invocation: Object, properties: Object) -> str:
    """One log of one run."""
    driver = {"name": "seedmock", "semanticVersion": __version__, "rules": list(rules)}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "results": list(results),
        "columnKind": "unicodeCodePoints",
        "properties": properties,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def rule(id_: str, short: str, long: str, level: str, tags: Iterable[str]) -> Object:
    """What a result may be about."""
    return {
        "id": id_,
        "shortDescription": {"text": short},
        "fullDescription": {"text": long},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": list(dict.fromkeys(tags))},
    }


def result(id_: str, index: int, severity: Severity, says: str, at: str, name: str, fingerprint: str) -> Object:
    """One thing that was found: `at` is its place, `name` what stands there in words."""
    return {
        "ruleId": id_,
        "ruleIndex": index,
        "level": LEVELS[severity],
        "message": {"text": says},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": quote(at)}, "region": {"startLine": 1}},
                "logicalLocations": [{"fullyQualifiedName": name}],
            }
        ],
        "partialFingerprints": {"seedmock/v1": fingerprint},
    }


def invocation(successful: bool, exit_code: int, trouble: str, began: float | None, seconds: float) -> Object:
    """How the run went; `trouble` is what was in its way, if anything was."""
    told: Object = {"executionSuccessful": successful, "exitCode": exit_code}
    if began is not None:
        told |= {"startTimeUtc": _moment(began), "endTimeUtc": _moment(began + seconds)}
    if trouble:
        told["toolExecutionNotifications"] = [{"level": "error", "message": {"text": trouble}}]
    return told


def exchanged(exchange: Exchange) -> Object:
    """The request and the answer, in the words that the format has for them."""
    request, answer = exchange.request, exchange.response
    sent: Object = {"method": request.method, "target": request.url, "headers": dict(request.headers)}
    told: Object = {"statusCode": answer.status, "headers": dict(answer.headers)}
    if request.body:
        sent["body"] = {"text": request.body}
    if answer.body:
        told["body"] = {"text": answer.body}
    return {"webRequest": sent, "webResponse": told if answer.status else {"noResponseReceived": True}}


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}Z"
