"""Emulators on a socket, with methods for rules of faults, and a reader of the bytes of a response."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from seedmock_server import create_app
from seedmock_server.app import App
from seedmock_server.clock import Clock, ManualClock
from seedmock_server.faults.rules import parse_fault_rule
from seedmock_server.http.coroutines import run_now
from seedmock_server.http.server import serve_in_thread

T = TypeVar("T")
KEY = "sk_test_of_faults"
BOAT_APIMODELS = {
    "model": "seedance2-a/seedance-2.0-mini",
    "prompt": "A paper boat",
    "duration": 4,
    "generate_audio": False,
}
BOAT_OPEAI = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4", "seed": 3}
BOAT_OPEAI |= {"generate_audio": False}
BOATS = {"apimodels": ("/api/v1/video/generations", BOAT_APIMODELS), "opeai": ("/v1/videos", BOAT_OPEAI)}


class SocketServer:
    """Emulator on a socket, with methods for requests and rules."""

    def __init__(self, app: App, port: int, client: httpx.Client) -> None:
        self.app, self.port, self.client = app, port, client

    def ask(self, method: str, path: str, fault: str = "", *, key: str = KEY, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} | ({"X-Mock-Fault": fault} if fault else {})
        return self.client.request(method, path, headers=headers | more.pop("headers", {}), **more)

    def create(self, fault: str = "", upstream: str = "opeai", *, key: str = KEY, **changes: Any) -> httpx.Response:
        path, boat = BOATS[upstream]
        return self.ask("POST", path, fault, key=key, json=boat | changes)

    def finished_opeai(self) -> str:
        """Return a finished task of opeai."""
        return str(self.create("none").json()["id"])

    def finished_apimodels(self) -> tuple[str, str]:
        """Return a finished task of apimodels, and the path of its result."""
        task = str(self.create("none", "apimodels").json()["data"]["taskId"])
        path = BOATS["apimodels"][0]
        url = self.ask("GET", path, "none", params={"task_id": task}).json()["data"]["resultUrls"][0]
        return task, str(httpx.URL(url).path)

    def rule(self, fault: Any, **match: Any) -> str:
        rule = parse_fault_rule({"fault": fault, "match": match})
        return self.change(lambda: self.app.faults.add(rule))

    def change(self, apply: Callable[[], T]) -> T:
        """Change the state that steers; a store beside this process learns of it, and counts anew."""
        return run_now(self.app.steering.change(apply))

    def journal(self) -> list[dict[str, Any]]:
        """Return the journal, with response bodies as text. A response can arrive a moment before it is journaled."""
        self.client.get("/_mock/health")
        entries = [entry._asdict() for _, entry in run_now(self.app.journal.read())]
        return [entry | {"response_body": entry["response_body"].decode("utf-8", "replace")} for entry in entries]

    def faults(self) -> list[list[str]]:
        """Return the faults of each exchange in the journal."""
        return [list(entry["faults"]) for entry in self.journal()]

    def account(self, key: str = KEY) -> str:
        self.ask("GET", "/api/v1/models", "none", key=key)
        return str(self.journal()[-1]["account"])

    def raw_exchange(
        self, method: str, path: str, fault: str = "", document: Any = None, closing: bool = True
    ) -> RawExchange:
        """Send a request, and read all bytes until the connection ends."""
        body = b"" if document is None else json.dumps(document).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: emulator", f"Authorization: Bearer {KEY}"]
        lines += ["Connection: close"] * closing + ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"X-Mock-Fault: {fault}"] * bool(fault)
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            if not closing:
                connection.settimeout(0.2)
            return RawExchange(*_until_end(connection))

    def raw_create(self, fault: str, closing: bool = True) -> RawExchange:
        return self.raw_exchange("POST", "/v1/videos", fault, BOAT_OPEAI, closing)


class RawExchange:
    """Bytes of a response, and how the connection ended: closed, reset or open."""

    def __init__(self, written: bytes, end: str) -> None:
        self.written, self.end = written, end
        self.head, _, self.body = written.partition(b"\r\n\r\n")
        lines = self.head.split(b"\r\n")[1:]
        self.headers = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}


def _until_end(connection: socket.socket) -> tuple[bytes, str]:
    written = b""
    while True:
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            return written, "reset"
        except TimeoutError:
            return written, "open"
        if not chunk:
            return written, "closed"
        written += chunk


StartSocketServer = Callable[..., SocketServer]


def _start(stack: contextlib.ExitStack, clips: Path, **settings: Any) -> SocketServer:
    clock: Clock = settings.pop("clock", None) or ManualClock()
    app = create_app(clock=clock, **{"pace": "instant", "seed": 1, "cache_dir": clips, **settings})
    server = stack.enter_context(serve_in_thread(app))
    return SocketServer(app, server.port, stack.enter_context(httpx.Client(base_url=server.url, timeout=5)))


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = [*caplog.get_records("call"), *caplog.records]  # a handler is emptied between a test and its teardown
    loud = [record for record in records if record.levelno >= logging.WARNING]
    return [record.getMessage() for record in loud if record.name.split(".")[0] in ("seedmock", "uvicorn", "asyncio")]


@pytest.fixture
def start_socket_server(clips: Path, caplog: pytest.LogCaptureFixture) -> Iterator[StartSocketServer]:
    """Start an emulator with settings; its log must be empty at the end of the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: _start(stack, clips, **settings)
    assert _warnings(caplog) == []


@pytest.fixture(scope="session")
def shared_socket_server(clips: Path) -> Iterator[SocketServer]:
    with contextlib.ExitStack() as stack:
        yield _start(stack, clips)


@pytest.fixture
def socket_server(shared_socket_server: SocketServer, caplog: pytest.LogCaptureFixture) -> Iterator[SocketServer]:
    """Shared emulator at pace `instant`, with a frozen clock, without rules, limits and journal."""
    shared_socket_server.change(shared_socket_server.app.faults.clear)
    shared_socket_server.app.limits.clear()
    run_now(shared_socket_server.app.journal.clear())
    yield shared_socket_server
    shared_socket_server.client.get("/_mock/health")
    assert _warnings(caplog) == []
