"""The pages as HTML in a folder, with an index for the search. They need no server and no network."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from markdown_it.token import Token

from .pages import HERE, DocumentationPage, documentation_folder, slug
from .python_reference import fill_references

TEMPLATES = HERE / "templates"
SCRIPTS = ("search.js", "style.css")
MARK = "built.txt"


def build_site(pages: Mapping[str, DocumentationPage], folder: Path) -> Path:
    """Write the site to a folder, unless it is there already as it would be; return that of its first page."""
    edition = _edition(pages)
    mark = folder / MARK
    if not mark.is_file() or mark.read_text(encoding="utf-8") != edition:
        folder.mkdir(parents=True, exist_ok=True)
        _write_site(pages, folder)
        mark.write_text(edition, encoding="utf-8")
    return folder / "index.html"


def _edition(pages: Mapping[str, DocumentationPage]) -> str:
    """Digest of everything that the site depends on."""
    digest = sha256()
    for page in pages.values():
        digest.update(f"{page.path}\0{page.section}\0{page.text}\0".encode())
    for path in sorted([*TEMPLATES.iterdir(), *HERE.glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _write_site(pages: Mapping[str, DocumentationPage], folder: Path) -> None:
    template = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True).get_template("page.html")
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    entries: list[dict[str, str]] = []
    for page in pages.values():
        tokens = parser.parse(fill_references(page.text))
        headings = list(_anchor_headings(tokens))
        _point_links_to_html(tokens)
        entries += _search_entries(page, tokens)
        target = folder / html_path(page.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        html = template.render(
            page=page,
            body=parser.renderer.render(tokens, parser.options, {}),
            headings=headings,
            sections=_sections(pages),
            root="../" * page.path.count("/"),
            html_path=html_path,
        )
        target.write_text(html, encoding="utf-8")
    (folder / "search-index.js").write_text(f"const ENTRIES = {json.dumps(entries)};\n", encoding="utf-8")
    for name in SCRIPTS:
        shutil.copyfile(TEMPLATES / name, folder / name)
    source = documentation_folder()
    for path in (*source.rglob("*.png"), *source.rglob("*.webp")):
        (folder / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.relative_to(source))


def html_path(path: str) -> str:
    """Path of a page in the site."""
    return path.removesuffix(".md") + ".html"


def _sections(pages: Mapping[str, DocumentationPage]) -> dict[str, list[DocumentationPage]]:
    sections: dict[str, list[DocumentationPage]] = {}
    for page in pages.values():
        sections.setdefault(page.section, []).append(page)
    return sections


def _anchor_headings(tokens: list[Token]) -> Iterator[tuple[str, str]]:
    """Give each heading its anchor; yield those of the second level with their texts."""
    used: dict[str, int] = {}
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            text = _text(inline)
            anchor = slug(text)
            used[anchor] = used.get(anchor, -1) + 1
            token.attrSet("id", f"{anchor}_{used[anchor]}" if used[anchor] else anchor)
            if token.tag == "h2":
                yield str(token.attrs["id"]), text


def _point_links_to_html(tokens: list[Token]) -> None:
    for token in tokens:
        for part in token.children or ():
            target = str(part.attrs.get("href", ""))
            if part.type == "link_open" and not re.match(r"[a-z]+:", target):
                part.attrSet("href", re.sub(r"\.md(?=#|$)", ".html", target))


def _search_entries(page: DocumentationPage, tokens: list[Token]) -> Iterator[dict[str, str]]:
    """One entry for each heading, with the text below it."""
    entry: dict[str, str] = {}
    heading: Token | None = None
    for token in tokens:
        if token.type == "heading_open":
            heading = token
        elif heading is not None and token.type == "inline":
            if entry:
                yield entry
            address = f"{html_path(page.path)}#{heading.attrs['id']}"
            entry = {"page": page.title, "heading": _text(token), "address": address, "text": ""}
            heading = None
        elif entry and token.type in {"inline", "fence"}:
            entry["text"] += f"{_text(token)} "
    if entry:
        yield entry


def _text(token: Token) -> str:
    """The words of an inline token or a block of code, without marks."""
    return "".join(part.content or " " * (part.type == "softbreak") for part in token.children or (token,))


def default_site_folder(version: str) -> Path:
    """The folder of the site of this version in the user's cache."""
    from ...settings import default_cache_folder

    return default_cache_folder() / "docs" / version
