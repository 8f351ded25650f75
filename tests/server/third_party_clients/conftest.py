"""Third-party clients against an emulator on a socket.

To install what these tests need:

    pip install -e '.[test]'
    npm ci --prefix tests/server/third_party_clients/node --omit=optional --ignore-scripts --no-audit --no-fund
    apt-get install curl nodejs npm    # where the machine has none

A test without its client is skipped, and fails where CI is set. litellm is only tested where it is installed
(`pip install litellm==1.106.2`, 250 MB, and an older openai with it): CI replays its captured requests.
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
    """Running emulator: an address, a journal, and a clock that stands still."""

    def __init__(self, url: str, clock: ManualClock) -> None:
        self.url = url
        self.clock = clock

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            return json.load(response)

    def requests(self, text: str = "") -> list[tuple[str, str, int]]:
        """Return method, path and status of the requests whose path contains a text."""
        exchanges = self.get("/_mock/journal")["exchanges"]
        return [
            (exchange["method"], exchange["path"], exchange["status"])
            for exchange in exchanges
            if text in exchange["path"]
        ]


@pytest.fixture(scope="session")
def start_emulator(clips: Path) -> Iterator[Callable[..., Emulator]]:
    """Start an emulator with variants such as `opeai.status=openai`, once for each combination.

    Each query moves a task on by one state, so that no client waits long.
    """
    running: dict[tuple[str, ...], Emulator] = {}
    with contextlib.ExitStack() as stack:

        def start(*variants: str) -> Emulator:
            if variants not in running:
                options = dict(variant.split("=") for variant in variants)
                clock = ManualClock()
                # The MCP server of apimodels asks /v1/models by default, a path that opeai serves as well.
                settings: dict[str, Any] = {"variants": options, "host_map": {"127.0.0.1": "apimodels"}}
                server = stack.enter_context(serve(clock=clock, pace="step", seed=1, cache_dir=clips, **settings))
                running[variants] = Emulator(server.url, clock)
            return running[variants]

        yield start


def skip_or_fail(name: str, install: str) -> None:
    """Skip the test, or fail it in CI, which must test every client."""
    message = f"{name} is not installed; to install it: {install}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def require_package() -> Callable[[str, str], None]:
    """Skip the test without a Python package."""

    def check(package: str, install: str) -> None:
        if find_spec(package) is None:
            skip_or_fail(package, install)

    return check


@pytest.fixture(scope="session")
def curl() -> Callable[..., tuple[int, bytes]]:
    """Run curl with arguments; return the status and the body of the response."""
    path = shutil.which("curl")
    if path is None:
        skip_or_fail("curl", "apt-get install curl")

    def run(*arguments: str) -> tuple[int, bytes]:
        command = [str(path), "--silent", "--show-error", "--write-out", "\n%{http_code}", *arguments]
        result = subprocess.run(command, capture_output=True, check=True, timeout=30)
        body, _, status = result.stdout.rpartition(b"\n")
        return int(status), body

    return run


@pytest.fixture(scope="session")
def node() -> Callable[[str], list[str]]:
    """Command that runs a file with Node."""
    path = shutil.which("node")
    if path is None:
        skip_or_fail("node", "apt-get install nodejs npm")
    if not (NODE / "node_modules").is_dir():
        skip_or_fail("packages of tests/server/third_party_clients/node", f"npm ci --omit=optional --prefix {NODE}")
    return lambda file: [str(path), str(NODE / file)]
