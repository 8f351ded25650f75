"""What the command line loads before it has anything to do: help is asked for often, and by shells at each Tab."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from seedmock_harness.reports.options import SUFFIXES
from seedmock_harness.reports.writers import CERTIFICATIONS, VERIFICATIONS
from seedmock_server.cli.main import main

COMMANDS = main.list_commands(click.Context(main))
ROOMS = {
    *(f"seedmock_contracts.{name}" for name in ("checks", "drift", "machine", "recordings", "strategies")),
    *(f"seedmock_contracts.upstreams.{name}" for name in ("apimodels", "opeai")),
    *(f"seedmock_client.{name}" for name in ("clients", "flows", "upstreams")),
    *(f"seedmock_server.{name}" for name in ("app", "control", "engine", "media", "recorder", "remote", "serving")),
    *("seedmock_server.settings", "seedmock_server.upstreams", "seedmock_harness.reports.writers"),
    *("seedmock_harness.certify.runner", "seedmock_harness.verify.session"),
}
MACHINERY = {"asyncio", "http", "multiprocessing", "ssl", "unittest", "xml"}
OURS = {"seedmock_client", "seedmock_contracts", "seedmock_server"}
CODE = """
import sys
before = set(sys.modules)
from seedmock_server.cli.main import main
ended = main(sys.argv[1:], standalone_mode=False)
print(*sorted(set(sys.modules) - before), file=sys.stderr)
sys.exit(ended)
"""


def asked(*words: str) -> tuple[str, set[str]]:
    """What the command line says in a fresh interpreter, and the modules that it has loaded for it."""
    told = subprocess.run([sys.executable, "-c", CODE, *words], capture_output=True, text=True, check=True)
    return told.stdout, set(told.stderr.split())


def test_every_room_that_is_kept_out_is_still_there(every_module: tuple[object, ...]) -> None:
    places = {getattr(module, "name") for module in every_module}  # noqa: B009
    assert {room for room in ROOMS if room not in places and f"{room}.__init__" not in places} == set()


@pytest.mark.parametrize("words", [(), *((name,) for name in COMMANDS)], ids=lambda words: " ".join(words) or "all")
def test_asking_for_help_loads_nothing_that_only_running_needs(words: tuple[str, ...]) -> None:
    told, loaded = asked(*words, "--help")
    assert told.startswith("Usage:")
    assert loaded & ROOMS == set()
    tops = {name.partition(".")[0] for name in loaded}
    assert tops & MACHINERY == set()
    assert tops - OURS - set(sys.stdlib_module_names) == {"click"}


def test_asking_for_the_version_loads_no_command() -> None:
    told, loaded = asked("--version")
    assert told.startswith("seedmock, version ")
    ours = {name for name in loaded if name.partition(".")[0] in OURS}
    assert ours == {"seedmock_contracts", "seedmock_server", "seedmock_server.cli.main"}


def test_the_help_of_reports_names_every_kind_that_can_be_written_without_loading_any() -> None:
    assert SUFFIXES == tuple(VERIFICATIONS) == tuple(CERTIFICATIONS)
