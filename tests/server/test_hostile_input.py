"""Hostile input: a JSON 4xx in the upstream's envelope, nothing stored, and the server goes on."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedmock_contracts.upstreams import contracts

StartServer = Callable[..., Any]
JSON, FORM = "application/json", "multipart/form-data; boundary=x"
POSTS = {
    "opeai create": "/v1/videos",
    "apimodels create": "/api/v1/video/generations",
    "apimodels group": "/api/v1/assets/groups",
    "apimodels asset": "/v1/assets",
    "apimodels asset get": "/v1/assets/get",
    "apimodels asset update": "/api/v1/assets/update",
    "apimodels asset delete": "/api/v1/assets/delete",
    "apimodels group delete": "/v1/assets/groups/delete",
}
PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
BODIES: dict[str, tuple[str, bytes]] = {
    "nothing": (JSON, b""),
    "blanks": (JSON, b" \r\n\t "),
    "half an object": (JSON, b'{"model": "seedance-2-0", "prompt": "'),
    "an object and more": (JSON, b'{"model": "seedance-2-0"} {}'),
    "a list": (JSON, b'["model"]'),
    "a text": (JSON, b'"model"'),
    "null": (JSON, b"null"),
    "a number of 5000 digits": (JSON, b'{"duration": ' + b"9" * 5000 + b"}"),
    "an exponent": (JSON, b'{"duration": 1e999999}'),
    "NaN": (JSON, b'{"duration": NaN}'),
    "-Infinity": (JSON, b'{"seconds": -Infinity}'),
    "deep lists": (JSON, b'{"prompt": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "deep objects": (JSON, b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "a duplicate key": (JSON, b'{"model": "seedance-2-0", "model": "seedance-2-0-fast"}'),
    "half a surrogate pair": (JSON, b'{"model": "\\ud800", "name": "\\udfff", "id": "\\ud800"}'),
    "bytes that are not UTF-8": (JSON, b'{"model": "\xff\xfe"}'),
    "UTF-16": (JSON, '{"model": "seedance-2-0"}'.encode("utf-16")),
    "a byte order mark": (JSON, b'\xef\xbb\xbf{"model": "seedance-2-0"}'),
    "a raw NUL": (JSON, b'{"model": "\x00"}'),
    "an escaped NUL": (JSON, b'{"model": "\\u0000", "id": 7, "name": 7, "url": 7}'),
    "single quotes": (JSON, b"{'model': 'seedance-2-0'}"),
    "a comment": (JSON, b'{} // "model"'),
    "a zip bomb's start": (JSON, b"\x1f\x8b\x08\x00\x00\x00\x00\x00"),
    "every field of a wrong type": (
        JSON,
        json.dumps(
            {name: [{}] for name in ("model", "prompt", "name", "url", "id", "asset_type", "group_id")}
        ).encode(),
    ),
    "a form under the type of JSON": (JSON, PART % (b"model", b"seedance-2-0") + b"--x--\r\n"),
    "a form without an end": (FORM, PART % (b"model", b"seedance-2-0")),
    "a form without a boundary": ("multipart/form-data", b"--x--\r\n"),
    "a form of another boundary": (FORM, b"--y--\r\n"),
    "a form whose part has no name": (FORM, b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
    "a form that is not UTF-8": (FORM, PART % (b"\xff", b"\xfe") + b"--x--\r\n"),
    "a form with a name of brackets": (FORM, PART % (b"[" * 5000, b"1") + b"--x--\r\n"),
    "a form of two kinds": (FORM, PART % (b"a", b"1") + PART % (b"a[]", b"1") + b"--x--\r\n"),
    "a form of 5000 parts": (FORM, PART % (b"a[]", b"1") * 5000 + b"--x--\r\n"),
    "text": ("text/plain", b'{"model": "seedance-2-0"}'),
    "urlencoded": ("application/x-www-form-urlencoded", b"model=seedance-2-0"),
    "a type that is none": ("\x80\xff;;;=,", b"{}"),
    "a type of 3000 letters": ("x" * 3000, b"{}"),
    "a charset that lies": ("application/json; charset=utf-16", b'{"model": 7, "name": 7, "url": 7, "id": 7.5}'),
}


def check_response(answer: httpx.Response, path: str, *, lowest: int = 400) -> None:
    """Check a JSON response in the envelope of the path's upstream: no 5xx, and nothing of the implementation."""
    assert lowest <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    if answer.status_code >= 400:
        if path.startswith("/v1/videos"):
            assert list(body) == ["error"]
            assert list(body["error"]) == ["message", "type", "param", "code"]
        elif path.startswith("/api/"):
            assert list(body) == ["code", "msg", "data"]
            assert body["code"] == answer.status_code
        assert "Traceback" not in answer.text
        assert "seedmock" not in answer.text
        assert len(answer.content) < 3000


