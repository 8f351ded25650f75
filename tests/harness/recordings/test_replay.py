"""`seedmock replay`: recorded responses are served again, a task's statuses one poll each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from click.testing import CliRunner

from seedmock_client import Client, GenerationRequest, SeedmockError
from seedmock_contracts.enums import TaskStatus
from seedmock_contracts.mp4 import read_movie
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_harness.drift.cli import drift
from seedmock_harness.driver.http_transport import resolve_base_url
from seedmock_harness.probes.paid_options import PROMPT
from seedmock_harness.recordings.cli import replay
from seedmock_harness.recordings.files import load_recordings
from seedmock_harness.recordings.proxy import RecordingProxy
from seedmock_harness.recordings.replay_server import ReplayServer
from seedmock_harness.recordings.writer import Recorder
from seedmock_server import create_app, serve
from seedmock_server.clock import Clock
from seedmock_server.http.server import serve_in_thread

if TYPE_CHECKING:
    from .conftest import MakeClient, RecordVerification, RunOrder

ORDER = {"model": "seedance-2-0-fast", "prompt": PROMPT, "size": "640x640", "seconds": "4", "generate_audio": False}
BEARER = {"authorization": "Bearer any"}
FIRST_PAID_ORDERS = {"opeai": ("fast", "480p", "1:1"), "apimodels": ("mini", "720p", "16:9")}
"""Model, resolution and ratio of the order in the first paid step."""
POLLS = 12


@contextmanager
def run_replay(*paths: Path, emulate: bool = False) -> Iterator[str]:
    """Serve recordings; yield the URL."""
    app = create_app(pace="instant", seed=1)
    with serve_in_thread(ReplayServer(load_recordings(paths), app, emulate=emulate)) as server:
        yield server.url


@pytest.fixture
def recording(tmp_path: Path, record_verification: RecordVerification) -> Path:
    """Folder with a recording of two orders of opeai, without and with audio."""
    folder = tmp_path / "recordings"
    record_verification(folder, "opeai", "--budget", "0.60", "--only", "text", "--only", "image", "--pace", "fast")
    return folder


def create(url: str, document: dict[str, object]) -> str:
    """Order, and return the task id."""
    return str(httpx.post(f"{url}/v1/videos", json=document, headers=BEARER).json()["id"])


def poll(url: str, task: str) -> str:
    """Return the raw status of a task."""
    return str(httpx.get(f"{url}/v1/videos/{task}", headers=BEARER).json()["status"])


def test_recorded_verification_serves_the_reference_client(
    tmp_path: Path,
    upstream: str,
    record_verification: RecordVerification,
    make_client: MakeClient,
    run_order: RunOrder,
) -> None:
    options = ("--budget", "0.40", "--only", "minimal", "--only", "text", "--pace", "fast")
    record_verification(tmp_path, upstream, *options)
    result = CliRunner().invoke(drift, [str(tmp_path)])
    assert result.exit_code == 0, result.output
    model, resolution, ratio = FIRST_PAID_ORDERS[upstream]
    order = GenerationRequest(
        prompt=PROMPT, model=model, resolution=resolution, ratio=ratio, seconds=4, generate_audio=False
    )
    with run_replay(tmp_path) as url, make_client(upstream, url, "any") as client:
        for _ in range(2):  # a second order starts the task again
            videos, movie = run_order(client, order)
            assert videos[-1].status is TaskStatus.SUCCESS
            assert len(videos) > 2
            assert (movie.seconds, movie.has_audio) == (4.0, False)
        assert httpx.get(f"{url}/_mock/health").json()["status"] == "ok"


def test_key_order_and_number_format_of_a_document_do_not_matter(recording: Path) -> None:
    with run_replay(recording) as url:
        documents = (ORDER, dict(reversed(ORDER.items())), ORDER | {"seconds": 4})
        tasks = {create(url, document) for document in documents}
    assert len(tasks) == 1


def test_form_of_the_size_does_not_matter(recording: Path) -> None:
    form = {key: value for key, value in ORDER.items() if key != "size"} | {"resolution": "480p", "ratio": "1:1"}
    with run_replay(recording) as url:
        assert create(url, ORDER) == create(url, form)


def test_statuses_advance_with_each_poll_and_the_last_repeats(recording: Path) -> None:
    with run_replay(recording) as url:
        task = create(url, ORDER)
        statuses = [poll(url, task) for _ in range(POLLS)]
    exchanges = load_recordings([recording])[0].exchanges
    polls = [entry for entry in exchanges if entry.request.url == f"/v1/videos/{task}" and entry.caller == "first"]
    recorded = [json.loads(entry.response.body)["status"] for entry in polls if entry.response.status == 200]
    assert statuses[: len(recorded)] == recorded
    assert set(statuses[len(recorded) :]) == {recorded[-1]}


def test_content_is_an_error_before_success_and_supports_ranges_after_it(recording: Path) -> None:
    with run_replay(recording) as url:
        task = create(url, ORDER)
        content = f"{url}/v1/videos/{task}/content"
        early = httpx.get(content, headers=BEARER)
        assert [poll(url, task) for _ in range(POLLS)][-1] == "SUCCESS"
        whole = httpx.get(content, headers=BEARER)
        part = httpx.get(content, headers=BEARER | {"range": "bytes=0-99"})
        beyond = httpx.get(content, headers=BEARER | {"range": "bytes=999999999-"})
    assert early.status_code == 400
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    assert (part.status_code, part.content) == (206, whole.content[:100])
    assert beyond.status_code == 416
    movie = read_movie(BytesIO(whole.content))
    assert (movie.size, movie.seconds, movie.has_audio, movie.codec) == ("640x640", 4.0, False, "avc1")


def test_recording_has_clips_with_and_without_audio(recording: Path) -> None:
    exchanges = load_recordings([recording])[0].exchanges
    media = [exchange.response.media for exchange in exchanges if exchange.response.media is not None]
    assert {clip.has_audio for clip in media} == {True, False}


def test_unrecorded_request_is_a_404_that_lists_the_recorded_ones(recording: Path) -> None:
    with run_replay(recording) as url:
        response = httpx.post(f"{url}/v1/videos", json=ORDER | {"prompt": "Something else"}, headers=BEARER)
        unknown_path = httpx.get(f"{url}/v1/nothing", headers=BEARER)
        with Client("opeai", api_key="any", base_url=url) as client, pytest.raises(SeedmockError):
            client.create(GenerationRequest(prompt="Something else", size="640x640", seconds=4))
    message = response.json()["error"]["message"]
    assert response.status_code == unknown_path.status_code == 404
    assert "POST /v1/videos with " in message
    assert "was not recorded. Recorded: POST /v1/videos {" in message
    assert "The nearest differs in prompt." in message
    assert "--miss emulate" in message


def test_unrecorded_requests_can_go_to_an_emulator(
    recording: Path, make_client: MakeClient, run_order: RunOrder
) -> None:
    with run_replay(recording, emulate=True) as url, make_client("opeai", url) as client:
        videos, movie = run_order(client)
        assert videos[-1].status is TaskStatus.SUCCESS
        assert movie.size == "1280x720"
        order = GenerationRequest(prompt="A paper boat on a pond", resolution="720p", ratio="16:9", seconds=5)
        assert run_order(client, order)[1].seconds == 5.0


def test_invalid_key_is_replayed_as_an_invalid_key(recording: Path) -> None:
    with run_replay(recording) as url:
        invalid = httpx.post(f"{url}/v1/videos", json={}, headers={"authorization": "Bearer sk_mock_invalid_x"})
        valid = httpx.post(f"{url}/v1/videos", json={}, headers=BEARER)
    assert valid.status_code == 400
    assert invalid.status_code in (401, 404)  # 404: not recorded with an invalid key


def test_empty_folder_exits_with_3(tmp_path: Path) -> None:
    result = CliRunner().invoke(replay, [str(tmp_path)])
    assert (result.exit_code, result.output.startswith("error: no recording in")) == (3, True)


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_recorded_application_runs_against_its_recording(
    tmp_path: Path, upstream: str, make_client: MakeClient, run_order: RunOrder
) -> None:
    contract, clock = get_contract(upstream), Clock()
    with serve(pace="step", seed=3) as live, Recorder(tmp_path, contract, live.url, clock.now()) as recorder:
        proxy = RecordingProxy(contract, resolve_base_url(contract, live.url), recorder, clock.now)
        with serve_in_thread(proxy) as server, make_client(upstream, server.url) as client:
            recorded_videos, recorded_clip = run_order(client)
    with run_replay(tmp_path) as url, make_client(upstream, url) as client:
        videos, clip = run_order(client)
    assert [video.raw_status for video in videos] == [video.raw_status for video in recorded_videos]
    expected = recorded_clip.size, recorded_clip.seconds, recorded_clip.has_audio
    assert (clip.size, clip.seconds, clip.has_audio) == expected
