"""Fixtures for the tests of recordings: recordings of emulators, and the reference client without its pauses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from seedmock_client import Client, GenerationRequest, Video
from seedmock_contracts.mp4 import Movie, read_movie
from seedmock_contracts.upstreams import NAMES
from seedmock_harness.verify.cli import verify

KEY = "sk-live-0123456789abcdef"
ORDER = GenerationRequest(prompt="A paper boat on a pond", resolution="720p", ratio="16:9", seconds=4)
MAX_POLLS = 50

RecordVerification = Callable[..., Path]
MakeClient = Callable[..., Client]
RunOrder = Callable[..., tuple[list[Video], Movie]]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the keys and the state folder of this machine."""
    for name in ("SEEDMOCK_API_KEY", "SEEDMOCK_SECOND_API_KEY", "SEEDMOCK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(params=NAMES)
def upstream(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def record_verification() -> RecordVerification:
    """Verify an emulator with some options, and record it into a folder."""

    def run(folder: Path, upstream: str, *options: str) -> Path:
        result = CliRunner().invoke(verify, ["--upstream", upstream, "--record", str(folder), *options])
        assert result.exit_code == 0, result.output
        return next(path for path in sorted(folder.glob("*.jsonl")) if path.name in result.output)

    return run


@pytest.fixture
def make_client() -> MakeClient:
    """Create the reference client for a URL; it does not pause between polls."""

    def make(upstream: str, url: str, key: str = KEY) -> Client:
        return Client(upstream, api_key=key, base_url=url, sleep=lambda seconds: None)

    return make


@pytest.fixture
def run_order(tmp_path: Path) -> RunOrder:
    """Order, poll to the end and download; return every state of the task, and the clip."""

    def run(client: Client, order: GenerationRequest = ORDER) -> tuple[list[Video], Movie]:
        videos = [client.create(order)]
        while not videos[-1].terminal and len(videos) < MAX_POLLS:
            videos.append(client.query(videos[0].task_id))
        client.download(videos[-1], tmp_path / "clip.mp4")
        with (tmp_path / "clip.mp4").open("rb") as file:
            return videos, read_movie(file)

    return run
