"""A connection that a client keeps: after any fault, the next request on it gets its own response, or the end."""

from __future__ import annotations

import io
import json
import socket
from typing import Any

import pytest
from click.testing import CliRunner

from seedmock_server import ControlClient
from seedmock_server.cli.main import main

KEY, OTHER_KEY = "sk_test_of_faults", "sk_of_another_user"
CREATE, UNKNOWN = "POST /v1/videos", "GET /v1/videos/cgt-1"
VIDEO = {"model": "seedance-2-0-fast", "prompt": "A boat", "size": "640x640", "seconds": "4", "generate_audio": False}
ON_CREATE = (
    *("status code=502 body=html", "status code=500 body=empty", "malformed", "truncated", "latency seconds=1s"),
    *("bandwidth rate=1000", "dribble bytes=50 every=1s", "body_cut", "wrong_length", "wrong_length delta=-10"),
    *("wrong_length delta=-9999", "wrong_type", "duplicate", "duplicate; bandwidth rate=1000", "clock_skew by=1h"),
    *("other_status code=204", "other_status code=304", "other_header name=content-length"),
    *("duplicate; other_header name=connection to=keep-alive", "other_header name=transfer-encoding to=x"),
)
ON_REFUSAL = ("other_refusal code=204", "other_refusal code=304", "other_envelope form=detail", "duplicate")
ON_CONTENT = (
    *("no_range", "redirect code=307", "duplicate", "wrong_length delta=-10", "wrong_length delta=10", "body_cut"),
    *("other_range how=shifted", "other_range how=open", "other_header name=content-length", "dribble bytes=9999"),
)


class KeptConnection:
    """Client of one connection, which reads to the end of a response and no byte more."""

    def __init__(self, connection: socket.socket, reader: io.BufferedReader) -> None:
        self._connection, self._reader = connection, reader

    def ask(self, request_line: str, key: str, *lines: str) -> tuple[int, bytes, bool]:
        """Return status, body, and whether the connection may be used again (RFC 9112, sections 6.3 and 9.3)."""
        body = json.dumps(VIDEO).encode() if request_line == CREATE else b""
        head = [f"{request_line} HTTP/1.1", "Host: x", f"Authorization: Bearer {key}", f"Content-Length: {len(body)}"]
        self._connection.sendall("\r\n".join([*head, "Content-Type: application/json", *lines, "", ""]).encode() + body)
        try:
            status_line = self._reader.readline()
        except ConnectionResetError:
            status_line = b""
        if not status_line:
            return 0, b"", False
        assert status_line.startswith(b"HTTP/1.1 "), "bytes of another response come first"
        status = int(status_line.split()[1])
        headers = dict(line.lower().split(b": ", 1) for line in iter(self._reader.readline, b"\r\n"))
        length = int(headers.get(b"content-length", b"0"))
        is_kept = headers.get(b"connection") != b"close\r\n"
        if request_line.startswith("HEAD") or status in (204, 304):
            return status, b"", is_kept
        if headers.get(b"transfer-encoding") == b"chunked\r\n":
            return status, self._chunks(), is_kept
        content = self._reader.read(length)
        return status, content, is_kept and len(content) == length

    def _chunks(self) -> bytes:
        content = b""
        while size := int(self._reader.readline(), 16):
            content += self._reader.read(size)
            self._reader.readline()
        self._reader.readline()
        return content

    def is_closed(self) -> bool:
        self._connection.settimeout(5)
        self._reader.read()
        return True


def next_response(server: Any, request_line: str, fault: str, *lines: str) -> tuple[int, bytes] | None:
    """Return the response to another key's request on the connection of a fault; None if it was closed."""
    with (
        socket.create_connection(("127.0.0.1", server.port), 5) as connection,
        connection.makefile("rb") as reader,
    ):
        client = KeptConnection(connection, reader)
        _, _, is_kept = client.ask(request_line, KEY, f"X-Mock-Fault: {fault}", *lines)
        if not is_kept and client.is_closed():
            return None
        status, content, _ = client.ask("GET /api/v1/balance", OTHER_KEY)
        return (status, content) if status else None


def own_response(server: Any) -> tuple[int, bytes]:
    response = server.ask("GET", "/api/v1/balance", "none", key=OTHER_KEY)
    return response.status_code, response.content


@pytest.mark.parametrize("fault", ON_CREATE)
def test_no_call_gets_the_bytes_of_the_fault_of_another_create(socket_server: Any, fault: str) -> None:
    assert next_response(socket_server, CREATE, fault) in (None, own_response(socket_server))


@pytest.mark.parametrize("fault", ON_REFUSAL)
def test_no_call_gets_the_bytes_of_the_fault_of_another_refusal(socket_server: Any, fault: str) -> None:
    assert next_response(socket_server, UNKNOWN, fault) in (None, own_response(socket_server))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("fault", ON_CONTENT)
def test_no_call_gets_the_bytes_of_the_fault_of_another_download(socket_server: Any, fault: str, method: str) -> None:
    request_line = f"{method} /v1/videos/{socket_server.finished_opeai()}/content"
    for line in ("X: y", "Range: bytes=0-9", "Range: bytes=99999999-"):
        assert next_response(socket_server, request_line, fault, line) in (None, own_response(socket_server))


@pytest.mark.parametrize("fault", ["duplicate", "wrong_length delta=-10", "wrong_length delta=10"])
def test_the_fault_says_that_it_closes_the_connection(socket_server: Any, fault: str) -> None:
    exchange = socket_server.raw_create(fault, closing=False)
    assert (exchange.headers[b"connection"], exchange.end) == (b"close", "closed")
    assert exchange.body


def test_a_duplicate_that_keeps_the_connection_reaches_another_key_s_call_and_warns(socket_server: Any) -> None:
    response = next_response(socket_server, CREATE, "duplicate connection=keep")
    assert response is not None
    assert b"cgt-" in response[1]
    [note] = socket_server.journal()[0]["notes"]
    assert note.startswith("duplicate connection=keep: what is left on the connection can become the response to")


def test_a_wrong_length_that_keeps_the_connection_says_nothing_and_warns(socket_server: Any) -> None:
    exchange = socket_server.raw_create("wrong_length delta=-10 connection=keep", closing=False)
    assert b"connection" not in exchange.headers
    assert len(exchange.body) == int(exchange.headers[b"content-length"]) + 10
    assert "another call" in socket_server.journal()[-1]["notes"][0]


def test_a_download_that_keeps_the_connection_is_noted(socket_server: Any) -> None:
    _, path = socket_server.finished_apimodels()
    socket_server.raw_exchange("GET", path, "duplicate connection=keep")
    assert "another call" in socket_server.journal()[-1]["notes"][0]


def test_a_rule_that_keeps_the_connection_warns_in_python_and_in_the_shell(socket_server: Any) -> None:
    url = str(socket_server.client.base_url)
    with ControlClient(url) as control:
        assert control.faults.duplicate(times=1).warning == ""
        with pytest.warns(UserWarning, match="whatever key") as caught:
            control.faults.wrong_length(delta=-3, connection="keep", times=1)
        with pytest.warns(UserWarning, match="whatever key") as caught_text:
            control.faults.add("duplicate connection=keep", times=1)
    assert [warning.filename for warning in (*caught, *caught_text)] == [__file__, __file__]
    result = CliRunner().invoke(main, ["fault", "add", "duplicate connection=keep", "--url", url])
    assert result.exit_code == 0
    assert "warning: duplicate connection=keep: " in result.stderr
    assert "warning" not in CliRunner().invoke(main, ["fault", "add", "duplicate", "--url", url]).stderr
