"""JUnit's XML, as those read it who show tests: suites of cases, each passed, failed, in error or skipped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree as ET

_NEVER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Outcome(StrEnum):
    """What became of a case; each but `passed` is an element's name."""

    PASSED = "passed"
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Case:
    """One case: `says` is one sentence, `text` all of it."""

    name: str
    outcome: Outcome = Outcome.PASSED
    says: str = ""
    text: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases that belong together."""

    name: str
    cases: tuple[Case, ...]

    def number(self, outcome: Outcome) -> int:
        """How many cases came to this."""
        return sum(case.outcome is outcome for case in self.cases)


def junit(name: str, suites: Iterable[Suite], seconds: float) -> str:
    """The document."""
    root = ET.Element("testsuites", {"name": _xml(name), "time": f"{seconds:.3f}"})
    every = tuple(suites)
    _count(root, every)
    for suite in every:
        element = ET.SubElement(root, "testsuite", {"name": _xml(suite.name)})
        _count(element, (suite,))
        for case in suite.cases:
            _add(element, suite, case)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _count(element: ET.Element, suites: tuple[Suite, ...]) -> None:
    element.set("tests", str(sum(len(suite.cases) for suite in suites)))
    for attribute, outcome in (
        ("failures", Outcome.FAILURE),
        ("errors", Outcome.ERROR),
        ("skipped", Outcome.SKIPPED),
    ):
        element.set(attribute, str(sum(suite.number(outcome) for suite in suites)))


def _add(parent: ET.Element, suite: Suite, case: Case) -> None:
    element = ET.SubElement(parent, "testcase", {"classname": _xml(suite.name), "name": _xml(case.name), "time": "0"})
    if case.outcome is not Outcome.PASSED:
        told = ET.SubElement(element, case.outcome.value, {"message": _xml(case.says)})
        if case.kind and case.outcome is not Outcome.SKIPPED:
            told.set("type", _xml(case.kind))
        told.text = _xml(case.text) or None
    elif case.says:
        ET.SubElement(element, "system-out").text = _xml(case.says)


def _xml(text: str) -> str:
    """Text without the characters that XML cannot hold, which stand as escapes."""
    return _NEVER.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
