"""A clip that is not what was ordered: it is kept, for it was paid for, and what differs is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from click.testing import CliRunner

from seedmock_client import Client, GenerationRequest, Mismatch, Movie, UpscaleRequest, clients
from seedmock_client.cli.generate import generate
from seedmock_client.clip_check import find_mismatches
from seedmock_contracts.upstreams import get_contract
from seedmock_server import serve
from seedmock_server.clock import ManualClock

if TYPE_CHECKING:
    from .conftest import ClientCaller, SampleResponses, ScriptedApi

BOAT = GenerationRequest(prompt="A paper boat", size="1280x720", seconds=4, generate_audio=True)
BOTH = pytest.mark.parametrize("upstream", ["opeai", "apimodels"])


def differing(upstream: str, found: Movie, **said: Any) -> list[str]:
    order = GenerationRequest(**{"prompt": "A paper boat", "seconds": 4, **said})
    return [str(one) for one in find_mismatches(get_contract(upstream), order, found)]


def movie(size: str = "1280x720", seconds: float = 4.0, audio: bool = True) -> Movie:
    width, height = size.split("x")
    return Movie(bytes=4000, seconds=seconds, width=int(width), height=int(height), has_audio=audio)


@BOTH
def test_what_is_as_ordered_differs_in_nothing(upstream: str) -> None:
    for said in (
        {"size": "1280x720"}, {"size": "1280x720", "generate_audio": True}, {"resolution": "720p"}, {"ratio": "16:9"},
        {"resolution": "720p", "ratio": "16:9"}, {"resolution": "720p", "ratio": "adaptive"}, {},
    ):  # fmt: skip
        assert differing(upstream, movie(), **said) == []


@BOTH
def test_each_thing_that_differs_is_said_with_what_was_ordered_and_found(upstream: str) -> None:
    other = movie("640x640", 6.0, audio=False)
    seconds, audio = "seconds is 6.00, expected 4", "audio is off, expected on"
    whole = differing(upstream, other, size="1280x720", generate_audio=True)
    assert whole == ["size is 640x640, expected 1280x720", seconds, audio]
    form = differing(upstream, other, resolution="720p", ratio="9:16", generate_audio=True)
    assert form == ["size is 640x640, expected 720x1280 (720p 9:16)", seconds, audio]
    assert differing(upstream, other, resolution="720p") == ["size is 640x640, expected 720p", seconds]
    adapted = differing(upstream, other, resolution="1080p", ratio="adaptive")
    assert adapted == ["size is 640x640, expected 1080p adaptive", seconds]
    assert differing(upstream, movie(), generate_audio=False) == ["audio is on, expected off"]


@BOTH
@pytest.mark.parametrize(("seconds", "right"), [(3.9, False), (3.96, True), (4 + 1 / 24, True), (4.2, False)])
def test_the_one_frame_more_that_a_bill_counts_is_no_difference(upstream: str, seconds: float, right: bool) -> None:
    assert (differing(upstream, movie(seconds=seconds)) == []) is right


def test_what_an_order_leaves_open_or_a_file_does_not_say_is_no_difference() -> None:
    assert differing("apimodels", movie("640x640", audio=False)) == []
    assert differing("opeai", movie("0x0", seconds=0.0), size="1280x720") == []


def test_an_upscale_is_measured_by_its_shorter_side() -> None:
    def found(resolution: str, size: str) -> list[str]:
        order = UpscaleRequest(url="https://example.com/in.mp4", resolution=resolution)
        return [str(one) for one in find_mismatches(get_contract("apimodels"), order, movie(size, 30.0))]

    assert found("1080p", "1920x1080") == found("1080p", "1080x1920") == found("9k", "16x16") == []
    assert found("1080p", "1280x720") == ["size is 1280x720, expected 1080p"]


@BOTH
def test_every_way_from_an_order_to_its_file_says_what_differs(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    upstream: str,
) -> None:
    other, wrong = make_movie(640, 640), (Mismatch("size", "1280x720", "640x640"),)
    answers = responses.created(upstream), responses.finished(upstream), other
    clip = call_client(upstream, scripted_api(*answers), "generate", BOAT, tmp_path / "a.mp4")
    assert (clip.mismatches, clip.path.read_bytes()) == (wrong, other)

    created = call_client(upstream, scripted_api(answers[0]), "create", BOAT)
    done = call_client(upstream, scripted_api(answers[1]), "wait", created)
    clip = call_client(upstream, scripted_api(other), "download", done, tmp_path / "b.mp4")
    assert (clip.mismatches, clip.path.read_bytes(), clip.quote is None) == (wrong, other, False)
    again = call_client(upstream, scripted_api(answers[1]), "wait", done)
    assert again.order == BOAT


@BOTH
def test_where_only_an_id_is_known_nothing_is_said(
    call_client: ClientCaller,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    upstream: str,
) -> None:
    api = scripted_api(responses.finished(upstream), make_movie(640, 640))
    clip = call_client(upstream, api, "collect", responses.task_ids[upstream], tmp_path / "a.mp4")
    assert (clip.mismatches, clip.video.order) == ((), None)


@pytest.mark.parametrize("as_json", [False, True], ids=["in words", "in JSON"])
def test_the_command_warns_keeps_the_clip_and_ends_well(
    monkeypatch: pytest.MonkeyPatch,
    scripted_api: type[ScriptedApi],
    responses: type[SampleResponses],
    make_movie: Callable[..., bytes],
    tmp_path: Path,
    as_json: bool,
    key: str,
) -> None:
    api = scripted_api(responses.created("opeai"), responses.finished("opeai"), make_movie(640, 640, 6))
    real = clients.Client
    monkeypatch.setattr(
        clients, "Client", lambda *a, **o: real(*a, transport=httpx.MockTransport(api), sleep=lambda _: None, **o)
    )
    out = tmp_path / "boat.mp4"
    order = ["a boat", "--upstream", "opeai", "--seconds", "4", "--size", "1280x720", "-o", str(out)]
    where = ["--base-url", "http://api.test", "--api-key", key]
    result = CliRunner().invoke(generate, [*order, *where, *(["--json"] if as_json else [])])
    assert (result.exit_code, out.exists()) == (0, True)
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
def test_the_emulators_clip_of_another_size_is_found_out(tmp_path: Path, upstream: str) -> None:
    order = GenerationRequest(prompt="A paper boat", resolution="720p", ratio="1:1", seconds=4)
    clock = ManualClock()
    with (
        serve(pace="instant", clock=clock) as server,
        Client(upstream, base_url=server.url, api_key="sk_a", sleep=clock.sleep, now=clock.now) as client,
    ):
        assert client.generate(order, tmp_path / "a.mp4").mismatches == ()
        httpx.put(f"{server.url}/_mock/scenario", json={"name": "wrong-size"}).raise_for_status()
        clip = client.generate(order, tmp_path / "b.mp4")
    assert [(mismatch.property, mismatch.actual) for mismatch in clip.mismatches] == [("size", clip.movie.size)]
    assert clip.path.stat().st_size == clip.bytes
