"""Markdown: the verdict, the actions and every finding; quoted content never becomes markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from seedmock_harness.reports.certify.markdown import certification_markdown
from seedmock_harness.reports.markdown import block, code, text
from seedmock_harness.reports.verify.markdown import verification_markdown
from seedmock_harness.results.verification import FactStatus, Verification

if TYPE_CHECKING:
    from .conftest import MakeCertification, MakeVerification

PROPERTY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
OWN_HTML = {
    "<details><summary>Request and response</summary>",
    "<details><summary>Transcript</summary>",
    "</details>",
}


def tokens_of(source: str) -> list[Any]:
    """Return the tokens of a document, inline ones included."""
    tokens = []
    for token in MarkdownIt("commonmark").enable("table").parse(source):
        tokens += [token, *(token.children or ())]
    return tokens


def headings(source: str) -> list[str]:
    return [token.tag for token in tokens_of(source) if token.type == "heading_open"]


def block_types(source: str) -> list[str]:
    return [token.type for token in tokens_of(source) if token.level == 0]


def test_verification_has_verdict_actions_and_findings(make_verification: MakeVerification) -> None:
    document = verification_markdown(make_verification())
    assert document.startswith("# drifted: api-platform.ope.ai, seedance-2-0 series\n\n**")
    assert "\n1. Start with “title a puddle”" in document
    assert headings(document).count("h3") == len(make_verification().findings)
    assert "| `expected a puddle` | `emulated a puddle` | `observed a puddle` |" in document
    assert '-H "Authorization: Bearer $SEEDMOCK_API_KEY"' in document
    assert "- `cgt-a puddle`: seedance-2-0-fast, 864x496, 4 s, audio; `queued` at 0 s, `QUEUED` at 1 s, " in document
    unchecked = sum(fact.status is FactStatus.NOT_CHECKED for fact in make_verification().facts)
    assert f"## Not checked\n\n- {unchecked} facts: a puddle: `opeai." in document


def test_empty_verification_has_the_reason(empty_verification: Verification) -> None:
    document = verification_markdown(empty_verification)
    assert "could not be checked.**" in document
    assert "1. Fix the problem: the host is down." in document
    assert "| documented | 0 | 0 | " in document


def test_certification_has_every_invariant_and_every_violation(make_certification: MakeCertification) -> None:
    document = certification_markdown(make_certification())
    assert document.count("| satisfied |") == 12
    assert "| `one-charge` | **violated in 2 scenarios** | an order is charged at most once |" in document
    assert headings(document) == ["h1", "h2", "h2", "h2", "h3", "h3", "h2", "h3"]


@PROPERTY
@given(data=st.data())
def test_hostile_text_never_becomes_markup(
    make_verification: MakeVerification,
    make_certification: MakeCertification,
    hostile_texts: st.SearchStrategy[str],
    data: st.DataObject,
) -> None:
    hostile = f"x{data.draw(hostile_texts)}x"
    documents = [
        (verification_markdown(make_verification("x")), verification_markdown(make_verification(hostile))),
        (certification_markdown(make_certification("x")), certification_markdown(make_certification(hostile))),
    ]
    for plain_document, document in documents:
        tokens = tokens_of(document)
        assert not {token.type for token in tokens} & {"link_open", "image", "html_inline", "hr", "blockquote_open"}
        assert {token.content.strip() for token in tokens if token.type == "html_block"} <= OWN_HTML
        assert block_types(document) == block_types(plain_document)


@given(data=st.data())
def test_inline_text_stays_within_its_line_and_cell(hostile_texts: st.SearchStrategy[str], data: st.DataObject) -> None:
    hostile = f"x{data.draw(hostile_texts)}x"
    for inline in (text(hostile), code(hostile)):
        assert "\n" not in inline
        assert not re.search(r"(?<!\\)\|", inline)
    fence, *lines, end = block(hostile)
    assert fence == end
    assert not any(line.strip().startswith(fence) for line in lines)
