"""HTML pages: self-contained, complete, accessible, and without markup from quoted content."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.conversation.history import History
from seedmock_harness.reports.certify.html import certification_html
from seedmock_harness.reports.html import escape_invisible
from seedmock_harness.reports.timeline_layout import format_duration
from seedmock_harness.reports.verify.html import verification_html
from seedmock_harness.results.certification import Certification, Invariant, TrialCall, TrialRecord
from seedmock_harness.results.verification import FactStatus, Verification, VerificationVerdict

if TYPE_CHECKING:
    from .conftest import MakeCertification, MakeVerification

OPEAI = get_contract("opeai")
VOID_ELEMENTS = {"meta", "input"}
PROPERTY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)


class Page(HTMLParser):
    """Parsed page: its elements with their attributes, and its text. Every element must be closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open_tags: list[str] = []
        self.feed(source)
        self.close()
        assert self.open_tags == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID_ELEMENTS:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open_tags and self.open_tags[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    @property
    def kinds(self) -> set[tuple[str, tuple[str, ...]]]:
        """The tags of the page with the names of their attributes."""
        return {(tag, tuple(sorted(attrs))) for tag, attrs in self.elements}

    def all(self, tag: str, class_: str = "", **values: str) -> list[dict[str, str]]:
        """Return the attributes of all elements with a tag, a class and attribute values."""
        elements = [attrs for name, attrs in self.elements if name == tag]
        elements = [attrs for attrs in elements if not class_ or class_ in attrs.get("class", "").split()]
        return [attrs for attrs in elements if all(attrs.get(name) == value for name, value in values.items())]


@pytest.fixture(params=["verification", "certification"])
def source(
    request: pytest.FixtureRequest, make_verification: MakeVerification, make_certification: MakeCertification
) -> str:
    """The source of a page of either kind."""
    if request.param == "verification":
        return verification_html(make_verification())
    return certification_html(make_certification())


def test_verdict_comes_first_then_the_actions(make_verification: MakeVerification) -> None:
    text = Page(verification_html(make_verification())).text
    headline = f"{OPEAI.display_name} has drifted: 2 facts are contradicted. https://api.test/a puddle"
    parts = (headline, "What to do", "Start with “title a puddle”", "Findings title", "Facts Basis")
    positions = [text.index(part) for part in parts]
    assert positions == sorted(positions)


def test_page_has_every_finding_fact_and_timeline(make_verification: MakeVerification) -> None:
    verification = make_verification(drift=5)
    page = Page(verification_html(verification))
    assert len(page.all("article", class_="card")) == len(verification.findings) + 1
    assert len(page.all("tr", class_="fact")) == len(verification.facts)
    for status in FactStatus:
        count = sum(fact.status is status for fact in verification.facts)
        assert len(page.all("tr", class_=status.value)) == count
    (drawing,) = page.all("svg", role="img")
    label = "cgt-a puddle: 8 calls in 10 s, reported as queued, then QUEUED, then odd"
    assert drawing["aria-label"].startswith(label)


def test_timeline_has_the_colours_and_spellings_of_its_statuses(make_verification: MakeVerification) -> None:
    page = Page(verification_html(make_verification()))
    bands = [attrs["class"].split()[1] for attrs in page.all("rect", class_="band") if attrs["width"] == "100%"]
    assert bands == ["queued", "queued", "unknown", "running", "success"]
    points = Counter(attrs["class"].partition(" ")[2] for attrs in page.all("g", class_="point"))
    legend = Counter(("",) * 4 + ("rejected", "server-error"))
    drawn = Counter({"queued": 2, "unknown": 1, "running": 1, "success": 2, "rejected": 1, "server-error": 1})
    assert points - legend == drawn
    assert "3.5 s IN_PROGRESS query: HTTP 200" in page.text


def test_page_loads_nothing_and_runs_no_script(source: str) -> None:
    page = Page(source)
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in page.elements}
    for _, attrs in page.elements:
        assert not {"src", "srcset", "action", "data", "xlink:href"} & set(attrs)
        assert attrs.get("href", "#").startswith("#")
        assert not any(name.startswith("on") for name in attrs)
    assert "url(" not in source
    assert "@import" not in source
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_page_is_accessible(source: str) -> None:
    page = Page(source)
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["href"][1:] for attrs in page.all("a")} <= set(ids)
    assert page.all("html", lang="en")
    assert len(page.all("h1")) == 1
    assert all(attrs["aria-label"] for attrs in page.all("svg", class_="time"))
    assert all(attrs["tabindex"] == "0" for attrs in page.all("pre"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


@PROPERTY
@given(data=st.data())
def test_hostile_text_adds_no_elements_to_a_verification(
    make_verification: MakeVerification, hostile_texts: st.SearchStrategy[str], data: st.DataObject
) -> None:
    text = f"x{data.draw(hostile_texts)}x"
    plain, hostile = Page(verification_html(make_verification())), Page(verification_html(make_verification(text)))
    extra = hostile.kinds - plain.kinds
    assert {tag for tag, _ in extra} <= {"text"}, extra  # a label is written into its band if it fits
    assert " ".join(escape_invisible(f"title {text}").split()) in hostile.text


@PROPERTY
@given(data=st.data())
def test_hostile_text_adds_no_elements_to_a_certification(
    make_certification: MakeCertification, hostile_texts: st.SearchStrategy[str], data: st.DataObject
) -> None:
    text = f"x{data.draw(hostile_texts)}x"
    plain, hostile = Page(certification_html(make_certification())), Page(certification_html(make_certification(text)))
    assert {tag for tag, _ in hostile.kinds - plain.kinds} <= {"text"}
    assert " ".join(escape_invisible(f"detail {text}").split()) in hostile.text


def test_empty_verification_has_the_reason(empty_verification: Verification) -> None:
    page = Page(verification_html(empty_verification))
    assert f"{OPEAI.display_name} could not be checked. https://api.test/a puddle What to do" in page.text
    assert "Fix the problem: the host is down." in page.text
    assert "No task and no asset was created." in page.text


def test_conforming_verification_has_nothing_to_do(make_verification: MakeVerification) -> None:
    drifted = make_verification()
    facts = tuple(fact for fact in drifted.facts if fact.status is FactStatus.CONFIRMED)
    verification = Verification(
        contract=drifted.contract,
        target=drifted.target,
        started_at=drifted.started_at,
        verdict=VerificationVerdict.CONFORMS,
        spent=drifted.spent,
        facts=facts,
        findings=(),
        history=History(OPEAI),
    )
    text = Page(verification_html(verification)).text
    assert f"conforms: {len(facts)} facts are confirmed, none has drifted. https://api.test" in text
    assert "What to do Nothing." in text


def test_three_hundred_findings_are_one_page(make_verification: MakeVerification) -> None:
    page = Page(verification_html(make_verification(drift=300)))
    assert len([attrs for attrs in page.all("article") if attrs.get("id", "").startswith("finding-")]) == 302


def test_certification_has_every_violation_and_every_trial(make_certification: MakeCertification) -> None:
    certification = make_certification()
    page = Page(certification_html(certification))
    headline = "not certified for opeai: 2 invariants are violated in 2 of 3 scenarios. adapter a puddle What to do"
    assert headline in page.text
    assert "one-charge violated in 2 scenarios" in page.text
    assert "paced-polls violated in 1 scenario" in page.text
    assert page.text.count(" satisfied ") == len(Invariant) - 2
    drawings = page.all("svg", role="img")
    with_trial = sum(violation.trial is not None for violation in certification.violations)
    assert len(drawings) == len(certification.trial_records) + with_trial


def test_failed_certification_has_no_verdict_on_invariants(failed_certification: Certification) -> None:
    text = Page(certification_html(failed_certification)).text
    assert "Fix the problem: the adapter is missing." in text
    assert "satisfied" not in text
    assert text.count("not checked") == len(Invariant) + 1


def test_calls_without_a_status_are_tagged(make_certification: MakeCertification) -> None:
    calls = (
        TrialCall(0.0, 0.1, "create", "POST /v1/videos", 502),
        TrialCall(5.0, 5.1, "query", "GET /v1/videos/x", 200),
        TrialCall(5.0, 5.2, "query", "GET /v1/videos/x", 404),
    )
    record = TrialRecord("one", "description", (), calls, "outcome", 5.0)
    page = Page(certification_html(make_certification(violations=(), trial_records=(record,))))
    assert len(page.all("text", class_="tag")) == 2, "the third would overlap the second"
    assert " 502 5 s: GET /v1/videos/x: HTTP 200 no status " in page.text


def test_timeline_with_one_long_pause_is_not_to_scale(make_certification: MakeCertification) -> None:
    calls = tuple(TrialCall(at, at, "query", "GET /v1/videos/x", 200, "QUEUED") for at in (0.0, 1.0, 2.0, 604_800.0))
    record = TrialRecord("one", "description", (), calls, "outcome", 5.0)
    page = Page(certification_html(make_certification(violations=(), trial_records=(record,))))
    assert "7 d (not to scale)" in page.text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.35, "350 ms"),
        (1, "1 s"),
        (12.54, "12.5 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (6e5, "6.9 d"),
    ],
)
def test_durations_have_a_suitable_unit(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
