"""A page is one file that runs nothing and loads nothing, says all that the record says, and quotes no markup."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.conversation.history import History
from seedmock_harness.reports.certify.html import certification_html
from seedmock_harness.reports.html import seen
from seedmock_harness.reports.timeline_layout import span
from seedmock_harness.reports.verify.html import verification_html
from seedmock_harness.results.certification import CertificationVerdict, Invariant, TrialCall, TrialRecord
from seedmock_harness.results.verification import FactStatus, VerificationVerdict

OPEAI = get_contract("opeai")
VOID = {"meta", "input"}
SHAPES = {"line", "rect", "circle", "path"}
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)


class Page(HTMLParser):
    """What a page holds: its elements, their attributes, its text, and whether every element was closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def kinds(self) -> set[tuple[str, tuple[str, ...]]]:
        """The kinds of elements, each with the attributes that it has."""
        return {(tag, tuple(sorted(attrs))) for tag, attrs in self.elements}

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """The attributes of the elements of a kind; `class_` is one of the classes."""
        word = wanted.pop("class_", "")
        found = [attrs for name, attrs in self.elements if name == tag]
        found = [attrs for attrs in found if not word or word in attrs.get("class", "").split()]
        return [attrs for attrs in found if all(attrs.get(name) == value for name, value in wanted.items())]


def test_a_page_says_the_verdict_first_and_then_what_to_do(verification: Any) -> None:
    text = Page(verification_html(verification())).text
    headline = f"{OPEAI.display_name} has drifted: 2 promised facts are contradicted. https://api.test/a puddle"
    at = [
        text.index(part)
        for part in (headline, "What to do", "Begin with “title a puddle”", "Findings title", "Facts Basis")
    ]
    assert at == sorted(at)


def test_a_page_has_every_finding_every_fact_and_every_life(verification: Any) -> None:
    found = verification(findings=5)
    page = Page(verification_html(found))
    assert len(page.all("article", class_="card")) == len(found.findings) + 1
    assert len(page.all("tr", class_="fact")) == len(found.facts)
    for word in FactStatus:
        assert len(page.all("tr", class_=word.value)) == sum(fact.status is word for fact in found.facts)
    (drawn,) = page.all("svg", role="img")
    assert drawn["aria-label"].startswith("cgt-a puddle: 8 calls in 10 s, told as queued, then QUEUED, then odd")


def test_a_life_is_drawn_in_the_colours_of_its_statuses_and_with_the_words_as_they_were_spoken(
    verification: Any,
) -> None:
    page = Page(verification_html(verification()))
    bands = [attrs["class"].split()[1] for attrs in page.all("rect", class_="band") if attrs["width"] == "100%"]
    assert bands == ["queued", "queued", "unknown", "running", "success"]
    points = Counter(attrs["class"].partition(" ")[2] for attrs in page.all("g", class_="point"))
    legend = Counter(("",) * 4 + ("refused", "trouble"))
    assert points - legend == Counter(queued=2, unknown=1, running=1, success=2, refused=1, trouble=1)
    assert "3.5 s IN_PROGRESS query: HTTP 200" in page.text


@pytest.mark.parametrize("kind", ["verification", "certification"])
def test_a_page_loads_nothing_and_runs_nothing(request: pytest.FixtureRequest, kind: str) -> None:
    made = request.getfixturevalue(kind)()
    source = (verification_html if kind == "verification" else certification_html)(made)
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


