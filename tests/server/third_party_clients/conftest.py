"""Clients that other people wrote, against an emulator on a socket. Nothing here is told in our words: they are.

To install what these tests need:

    pip install -e '.[test]'
    npm ci --prefix tests/server/third_party_clients/node --omit=optional --ignore-scripts --no-audit --no-fund
    apt-get install curl nodejs npm    # where the machine has none

A test whose client is not there is skipped and says which; where CI is set it fails. litellm is left to machines
that have it (`pip install litellm==1.106.2`, 250 MB, and an older openai with it): CI sends what it once sent.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from seedmock_server import serve
from seedmock_server.clock import ManualClock

HERE = Path(__file__).parent
NODE = HERE / "node"
collect_ignore = ["test_litellm.py"] if os.environ.get("CI") and find_spec("litellm") is None else []


class Emulator:
    """A running emulator as its users see it: an address, a journal of what it was asked, a clock that stands still."""

    def __init__(self, url: str, clock: ManualClock) -> None:
        self.url = url
        self.clock = clock

    def read(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def heard(self, task_id: str = "") -> list[tuple[str, str, int]]:
        """Method, path and status of the calls whose path names a task."""
        exchanges = self.read("/_mock/journal")["exchanges"]
        return [(seen["method"], seen["path"], seen["status"]) for seen in exchanges if task_id in seen["path"]]


@pytest.fixture(scope="session")
def emulate(clips: Path) -> Iterator[Callable[..., Emulator]]:
    """Starts an emulator with variants such as `opeai.status=openai`, or hands out the one that has them already.

    Each query moves a task on by one state, so that no client waits long.
    """
    running: dict[tuple[str, ...], Emulator] = {}
    with contextlib.ExitStack() as stack:

        def emulated(*variants: str) -> Emulator:
            if variants not in running:
                chosen = dict(variant.split("=") for variant in variants)
                clock = ManualClock()
                server = stack.enter_context(serve(clock=clock, pace="step", seed=1, cache_dir=clips, variants=chosen))
                running[variants] = Emulator(server.url, clock)
            return running[variants]

        yield emulated


def missing(what: str, install: str) -> None:
    """Skip the test, or fail it where CI is set: a client that CI does not drive is one that nobody drives."""
    said = f"{what} is not installed; to install it: {install}"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


@pytest.fixture(scope="session")
def installed() -> Callable[[str, str], None]:
    """Checks that a Python package is there."""

    def check(package: str, install: str) -> None:
        if find_spec(package) is None:
            missing(package, install)

    return check


@pytest.fixture(scope="session")
def curl() -> Callable[..., tuple[int, bytes]]:
    """Runs curl with these arguments; the status and the body of what it was answered."""
    found = shutil.which("curl")
    if found is None:
        missing("curl", "apt-get install curl")

    def asked(*arguments: str) -> tuple[int, bytes]:
        command = [str(found), "--silent", "--show-error", "--write-out", "\n%{http_code}", *arguments]
        told = subprocess.run(command, capture_output=True, check=True, timeout=30)
        body, _, status = told.stdout.rpartition(b"\n")
        return int(status), body

    return asked


@pytest.fixture(scope="session")
def node() -> Callable[[str], list[str]]:
    """The command that runs a file with Node, once the packages beside it are there."""
    found = shutil.which("node")
    if found is None:
        missing("node", "apt-get install nodejs npm")
    if not (NODE / "node_modules").is_dir():
        missing("what tests/server/third_party_clients/node needs", f"npm ci --omit=optional --prefix {NODE}")
    return lambda file: [str(found), str(NODE / file)]
