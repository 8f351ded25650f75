"""Command `seedmock mcp`. Its implementation is imported when it runs, not when its help is shown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click

from . import KEY_VARIABLE, MOCK_KEY

STDIO, HTTP = "stdio", "streamable-http"


@click.command()
@click.option(
    "--url",
    envvar=["SEEDMOCK_URL", "SEEDMOCK_BASE_URL"],
    show_envvar=True,
    help="Use this emulator.  [default: one that is started for it]",
)
@click.option(
    "--token", envvar="SEEDMOCK_CONTROL_TOKEN", show_envvar=True, help="Control token of that emulator, if it has one."
)
@click.option("--key", default=MOCK_KEY, envvar=KEY_VARIABLE, show_default=True, help="API key of the agent's orders.")
@click.option(
    "--transport", type=click.Choice([STDIO, HTTP]), default=STDIO, show_default=True, help="How agents reach it."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of streamable HTTP.")
@click.option("--port", default=8003, show_default=True, type=click.IntRange(1, 65535), help="Port of streamable HTTP.")
@click.option(
    "--pace",
    type=click.Choice(["instant", "fast", "realistic", "step"]),
    default="fast",
    show_default=True,
    help="Pace of the emulator that is started.",
)
def mcp(url: str | None, token: str | None, key: str, transport: str, host: str, port: int, pace: str) -> None:
    """Run an MCP server for agents: tools to order, wait, download, break things and verify, at play money.

    Needs `pip install "seedmock[mcp]"`. An agent starts it as `seedmock mcp` (stdio); over HTTP it is at /mcp.
    """
    try:
        from .agent_tools import build_server
    except ImportError as error:
        raise click.ClickException(f'{error}; pip install "seedmock[mcp]" installs what is missing') from error
    from .agent_emulator import AgentEmulator

    with _emulator(url, pace) as address, contextlib.closing(AgentEmulator(address, key, token)) as emulator:
        server = build_server(emulator)
        if transport == STDIO:
            server.run("stdio")
            return
        click.echo(f"MCP server of {address} at http://{host}:{port}/mcp. Stop with Ctrl-C.", err=True)
        server.run("streamable-http", host=host, port=port)


@contextlib.contextmanager
def _emulator(url: str | None, pace: str) -> Iterator[str]:
    """Return the address of the given emulator, or of one that is started."""
    if url is not None:
        yield url
        return
    from seedmock_server.app import App
    from seedmock_server.http.server import serve_in_thread
    from seedmock_server.settings import parse_settings

    with serve_in_thread(App(parse_settings({"pace": pace}))) as server:
        yield server.url
