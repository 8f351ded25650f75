"""Generated documentation is up to date. The pages on checks are tested in tests/harness/mutants, where trials run."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import generate_docs
from reference_pages import broken_clients, commands, upstream_facts
from seedmock_contracts.upstreams import contracts
from seedmock_server.settings import Settings


@pytest.mark.parametrize("name", ["tables", "upstream-differences", "upstream-facts", "commands", "control-api"])
def test_a_page_is_up_to_date(name: str) -> None:
    assert list(generate_docs.stale_pages([name])) == [], f"run python scripts/generate_docs.py {name}"


def test_the_pages_of_upstreams_have_every_fact_once() -> None:
    for contract in contracts():
        page = "\n".join(upstream_facts.page(contract))
        rows = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
        assert sorted(rows) == sorted(fact.id for fact in contract.facts())


def test_the_page_of_commands_has_every_setting() -> None:
    page = "\n".join(commands.page())
    settings = {field.name for field in fields(Settings)} - {"max_cache_bytes", "max_journal_entries"}
    assert {name for name in settings if f"`SEEDMOCK_SERVE_{name.upper()}`" not in page} == set()


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
