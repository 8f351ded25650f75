"""JUnit's XML counts right, is red exactly where the verdict is, and can be read whatever was heard."""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedmock_harness.reports.certify.junit import certification_junit
from seedmock_harness.reports.verify.junit import verification_junit
from seedmock_harness.results.certification import CertificationVerdict, Invariant
from seedmock_harness.results.verification import FactStatus

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
KINDS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def judged(source: str) -> ET.Element:
    """The root, after all sums were made."""
    root = ET.fromstring(source.encode())
    assert root.tag == "testsuites"
    for element in (root, *root.iter("testsuite")):
        assert int(element.get("tests", "")) == len(list(element.iter("testcase")))
        for attribute, tag in KINDS.items():
            assert int(element.get(attribute, "")) == len(list(element.iter(tag)))
    for suite in root.iter("testsuite"):
        assert all(case.get("classname") == suite.get("name") for case in suite)
    return root


def outcomes(root: ET.Element) -> Counter[str]:
    return Counter(next((child.tag for child in case), "passed") for case in root.iter("testcase"))


def test_every_fact_is_a_case_of_its_family(verification: Any) -> None:
    found = verification()
    root = judged(verification_junit(found))
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")][1:]
    assert len(names) == len(found.facts)
    assert all(str(name).startswith(str(family)) for family, name in names)


def test_only_what_was_promised_and_is_contradicted_fails(verification: Any) -> None:
    found = verification(findings=3)
    root = judged(verification_junit(found))
    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == [finding.fact.id for finding in found.findings[:3]]
    assumed = found.findings[3].fact.id
    (case,) = (case for case in root.iter("testcase") if case.get("name") == assumed)
    assert "settled   patch a puddle" in str(case.findtext("system-out"))
    told = root.find(".//failure")
    assert told is not None
    assert told.get("message") == "title a puddle: expected expected a puddle, observed observed a puddle"
    assert "repeat    curl -i -X GET 'https://api.test/v1/videos/a puddle'" in str(told.text)


def test_what_was_not_looked_at_is_skipped_with_the_reason(verification: Any) -> None:
    found = verification()
    root = judged(verification_junit(found))
    skipped = [case.get("message") for case in root.iter("skipped")]
    assert skipped == ["not looked at: a puddle"] * sum(fact.status is FactStatus.NOT_LOOKED for fact in found.facts)


def test_what_could_not_be_looked_at_is_an_error(nothing: Any) -> None:
    root = judged(verification_junit(nothing))
    assert outcomes(root) == Counter(error=1, skipped=len(nothing.facts))
    error = root.find(".//error")
    assert error is not None
    assert error.get("message") == "nobody is at home"


def test_every_invariant_is_a_suite_with_a_case_for_each_scenario(certification: Any) -> None:
    root = judged(certification_junit(certification()))
    assert [suite.get("name") for suite in root] == [invariant.value for invariant in Invariant]
    assert outcomes(root) == Counter(passed=3 * len(Invariant) - 3, failure=3)


def test_a_client_that_could_not_be_run_is_an_error(certification: Any) -> None:
    found = certification(
        verdict=CertificationVerdict.COULD_NOT_RUN,
        violations=(),
        trials=(),
        trial_records=(),
        problem="it is not there",
    )
    root = judged(certification_junit(found))
    assert outcomes(root) == Counter(error=1)


@SHARED
@given(data=st.data())
def test_whatever_was_heard_it_can_be_read_back(verification: Any, certification: Any, hostile: Any, data: Any) -> None:
    word = data.draw(hostile)
    assert outcomes(judged(verification_junit(verification(word)))) == outcomes(
        judged(verification_junit(verification()))
    )
    judged(certification_junit(certification(word)))
