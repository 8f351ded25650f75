"""SARIF conforms to its schema: required properties are there, and no unknown ones."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedmock_harness.reports.certify.sarif import certification_sarif
from seedmock_harness.reports.verify.sarif import verification_sarif
from seedmock_harness.results.certification import Invariant
from seedmock_harness.results.verification import Verification

if TYPE_CHECKING:
    from .conftest import MakeCertification, MakeVerification

PROPERTY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
ALLOWED = {
    "log": {"$schema", "version", "runs"},
    "run": {"tool", "invocations", "results", "columnKind", "properties"},
    "driver": {"name", "semanticVersion", "rules"},
    "rule": {"id", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"},
    "result": {
        *("ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "properties"),
        *("webRequest", "webResponse"),
    },
    "invocation": {"executionSuccessful", "exitCode", "startTimeUtc", "endTimeUtc", "toolExecutionNotifications"},
    "request": {"method", "target", "headers", "body"},
    "response": {"statusCode", "headers", "body", "noResponseReceived"},
}
"""The properties that the writer uses; the schema forbids any that it does not define."""


def _check_texts(rule: dict[str, Any]) -> None:
    """Check what GitHub's code scanning demands of a rule.

    Sources: rules GH2012 (ProvideRequiredReportingDescriptorProperties) and SARIF2001 (TerminateMessagesWithPeriod) of
    Microsoft's sarif-multitool 5.7.0, whose `validate --rule-kind "Sarif;Ghas"` passes these reports without an error;
    https://docs.github.com/en/code-security/code-scanning (SARIF support, reportingDescriptor object).
    """
    for name in ("shortDescription", "fullDescription", "help"):
        assert 0 < len(rule[name]["text"]) <= 1024 or name == "help"
    assert rule["help"]["text"].endswith(".")
    assert rule["help"]["markdown"].replace("`", "") == rule["help"]["text"]
    assert rule["id"] == rule["id"].strip() != ""


def parse(source: str) -> dict[str, Any]:
    """Parse a log, check what the schema requires, and return its run."""
    log = json.loads(source)
    assert set(log) == ALLOWED["log"]
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert set(run) == ALLOWED["run"]
    driver = run["tool"]["driver"]
    assert set(driver) == ALLOWED["driver"]
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", driver["semanticVersion"])
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert set(rule) == ALLOWED["rule"]
        _check_texts(rule)
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert len(rule["properties"]["tags"]) == len(set(rule["properties"]["tags"]))
    for result in run["results"]:
        _check_result(result, ids)
    (invocation,) = run["invocations"]
    assert set(invocation) <= ALLOWED["invocation"]
    assert isinstance(invocation["executionSuccessful"], bool)
    assert isinstance(run, dict)
    return run


def _check_result(result: dict[str, Any], ids: list[str]) -> None:
    assert set(result) <= ALLOWED["result"]
    assert ids[result["ruleIndex"]] == result["ruleId"]
    assert result["level"] in ("error", "warning", "note")
    assert result["message"]["text"]
    (location,) = result["locations"]
    address = location["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", address), "a relative address, without a scheme"
    assert location["physicalLocation"]["region"] == {"startLine": 1}
    assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
    for part, name in (("request", "webRequest"), ("response", "webResponse")):
        assert set(result.get(name, ())) <= ALLOWED[part]
        assert all(isinstance(value, str) for value in result.get(name, {}).get("headers", {}).values())


def test_every_fact_is_a_rule_and_every_finding_a_result(make_verification: MakeVerification) -> None:
    verification = make_verification(drift=6)
    run = parse(verification_sarif(verification))
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert rules >= {fact.fact.id for fact in verification.facts}
    assert [result["ruleId"] for result in run["results"]] == [finding.fact.id for finding in verification.findings]
    levels = [result["level"] for result in run["results"]]
    assert levels == ["error"] * 6 + ["note", "warning"]
    assert run["invocations"][0]["exitCode"] == 1
    assert run["invocations"][0]["startTimeUtc"] == "2026-05-28T20:26:40Z"
    assert run["properties"]["facts"] == {fact.fact.id: fact.status.value for fact in verification.facts}


def test_findings_have_distinct_fingerprints(make_verification: MakeVerification) -> None:
    run = parse(verification_sarif(make_verification(drift=300)))
    fingerprints = [result["partialFingerprints"]["seedmock/v1"] for result in run["results"]]
    assert len(set(fingerprints)) == len(fingerprints) - 1  # the flake is one of the drift findings again


def test_inconclusive_verification_was_not_successful(empty_verification: Verification) -> None:
    run = parse(verification_sarif(empty_verification))
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"], run["results"]) == (False, 3, [])
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "the host is down"


def test_every_invariant_is_a_rule_and_every_violation_a_result(make_certification: MakeCertification) -> None:
    run = parse(certification_sarif(make_certification()))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [invariant.value for invariant in Invariant]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("one-charge", "error"),
        ("one-charge", "error"),
        ("paced-polls", "warning"),
    ]


@PROPERTY
@given(data=st.data())
def test_hostile_text_keeps_the_log_valid(
    make_verification: MakeVerification,
    make_certification: MakeCertification,
    hostile_texts: st.SearchStrategy[str],
    data: st.DataObject,
) -> None:
    text = data.draw(hostile_texts)
    run = parse(verification_sarif(make_verification(text)))
    assert text in run["results"][0]["message"]["text"]
    parse(certification_sarif(make_certification(text)))