def check_still_healthy(server: Any) -> None:
    """Check that valid requests succeed and every list can be read."""
    assert server.query_opeai(server.order_opeai())["status"] == "SUCCESS"
    assert server.query_apimodels(server.order_apimodels())["state"] == "completed"
    for path in ("/v1/assets/groups", "/v1/balance", "/_mock/journal", "/_mock/variants", "/_mock/health"):
        answer = server.get(path)
        assert (answer.status_code, bool(answer.json())) == (200, True)
    assert server.post("/v1/assets/list", {"page_size": 100}).status_code == 200


@pytest.mark.parametrize("kind", ["in process", "on a socket"])
@pytest.mark.parametrize("path", POSTS.values(), ids=POSTS)
def test_a_hostile_body_is_a_4xx_in_the_envelope_and_stores_nothing(
    start_server: StartServer, kind: str, path: str
) -> None:
    server = start_server(kind)
    for content_type, body in BODIES.values():
        headers = [(b"Content-Type", content_type.encode("latin-1"))]
        check_response(server.post(path, content=body, headers=headers), path)
    assert server.balance() == 1000
    assert server.get("/v1/assets/groups").json()["data"] == []
    check_still_healthy(server)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"[]", "array"), (b'"x"', "string"), (b"null", "null"), (b"7", "integer"), (b"true", "boolean")],
)
def test_a_body_that_is_not_an_object_is_a_400_even_where_nothing_is_required(
    in_process_server: Any, body: bytes, kind: str
) -> None:
    answer = in_process_server.post("/v1/assets/list", content=body)
    assert (answer.status_code, f"of type {kind}: expected a JSON object" in answer.text) == (400, True)


def test_a_body_without_a_type_is_read_as_json(shared_server: Any) -> None:
    order = b'{"model":"seedance-2-0","prompt":"Rain","size":"640x640","seconds":"4"}'
    assert shared_server.post("/v1/videos", content=order).status_code == 200


