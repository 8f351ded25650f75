"""Modules that the command line loads before it has anything to do: shells ask for help at each Tab."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from seedmock_contracts.upstreams import NAMES
from seedmock_harness.cli_options import REPORT_SUFFIXES
from seedmock_harness.reports.writers import CERTIFICATION_WRITERS, VERIFICATION_WRITERS
from seedmock_server.cli.main import main

if TYPE_CHECKING:
    from .source_files import SourceFile

COMMANDS = main.list_commands(click.Context(main))
UNLOADED = {
    *(f"seedmock_contracts.upstreams.{name}" for name in NAMES),
    *(f"seedmock_client.{name}" for name in ("clients", "flows", "upstreams")),
    *(f"seedmock_server.{name}" for name in ("app", "control", "control_client", "http", "media")),
    *(f"seedmock_server.{name}" for name in ("generation.engine", "settings", "upstreams")),
    *(f"seedmock_harness.{name}" for name in ("checks", "conformance", "drift.comparison", "reports.writers")),
    *(f"seedmock_harness.{name}" for name in ("certify.runner", "verify.session")),
    *(f"seedmock_harness.recordings.{name}" for name in ("model", "replay_server", "writer")),
}
"""Modules and packages that only running a command needs."""
MACHINERY = {"asyncio", "http", "multiprocessing", "ssl", "unittest", "xml"}
OURS = {"seedmock_client", "seedmock_contracts", "seedmock_harness", "seedmock_server"}
CODE = """
import contextlib, io, json, sys
before, outputs = set(sys.modules) | {"json"}, {}
from seedmock_server.cli.main import main
for command in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        main(command.split(), standalone_mode=False)
    outputs[command] = (output.getvalue(), sorted(set(sys.modules) - before))
    before |= set(sys.modules)
print(json.dumps(outputs))
"""
UNSERVED = {
    *("PIL", "hypothesis", "httpx", "importlib.metadata", "jinja2", "numpy", "python_multipart", "rich"),
    *("respx", "starlette", "statistics", "tomllib", "zipfile"),
    *("seedmock_client", "seedmock_harness", "seedmock_server.control", "seedmock_server.scenarios"),
    *("seedmock_server.media.drawing", "seedmock_server.media.pipeline", "seedmock_server.snapshots"),
}
"""Modules and packages that a server needs for certain requests alone, and loads for the first of them."""
APP = """
import asyncio, json, sys
import seedmock_server.cli.main, seedmock_server.http.server
from seedmock_server.app import App
from seedmock_server.settings import Settings

async def send(message):
    pass

async def receive():
    return {"type": "http.request", "body": b"{}"}

async def main():
    scope = {"type": "http", "method": "POST", "path": "/v1/videos", "query_string": b"", "headers": []}
    async with App(Settings()) as app:
        await app(scope, receive, send)

asyncio.run(main())
print(json.dumps(sorted(sys.modules)))
"""
Outputs = dict[str, tuple[str, list[str]]]
"""By command line, its output and the modules that it loaded and none before it had loaded."""


def run_commands(*commands: str) -> Outputs:
    """Run command lines one after the other in one fresh interpreter."""
    run = subprocess.run([sys.executable, "-c", CODE, *commands], capture_output=True, text=True, check=True)
    outputs: Outputs = json.loads(run.stdout)
    return outputs


@pytest.fixture(scope="module")
def helps() -> Outputs:
    # One process for all: a module that one of them must not load is found among those that it was the first to load.
    return run_commands("--help", *(f"{name} --help" for name in COMMANDS))


def test_every_module_that_stays_unloaded_exists(package_sources: tuple[SourceFile, ...]) -> None:
    ours = {module for module in UNLOADED | UNSERVED if module.partition(".")[0] in OURS}
    assert ours - {source.module for source in package_sources} == set()


@pytest.mark.parametrize("command", ["--help", *(f"{name} --help" for name in COMMANDS)])
def test_help_loads_nothing_that_only_running_needs(helps: Outputs, command: str) -> None:
    output, loaded = helps[command]
    assert output.startswith("Usage:")
    assert set(loaded) & UNLOADED == set()
    tops = {name.partition(".")[0] for name in loaded}
    assert tops & MACHINERY == set()
    assert tops - OURS - set(sys.stdlib_module_names) <= {"click", "msgspec", "typing_extensions"}


def test_the_version_loads_no_command() -> None:
    output, loaded = run_commands("--version")["--version"]
    assert output.startswith("seedmock, version ")
    ours = {name for name in loaded if name.partition(".")[0] in OURS}
    cli = {f"seedmock_server.cli.{name}" for name in ("command_group", "completers", "main")}
    assert ours == {"seedmock_contracts", "seedmock_server", "seedmock_server.cli", *cli}


def test_a_server_loads_nothing_that_only_certain_requests_need() -> None:
    run = subprocess.run([sys.executable, "-c", APP], capture_output=True, text=True, check=True)
    assert UNSERVED & set(json.loads(run.stdout)) == set()


def test_the_help_of_reports_names_every_format_without_loading_any() -> None:
    assert REPORT_SUFFIXES == tuple(VERIFICATION_WRITERS) == tuple(CERTIFICATION_WRITERS)
