"""`seedmock replay`: what was recorded is said again, a task's statuses one poll each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_client import GenerationRequest
from seedmock_contracts.paid import PROMPT
from seedmock_contracts.terms import TaskStatus
from seedmock_contracts.upstreams import NAMES
from seedmock_server import create_app
from seedmock_server.recordings.files import recordings
from seedmock_server.recordings.playback import Playback
from seedmock_server.serving import running


@contextmanager
def replaying(*places: Path, emulate: bool = False) -> Iterator[str]:
    app = create_app(pace="instant", seed=1)
    with running(Playback(recordings(places), app, emulate=emulate)) as server:
        yield server.url


@pytest.fixture(params=NAMES)
def upstream(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def again() -> Callable[[str], GenerationRequest]:
    """What the first paid step orders, in the house's words."""

    def order(upstream: str) -> GenerationRequest:
        form = {"opeai": ("fast", "480p", "1:1"), "apimodels": ("mini", "720p", "16:9")}[upstream]
        model, resolution, ratio = form
        return GenerationRequest(
            prompt=PROMPT, model=model, resolution=resolution, ratio=ratio, seconds=4, generate_audio=False
        )

    return order


def test_what_was_verified_serves_the_reference_client(
    tmp_path: Path, upstream: str, recorded: Any, drifted: Any, client: Any, walked: Any, again: Any
) -> None:
    recorded(tmp_path, upstream, "--budget", "0.40", "--only", "minimal", "--only", "text", "--pace", "fast")
    told = drifted(tmp_path)
    assert told.exit_code == 0, told.output
    with replaying(tmp_path) as url, client(upstream, url, "any") as app:
        for _ in range(2):  # a task that is ordered once more lives once more
            seen, movie = walked(app, again(upstream))
            assert seen[-1].status is TaskStatus.SUCCESS
            assert len(seen) > 2
            assert (movie.seconds, movie.has_audio) == (4.0, False)
        assert httpx.get(f"{url}/_mock/health").json()["status"] == "ok"
