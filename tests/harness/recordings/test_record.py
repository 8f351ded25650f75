"""`seedmock record`: what goes through, what is kept of it, and what never is."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from seedmock_contracts.enums import Operation, TaskStatus
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_harness.driver.http_transport import resolve_base_url
from seedmock_harness.recordings.cli import record
from seedmock_harness.recordings.model import Recording, check_recording, parse_recording
from seedmock_harness.recordings.proxy import RecordingProxy
from seedmock_harness.recordings.writer import Recorder, RecordingError
from seedmock_server import serve
from seedmock_server.clock import Clock
from seedmock_server.http.server import serve_in_thread

KEY = "sk-live-0123456789abcdef"


@contextmanager
def recording(folder: Path, upstream: str, target: str, **options: Any) -> Iterator[tuple[str, Recorder]]:
    contract, clock = get_contract(upstream), Clock()
    root = resolve_base_url(contract, target)
    with (
        Recorder(folder, contract, root, clock.now()) as recorder,
        serve_in_thread(RecordingProxy(contract, root, recorder, clock.now, **options)) as server,
    ):
        yield server.url, recorder


def read(folder: Path) -> Recording:
    (path,) = folder.glob("*.jsonl")
    return parse_recording(path.read_text("utf-8"), path.name)


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with serve(pace="step", seed=3) as server:
        yield server.url


@pytest.mark.parametrize("upstream", NAMES)
def test_an_application_is_served_and_heard(
    tmp_path: Path, upstream: str, emulator: str, client: Callable[..., Any], walked: Callable[..., Any]
) -> None:
    with recording(tmp_path / "kept", upstream, emulator) as (url, _), client(upstream, url) as app:
        seen, movie = walked(app)
    assert seen[-1].status is TaskStatus.SUCCESS
    hearing = check_recording(read(tmp_path / "kept"))
    assert [look for one in hearing.checked for _, look in one.results if not look.passed] == []
    operations = [turn.operation for turn in hearing.interactions]
    assert operations[0] is Operation.CREATE
    assert operations.count(Operation.QUERY) == len(seen) - 1
    if upstream == "opeai":  # A's links lead elsewhere
        assert hearing.interactions[-1].exchange.response.media.size_bytes == movie.bytes


@pytest.mark.parametrize("upstream", NAMES)
def test_no_key_and_no_id_is_ever_on_disk(
    tmp_path: Path, upstream: str, emulator: str, client: Callable[..., Any], walked: Callable[..., Any]
) -> None:
    with recording(tmp_path / "kept", upstream, emulator) as (url, _), client(upstream, url) as app:
        seen, _ = walked(app)
    text = next((tmp_path / "kept").iterdir()).read_text("utf-8")
    assert KEY not in text
    assert seen[0].task_id not in text
    assert all(link not in text for link in seen[-1].urls)
    assert '"authorization","***"' in text


def test_an_answer_goes_through_byte_by_byte_and_is_kept_decoded(tmp_path: Path) -> None:
    packed = gzip.compress(b'{"error":{"message":"video not found","code":"ResourceNotFound"}}')

    async def pieces() -> AsyncIterator[bytes]:
        for place in range(0, len(packed), 7):
            yield packed[place : place + 7]

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert "connection" not in request.headers or request.headers["connection"] == "keep-alive"
        return httpx.Response(404, headers={"content-encoding": "gzip", "x-else": "1"}, content=pieces())

    transport = httpx.MockTransport(answer)
    with recording(tmp_path, "opeai", "https://live.test", transport=transport) as (url, _):
        told = httpx.get(f"{url}/v1/videos/cgt-20260601120000-abc12", headers={"authorization": f"Bearer {KEY}"})
    assert (told.status_code, told.headers["x-else"]) == (404, "1")
    assert told.json()["error"]["code"] == "ResourceNotFound"
    (exchange,) = read(tmp_path).exchanges
    assert "video not found" in exchange.response.body
    assert exchange.request.url == "/v1/videos/cgt-20260601120000-aaa01"


def test_a_service_that_is_not_there_is_told_and_kept_as_no_answer(tmp_path: Path) -> None:
    with recording(tmp_path, "opeai", "http://127.0.0.1:9") as (url, recorder):
        told = httpx.post(f"{url}/v1/videos", json={}, headers={"authorization": f"Bearer {KEY}"})
        assert httpx.get(f"{url}/_mock/health").json()["exchanges"] == 1
    assert told.status_code == 502
    assert "127.0.0.1:9 cannot be reached" in told.json()["error"]["message"]
    assert recorder.count == 1
    assert read(tmp_path).exchanges[0].response.status == 0


def test_an_answer_that_breaks_off_breaks_off_for_the_application_too(tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"the first piece"
        raise httpx.ReadError("the service went away")

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-length": "100"}, content=pieces())

    transport = httpx.MockTransport(answer)
    with (
        recording(tmp_path, "opeai", "https://live.test", transport=transport) as (url, _),
        pytest.raises(httpx.RemoteProtocolError),
    ):
        httpx.get(f"{url}/v1/videos/x/content")
    assert read(tmp_path).exchanges[0].response.status == 0


def test_keys_are_told_apart_by_words(tmp_path: Path, emulator: str) -> None:
    keys = ["sk_mock_one_11111111", "sk_mock_two_22222222", "sk_mock_one_11111111", "sk_mock_invalid_0000", ""]
    with recording(tmp_path, "opeai", emulator) as (url, _):
        for key in keys:
            headers = {"authorization": f"Bearer {key}"} if key else {}
            httpx.get(f"{url}/v1/videos/nothing", headers=headers)
    assert [one.caller for one in read(tmp_path).exchanges] == ["first", "second", "first", "wrong", ""]


def test_each_run_writes_a_file_of_its_own(tmp_path: Path) -> None:
    contract = get_contract("opeai")
    for _ in range(3):
        with Recorder(tmp_path, contract, "https://live.test", 1780000000.0) as recorder:
            recorder.add(_exchange())
    names = sorted(path.name for path in tmp_path.iterdir())
    moment = "opeai-20260528T202640Z"
    assert names == [f"{moment}-2.jsonl", f"{moment}-3.jsonl", f"{moment}.jsonl"]


def _exchange() -> Any:
    from seedmock_contracts.exchange import Exchange, Request, Response

    return Exchange("query", Request("GET", "/v1/videos/x"), Response(404), "first", 1.0)


def test_a_folder_that_is_a_file_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot record into"):
        Recorder(tmp_path / "file", get_contract("opeai"), "https://live.test", 0.0)
    told = CliRunner().invoke(
        record, ["--upstream", "opeai", "--target", "https://live.test", "--out", str(tmp_path / "file" / "x")]
    )
    assert (told.exit_code, told.output.startswith("error: cannot record into")) == (3, True)


def test_a_target_that_is_no_address_is_a_wrong_option(tmp_path: Path) -> None:
    told = CliRunner().invoke(record, ["--upstream", "opeai", "--target", "live.test", "--out", str(tmp_path)])
    assert told.exit_code == 2
    assert "--target: 'live.test' is no base URL" in told.output
