"""Chromium and Firefox as Debian has them, each started once a session in a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM, FIREFOX = "chromium", "firefox"
in_both_browsers = pytest.mark.parametrize("browser_name", [CHROMIUM, FIREFOX], scope="session")
"""Run a test in both; every other runs in Chromium alone. By its scope those in Firefox run in a row, in one worker."""
PACKAGES = {CHROMIUM: "chromium", FIREFOX: "firefox-esr"}
PROGRAMS = {CHROMIUM: ("chromium", "chromium-browser"), FIREFOX: ("firefox-esr", "firefox")}
RELAY = Path(__file__).with_name("firefox_relay.py")


def skip_or_fail(reason: str) -> None:
    """Skip the test, or fail it in CI, where nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def find_program(name: str) -> str:
    """Return the path of a browser. Skips the test without one."""
    named = os.environ.get(f"SEEDMOCK_{name.upper()}")
    path = named or next(filter(None, map(shutil.which, PROGRAMS[name])), None)
    if path is None:
        skip_or_fail(f"needs {PACKAGES[name]}: apt-get install {PACKAGES[name]}")
    assert path is not None
    return path


@contextmanager
def started(name: str, folder: Path) -> Iterator[str]:
    """Start a browser; yield the address at which Playwright drives it."""
    config = folder / f"{name}.json"
    config.write_text(json.dumps(_launch_options(name, folder)))
    command = [sys.executable, "-m", "playwright", "launch-server", "--browser", name, "--config", str(config)]
    # Playwright's command starts another program and does not end it: both are ended as one group.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as server:
        assert server.stdout is not None
        try:
            address = server.stdout.readline().strip()
            assert address.startswith("ws://"), address
            yield address
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def _launch_options(name: str, folder: Path) -> dict[str, Any]:
    program = find_program(name)
    if name == CHROMIUM:
        # Debian's Chromium has no sandbox for root, which containers run as.
        return {"executablePath": program, "args": ["--no-sandbox"], "headless": True}
    relay = folder / "firefox"
    relay.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, str(RELAY), program])} "$@"\n')
    relay.chmod(0o755)
    return {"executablePath": str(relay), "channel": "moz-firefox", "headless": True}