HEADERS = {
    "a long value": [("X-Long", "x" * 20_000)],
    "a byte above 127": [("X-Odd", b"\xff\xfe")],
    "many of one name": [("Accept", "text/html")] * 60,
    "an Accept that nothing fits": [("Accept", "image/png;q=1, */*;q=0")],
    "a Range that is none": [("Range", "bytes=" + "9" * 5000)],
    "a Range of bytes above 127": [("Range", b"bytes=\xb2-\xb3")],
    "an If-Range of odd quotes": [("If-Range", '"""'), ("Range", "bytes=0-1")],
    "an If-None-Match without an end": [("If-None-Match", '"' * 9999)],
    "a Host with a port of letters": [("Host", "a:b")],
    "a Host of brackets": [("Host", "[")],
    "a Host of markup": [("Host", "<script>alert(1)</script>")],
    "an encoding that is none": [("Accept-Encoding", "x,,,;q=z")],
    "a forwarded scheme": [("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Host", "evil.example")],
    "an Expect": [("Expect", "100-continue")],
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_absurd_headers_do_no_harm(shared_server: Any, headers: list[tuple[Any, Any]]) -> None:
    task_id, link = (
        shared_server.order_opeai(),
        shared_server.query_apimodels(shared_server.order_apimodels())["resultUrls"][0],
    )
    for path in (f"/v1/videos/{task_id}", f"/v1/videos/{task_id}/content", link, "/_mock/health", "/_mock/nowhere"):
        answer = shared_server.get(path, headers=headers)
        assert answer.status_code in (200, 206, 400, 403, 404, 416), answer.text
        if answer.status_code == 400:  # not valid HTTP: rejected before the upstream is known
            assert "error" in answer.json()
    check_still_healthy(shared_server)


@pytest.mark.parametrize("host", ["<script>", "[", "a b", "evil.example/x?", "\xff", "a:99999999"])
def test_a_hostile_host_is_in_no_link(in_process_server: Any, host: str) -> None:
    task_id = in_process_server.order_apimodels()
    headers = [(b"Host", host.encode("latin-1"))]
    answer = in_process_server.get(f"/v1/video/generations?task_id={task_id}", headers=headers)
    assert answer.json()["data"]["resultUrls"][0].startswith("http://127.0.0.1/_mock/results/")


@pytest.mark.parametrize("path", ["/v1/videos", "/api/v1/video/generations", "/v1/files"])
def test_a_body_over_the_limit_is_a_413_with_or_without_a_length(start_server: StartServer, path: str) -> None:
    for kind in ("in process", "on a socket"):
        server = start_server(kind, max_body_bytes=1000)
        declared = server.post(path, content=b"x" * 1001)
        chunked = server.post(path, content=(b"x" * 100 for _ in range(11))) if kind == "on a socket" else declared
        for answer in (declared, chunked):
            check_response(answer, path)
            assert answer.status_code == 413
            assert "1000 bytes" in answer.text
        assert server.get("/v1/balance").status_code == 200


def test_other_content_types_are_a_415_that_names_those_allowed(shared_server: Any) -> None:
    for path, allowed in (
        ("/v1/videos", "application/json or multipart/form-data"),
        ("/v1/video/generations", "application/json"),
        ("/v1/files", "multipart/form-data"),
    ):
        answer = shared_server.post(path, content=b"{}", headers={"Content-Type": "text/csv"})
        assert answer.status_code == 415
        assert "'text/csv'; allowed: " + allowed in answer.text


@pytest.mark.parametrize("path", ["/v1/videos", "/api/v1/assets"])
def test_a_body_that_does_not_arrive_is_a_408_and_the_connection_closes(start_server: StartServer, path: str) -> None:
    server = start_server("on a socket", body_timeout=0.05)
    host, port = urlsplit(server.origin).hostname, urlsplit(server.origin).port
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Length: 100\r\n\r\n{{"
    with socket.create_connection((host, port), timeout=10) as line:
        line.sendall(head.encode())
        received = b""
        while chunk := line.recv(65536):
            received += chunk
    first, _, body = received.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in first.lower()
    document = json.loads(body)
    assert document["error"]["code"] == "RequestTimeout" if "videos" in path else document["code"] == 408
    check_still_healthy(server)


def test_clients_that_hang_up_leave_nothing_behind(start_server: StartServer) -> None:
    server = start_server("on a socket")
    host, port = urlsplit(server.origin).hostname, urlsplit(server.origin).port
    head = "POST /v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Length: 100\r\n\r\n{"
    for text in ("", "POST", head, head + " " * 50):
        with socket.create_connection((host, port), timeout=10) as line:
            line.sendall(text.encode())
    check_still_healthy(server)


def test_two_hundred_creates_at_once_are_two_hundred_tasks(start_server: StartServer) -> None:
    server = start_server("on a socket")
    order = {"model": "seedance-2-0", "prompt": "Rain", "size": "640x640", "seconds": "4"}

    body = json.dumps(order).encode()
    head = "POST /v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nConnection: close\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    async def create() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(server.origin).port)
        writer.write(request)
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
        return received

    async def all_at_once() -> list[bytes]:
        return await asyncio.gather(*(create() for _ in range(200)))

    answers = [received.partition(b"\r\n\r\n") for received in asyncio.run(all_at_once())]
    assert {head.partition(b"\r\n")[0] for head, _, _ in answers} == {b"HTTP/1.1 200 OK"}
    assert len({json.loads(body)["id"] for _, _, body in answers}) == 200


def test_an_internal_error_is_a_5xx_in_the_envelope_without_details(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    server = start_server()

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("seedmock_server.generation.engine.Engine.state", broken)
    task_id = server.order_opeai()
    answers = [
        server.get(f"/v1/videos/{task_id}"),
        server.get(f"/api/v1/video/generations?task_id={server.order_apimodels()}"),
    ]
    assert [answer.status_code for answer in answers] == [500, 502]
    assert [list(answer.json()) for answer in answers] == [["error"], ["code", "msg", "data"]]
    assert "secret" not in "".join(answer.text for answer in answers)
    assert [record.exc_info[0] for record in caplog.records if record.name == "seedmock"] == [ZeroDivisionError] * 2
    caplog.clear()


# --- properties ---

NAMES = sorted(
    {field.path.partition(".")[0].partition("[")[0] for contract in contracts() for field in contract.fields}
)
TEXTS = ["seedance-2-0", "video-upscale", "seedance2-a/seedance-2.0-a", "1080p", "720p", "16:9", "640x640", "adaptive"]
URLS = ["asset://", "asset://x", "data:", "data:image/png;base64,AA==", "https://media.example.org/a", "http://[", "//"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from([*TEXTS, *URLS, "Image", "4", "1.0", "first_frame", "image_url"]),
)
ITEM = st.dictionaries(st.sampled_from(["type", "role", "image_url", "video_url", "url"]), SCALARS, max_size=4)
VALUES = st.recursive(
    SCALARS | ITEM,
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=5) | st.just("content"), inner),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), VALUES, max_size=10)
ORDERS: dict[str, dict[str, Any]] = {
    "/v1/videos": {"model": "seedance-2-0", "prompt": "x", "size": "640x640", "seconds": "4"},
    "/api/v1/video/generations": {"model": "seedance2-a/seedance-2.0-a", "prompt": "x", "duration": 4},
    "/v1/video/generations": {"model": "video-upscale", "videoUrl": "https://x.example/a", "targetResolution": "2k"},
    "/v1/assets": {"url": "https://media.example.org/a.png", "asset_type": "Image", "group_id": 1},
    "/api/v1/assets/list": {},
}
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=120)


