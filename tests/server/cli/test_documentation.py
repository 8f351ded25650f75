"""`seedmock docs`: topics, and a site that works from the disk, links, search and all."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import webbrowser
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner, Result

import seedmock_harness
from seedmock_server.cli.documentation import site
from seedmock_server.cli.documentation.pages import DocumentationPage, UnknownTopic, find_topic, load_pages
from seedmock_server.cli.documentation.python_reference import fill_references
from seedmock_server.cli.documentation.site import build_site
from seedmock_server.cli.main import main


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the whole site."""
    return build_site(load_pages(), tmp_path_factory.mktemp("site")).parent


def run(*arguments: str, folder: Path) -> Result:
    return CliRunner().invoke(main, ["docs", *arguments, "--out", str(folder)])


# --- topics ---


@pytest.mark.parametrize(("topic", "path", "anchor"), [
    ("index", "index.md", ""),
    ("pytest", "guides/pytest.md", ""),
    ("guides/pytest", "guides/pytest.md", ""),
    ("guides/pytest.md", "guides/pytest.md", ""),
    ("Faults", "reference/faults.md", ""),
    ("opeai", "reference/upstreams/opeai.md", ""),
    ("decisions", "decisions/README.md", ""),
    ("pytest#hard-wired-hosts", "guides/pytest.md", "hard-wired-hosts"),
    ("hard-wired-hosts", "guides/pytest.md", "hard-wired-hosts"),
    ("Hard-wired hosts", "guides/pytest.md", "hard-wired-hosts"),
    ("seedmock serve", "reference/commands.md", "seedmock-serve"),
])  # fmt: skip
def test_a_topic_is_a_page_or_a_heading(topic: str, path: str, anchor: str) -> None:
    page, at = find_topic(load_pages(), topic)
    assert (page.path, at) == (path, anchor)


def test_every_page_has_a_topic_of_its_own() -> None:
    pages = load_pages()
    assert len(pages) > 50
    assert [page.path for page in pages.values() if find_topic(pages, page.topic)[0] is not page] == []


def test_an_unknown_topic_names_others() -> None:
    with pytest.raises(UnknownTopic, match=r"unknown topic 'pytst'; did you mean: pytest, "):
        find_topic(load_pages(), "pytst")
    with pytest.raises(UnknownTopic, match=r"unknown topic 'pytest#gone'"):
        find_topic(load_pages(), "pytest#gone")
    with pytest.raises(UnknownTopic, match=r"unknown topic '@'; available: index, tutorial, set-up, emulator, "):
        find_topic(load_pages(), "@")


