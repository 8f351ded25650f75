"""Fixtures for the tests of `seedmock drift`: recordings of emulators, and modified copies of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from seedmock_contracts.upstreams import NAMES
from seedmock_harness.drift.cli import drift
from seedmock_harness.verify.cli import verify

LIMIT_STEPS = {"opeai": "free.create.seconds.range", "apimodels": "free.create.duration.range"}

Row = dict[str, Any]
RunDrift = Callable[..., Result]
CopyRecording = Callable[..., Path]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A short recording of each upstream's emulator."""
    folder = tmp_path_factory.mktemp("recordings")
    for upstream in NAMES:
        steps = ("free.auth", LIMIT_STEPS[upstream], "text")
        options = ["--budget", "0.40", *(part for step in steps for part in ("--only", step))]
        result = CliRunner().invoke(verify, ["--upstream", upstream, "--record", str(folder), *options])
        assert result.exit_code == 0, result.output
    return {upstream: next(folder.glob(f"{upstream}-*.jsonl")) for upstream in NAMES}


@pytest.fixture
def run_drift() -> RunDrift:
    """Run `seedmock drift`."""

    def run(*options: object) -> Result:
        return CliRunner().invoke(drift, [str(option) for option in options])

    return run


@pytest.fixture
def copy_recording() -> CopyRecording:
    """Copy a recording with another date, each exchange changed by a function; False drops an exchange."""

    def copy(
        source: Path, target: Path, change: Callable[[Row], Any] = lambda row: None, day: str = "2026-06-01"
    ) -> Path:
        first, *lines = source.read_text("utf-8").splitlines()
        header = json.loads(first) | {"recorded_at": f"{day}T12:00:00+00:00"}
        rows = [row for row in map(json.loads, lines) if change(row) is not False]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(json.dumps(row) + "\n" for row in (header, *rows)), "utf-8")
        return target

    return copy
