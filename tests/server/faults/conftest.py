"""One emulator behind two doors, in process and on a socket, with its faults at hand; and a reader of bare bytes."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import create_app
from seedmock_server.app import App
from seedmock_server.clock import Clock, ManualClock
from seedmock_server.faults.rules import parse_fault_rule
from seedmock_server.http.server import serve_in_thread

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


class Wired:
    """An emulator on a socket."""

    def __init__(self, app: App, port: int, client: httpx.Client) -> None:
        self.app, self.port, self.client = app, port, client

    def ask(self, method: str, path: str, fault: str = "", *, key: str = KEY, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} | ({"X-Mock-Fault": fault} if fault else {})
        return self.client.request(method, path, headers=headers | more.pop("headers", {}), **more)

    def create(self, fault: str = "", upstream: str = "opeai", *, key: str = KEY, **changes: Any) -> httpx.Response:
        path, boat = BOATS[upstream]
        return self.ask("POST", path, fault, key=key, json=boat | changes)

    def made(self) -> str:
        """A task of B's that has succeeded."""
        return str(self.create("none").json()["id"])

    def made_a(self) -> tuple[str, str]:
        """A task of A's that has succeeded, and the path of its clip."""
        task = str(self.create("none", "apimodels").json()["data"]["taskId"])
        path = BOATS["apimodels"][0]
        url = self.ask("GET", path, "none", params={"task_id": task}).json()["data"]["resultUrls"][0]
        return task, str(httpx.URL(url).path)

    def rule(self, fault: Any, **match: Any) -> str:
        return self.app.faults.add(parse_fault_rule({"fault": fault, "match": match}))

    def journal(self) -> list[dict[str, Any]]:
        """Every exchange, its bodies as text. An answer can arrive a moment before it is written down."""
        self.client.get("/_mock/health")
        entries = [entry._asdict() for _, entry in self.app.journal.read()]
        return [entry | {"response_body": entry["response_body"].decode("utf-8", "replace")} for entry in entries]

    def faults(self) -> list[list[str]]:
        """What the journal says of each call."""
        return [list(entry["faults"]) for entry in self.journal()]

    def account(self, key: str = KEY) -> str:
        self.ask("GET", "/api/v1/models", "none", key=key)
        return str(self.journal()[-1]["account"])

    def bare(self, method: str, path: str, fault: str = "", document: Any = None, closing: bool = True) -> Bare:
        """All bytes of an answer, until the connection ends."""
        body = b"" if document is None else json.dumps(document).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: emulator", f"Authorization: Bearer {KEY}"]
        lines += ["Connection: close"] * closing + ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"X-Mock-Fault: {fault}"] * bool(fault)
        with socket.create_connection(("127.0.0.1", self.port), 5) as plug:
            plug.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            if not closing:
                plug.settimeout(0.2)
            return Bare(*_until_end(plug))

    def bare_create(self, fault: str, closing: bool = True) -> Bare:
        return self.bare("POST", "/v1/videos", fault, BOAT_OPEAI, closing)


class Bare:
    """Bytes, and how the connection ended: closed, reset or open."""

    def __init__(self, written: bytes, end: str) -> None:
        self.written, self.end = written, end
        self.head, _, self.body = written.partition(b"\r\n\r\n")
        lines = self.head.split(b"\r\n")[1:]
        self.headers = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}


def _until_end(plug: socket.socket) -> tuple[bytes, str]:
    written = b""
    while True:
        try:
            piece = plug.recv(65536)
        except ConnectionResetError:
            return written, "reset"
        except TimeoutError:
            return written, "open"
        if not piece:
            return written, "closed"
        written += piece


Wire = Callable[..., Wired]


def _start(stack: contextlib.ExitStack, clips: Path, **settings: Any) -> Wired:
    clock: Clock = settings.pop("clock", None) or ManualClock()
    app = create_app(clock=clock, **{"pace": "instant", "seed": 1, "cache_dir": clips, **settings})
    server = stack.enter_context(serve_in_thread(app))
    return Wired(app, server.port, stack.enter_context(httpx.Client(base_url=server.url, timeout=5)))


def _troubles(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [*caplog.get_records("call"), *caplog.records]  # a handler is emptied between a test and its teardown
    loud = [record for record in said if record.levelno >= logging.WARNING]
    return [record.getMessage() for record in loud if record.name.split(".")[0] in ("seedmock", "uvicorn", "asyncio")]


@pytest.fixture
def wire(clips: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Wire]:
    """Starts an emulator with settings of its own; nothing may be in its logs at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: _start(stack, clips, **settings)
    assert _troubles(caplog) == []


@pytest.fixture(scope="session")
def lasting_wire(clips: Path) -> Iterator[Wired]:
    with contextlib.ExitStack() as stack:
        yield _start(stack, clips)


@pytest.fixture
def wired(lasting_wire: Wired, caplog: pytest.LogCaptureFixture) -> Iterator[Wired]:
    """An emulator at pace `instant`, its clock standing still, without rules, limits and a past."""
    lasting_wire.app.faults.clear()
    lasting_wire.app.limits.clear()
    lasting_wire.app.journal.clear()
    yield lasting_wire
    lasting_wire.client.get("/_mock/health")
    assert _troubles(caplog) == []
