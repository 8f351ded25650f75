"""Rules for docstrings and help texts that ruff does not know."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .source_files import SourceFile, SyntaxTree

OPENING_LINES = 4
QUESTION = re.compile(r"\s*(What|Whether|Which|Who|Whose)\b")
LETTER = re.compile(r"\b[AB]'s\b|\b(of|in|for|on) [AB]\b")
"""Upstreams are called by their names, not by letters."""
PERSON = re.compile(r"\b(somebody|nobody|whoever)\b", re.IGNORECASE)
TEXT_KEYWORDS = {"help", "short_help", "epilog", "summary", "description"}


def texts(tree: SyntaxTree) -> Iterator[tuple[int, str]]:
    """Docstrings, also those below a constant or field, and texts for users that are passed by keyword; with lines."""
    for node in tree.nodes(ast.Expr, ast.keyword):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text
            case ast.keyword(arg=str(name), value=ast.Constant(value=str(text))) if name in TEXT_KEYWORDS:
                yield node.value.lineno, text


def is_offence(text: str) -> bool:
    return bool(QUESTION.match(text) or PERSON.search(text) or LETTER.search(text))


def test_docstrings_and_help_texts_are_plain(all_sources: tuple[SourceFile, ...]) -> None:
    offenders = [
        source.at(line, text.strip().partition("\n")[0])
        for source in all_sources
        for line, text in texts(source.tree)
        if is_offence(text)
    ]
    assert not offenders, "\n".join(offenders)


@pytest.mark.parametrize("text", [
    "What a task is.", "Whether it ended.", "Who asked.", "Wait for somebody.", "Compare with A's balance.",
    "The statuses of B.", "Nobody reads it.",
])  # fmt: skip
def test_the_rule_for_docstrings_reports_an_offender(text: str) -> None:
    planted = SyntaxTree(f'"""Plain."""\ndef send():\n    """{text}"""\n@option(help="{text}")\ndef run(): ...\n')
    assert [is_offence(phrase) for _, phrase in sorted(texts(planted))] == [False, True, True]


@pytest.mark.parametrize("text", ["Statuses of apimodels.", "A task of both upstreams.", "Whatever it costs."])
def test_the_rule_for_docstrings_accepts_plain_sentences(text: str) -> None:
    assert not is_offence(text)


def test_descriptions_of_scenarios_are_plain(root: Path) -> None:
    scenarios = {
        path.name: tomllib.loads(path.read_text(encoding="utf-8")) for path in root.glob("fixtures/scenarios/*.toml")
    }
    assert len(scenarios) > 30
    offenders = [name for name, scenario in scenarios.items() if is_offence(scenario["scenario"]["description"])]
    assert not offenders, "\n".join(offenders)


def test_a_module_docstring_opens_in_at_most_four_lines(package_sources: tuple[SourceFile, ...]) -> None:
    offenders = [
        source.at(1, f"{opening.count(chr(10)) + 1} lines before the first blank one")
        for source in package_sources
        for opening in [(ast.get_docstring(source.tree.module) or "").partition("\n\n")[0]]
        if opening.count("\n") >= OPENING_LINES
    ]
    assert not offenders, "\n".join(offenders)
