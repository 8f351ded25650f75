"""Replay of forms with files: matched by their fields and the content of their files, however they are written."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.driver.http_transport import resolve_base_url
from seedmock_harness.recordings.files import load_recordings
from seedmock_harness.recordings.proxy import RecordingProxy
from seedmock_harness.recordings.replay_server import ReplayServer
from seedmock_harness.recordings.request_normalization import normalize_body
from seedmock_harness.recordings.writer import Recorder
from seedmock_server import create_app, serve
from seedmock_server.clock import Clock
from seedmock_server.http.server import serve_in_thread

BEARER = {"authorization": "Bearer sk-live-0123456789abcdef"}
FIELDS = (("model", "seedance-2-0-fast"), ("prompt", "A paper boat"), ("size", "640x640"), ("seconds", "4"))
Part = tuple[str, bytes]


def picture(colour: str) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (640, 640), colour).save(buffer, "BMP")  # uncompressed: two colours have the same size
    with BytesIO() as png:
        Image.open(buffer).save(png, "PNG", compress_level=0)
        return png.getvalue()


RED, BLUE = picture("red"), picture("blue")


def form(parts: Iterable[tuple[str, str | bytes]], boundary: str, filename: str = "frame.png") -> bytes:
    """Write a form, with the parts in the order in which they are given."""
    body = b""
    for name, value in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, bytes):
            head += f'; filename="{filename}"\r\nContent-Type: image/png'
        body += head.encode() + b"\r\n\r\n" + (value.encode() if isinstance(value, str) else value) + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def post(url: str, body: bytes, boundary: str) -> httpx.Response:
    headers = {**BEARER, "content-type": f"multipart/form-data; boundary={boundary}"}
    return httpx.post(f"{url}/v1/videos", content=body, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a recording of one order with a red picture."""
    folder = tmp_path_factory.mktemp("recordings")
    contract, clock = get_contract("opeai"), Clock()
    with serve(pace="instant", seed=3) as live, Recorder(folder, contract, live.url, clock.now()) as recorder:
        proxy = RecordingProxy(contract, resolve_base_url(contract, live.url), recorder, clock.now)
        with serve_in_thread(proxy) as server:
            assert post(server.url, form((*FIELDS, ("input_reference", RED)), "first"), "first").status_code == 200
    return folder


@pytest.fixture
def replay(recording: Path) -> Iterable[Callable[[bytes, str], httpx.Response]]:
    app = create_app(pace="instant", seed=1)
    with serve_in_thread(ReplayServer(load_recordings([recording]), app)) as server:
        yield lambda body, boundary: post(server.url, body, boundary)


def recorded_id(recording: Path) -> str:
    line = next(recording.glob("*.jsonl")).read_text().splitlines()[1]
    return str(json.loads(json.loads(line)["response"]["body"])["id"])


@pytest.mark.parametrize("filename", ["frame.png", "upload.png"])
@pytest.mark.parametrize("reorder", [list, lambda parts: list(reversed(parts))], ids=["same order", "other order"])
@pytest.mark.parametrize("boundary", ["first", "----WebKitFormBoundaryx7Yz"])
def test_a_form_with_a_file_is_replayed_whatever_its_boundary_order_and_file_name(
    recording: Path, replay: Callable[[bytes, str], httpx.Response], boundary: str, reorder: Callable[..., list[Part]],
    filename: str,
) -> None:  # fmt: skip
    parts = reorder([*FIELDS, ("input_reference", RED)])
    response = replay(form(parts, boundary, filename), boundary)
    assert response.status_code == 200, response.text
    assert response.json()["id"] == recorded_id(recording)


@pytest.mark.parametrize(("parts", "difference"), [
    ((*FIELDS, ("input_reference", BLUE)), "input_reference"), ((*FIELDS, ("image", RED)), "image, input_reference"),
    ((*FIELDS[:-1], ("seconds", "5"), ("input_reference", RED)), "seconds"),
    (FIELDS, "input_reference"),
])  # fmt: skip
def test_a_form_with_other_content_is_not_replayed(
    replay: Callable[[bytes, str], httpx.Response], parts: list[Part], difference: str
) -> None:
    assert len(RED) == len(BLUE)
    response = replay(form(parts, "second"), "second")
    assert response.status_code == 404
    assert f"The nearest differs in {difference}." in response.json()["error"]["message"]
    assert "\ufffd" not in response.text


def test_a_recording_without_digests_is_matched_by_the_sizes_of_its_files(recording: Path, tmp_path: Path) -> None:
    source = next(recording.glob("*.jsonl"))
    without = re.sub(r", sha256 [0-9a-f]{16}>", ">", source.read_text())
    assert without != source.read_text()
    (tmp_path / source.name).write_text(without)
    app = create_app(pace="instant", seed=1)
    with serve_in_thread(ReplayServer(load_recordings([tmp_path]), app)) as server:
        response = post(server.url, form((*FIELDS, ("input_reference", RED)), "third"), "third")
        assert response.json()["id"] == recorded_id(recording)


def test_a_recorded_form_holds_no_file_but_its_type_size_and_digest(recording: Path) -> None:
    body = json.loads(next(recording.glob("*.jsonl")).read_text().splitlines()[1])["request"]["body"]
    assert f"<{len(RED)} bytes of image/png, sha256 " in body
    assert len(body) < 2000


def test_values_of_one_name_keep_their_order() -> None:
    first, second = (
        normalize_body(form([("tag[]", first), ("tag[]", last)], "b").decode()) for first, last in ("xy", "yx")
    )
    assert first != second


@pytest.mark.parametrize("body", ["--", "--b", "--b\r\n", "--b\r\n\r\n", "--b\r\nx\r\n\r\n1\r\n--b--", "-- \r\n\r\n--"])
def test_a_malformed_form_is_compared_as_it_is(body: str) -> None:
    assert normalize_body(body) == normalize_body(body)
    assert normalize_body(body) != normalize_body(body + "x")


@pytest.mark.parametrize(("colour", "status"), [("red", 200), ("blue", 404)])
def test_a_picture_in_a_data_uri_is_matched_by_its_content(
    recording: Path, tmp_path: Path, colour: str, status: int
) -> None:
    contract, clock = get_contract("opeai"), Clock()

    def order(url: str, content: bytes) -> httpx.Response:
        data = f"data:image/png;base64,{base64.b64encode(content).decode()}"
        frame = {"type": "image_url", "role": "first_frame", "image_url": {"url": data}}
        return httpx.post(
            f"{url}/v1/videos",
            json={**dict(FIELDS), "input_reference": {"content": [frame]}},
            headers=BEARER,
            timeout=30,
        )

    with serve(pace="instant", seed=3) as live, Recorder(tmp_path, contract, live.url, clock.now()) as recorder:
        proxy = RecordingProxy(contract, resolve_base_url(contract, live.url), recorder, clock.now)
        with serve_in_thread(proxy) as server:
            assert order(server.url, RED).status_code == 200
    with serve_in_thread(ReplayServer(load_recordings([tmp_path]), create_app(pace="instant", seed=1))) as server:
        assert order(server.url, {"red": RED, "blue": BLUE}[colour]).status_code == status