@pytest.fixture
def under_fire(start_server: StartServer) -> Any:
    """One emulator for all examples of a property, with a short journal."""
    return start_server(max_journal_entries=5)


@SHARED
@given(
    body=st.binary(max_size=300),
    kind=st.sampled_from([JSON, FORM, "", "text/plain"]) | st.text("abc/;=", max_size=20),
    path=st.sampled_from(sorted(POSTS.values())),
)
def test_no_bytes_cause_a_5xx(under_fire: Any, body: bytes, kind: str, path: str) -> None:
    check_response(under_fire.post(path, content=body, headers={"Content-Type": kind}), path)


@pytest.mark.slow
@SHARED
@given(document=DOCUMENTS, path=st.sampled_from(sorted(ORDERS)), spoil=st.booleans())
def test_no_document_causes_a_5xx(under_fire: Any, document: dict[str, Any], path: str, spoil: bool) -> None:
    answer = under_fire.post(path, content=json.dumps({**(ORDERS[path] if spoil else {}), **document}))
    check_response(answer, path, lowest=200)
    if answer.status_code == 200 and path == "/v1/videos":
        under_fire.query_opeai(answer.json()["id"])
    elif answer.status_code == 200 and path.endswith("generations"):
        under_fire.query_apimodels(answer.json()["data"]["taskId"])
    assert len(under_fire.get("/_mock/journal").json()["exchanges"]) > 0
    assert under_fire.get("/v1/balance").status_code == 200


PATHS = st.lists(
    st.sampled_from(["v1", "api", "videos", "video", "generations", "assets", "content", "_mock", "results", "files"])
    | st.binary(max_size=6).map(lambda piece: quote(piece, safe="")),
    max_size=6,
).map(lambda pieces: "/" + "/".join(pieces))


@SHARED
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "BREW"]),
    path=PATHS,
    query=st.binary(max_size=20).map(lambda piece: quote(piece, safe="=&+%")),
    headers=st.lists(
        st.tuples(
            st.sampled_from([b"range", b"if-range", b"host", b"content-type", b"accept", b"x-y", b"content-length"]),
            st.binary(max_size=30),
        ),
        max_size=4,
    ),
    key=st.sampled_from(["k", None]),
)
def test_no_request_line_or_headers_cause_a_5xx(
    under_fire: Any, method: str, path: str, query: str, headers: list[tuple[bytes, bytes]], key: str | None
) -> None:
    answer = under_fire.ask(method, f"{under_fire.origin}{path}?{query}", headers=headers, key=key)
    assert 200 <= answer.status_code < 500, answer.text
    if method != "HEAD" and answer.status_code >= 400 and not path.startswith("/_mock"):
        assert set(answer.json()) in ({"error"}, {"code", "msg", "data"})