def test_pages_come_in_the_order_of_the_navigation(root: Path) -> None:
    listed = re.findall(r"\S+\.md$", (root / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    pages = load_pages()
    assert list(pages) == listed  # every page has a place, too
    assert pages["guides/pytest.md"].section == "Guides"
    assert pages["decisions/README.md"].section == "Decisions"
    assert pages["index.md"].section == pages["tutorial.md"].section == ""


# --- the command ---


def test_the_address_is_printed_on_request(built: Path) -> None:
    result = run("pytest#hard-wired-hosts", "--print", folder=built)
    assert result.stdout == f"{(built / 'guides/pytest.html').as_uri()}#hard-wired-hosts\n"


def test_a_page_opens_in_the_browser_and_is_printed_without_one(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_page(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", open_page)
    assert run(folder=built).stdout == ""
    assert opened == [(built / "index.html").as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert run(folder=built).stdout == f"{opened[0]}\n"


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = run("--print", folder=tmp_path / "file" / "site")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "choose another folder with --out" in result.stderr
    assert run("pytst", folder=tmp_path).exit_code == 2


def test_the_site_is_written_once_for_each_edition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {"index.md": DocumentationPage("index.md", "# One\n")}
    first = build_site(pages, tmp_path)
    assert "<h1" in first.read_text(encoding="utf-8")
    monkeypatch.setattr(site, "_write_site", lambda *_: pytest.fail("it is there already"))
    build_site(pages, tmp_path)
    monkeypatch.undo()
    build_site({"index.md": DocumentationPage("index.md", "# Two\n")}, tmp_path)
    assert "Two" in first.read_text(encoding="utf-8")


# --- the site ---


class Markup(HTMLParser):
    """Ids of a page, the targets of its links, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            assert values["id"] not in self.ids
            self.ids.add(values["id"])
        if tag == "a":
            self.links.add(values["href"])
        elif "src" in values or "href" in values:
            self.loads.add(values.get("src") or values["href"])


def leads_somewhere(markup: dict[Path, Markup], path: Path, target: str) -> bool:
    """True if a link of a page names a file of the site and, after a #, an id in it."""
    name, _, anchor = unquote(target).partition("#")
    other = (path.parent / name).resolve() if name else path
    return anchor in markup[other].ids if anchor and other in markup else other.is_file() and not anchor


@pytest.mark.parametrize("target", ["https://example.com/x.css", "gone.html", "index.html#gone", "#gone", "gone.css"])
def test_the_check_reports_a_link_that_leads_nowhere(tmp_path: Path, target: str) -> None:
    path = build_site({"index.md": DocumentationPage("index.md", "# One\n\n## Two\n")}, tmp_path)
    markup = {path: Markup(path.read_text(encoding="utf-8"))}
    assert not leads_somewhere(markup, path, target)
    assert leads_somewhere(markup, path, "index.html#two")
    assert leads_somewhere(markup, path, "style.css")


def test_every_link_of_the_site_leads_somewhere_and_nothing_is_loaded_from_elsewhere(built: Path) -> None:
    markup = {path: Markup(path.read_text(encoding="utf-8")) for path in built.rglob("*.html")}
    assert len(markup) == len(load_pages())
    broken = [
        f"{path.name}: {target}"
        for path, page in markup.items()
        for target in page.links | page.loads
        if not (target in page.links and urlsplit(target).scheme) and not leads_somewhere(markup, path, target)
    ]
    assert not broken, "\n".join(broken)


def test_all_markdown_is_of_a_kind_that_is_rendered() -> None:
    for page in load_pages().values():
        assert not re.search(r"^(!!!|\?\?\?|===) ", page.text, re.MULTILINE), page.path  # mkdocs' own extensions


def test_references_of_python_objects_are_filled(built: Path) -> None:
    text = (built / "reference/client-api.html").read_text(encoding="utf-8")
    assert ":::" not in text
    assert 'id="generate"' in text
    assert "Client(upstream" in text


def test_a_reference_that_needs_an_extra_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "seedmock_harness.conformance.runner", None)  # as if hypothesis were missing
    monkeypatch.delitem(vars(seedmock_harness), "run_conformance", raising=False)
    text = fill_references("# API\n\n::: seedmock_harness.run_conformance\n\n::: seedmock_server.serve\n")
    assert "## seedmock_harness.run_conformance\n\nNot shown, because it cannot be imported here: " in text
    assert "## seedmock_server.serve\n\n```python\nserve(" in text


def test_text_that_looks_like_markup_is_text(tmp_path: Path) -> None:
    page = DocumentationPage("index.md", "# A <b>\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))\n")
    text = build_site({"index.md": page}, tmp_path).read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert 'href="javascript' not in text
    assert "<title>A &lt;b&gt; - seedmock</title>" in text


@pytest.mark.slow
@pytest.mark.parametrize(("query", "first"), [
    ("hard-wired", "../guides/pytest.html#hard-wired-hosts"),
    ("response_lost+charged", ""),
    ("no-such-word", "Nothing found."),
])  # fmt: skip
def test_the_search_works_without_a_server(built: Path, query: str, first: str) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    address = f"{(built / 'guides/ci.html').as_uri()}?q={query}"
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", address]
    page = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    results = page.partition('<div id="results"')[2].partition('<div class="columns">')[0]
    assert first in results.partition("</a>")[0]
    assert "hidden" not in results.partition(">")[0]
