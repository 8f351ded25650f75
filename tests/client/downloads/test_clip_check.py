"""Clips that differ from their order: stored, for they were paid for, and reported with every mismatch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from seedmock_client import Client, GenerationRequest, Mismatch, Movie, UpscaleRequest, clients
from seedmock_client.cli.generate import generate
from seedmock_client.clip_check import find_mismatches
from seedmock_contracts.upstreams import get_contract
from seedmock_server import serve
from seedmock_server.clock import ManualClock

from ...mp4_files import mp4_bytes
from .. import responses
from ..conftest import ClientCaller
from ..scripted_api import KEY, ORIGIN, ScriptedApi

ORDER = GenerationRequest(prompt="A paper boat", size="1280x720", seconds=4, generate_audio=True)
BOTH = pytest.mark.parametrize("upstream", ["opeai", "apimodels"])


def mismatches(upstream: str, movie: Movie, **fields: Any) -> list[str]:
    order = GenerationRequest(**{"prompt": "A paper boat", "seconds": 4, **fields})
    return [str(mismatch) for mismatch in find_mismatches(get_contract(upstream), order, movie)]


def make_movie(size: str = "1280x720", seconds: float = 4.0, audio: bool = True) -> Movie:
    width, height = size.split("x")
    return Movie(bytes=4000, seconds=seconds, width=int(width), height=int(height), has_audio=audio)


@BOTH
@pytest.mark.parametrize(
    "fields",
    [
        {"size": "1280x720"}, {"size": "1280x720", "generate_audio": True}, {"resolution": "720p"}, {"ratio": "16:9"},
        {"resolution": "720p", "ratio": "16:9"}, {"resolution": "720p", "ratio": "adaptive"}, {},
    ],
)  # fmt: skip
def test_a_clip_as_ordered_has_no_mismatch(upstream: str, fields: dict[str, Any]) -> None:
    assert mismatches(upstream, make_movie(), **fields) == []


@BOTH
def test_each_mismatch_names_the_expected_and_the_actual_value(upstream: str) -> None:
    movie = make_movie("640x640", 6.0, audio=False)
    seconds, audio = "seconds is 6.00, expected 4", "audio is off, expected on"
    by_size = mismatches(upstream, movie, size="1280x720", generate_audio=True)
    assert by_size == ["size is 640x640, expected 1280x720", seconds, audio]
    by_ratio = mismatches(upstream, movie, resolution="720p", ratio="9:16", generate_audio=True)
    assert by_ratio == ["size is 640x640, expected 720x1280 (720p 9:16)", seconds, audio]
    assert mismatches(upstream, movie, resolution="720p") == ["size is 640x640, expected 720p", seconds]
    adaptive = mismatches(upstream, movie, resolution="1080p", ratio="adaptive")
    assert adaptive == ["size is 640x640, expected 1080p adaptive", seconds]
    assert mismatches(upstream, make_movie(), generate_audio=False) == ["audio is on, expected off"]


@BOTH
@pytest.mark.parametrize(("seconds", "matches"), [(3.9, False), (3.96, True), (4 + 1 / 24, True), (4.2, False)])
def test_the_additional_frame_that_is_billed_is_no_mismatch(upstream: str, seconds: float, matches: bool) -> None:
    assert (mismatches(upstream, make_movie(seconds=seconds)) == []) is matches


def test_properties_that_the_order_or_the_file_leaves_open_are_not_compared() -> None:
    assert mismatches("apimodels", make_movie("640x640", audio=False)) == []
    assert mismatches("opeai", make_movie("0x0", seconds=0.0), size="1280x720") == []


def test_an_upscale_is_compared_by_its_shorter_side() -> None:
    def upscale_mismatches(resolution: str, size: str) -> list[str]:
        order = UpscaleRequest(url="https://example.com/in.mp4", resolution=resolution)
        movie = make_movie(size, 30.0)
        return [str(mismatch) for mismatch in find_mismatches(get_contract("apimodels"), order, movie)]

    assert upscale_mismatches("1080p", "1920x1080") == upscale_mismatches("1080p", "1080x1920") == []
    assert upscale_mismatches("9k", "16x16") == []
    assert upscale_mismatches("1080p", "1280x720") == ["size is 1280x720, expected 1080p"]


@BOTH
def test_generate_and_its_single_steps_report_the_same_mismatches(
    call_client: ClientCaller, tmp_path: Path, upstream: str
) -> None:
    video, expected = mp4_bytes(640, 640), (Mismatch("size", "1280x720", "640x640"),)
    created, finished = responses.created(upstream), responses.finished(upstream)
    clip = call_client(upstream, ScriptedApi(created, finished, video), "generate", ORDER, tmp_path / "a.mp4")
    assert (clip.mismatches, clip.path.read_bytes()) == (expected, video)

    task = call_client(upstream, ScriptedApi(created), "create", ORDER)
    task = call_client(upstream, ScriptedApi(finished), "wait", task)
    clip = call_client(upstream, ScriptedApi(video), "download", task, tmp_path / "b.mp4")
    assert (clip.mismatches, clip.path.read_bytes(), clip.quote is None) == (expected, video, False)
    assert call_client(upstream, ScriptedApi(finished), "wait", task).order == ORDER


@BOTH
def test_a_task_known_by_id_only_has_no_mismatches(call_client: ClientCaller, tmp_path: Path, upstream: str) -> None:
    api = ScriptedApi(responses.finished(upstream), mp4_bytes(640, 640))
    clip = call_client(upstream, api, "collect", responses.TASK_IDS[upstream], tmp_path / "a.mp4")
    assert (clip.mismatches, clip.video.order) == ((), None)


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_the_command_warns_of_mismatches_and_exits_with_0(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, as_json: bool
) -> None:
    api = ScriptedApi(responses.created("opeai"), responses.finished("opeai"), mp4_bytes(640, 640, 6))
    real = clients.Client
    monkeypatch.setattr(
        clients, "Client", lambda *a, **o: real(*a, transport=httpx.MockTransport(api), sleep=lambda _: None, **o)
    )
    output = tmp_path / "boat.mp4"
    order = ["a boat", "--upstream", "opeai", "--seconds", "4", "--size", "1280x720", "-o", str(output)]
    connection = ["--base-url", ORIGIN, "--api-key", KEY]
    result = CliRunner().invoke(generate, [*order, *connection, *(["--json"] if as_json else [])])
    assert (result.exit_code, output.exists()) == (0, True)
    if as_json:
        assert json.loads(result.stdout)["mismatches"] == [
            {"property": "size", "expected": "1280x720", "actual": "640x640"},
            {"property": "seconds", "expected": "4", "actual": "6.00"},
        ]
        return
    assert "warning: not as ordered: size is 640x640, expected 1280x720" in result.stderr
    assert "warning: not as ordered: seconds is 6.00, expected 4" in result.stderr
    assert "warning" not in result.stdout


@BOTH
def test_an_emulated_clip_of_the_wrong_size_is_a_mismatch(tmp_path: Path, upstream: str) -> None:
    order = GenerationRequest(prompt="A paper boat", resolution="720p", ratio="1:1", seconds=4)
    clock = ManualClock()
    with (
        serve(pace="instant", seed=3, clock=clock) as server,
        Client(upstream, base_url=server.url, api_key="sk_a", sleep=clock.sleep, now=clock.now) as client,
    ):
        assert client.generate(order, tmp_path / "a.mp4").mismatches == ()
        httpx.put(f"{server.url}/_mock/scenario", json={"name": "wrong-size"}).raise_for_status()
        clip = client.generate(order, tmp_path / "b.mp4")
    assert [(mismatch.property, mismatch.actual) for mismatch in clip.mismatches] == [("size", clip.movie.size)]
    assert clip.path.stat().st_size == clip.bytes
