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


def test_summaries_are_the_first_sentences_of_the_help_texts() -> None:
    context = click.Context(main)
    for name, summary in (row for commands in SECTIONS.values() for row in commands.items()):
        command = main.get_command(context, name)
        assert command is not None
        assert (name, summary) == (name, command.get_short_help_str(1000))


@pytest.mark.parametrize(("arguments", "variables"), [
    (["--help"], {}),
    ([], {"COMP_WORDS": "seedmock ", "COMP_CWORD": "1", "_SEEDMOCK_COMPLETE": "bash_complete"}),
])  # fmt: skip
def test_the_overview_and_the_names_at_tab_import_no_command(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], variables: dict[str, str]
) -> None:
    monkeypatch.setattr(EntryPoint, "load", lambda entry: pytest.fail(f"{entry.name} was imported"))
    output = CliRunner().invoke(main, arguments, prog_name="seedmock", env=variables).stdout
    assert all(name in output for names in SECTIONS.values() for name in names)


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
