"""Group of the sub-commands, which entry points name: imported only when called, and listed by what people do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import click

# Imported where they are needed: both take longer than all else that `seedmock serve` does before it imports a server.
if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

    from click.shell_completion import CompletionItem

ENTRY_POINTS = "seedmock.commands"
SECTIONS: dict[str, dict[str, str]] = {
    "Run an emulator": {
        "demo": "Start the emulator, generate a few clips, and list them: without a key, a network or any cost.",
        "serve": "Serve the upstreams on one port until Ctrl-C.",
        "scenarios": "List the built-in scenarios, each with its description and the reports that it comes from.",
    },
    "Order clips, from the emulator or the real upstream": {
        "generate": "Generate a video and download it.",
        "upscale": "Upscale a video and download it.",
        "assets": "Manage an upstream's asset library: images, videos and sounds for reuse as asset:// references.",
    },
    "Test against a running emulator": {
        "clock": "Show and move the clock: `seedmock clock advance 15m`.",
        "fate": 'Decide the outcome of tasks: `seedmock fate add "moderated after=120s" --prompt cat --times 1`.',
        "fault": 'Inject faults into responses and connections: `seedmock fault add "status code=502" --nth 2`.',
        "reset": "Delete tasks, assets, rules, clock and journal: all, or those of a key.",
        "snapshot": "Save the whole state to a file, and load it again, here or elsewhere.",
    },
    "Verify a service, certify a client": {
        "verify": "Check a live service or an emulator against the documented contract.",
        "certify": "Certify that a client neither loses money nor clips when an upstream misbehaves.",
        "guard": "Run a proxy in front of the real service that keeps agents and scripts within a budget.",
        "record": "Run a recording proxy between your application and a live service, until Ctrl-C.",
        "drift": "Compare recordings with the documented contract and with each other, without a network.",
        "replay": "Serve recorded responses until Ctrl-C; the newest recording that matches a request answers it.",
    },
    "Look at a running emulator": {
        "tasks": "List tasks: what was ordered, the status now, and the fate.",
        "ledger": "Show each order's quote and the amounts on hold, charged and refunded, in USD.",
        "journal": "Show the last exchanges with the upstreams.",
    },
    "Set up and get help": {
        "mcp": "Run an MCP server for agents: tools to order, wait, download, break things and verify, at play money.",
        "openapi": "Write an upstream's API as an OpenAPI 3.1 document, made from its contract; NAME control is "
        "/_mock/'s own.",
        "init": "Write the first files of a project: tests with pytest, tests in Node, or a GitHub workflow.",
        "doctor": "Check this machine: Python, versions, plugins, ffmpeg, fonts, cache, port, proxies, server.",
        "completion": "Complete commands, options and names at Tab: `seedmock completion bash --install`.",
        "docs": "Open the documentation of this version in the browser: `seedmock docs pytest`.",
    },
}
"""Commands in the order of `--help` and of docs/reference/commands.md, each with the first sentence of its help.

The sentences are repeated because importing every command would take most of the time of `--help` and of a Tab.
"""
LIMIT = 120
OTHERS = "Others"
"""Heading of commands that another distribution adds."""


class EntryPointGroup(click.Group):
    """Group of sub-commands that are imported only when they are called, but for those that are added to it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for _, names in installed_sections() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.commands:
            return self.commands[cmd_name]
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
            if names:
                with formatter.section(heading):
                    formatter.write_dl([(name.ljust(width), self._summary(ctx, name)) for name in names])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of commands without importing any."""
        from click.shell_completion import CompletionItem

        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=self._summary(ctx, name)) for name in names]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def _summary(self, ctx: click.Context, name: str) -> str:
        """The first sentence of a command's help."""
        for commands in SECTIONS.values():
            if name in commands:
                return commands[name]
        command = self.get_command(ctx, name)
        return "" if command is None else command.get_short_help_str(LIMIT)


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
    from importlib.metadata import entry_points

    # Cached, because each call opens a file of every package in the environment.
    return entry_points(group=ENTRY_POINTS)
