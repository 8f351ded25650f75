"""`seedmock replay`: what was recorded is said again, a task's statuses one poll each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from seedmock_client import Client, GenerationRequest, SeedmockError
from seedmock_contracts.enums import TaskStatus
from seedmock_contracts.mp4 import read_movie
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_harness.driver.http_transport import resolve_base_url
from seedmock_harness.probes.paid_steps import PROMPT
from seedmock_harness.recordings.cli import replay
from seedmock_harness.recordings.files import load_recordings
from seedmock_harness.recordings.proxy import RecordingProxy
from seedmock_harness.recordings.replay_server import ReplayServer
from seedmock_harness.recordings.writer import Recorder
from seedmock_server import create_app, serve
from seedmock_server.clock import Clock
from seedmock_server.http.server import serve_in_thread


@contextmanager
def replaying(*places: Path, emulate: bool = False) -> Iterator[str]:
    app = create_app(pace="instant", seed=1)
    with serve_in_thread(ReplayServer(load_recordings(places), app, emulate=emulate)) as server:
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


@pytest.fixture
def minimal(tmp_path: Path, recorded: Any) -> Path:
    """B's smallest order, with sound and without, as an emulator of its own lived through it."""
    folder = tmp_path / "kept"
    recorded(folder, "opeai", "--budget", "0.60", "--only", "text", "--only", "image", "--pace", "fast")
    return folder


ORDER = {"model": "seedance-2-0-fast", "prompt": PROMPT, "size": "640x640", "seconds": "4", "generate_audio": False}
BEARER = {"authorization": "Bearer any"}


def test_a_document_is_the_same_in_any_order_and_with_numbers_as_text(minimal: Path) -> None:
    with replaying(minimal) as url:
        made = {
            httpx.post(f"{url}/v1/videos", json=document, headers=BEARER).json()["id"]
            for document in (ORDER, dict(reversed(ORDER.items())), ORDER | {"seconds": 4})
        }
    assert len(made) == 1


def test_an_order_is_the_same_however_its_size_is_written(minimal: Path) -> None:
    form = {key: value for key, value in ORDER.items() if key != "size"} | {"resolution": "480p", "ratio": "1:1"}
    with replaying(minimal) as url:
        sizes = [httpx.post(f"{url}/v1/videos", json=order, headers=BEARER).json()["id"] for order in (ORDER, form)]
    assert sizes[0] == sizes[1]


def test_statuses_advance_one_poll_each_and_the_last_repeats(minimal: Path) -> None:
    with replaying(minimal) as url:
        task = httpx.post(f"{url}/v1/videos", json=ORDER, headers=BEARER).json()["id"]
        words = [httpx.get(f"{url}/v1/videos/{task}", headers=BEARER).json()["status"] for _ in range(12)]
    recording = load_recordings([minimal])[0]
    polls = [one for one in recording.exchanges if one.request.url == f"/v1/videos/{task}" and one.caller == "first"]
    kept = [json.loads(one.response.body)["status"] for one in polls if one.response.status == 200]
    assert words[: len(kept)] == kept
    assert set(words[len(kept) :]) == {kept[-1]}


def test_content_is_not_ready_before_success_and_comes_in_parts_after_it(minimal: Path) -> None:
    with replaying(minimal) as url:
        task = httpx.post(f"{url}/v1/videos", json=ORDER, headers=BEARER).json()["id"]
        early = httpx.get(f"{url}/v1/videos/{task}/content", headers=BEARER)
        polls = [httpx.get(f"{url}/v1/videos/{task}", headers=BEARER).json()["status"] for _ in range(12)]
        assert polls[-1] == "SUCCESS"
        whole = httpx.get(f"{url}/v1/videos/{task}/content", headers=BEARER)
        part = httpx.get(f"{url}/v1/videos/{task}/content", headers=BEARER | {"range": "bytes=0-99"})
        beyond = httpx.get(f"{url}/v1/videos/{task}/content", headers=BEARER | {"range": "bytes=999999999-"})
    assert early.status_code == 400
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    assert (part.status_code, part.content) == (206, whole.content[:100])
    assert beyond.status_code == 416
    movie = read_movie(BytesIO(whole.content))
    assert (movie.size, movie.seconds, movie.has_audio, movie.codec) == ("640x640", 4.0, False, "avc1")


def test_a_clip_that_was_recorded_with_sound_has_sound(minimal: Path) -> None:
    recording = load_recordings([minimal])[0]
    sounding = [one.response.media for one in recording.exchanges if one.response.media is not None]
    assert {media.has_audio for media in sounding} == {True, False}


def test_what_was_not_recorded_is_refused_with_what_there_is(minimal: Path) -> None:
    with replaying(minimal) as url:
        told = httpx.post(f"{url}/v1/videos", json=ORDER | {"prompt": "Something else"}, headers=BEARER)
        lost = httpx.get(f"{url}/v1/nothing", headers=BEARER)
        with Client("opeai", api_key="any", base_url=url) as app, pytest.raises(SeedmockError):
            app.create(GenerationRequest(prompt="Something else", size="640x640", seconds=4))
    message = told.json()["error"]["message"]
    assert told.status_code == lost.status_code == 404
    assert "POST /v1/videos with " in message
    assert "was not recorded. Recorded: POST /v1/videos {" in message
    assert "The nearest differs in prompt." in message
    assert "--miss emulate" in message


def test_what_was_not_recorded_can_be_left_to_an_emulator(minimal: Path, client: Any, walked: Any, order: Any) -> None:
    with replaying(minimal, emulate=True) as url, client("opeai", url) as app:
        seen, movie = walked(app, order)
        assert seen[-1].status is TaskStatus.SUCCESS
        assert movie.size == "1280x720"
        assert walked(app, GenerationRequest(**{**_said(order), "seconds": 5}))[1].seconds == 5.0


def _said(order: GenerationRequest) -> dict[str, Any]:
    return {"prompt": order.prompt, "resolution": order.resolution, "ratio": order.ratio}


def test_a_key_that_was_wrong_is_wrong_again(minimal: Path) -> None:
    with replaying(minimal) as url:
        wrong = httpx.post(f"{url}/v1/videos", json={}, headers={"authorization": "Bearer sk_mock_invalid_x"})
        right = httpx.post(f"{url}/v1/videos", json={}, headers=BEARER)
    assert right.status_code == 400
    assert wrong.status_code in (401, 404)  # 404: nobody asked that with a wrong key


def test_where_nothing_was_recorded_there_is_nothing_to_serve(tmp_path: Path) -> None:
    told = CliRunner().invoke(replay, [str(tmp_path)])
    assert (told.exit_code, told.output.startswith("error: no recording in")) == (3, True)


@pytest.mark.slow
def test_a_recording_of_an_application_can_be_replayed_to_it(
    tmp_path: Path, client: Any, walked: Any, key: str, order: Any
) -> None:
    for upstream in NAMES:
        contract, folder, clock = get_contract(upstream), tmp_path / upstream, Clock()
        with serve(pace="step", seed=3) as live, Recorder(folder, contract, live.url, clock.now()) as recorder:
            proxy = RecordingProxy(contract, resolve_base_url(contract, live.url), recorder, clock.now)
            with serve_in_thread(proxy) as server, client(upstream, server.url) as app:
                before, clip = walked(app)
        with replaying(folder) as url, client(upstream, url) as app:
            after, again = walked(app)
        assert [video.raw_status for video in after] == [video.raw_status for video in before]
        assert (again.size, again.seconds, again.has_audio) == (clip.size, clip.seconds, clip.has_audio)
