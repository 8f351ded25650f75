"""Group of the sub-commands, which entry points name: imported only when called, and listed by what people do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from typing import Any

import click

ENTRY_POINTS = "seedmock.commands"
SECTIONS: dict[str, tuple[str, ...]] = {
    "Run an emulator": ("demo", "serve", "scenarios"),
    "Order clips, from the emulator or the real upstream": ("generate", "upscale", "assets"),
    "Test against a running emulator": ("clock", "fate", "fault", "reset", "snapshot"),
    "Verify a service, certify a client": ("verify", "certify", "record", "drift", "replay"),
    "Look at a running emulator": ("tasks", "ledger", "journal"),
    "Set up and get help": ("init", "doctor", "completion", "docs"),
}
"""Commands in the order of `--help` and of docs/reference/commands.md."""
OTHERS = "Others"
"""Heading of commands that another distribution adds."""


class EntryPointGroup(click.Group):
    """Group of sub-commands that are imported only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for _, names in installed_sections() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for entry in _installed().select(name=cmd_name):
            command = entry.load()
            assert isinstance(command, click.Command)
            return command
        return None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error that the documentation explains ends with a line on where."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            line = _see_line(error.__cause__)
            if not line:
                raise
            error.show()
            click.echo(line, err=True)
            raise click.exceptions.Exit(error.exit_code) from error
        except click.exceptions.Exit as leaving:
            # Of a command that has printed its error itself. With a cause it has printed this line, too, or JSON.
            line = "" if leaving.__cause__ else _see_line(leaving.__context__)
            if line:
                click.echo(line, err=True)
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.list_commands(ctx)))
        for heading, names in installed_sections():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            rows = [
                (name.ljust(width), command.get_short_help_str(formatter.width - width - 6))
                for name, command in commands
                if command is not None and not command.hidden
            ]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


def installed_sections() -> Iterator[tuple[str, list[str]]]:
    """Each heading with the names of its commands that are installed."""
    names = set(_installed().names)
    for heading, commands in SECTIONS.items():
        yield heading, [name for name in commands if name in names]
    yield OTHERS, sorted(names.difference(*SECTIONS.values()))


def _see_line(error: BaseException | None) -> str:
    if error is None:
        return ""
    from seedmock_contracts.messages.error_guides import see_line

    return see_line(error)


@cache
def _installed() -> EntryPoints:
    # Cached, because each call opens a file of every package in the environment.
    return entry_points(group=ENTRY_POINTS)
