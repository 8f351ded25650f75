"""JUnit XML: correct counts, failures exactly where the verdict is red, valid XML whatever it quotes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedmock_harness.reports.certify.junit import certification_junit
from seedmock_harness.reports.verify.junit import verification_junit
from seedmock_harness.results.certification import Certification, Invariant
from seedmock_harness.results.verification import FactStatus, Verification

if TYPE_CHECKING:
    from .conftest import MakeCertification, MakeVerification

PROPERTY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
TAGS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def parse(source: str) -> ET.Element:
    """Parse a document and check its counts."""
    root = ET.fromstring(source.encode())
    assert root.tag == "testsuites"
    for element in (root, *root.iter("testsuite")):
        assert int(element.get("tests", "")) == len(list(element.iter("testcase")))
        for attribute, tag in TAGS.items():
            assert int(element.get(attribute, "")) == len(list(element.iter(tag)))
    for suite in root.iter("testsuite"):
        assert all(case.get("classname") == suite.get("name") for case in suite)
    return root


def count_statuses(root: ET.Element) -> Counter[str]:
    return Counter(next((child.tag for child in case), "passed") for case in root.iter("testcase"))


def test_every_fact_is_a_case_of_its_family(make_verification: MakeVerification) -> None:
    verification = make_verification()
    root = parse(verification_junit(verification))
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")][1:]
    assert len(names) == len(verification.facts)
    assert all(str(name).startswith(str(family)) for family, name in names)


def test_only_drift_fails(make_verification: MakeVerification) -> None:
    verification = make_verification(drift=3)
    root = parse(verification_junit(verification))
    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == [finding.fact.id for finding in verification.findings[:3]]
    assumption = verification.findings[3].fact.id
    (case,) = (case for case in root.iter("testcase") if case.get("name") == assumption)
    assert "patch     patch a puddle" in str(case.findtext("system-out"))
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == "title a puddle: expected expected a puddle, observed observed a puddle"
    assert "repeat    curl -i -X GET 'https://api.test/v1/videos/a puddle'" in str(failure.text)


def test_unchecked_fact_is_skipped_with_the_reason(make_verification: MakeVerification) -> None:
    verification = make_verification()
    root = parse(verification_junit(verification))
    skipped = [case.get("message") for case in root.iter("skipped")]
    unchecked = sum(fact.status is FactStatus.NOT_CHECKED for fact in verification.facts)
    assert skipped == ["not checked: a puddle"] * unchecked


def test_inconclusive_verification_is_an_error(empty_verification: Verification) -> None:
    root = parse(verification_junit(empty_verification))
    assert count_statuses(root) == Counter(error=1, skipped=len(empty_verification.facts))
    error = root.find(".//error")
    assert error is not None
    assert error.get("message") == "the host is down"


def test_every_invariant_is_a_suite_with_a_case_for_each_scenario(make_certification: MakeCertification) -> None:
    root = parse(certification_junit(make_certification()))
    assert [suite.get("name") for suite in root] == [invariant.value for invariant in Invariant]
    assert count_statuses(root) == Counter(passed=3 * len(Invariant) - 3, failure=3)


def test_failed_certification_is_an_error(failed_certification: Certification) -> None:
    root = parse(certification_junit(failed_certification))
    assert count_statuses(root) == Counter(error=1)


@PROPERTY
@given(data=st.data())
def test_hostile_text_keeps_the_document_valid(
    make_verification: MakeVerification,
    make_certification: MakeCertification,
    hostile_texts: st.SearchStrategy[str],
    data: st.DataObject,
) -> None:
    text = data.draw(hostile_texts)
    hostile = parse(verification_junit(make_verification(text)))
    assert count_statuses(hostile) == count_statuses(parse(verification_junit(make_verification())))
    parse(certification_junit(make_certification(text)))
