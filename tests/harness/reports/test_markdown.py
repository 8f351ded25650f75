"""Markdown says the verdict, what to do, and every finding; what it quotes does not become markup."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from seedmock_harness.reports.certify.markdown import certification_markdown
from seedmock_harness.reports.markdown import block, code, text
from seedmock_harness.reports.verify.markdown import verification_markdown
from seedmock_harness.results.verification import FactStatus

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
OURS = {"<details><summary>What was asked and answered</summary>", "<details><summary>The conversation</summary>"}


def parsed(source: str) -> list[Any]:
    """The tokens, those within lines too."""
    tokens = []
    for token in MarkdownIt("commonmark").enable("table").parse(source):
        tokens += [token, *(token.children or ())]
    return tokens


def headings(source: str) -> list[str]:
    return [token.tag for token in parsed(source) if token.type == "heading_open"]


def test_a_verification_says_its_verdict_what_to_do_and_each_finding(verification: Any) -> None:
    told = verification_markdown(verification())
    assert told.startswith("# drifted: api-platform.ope.ai, seedance-2-0 series\n\n**")
    assert "\n1. Begin with “title a puddle”" in told
    assert headings(told).count("h3") == len(verification().findings)
    assert "| `expected a puddle` | `emulated a puddle` | `observed a puddle` |" in told
    assert '-H "Authorization: Bearer $SEEDMOCK_API_KEY"' in told
    assert "- `cgt-a puddle`: seedance-2-0-fast, 864x496, 4 s, sound; `queued` at 0 s, `QUEUED` at 1 s, " in told
    skipped = sum(fact.status is FactStatus.NOT_LOOKED for fact in verification().facts)
    assert f"## Not looked at\n\n- {skipped} facts: a puddle: `opeai." in told


def test_a_verification_of_nothing_says_why(nothing: Any) -> None:
    told = verification_markdown(nothing)
    assert "could not be looked at.**" in told
    assert "1. See to what was in the way: nobody is at home." in told
    assert "| documented | 0 | 0 | " in told


def test_a_certification_has_a_row_for_every_invariant_and_a_part_for_what_broke(certification: Any) -> None:
    told = certification_markdown(certification())
    assert told.count("| holds |") == 12
    assert "| `one-charge` | **breaks in 2 scenarios** | an order is charged at most once |" in told
    assert headings(told) == ["h1", "h2", "h2", "h2", "h3", "h3", "h2", "h3"]


@SHARED
@given(data=st.data())
def test_whatever_was_heard_is_no_markup(verification: Any, certification: Any, hostile: Any, data: Any) -> None:
    word = f"x{data.draw(hostile)}x"
    for write, made in ((verification_markdown, verification), (certification_markdown, certification)):
        spoilt = parsed(write(made(word)))
        assert not {token.type for token in spoilt} & {"link_open", "image", "html_inline", "hr", "blockquote_open"}
        assert {token.content.strip() for token in spoilt if token.type == "html_block"} <= {*OURS, "</details>"}
        kinds = [[token.type for token in parsed(write(made(one))) if token.level == 0] for one in ("x", word)]
        assert kinds[0] == kinds[1]


@given(data=st.data())
def test_a_word_stays_within_its_line_and_its_cell(hostile: Any, data: Any) -> None:
    word = f"x{data.draw(hostile)}x"
    for made in (text(word), code(word)):
        assert "\n" not in made
        assert not re.search(r"(?<!\\)\|", made)
    fence, *lines, end = block(word)
    assert fence == end
    assert not any(line.strip().startswith(fence) for line in lines)
