"""Generated documentation is up to date. The pages on checks are tested in tests/harness/mutants, where trials run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import generate_docs
from reference_pages import broken_clients, commands, settings, upstream_facts
from seedmock_contracts.upstreams import contracts
from seedmock_server.cli.main import main
from seedmock_server.settings import Settings

if TYPE_CHECKING:
    from .source_files import SourceFile


@pytest.mark.parametrize(
    "name", ["tables", "upstream-differences", "upstream-facts", "commands", "settings", "control-api"]
)
def test_a_page_is_up_to_date(name: str) -> None:
    assert list(generate_docs.stale_pages([name])) == [], f"run python scripts/generate_docs.py {name}"


def test_the_pages_of_upstreams_have_every_fact_once() -> None:
    for contract in contracts():
        page = "\n".join(upstream_facts.page(contract))
        rows = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
        assert sorted(rows) == sorted(fact.id for fact in contract.facts())


def test_the_page_of_commands_has_every_setting() -> None:
    page = "\n".join(commands.page())
    settings = set(Settings.__struct_fields__) - {"max_cache_bytes", "max_journal_entries"}
    assert {name for name in settings if f"`SEEDMOCK_SERVE_{name.upper()}`" not in page} == set()


def test_the_page_of_settings_has_every_variable_that_the_packages_name(
    package_sources: tuple[SourceFile, ...],
) -> None:
    named = {name for source in package_sources for name in re.findall(r"\bSEEDMOCK_[A-Z_]*[A-Z]\b", source.text)}
    assert {"SEEDMOCK_ONLY", "SEEDMOCK_SECOND_API_KEY", "SEEDMOCK_SERVE_PORT"} <= named
    page = "\n".join(settings.page())
    assert sorted(name for name in named if f"`{name}`" not in page) == []


def test_the_page_of_settings_has_every_keyword_and_the_settings_of_pytest() -> None:
    page = "\n".join(settings.page())
    assert [name for name in Settings.__struct_fields__ if f"| `{name}` |" not in page] == []
    assert all(f"| `{name}` |" in page for name in ("seedmock_guard", "--live-upstream", "--live-budget"))


@pytest.mark.parametrize(("variable", "message"), [
    ("SEEDMOCK_SERVE_VARIANTS=opeai.status=no other=x", "variant opeai.status is 'no'"),  # separated by blanks
    ("SEEDMOCK_SERVE_CREDIT=", ""),  # empty counts as not set
    ("SEEDMOCK_SERVE_CREDIT=much", "credit is 'much'"),
])  # fmt: skip
def test_variables_are_read_as_the_page_says(monkeypatch: pytest.MonkeyPatch, variable: str, message: str) -> None:
    monkeypatch.setattr("seedmock_server.http.server.run", lambda *_, **__: None)
    name, _, value = variable.partition("=")
    result = CliRunner().invoke(main, ["serve"], env={name: value})
    assert (result.exit_code, message in result.stderr) == (2 if message else 0, True)


def test_the_command_line_wins_over_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedmock_server.http.server.run", lambda *_, **__: None)
    assert CliRunner().invoke(main, ["serve", "--pace", "step"], env={"SEEDMOCK_SERVE_PACE": "no"}).exit_code == 0
    assert CliRunner().invoke(main, ["serve"], env={"SEEDMOCK_SERVE_PACE": "no"}).exit_code == 2


def test_a_stale_page_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate_docs, "ROOT", tmp_path)
    monkeypatch.setattr(generate_docs, "GENERATORS", {"page": lambda: {"docs/page.md": "new"}})
    assert generate_docs.main(["--check"]) == 1
    assert "docs/page.md is out of date" in capsys.readouterr().out
    assert generate_docs.main(["page"]) == 0
    assert (tmp_path / "docs" / "page.md").read_text(encoding="utf-8") == "new"
    assert generate_docs.main(["--check"]) == 0


def test_the_command_runs_from_anywhere(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(root / "scripts" / "generate_docs.py"), "--check", "upstream-differences"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr


def test_the_page_of_broken_clients_lists_every_client(root: Path) -> None:
    rows = (root / broken_clients.PATH).read_text(encoding="utf-8").splitlines()
    cells = [tuple(cell.strip() for cell in row.split("|")[1:3]) for row in rows if row.startswith("| ")]
    expected = {**dict.fromkeys(broken_clients.CORRECT, "nothing"), **broken_clients.defects()}
    assert {*cells} == {*expected.items(), (broken_clients.SDK_LIKE, "several"), ("client", "breaks")}
