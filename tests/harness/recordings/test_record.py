"""`seedmock record`: exchanges pass through unchanged, and are recorded without keys and ids."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from click.testing import CliRunner

from seedmock_contracts.enums import Operation, TaskStatus
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.driver.http_transport import resolve_base_url
from seedmock_harness.recordings.cli import record
from seedmock_harness.recordings.model import Recording, check_recording, parse_recording
from seedmock_harness.recordings.proxy import RecordingProxy
from seedmock_harness.recordings.writer import Recorder, RecordingError
from seedmock_server import serve
from seedmock_server.clock import Clock
from seedmock_server.http.server import serve_in_thread

if TYPE_CHECKING:
    from .conftest import MakeClient, RunOrder

KEY = "sk-live-0123456789abcdef"
AUTHORIZATION = {"authorization": f"Bearer {KEY}"}


@contextmanager
def run_proxy(folder: Path, upstream: str, target: str, **options: Any) -> Iterator[tuple[str, Recorder]]:
    """Run a proxy that records into a folder; yield its URL and its recorder."""
    contract, clock = get_contract(upstream), Clock()
    root = resolve_base_url(contract, target)
    with (
        Recorder(folder, contract, root, clock.now()) as recorder,
        serve_in_thread(RecordingProxy(contract, root, recorder, clock.now, **options)) as server,
    ):
        yield server.url, recorder


def read_recording(folder: Path) -> Recording:
    (path,) = folder.glob("*.jsonl")
    return parse_recording(path.read_text("utf-8"), path.name)


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """URL of an emulator."""
    with serve(pace="step", seed=3) as server:
        yield server.url


def test_application_is_served_and_recorded(
    tmp_path: Path, upstream: str, emulator: str, make_client: MakeClient, run_order: RunOrder
) -> None:
    with run_proxy(tmp_path / "recordings", upstream, emulator) as (url, _), make_client(upstream, url) as client:
        videos, movie = run_order(client)
    assert videos[-1].status is TaskStatus.SUCCESS
    checked = check_recording(read_recording(tmp_path / "recordings"))
    results = (result for interaction in checked.checked for _, result in interaction.results)
    assert [result for result in results if not result.passed] == []
    operations = [interaction.operation for interaction in checked.interactions]
    assert operations[0] is Operation.CREATE
    assert operations.count(Operation.QUERY) == len(videos) - 1
    if upstream == "opeai":  # the links of apimodels bypass the proxy
        media = checked.interactions[-1].exchange.response.media
        assert media is not None and media.size_bytes == movie.bytes


def test_no_key_and_no_id_is_written_to_disk(
    tmp_path: Path, upstream: str, emulator: str, make_client: MakeClient, run_order: RunOrder
) -> None:
    with run_proxy(tmp_path / "recordings", upstream, emulator) as (url, _), make_client(upstream, url) as client:
        videos, _ = run_order(client)
    text = next((tmp_path / "recordings").iterdir()).read_text("utf-8")
    assert KEY not in text
    assert videos[0].task_id not in text
    assert all(link not in text for link in videos[-1].urls)
    assert '"authorization","***"' in text


def test_response_passes_byte_by_byte_and_is_recorded_decoded(tmp_path: Path) -> None:
    compressed = gzip.compress(b'{"error":{"message":"video not found","code":"ResourceNotFound"}}')

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(compressed), 7):
            yield compressed[start : start + 7]

    def respond(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert "connection" not in request.headers or request.headers["connection"] == "keep-alive"
        return httpx.Response(404, headers={"content-encoding": "gzip", "x-other": "1"}, content=chunks())

    transport = httpx.MockTransport(respond)
    with run_proxy(tmp_path, "opeai", "https://live.test", transport=transport) as (url, _):
        response = httpx.get(f"{url}/v1/videos/cgt-20260601120000-abc12", headers=AUTHORIZATION)
    assert (response.status_code, response.headers["x-other"]) == (404, "1")
    assert response.json()["error"]["code"] == "ResourceNotFound"
    (exchange,) = read_recording(tmp_path).exchanges
    assert "video not found" in exchange.response.body
    assert exchange.request.url == "/v1/videos/cgt-20260601120000-aaa01"


def test_unreachable_service_is_a_502_and_recorded_as_no_response(tmp_path: Path) -> None:
    with run_proxy(tmp_path, "opeai", "http://127.0.0.1:9") as (url, recorder):
        response = httpx.post(f"{url}/v1/videos", json={}, headers=AUTHORIZATION)
        assert httpx.get(f"{url}/_mock/health").json()["exchanges"] == 1
    assert response.status_code == 502
    assert "127.0.0.1:9 cannot be reached" in response.json()["error"]["message"]
    assert recorder.count == 1
    assert read_recording(tmp_path).exchanges[0].response.status == 0


def test_response_that_breaks_off_breaks_off_for_the_application(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"the first chunk"
        raise httpx.ReadError("the service went away")

    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-length": "100"}, content=chunks())

    transport = httpx.MockTransport(respond)
    with (
        run_proxy(tmp_path, "opeai", "https://live.test", transport=transport) as (url, _),
        pytest.raises(httpx.RemoteProtocolError),
    ):
        httpx.get(f"{url}/v1/videos/x/content")
    assert read_recording(tmp_path).exchanges[0].response.status == 0


def test_keys_are_recorded_as_callers(tmp_path: Path, emulator: str) -> None:
    keys = ["sk_mock_one_11111111", "sk_mock_two_22222222", "sk_mock_one_11111111", "sk_mock_invalid_0000", ""]
    with run_proxy(tmp_path, "opeai", emulator) as (url, _):
        for key in keys:
            headers = {"authorization": f"Bearer {key}"} if key else {}
            httpx.get(f"{url}/v1/videos/nothing", headers=headers)
    callers = [exchange.caller for exchange in read_recording(tmp_path).exchanges]
    assert callers == ["first", "second", "first", "wrong", ""]


def test_each_run_writes_a_new_file(tmp_path: Path) -> None:
    contract = get_contract("opeai")
    exchange = Exchange("query", Request("GET", "/v1/videos/x"), Response(404), "first", 1.0)
    for _ in range(3):
        with Recorder(tmp_path, contract, "https://live.test", 1780000000.0) as recorder:
            recorder.add(exchange)
    stem = "opeai-20260528T202640Z"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"{stem}-2.jsonl", f"{stem}-3.jsonl", f"{stem}.jsonl"]


def test_unusable_folder_is_reported_before_any_request(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot record into"):
        Recorder(tmp_path / "file", get_contract("opeai"), "https://live.test", 0.0)
    options = ["--upstream", "opeai", "--target", "https://live.test", "--out", str(tmp_path / "file" / "x")]
    result = CliRunner().invoke(record, options)
    assert (result.exit_code, result.output.startswith("error: cannot record into")) == (3, True)


def test_invalid_target_is_a_usage_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(record, ["--upstream", "opeai", "--target", "live.test", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "--target: 'live.test' is not a base URL" in result.output
