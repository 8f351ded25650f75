"""Measure what the pytest plugin adds to a session: its first use, further tests, and being loaded but not used.

    python benchmarks/plugin.py [--rounds 5]

The peer is the same session without seedmock's plugins, and neither has others. Sessions run by turns; each figure is a
difference of medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from measures import Measure, print_table

FIRST_TARGET, FURTHER_TARGET, UNUSED_TARGET = 250.0, 2.0, 20.0
ROUNDS, FURTHER = 5, 200
TESTS = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_plain(number):
    pass

@pytest.mark.parametrize("number", range({count}))
def test_with_upstreams({fixture}number):
    pass
"""
PLUGINS = ("-p", "seedmock", "-p", "seedmock-harness")
PARALLEL = ("-p", "xdist", "-n", "2")


@dataclass(frozen=True)
class Session:
    """Options of pytest, and the number of tests that are run with and without the fixture."""

    options: tuple[str, ...] = ()
    count: int = 1
    fixture: str = ""


SESSIONS: Mapping[str, Session] = {
    "without": Session(),
    "unused": Session(PLUGINS),
    "first": Session(PLUGINS, 1, "mock_upstreams"),
    "further": Session(PLUGINS, FURTHER, "mock_upstreams"),
    "further without": Session((), FURTHER),
    "parallel without": Session(PARALLEL, 2),
    "parallel": Session((*PLUGINS, *PARALLEL), 2, "mock_upstreams"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    print_table(measures(parser.parse_args()))
    return 0


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure sessions by wall time and by processor time. Raises CalledProcessError for one that fails."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in SESSIONS}
    with tempfile.TemporaryDirectory() as name:
        for _ in range(max(ROUNDS, options.rounds) + 1):
            for session in SESSIONS:
                seconds[session].append(run_session(Path(name), SESSIONS[session]))
    for index, kind in enumerate(("", ": processor time")):
        medians = {session: statistics.median(row[index] for row in rows[1:]) for session, rows in seconds.items()}
        yield from differences(medians, kind)


def differences(medians: Mapping[str, float], kind: str) -> Iterator[Measure]:
    def difference(session: str, other: str) -> float:
        return (medians[session] - medians[other]) * 1000

    further = difference("further", "further without") - difference("first", "without")
    figures = (
        ("plugin, first use in a session", difference("first", "without"), FIRST_TARGET),
        ("plugin, first use with xdist -n 2", difference("parallel", "parallel without"), FIRST_TARGET),
        ("plugin, each further test", further / (FURTHER - 1), FURTHER_TARGET),
        ("plugin, loaded and not used", difference("unused", "without"), UNUSED_TARGET),
    )
    for name, milliseconds, target in figures:
        yield Measure(f"{name}{kind}", milliseconds, "ms", at_most=target)


def run_session(folder: Path, session: Session) -> tuple[float, float]:
    """Wall and processor seconds of a session, from the start of the interpreter to its end."""
    fixture = f"{session.fixture}, " if session.fixture else ""
    (folder / "test_plugin.py").write_text(TESTS.format(count=session.count, fixture=fixture))
    command: Sequence[str] = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *session.options]
    # A cache of bytecode, as installed packages have.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "XDG_CACHE_HOME": str(folder / "cache")}
    # Plugins of others that are installed take a second, whose variation hides what is measured.
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    before, started = os.times(), time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    sys.exit(main())
