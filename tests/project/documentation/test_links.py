"""Links between the Markdown files of the repository: each names a file that exists, and a heading in it.

`mkdocs build --strict` checks the pages of the site (`validation` in mkdocs.yml); these tests check the same without
building it, and the files beside them: README, CONTRIBUTING, ARCHITECTURE and others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from seedmock_server.cli.documentation.pages import slug

SKIPPED = {"node_modules", ".venv", ".git", ".pytest_cache", "site"}


def markdown_files(root: Path) -> list[Path]:
    """The Markdown files of the repository; folders in which other tests work are not entered."""
    paths = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - SKIPPED)
        paths += [Path(folder, name) for name in sorted(names) if name.endswith(".md")]
    return paths


@cache
def tokens(path: Path) -> list[Token]:
    return MarkdownIt().enable("table").parse(path.read_text(encoding="utf-8"))


@cache
def anchors(path: Path) -> frozenset[str]:
    listed = tokens(path)
    pairs = pairwise(listed)
    texts = (
        "".join(part.content for part in inline.children or ()) for opening, inline in pairs if is_heading(opening)
    )
    return frozenset(map(slug, texts))


def is_heading(token: Token) -> bool:
    return token.type == "heading_open"


def links(path: Path) -> Iterator[tuple[int, str]]:
    """Targets of the links and images of a file that are no addresses of the web, with their lines."""
    for token in tokens(path):
        for part in token.children or ():
            target = str(part.attrs.get("href") or part.attrs.get("src") or "")
            if target and not urlsplit(target).scheme:
                yield (token.map or [0])[0] + 1, target


def problems(path: Path) -> list[str]:
    """Sentences on the links of a file that lead nowhere."""
    checked = ((line, target, problem(path, target)) for line, target in links(path))
    return [f"{path.name}:{line}: {target}: {text}" for line, target, text in checked if text]


def problem(path: Path, target: str) -> str:
    name, _, anchor = unquote(target).partition("#")
    other = (path.parent / name).resolve() if name else path
    if not other.exists():
        return "there is no such file"
    has_anchor = not anchor or (other.suffix == ".md" and anchor in anchors(other))
    return "" if has_anchor else "there is no such heading"


def test_every_link_leads_to_a_file_and_a_heading(root: Path) -> None:
    files = markdown_files(root)
    assert {"README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "index.md", "commands.md"} <= {f.name for f in files}
    assert sum(len(list(links(path))) for path in files) > 50
    offenders = [text for path in files for text in problems(path)]
    assert not offenders, "\n".join(offenders)


@pytest.mark.parametrize(("text", "expected"), [
    ("[gone](gone.md)", "page.md:3: gone.md: there is no such file"),
    ("![gone](gone.png)", "page.md:3: gone.png: there is no such file"),
    ("[gone](other.md#gone)", "page.md:3: other.md#gone: there is no such heading"),
    ("[gone](#gone)", "page.md:3: #gone: there is no such heading"),
    ("| a |\n|---|\n| [gone](gone.md) |", "page.md:5: gone.md: there is no such file"),
    ("[here](#a-page-it-is) [there](other.md#the-seedmock-one) [web](https://example.com/gone) [x](other.md)", ""),
])  # fmt: skip
def test_the_check_reports_a_link_that_leads_nowhere(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "page.md").write_text(f"# A page, it is!\n\n{text}\n", encoding="utf-8")
    (tmp_path / "other.md").write_text("## The `seedmock` one\n", encoding="utf-8")
    assert "; ".join(problems(tmp_path / "page.md")) == expected


def test_the_site_is_built_so_that_a_broken_link_fails(root: Path) -> None:
    for place in (".ci/run", "Makefile"):
        (build,) = re.findall(r"mkdocs build.*", (root / place).read_text(encoding="utf-8"))
        assert build == "mkdocs build --strict", (
            place
        )  # with --quiet it would pass: findings/mkdocs-quiet-is-not-strict.sh
    assert (root / "mkdocs.yml").read_text(encoding="utf-8").count("anchors: warn") == 1
