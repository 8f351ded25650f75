"""SARIF as its schema wants it: what must be there is there, and nothing that it does not know."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedmock_harness.reports.certify.sarif import certification_sarif
from seedmock_harness.reports.verify.sarif import verification_sarif
from seedmock_harness.results.certification import Invariant

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
KNOWN = {
    "log": {"$schema", "version", "runs"},
    "run": {"tool", "invocations", "results", "columnKind", "properties"},
    "driver": {"name", "semanticVersion", "rules"},
    "rule": {"id", "shortDescription", "fullDescription", "defaultConfiguration", "properties"},
    "result": {
        *("ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "properties"),
        *("webRequest", "webResponse"),
    },
    "invocation": {"executionSuccessful", "exitCode", "startTimeUtc", "endTimeUtc", "toolExecutionNotifications"},
    "request": {"method", "target", "headers", "body"},
    "response": {"statusCode", "headers", "body", "noResponseReceived"},
}
"""The properties of the schema's objects that we use; the schema allows no others than its own."""


def judged(source: str) -> dict[str, Any]:
    """The run, after a look at everything that the schema asks for."""
    log = json.loads(source)
    assert set(log) == KNOWN["log"]
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert set(run) == KNOWN["run"]
    driver = run["tool"]["driver"]
    assert set(driver) == KNOWN["driver"]
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", driver["semanticVersion"])
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert set(rule) == KNOWN["rule"]
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert len(rule["properties"]["tags"]) == len(set(rule["properties"]["tags"]))
    for result in run["results"]:
        _result(result, ids)
    (invocation,) = run["invocations"]
    assert set(invocation) <= KNOWN["invocation"]
    assert isinstance(invocation["executionSuccessful"], bool)
    assert isinstance(run, dict)
    return run


def _result(result: dict[str, Any], ids: list[str]) -> None:
    assert set(result) <= KNOWN["result"]
    assert ids[result["ruleIndex"]] == result["ruleId"]
    assert result["level"] in ("error", "warning", "note")
    assert result["message"]["text"]
    (location,) = result["locations"]
    address = location["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", address), "a relative address, without a scheme"
    assert location["physicalLocation"]["region"] == {"startLine": 1}
    assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
    for part, name in (("request", "webRequest"), ("response", "webResponse")):
        assert set(result.get(name, ())) <= KNOWN[part]
        assert all(isinstance(value, str) for value in result.get(name, {}).get("headers", {}).values())


def test_every_fact_is_a_rule_and_every_finding_a_result(verification: Any) -> None:
    found = verification(findings=6)
    run = judged(verification_sarif(found))
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} >= {seen.fact.id for seen in found.facts}
    assert [result["ruleId"] for result in run["results"]] == [finding.fact.id for finding in found.findings]
    levels = [result["level"] for result in run["results"]]
    assert levels == ["error"] * 6 + ["note", "warning"]
    assert run["invocations"][0]["exitCode"] == 1
    assert run["invocations"][0]["startTimeUtc"] == "2026-05-28T20:26:40Z"
    assert run["properties"]["facts"] == {seen.fact.id: seen.status.value for seen in found.facts}


def test_two_findings_are_told_apart_by_their_fingerprints(verification: Any) -> None:
    run = judged(verification_sarif(verification(findings=300)))
    prints = [result["partialFingerprints"]["seedmock/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints) - 1  # the flake is one of them again


def test_what_could_not_be_looked_at_did_not_succeed(nothing: Any) -> None:
    run = judged(verification_sarif(nothing))
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"], run["results"]) == (False, 3, [])
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "nobody is at home"


def test_every_invariant_is_a_rule_and_every_broken_one_a_result(certification: Any) -> None:
    run = judged(certification_sarif(certification()))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [invariant.value for invariant in Invariant]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("one-charge", "error"),
        ("one-charge", "error"),
        ("paced-polls", "warning"),
    ]


@SHARED
@given(data=st.data())
def test_whatever_was_heard_it_stays_what_the_schema_wants(
    verification: Any, certification: Any, hostile: Any, data: Any
) -> None:
    word = data.draw(hostile)
    run = judged(verification_sarif(verification(word)))
    assert word in run["results"][0]["message"]["text"]
    judged(certification_sarif(certification(word)))
