"""`seedmock --help`: commands under the headings of what people do."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint, EntryPoints

import click
import pytest
from click.testing import CliRunner

from seedmock_server.cli import command_group
from seedmock_server.cli.command_group import OTHERS, SECTIONS, installed_sections
from seedmock_server.cli.main import main


def headings(output: str) -> list[str]:
    return re.findall(r"^(\S.*):$", output.partition("Options:")[2], re.MULTILINE)


def test_every_command_stands_under_one_heading() -> None:
    names = [name for names in SECTIONS.values() for name in names]
    assert len(names) == len(set(names))
    assert dict(installed_sections()) == {**{h: list(names) for h, names in SECTIONS.items()}, OTHERS: []}


def test_the_overview_lists_the_commands_by_headings_in_their_order() -> None:
    output = CliRunner().invoke(main, ["--help"]).stdout
    assert headings(output) == list(SECTIONS)
    assert re.findall(r"^  ([a-z]+)  ", output, re.MULTILINE) == main.list_commands(click.Context(main))


def test_a_command_of_another_distribution_stands_under_others(monkeypatch: pytest.MonkeyPatch) -> None:
    added = EntryPoint("other", "seedmock_server.cli.main:scenarios", command_group.ENTRY_POINTS)
    installed = EntryPoints((*command_group._installed(), added))
    monkeypatch.setattr(command_group, "_installed", lambda: installed)
    output = CliRunner().invoke(main, ["--help"]).stdout
    assert headings(output) == [*SECTIONS, OTHERS]
    assert output.rpartition(f"{OTHERS}:")[2].split()[0] == "other"


def test_an_unknown_command_is_an_error_with_what_to_do() -> None:
    result = CliRunner().invoke(main, ["serv"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No such command 'serv'" in result.stderr
