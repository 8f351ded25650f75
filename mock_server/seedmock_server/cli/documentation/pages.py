"""Pages of the documentation: where their Markdown lies, their order, and the topics by which a user names them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from ...errors import SeedmockServerError

HERE = Path(__file__).parent
# In a wheel the pages lie within the package, in a checkout at its top.
FOLDERS = (HERE / "pages", HERE.parents[3] / "docs")
NAVIGATION = (HERE / "pages" / "mkdocs.yml", HERE.parents[3] / "mkdocs.yml")
NAVIGATION_ROW = re.compile(r" *- (?:(?P<title>[\w ]+):)? ?(?P<page>\S+\.md)?")


class UnknownTopic(SeedmockServerError, ValueError):
    """No page or heading has this name."""


class DocumentationPage(Struct, frozen=True, dict=True):
    """A page: its path in the folder of the documentation, such as `guides/pytest.md`, and its Markdown."""

    path: str
    text: str
    section: str = ""

    @cached_property
    def title(self) -> str:
        return next((line[2:].strip() for line in self.text.splitlines() if line.startswith("# ")), self.path)

    @cached_property
    def anchors(self) -> frozenset[str]:
        return frozenset(map(slug, re.findall(r"^#+ (.+)$", self.text, re.MULTILINE)))

    @property
    def topic(self) -> str:
        """The name by which `seedmock docs` finds the page: that of its file, or of its folder for a README."""
        path = Path(self.path)
        return path.parent.name if path.stem == "README" else path.stem


def slug(heading: str) -> str:
    """Anchor of a heading, as GitHub and mkdocs make it from letters, digits, blanks and hyphens."""
    plain = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
    return re.sub(r"[-\s]+", "-", plain)


def documentation_folder() -> Path:
    """The folder of the pages."""
    return next((folder for folder in FOLDERS if (folder / "index.md").is_file()), FOLDERS[0])


def load_pages() -> dict[str, DocumentationPage]:
    """Load all pages by their paths, in the order of the site's navigation."""
    folder = documentation_folder()
    listed = _navigation()
    existing = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))
    paths = [*(path for path in listed if path in existing), *(path for path in existing if path not in listed)]
    return {
        path: DocumentationPage(path, (folder / path).read_text(encoding="utf-8"), listed.get(path, ""))
        for path in paths
    }


def _navigation() -> dict[str, str]:
    """The title of its section by the path of each page; read without a YAML library, which nothing else needs."""
    file = next(path for path in NAVIGATION if path.is_file())
    sections: dict[str, str] = {}
    title = ""
    for line in file.read_text(encoding="utf-8").partition("\nnav:\n")[2].splitlines():
        row = NAVIGATION_ROW.match(line)
        if row is not None and row["page"]:
            sections[row["page"]] = title if line.startswith("   ") else ""
        elif row is not None and row["title"]:
            title = row["title"]
    return sections


def find_topic(pages: Mapping[str, DocumentationPage], topic: str) -> tuple[DocumentationPage, str]:
    """Find a page, and an anchor in it or "", by a name such as `pytest`, `guides/pytest`, `pytest#hard-wired-hosts`.

    A name of no page is looked for among the headings. Raises UnknownTopic, with names that look alike.
    """
    name, _, anchor = topic.strip().lower().removesuffix(".md").partition("#")
    by_name = {key: page for page in pages.values() for key in (page.topic.lower(), page.path[:-3].lower())}
    if name in by_name and (not anchor or anchor in by_name[name].anchors):
        return by_name[name], anchor
    heading = slug(topic)
    for page in pages.values():
        if heading in page.anchors:
            return page, heading
    anchors = [f"{page.topic}#{anchor}" for page in pages.values() for anchor in sorted(page.anchors)]
    alike = difflib.get_close_matches(topic.lower(), [*by_name, *anchors], n=5, cutoff=0.5)
    available = alike or [page.topic for page in pages.values() if not page.topic[0].isdigit()]  # no single decisions
    raise UnknownTopic(f"unknown topic {topic!r}; {'did you mean' if alike else 'available'}: {', '.join(available)}")