@pytest.mark.parametrize("kind", ["verification", "certification"])
def test_a_page_can_be_read_without_eyes(request: pytest.FixtureRequest, kind: str) -> None:
    made = request.getfixturevalue(kind)()
    page = Page((verification_html if kind == "verification" else certification_html)(made))
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["href"][1:] for attrs in page.all("a")} <= set(ids)
    assert page.all("html", lang="en")
    assert len(page.all("h1")) == 1
    assert all(attrs["aria-label"] for attrs in page.all("svg", class_="time"))
    assert all(attrs["tabindex"] == "0" for attrs in page.all("pre"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


@SHARED
@given(data=st.data())
def test_whatever_was_heard_a_page_has_no_other_elements(verification: Any, hostile: Any, data: Any) -> None:
    text = data.draw(hostile)
    plain, spoilt = Page(verification_html(verification())), Page(verification_html(verification(f"x{text}x")))
    extra = spoilt.kinds - plain.kinds
    assert {tag for tag, _ in extra} <= {"text"}, extra  # a word is written into its band where there is room
    assert " ".join(seen(f"title x{text}x").split()) in spoilt.text


@SHARED
@given(data=st.data())
def test_whatever_a_client_said_the_page_has_no_other_elements(certification: Any, hostile: Any, data: Any) -> None:
    text = data.draw(hostile)
    plain, spoilt = Page(certification_html(certification())), Page(certification_html(certification(f"x{text}x")))
    assert {tag for tag, _ in spoilt.kinds - plain.kinds} <= {"text"}
    assert " ".join(seen(f"detail x{text}x").split()) in spoilt.text


def test_a_page_of_nothing_says_why(nothing: Any) -> None:
    page = Page(verification_html(nothing))
    assert f"{OPEAI.display_name} could not be looked at. https://api.test/a puddle What to do" in page.text
    assert "See to what was in the way: nobody is at home." in page.text
    assert "Nothing was made: no task, no asset." in page.text


def test_what_conforms_asks_for_nothing(verification: Any) -> None:
    facts = tuple(fact for fact in verification().facts if fact.status is FactStatus.CONFIRMED)
    empty: dict[str, Any] = {
        "findings": (),
        "tasks": (),
        "unresolved_orders": (),
        "confirmed_assumptions": (),
        "problem": "",
        "facts": facts,
    }
    made = verification(verdict=VerificationVerdict.CONFORMS)
    values = {name: getattr(made, name) for name in ("contract", "target", "started_at", "verdict", "spent")}
    found = type(made)(**values, **empty, history=History(OPEAI))
    text = Page(verification_html(found)).text
    assert f"conforms: {len(facts)} facts are confirmed, no promise is contradicted. https://api.test" in text
    assert "What to do Nothing." in text


def test_three_hundred_findings_are_one_page(verification: Any) -> None:
    found = verification(findings=300)
    page = Page(verification_html(found))
    assert len([attrs for attrs in page.all("article") if attrs.get("id", "").startswith("finding-")]) == 302


def test_a_certification_says_what_broke_where_and_draws_each_trial(certification: Any) -> None:
    found = certification()
    page = Page(certification_html(found))
    assert "not certified for opeai: 2 invariants break, in 2 of 3 scenarios. adapter a puddle What to do" in page.text
    assert "one-charge breaks in 2 scenarios" in page.text
    assert "paced-polls breaks in 1 scenario" in page.text
    assert page.text.count(" holds ") == len(Invariant) - 2
    drawn = page.all("svg", role="img")
    assert len(drawn) == len(found.trial_records) + sum(one.trial is not None for one in found.violations)


def test_a_client_that_could_not_be_run_holds_nothing(certification: Any) -> None:
    found = certification(
        verdict=CertificationVerdict.COULD_NOT_RUN,
        violations=(),
        trials=(),
        trial_records=(),
        problem="it is not there",
    )
    text = Page(certification_html(found)).text
    assert "See to what was in the way: it is not there." in text
    assert "holds" not in text
    assert text.count("not looked at") == len(Invariant) + 1


def test_a_poll_that_tells_no_status_and_an_order_that_fails_say_so_in_the_picture(certification: Any) -> None:
    calls = (
        TrialCall(0.0, 0.1, "create", "POST /v1/videos", 502),
        TrialCall(5.0, 5.1, "query", "GET /v1/videos/x", 200),
        TrialCall(5.0, 5.2, "query", "GET /v1/videos/x", 404),
    )
    life = TrialRecord("one", "says", (), calls, "outcome", 5.0)
    page = Page(certification_html(certification(violations=(), trial_records=(life,))))
    assert len(page.all("text", class_="tag")) == 2, "the third would stand upon the second"
    assert " 502 5 s: GET /v1/videos/x: HTTP 200 no status " in page.text


def test_a_life_with_one_long_pause_is_drawn_in_even_steps_and_says_so(certification: Any) -> None:
    calls = tuple(TrialCall(at, at, "query", "GET /v1/videos/x", 200, "QUEUED") for at in (0.0, 1.0, 2.0, 604_800.0))
    life = TrialRecord("one", "says", (), calls, "outcome", 5.0)
    page = Page(certification_html(certification(violations=(), trial_records=(life,))))
    assert "7 d (not to scale)" in page.text


@pytest.mark.parametrize(
    ("seconds", "says"),
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
def test_times_are_told_in_the_unit_that_suits_them(seconds: float, says: str) -> None:
    assert span(seconds) == says
