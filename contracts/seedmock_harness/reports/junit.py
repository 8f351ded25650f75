"""JUnit XML as CI systems read it: suites of cases, each passed, failed, in error or skipped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from xml.etree import ElementTree as ET

from msgspec import Struct

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class CaseStatus(StrEnum):
    """Status of a case; each but `passed` is the name of an element."""

    PASSED = "passed"
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


class JUnitCase(Struct, frozen=True):
    """One case: `message` is one sentence, `text` the details."""

    name: str
    status: CaseStatus = CaseStatus.PASSED
    message: str = ""
    text: str = ""
    type: str = ""


class JUnitSuite(Struct, frozen=True):
    """A named group of cases."""

    name: str
    cases: tuple[JUnitCase, ...]

    def count(self, status: CaseStatus) -> int:
        return sum(case.status is status for case in self.cases)


def render_junit(name: str, suites: Iterable[JUnitSuite], seconds: float) -> str:
    """Return the XML document."""
    root = ET.Element("testsuites", {"name": _xml(name), "time": f"{seconds:.3f}"})
    suites = tuple(suites)
    _set_counts(root, suites)
    for suite in suites:
        element = ET.SubElement(root, "testsuite", {"name": _xml(suite.name)})
        _set_counts(element, (suite,))
        for case in suite.cases:
            _add_case(element, suite, case)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _set_counts(element: ET.Element, suites: tuple[JUnitSuite, ...]) -> None:
    element.set("tests", str(sum(len(suite.cases) for suite in suites)))
    for attribute, status in (
        ("failures", CaseStatus.FAILURE),
        ("errors", CaseStatus.ERROR),
        ("skipped", CaseStatus.SKIPPED),
    ):
        element.set(attribute, str(sum(suite.count(status) for suite in suites)))


def _add_case(parent: ET.Element, suite: JUnitSuite, case: JUnitCase) -> None:
    element = ET.SubElement(parent, "testcase", {"classname": _xml(suite.name), "name": _xml(case.name), "time": "0"})
    if case.status is not CaseStatus.PASSED:
        detail = ET.SubElement(element, case.status.value, {"message": _xml(case.message)})
        if case.type and case.status is not CaseStatus.SKIPPED:
            detail.set("type", _xml(case.type))
        detail.text = _xml(case.text) or None
    elif case.message:
        ET.SubElement(element, "system-out").text = _xml(case.message)


def _xml(text: str) -> str:
    """Escape the characters that XML cannot contain."""
    return _NOT_IN_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
