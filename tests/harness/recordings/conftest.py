"""What the tests of recordings share: recordings of emulators, and the reference client without its waits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from seedmock_client import Client, GenerationRequest, Video
from seedmock_contracts.mp4 import Movie, read_movie
from seedmock_harness.drift.cli import drift
from seedmock_harness.verify.cli import verify

KEY = "sk-live-0123456789abcdef"
ORDER = GenerationRequest(prompt="A paper boat on a pond", resolution="720p", ratio="16:9", seconds=4)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No keys and no state of the machine's."""
    for name in ("SEEDMOCK_API_KEY", "SEEDMOCK_SECOND_API_KEY", "SEEDMOCK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def recorded() -> Callable[..., Path]:
    """Verifies an emulator of its own with some options, and records it into a folder."""

    def run(folder: Path, upstream: str, *options: str) -> Path:
        told = CliRunner().invoke(verify, ["--upstream", upstream, "--record", str(folder), *options])
        assert told.exit_code == 0, told.output
        return next(path for path in sorted(folder.glob("*.jsonl")) if path.name in told.output)

    return run


@pytest.fixture
def drifted() -> Callable[..., Result]:
    """Runs `seedmock drift`."""

    def run(*options: object) -> Result:
        return CliRunner().invoke(drift, [str(option) for option in options])

    return run


@pytest.fixture
def rewritten() -> Callable[..., Path]:
    """Writes a recording once more, each line changed by a function, as made on another day."""

    def write(source: Path, target: Path, change: Callable[[dict[str, Any]], Any], day: str = "2026-06-01") -> Path:
        first, *lines = source.read_text("utf-8").splitlines()
        about = json.loads(first) | {"recorded_at": f"{day}T12:00:00+00:00"}
        rows = [json.loads(line) for line in lines]
        kept = [row for row in rows if change(row) is not False]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(json.dumps(row) + "\n" for row in (about, *kept)), "utf-8")
        return target

    return write


@pytest.fixture
def client() -> Callable[..., Client]:
    """The reference client at an address; it does not wait between polls."""

    def made(upstream: str, url: str, key: str = KEY) -> Client:
        return Client(upstream, api_key=key, base_url=url, sleep=lambda seconds: None)

    return made


@pytest.fixture
def walked(tmp_path: Path) -> Callable[..., tuple[list[Video], Movie]]:
    """Orders, polls to the end and downloads, and tells every look and the clip."""

    def walk(client: Client, order: GenerationRequest = ORDER) -> tuple[list[Video], Movie]:
        seen = [client.create(order)]
        while not seen[-1].terminal and len(seen) < 50:
            seen.append(client.query(seen[0].task_id))
        client.download(seen[-1], tmp_path / "clip.mp4")
        with (tmp_path / "clip.mp4").open("rb") as file:
            return seen, read_movie(file)

    return walk


@pytest.fixture
def order() -> GenerationRequest:
    return ORDER


@pytest.fixture
def key() -> str:
    return KEY
