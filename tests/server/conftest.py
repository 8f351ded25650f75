"""Emulators under test, in process and on a socket, with the same methods for requests; and small media to send.

Each is closed at the end of its test, and must not have logged a warning by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import logging
import os
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from msgspec.structs import replace
from PIL import Image

from seedmock_server import create_app, serve
from seedmock_server.app import App
from seedmock_server.clock import Clock, ManualClock
from seedmock_server.settings import Settings

from .storage.redis_server import redis_url

KEY = "sk_test_one_of_ours"
LOGGERS = ("seedmock", "uvicorn", "asyncio")
BOAT_APIMODELS = {
    "model": "seedance2-a/seedance-2.0-mini",
    "prompt": "A paper boat on a canal",
    "duration": 4,
    "aspect_ratio": "1:1",
    "generate_audio": False,
    "seed": 3,
}
BOAT_OPEAI = {
    "model": "seedance-2-0-fast",
    "prompt": "A paper boat on a canal",
    "size": "640x640",
    "seconds": "4",
    "generate_audio": False,
    "seed": 3,
}


@pytest.fixture(scope="session", autouse=True)
def _chosen_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let emulators keep their state in the store of SEEDMOCK_TEST_STORE (sqlite or redis), each in a new one."""
    kind = os.environ.get("SEEDMOCK_TEST_STORE", "memory")
    if kind == "memory":
        yield
        return
    folder, numbers, start = tmp_path_factory.mktemp("stores"), itertools.count(), App.__init__

    def start_with_store(app: App, settings: Settings | None = None, *, clock: Clock | None = None) -> None:
        settings = settings or Settings()
        if settings.store == "memory":
            settings = replace(settings, store=STORE_URLS[kind](folder, next(numbers)))
        start(app, settings, clock=clock)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(App, "__init__", start_with_store)
        yield


STORE_URLS: dict[str, Callable[[Path, int], str]] = {
    "sqlite": lambda folder, number: f"sqlite:{folder}/{number}.db",
    "redis": lambda folder, number: redis_url(folder / str(number)),
}


MEMORY_ONLY = pytest.mark.skipif(
    os.environ.get("SEEDMOCK_TEST_STORE", "memory") != "memory",
    reason="about what emulators in memory keep beside their store",
)


ENDS_CONNECTIONS = pytest.mark.skipif(
    os.environ.get("SEEDMOCK_TEST_STORE") == "redis",
    reason="leaves an emulator open when its event loop ends, which would leave a connection to redis",
)


class Server:
    """Emulator with a clock that stands still, and methods for requests."""

    def __init__(self, request: Callable[..., httpx.Response], origin: str, clock: ManualClock) -> None:
        self._request = request
        self.origin = origin
        self.clock = clock

    def ask(
        self, method: str, path: str, *, key: str | None = KEY, headers: Any = (), **options: Any
    ) -> httpx.Response:
        pairs = dict(headers) if isinstance(headers, dict) else headers
        pairs = list(pairs.items()) if isinstance(pairs, dict) else list(pairs)
        if key is not None:
            pairs.append(("Authorization", f"Bearer {key}"))
        return self._request(method, path, headers=pairs, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, document: Any = None, **options: Any) -> httpx.Response:
        body = {"json": document} if document is not None else {}
        return self.ask("POST", path, **body, **options)

    # --- apimodels ---

    def order_apimodels(self, *, key: str = KEY, base: str = "/api/v1", **changes: Any) -> str:
        """Create a task; return its id. A change to None leaves the field out."""
        response = self.post(f"{base}/video/generations", _changed(BOAT_APIMODELS, changes), key=key)
        assert response.status_code == 200, response.text
        return str(response.json()["data"]["taskId"])

    def query_apimodels(self, task_id: str, *, key: str = KEY, base: str = "/api/v1") -> dict[str, Any]:
        response = self.get(f"{base}/video/generations", params={"task_id": task_id}, key=key)
        assert response.status_code == 200, response.text
        data: dict[str, Any] = response.json()["data"]
        return data

    def balance(self, *, key: str = KEY) -> float:
        return float(self.get("/api/v1/balance", key=key).json()["data"]["balance"])

    def post_file(self, content: bytes, name: str = "picture.png", *, key: str = KEY) -> str:
        response = self.post("/api/v1/files", files={"file": (name, content)}, key=key)
        assert response.status_code == 200, response.text
        return str(response.json()["data"]["publicUrl"])

    # --- opeai ---

    def order_opeai(self, *, key: str = KEY, **changes: Any) -> str:
        response = self.post("/v1/videos", _changed(BOAT_OPEAI, changes), key=key)
        assert response.status_code == 200, response.text
        return str(response.json()["id"])

    def query_opeai(self, task_id: str, *, key: str = KEY) -> dict[str, Any]:
        response = self.get(f"/v1/videos/{task_id}", key=key)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def journal(self) -> list[dict[str, Any]]:
        exchanges: list[dict[str, Any]] = self.get("/_mock/journal", key=None).json()["exchanges"]
        return exchanges


def _changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (document | changes).items() if value is not None}


@contextlib.contextmanager
def in_process(clock: ManualClock, **settings: Any) -> Iterator[Server]:
    """Call the application directly: fast, for everything that needs no bytes of HTTP."""
    with asyncio.Runner() as runner:
        app = create_app(clock=clock, **settings)
        transport = httpx.ASGITransport(app)
        client = httpx.AsyncClient(transport=transport, base_url="http://emulator.test")
        try:
            yield Server(
                lambda *args, **options: runner.run(client.request(*args, **options)), "http://emulator.test", clock
            )
        finally:
            runner.run(client.aclose())
            runner.run(app.aclose())


# One for all clients of plain HTTP: to make one takes over a millisecond, for each server on a socket.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@contextlib.contextmanager
def on_a_socket(clock: ManualClock, **settings: Any) -> Iterator[Server]:
    """Serve the application in a thread, over HTTP."""
    with (
        serve(clock=clock, **settings) as server,
        httpx.Client(base_url=server.url, timeout=30, verify=NO_CERTIFICATES) as client,
    ):
        yield Server(client.request, server.url, clock)


TRANSPORTS = {"in process": in_process, "on a socket": on_a_socket}
StartServer = Callable[..., Server]


@pytest.fixture
def start_server(clips: Path, caplog: pytest.LogCaptureFixture) -> Iterator[StartServer]:
    """Start an emulator with settings; `kind` is one of TRANSPORTS."""
    with contextlib.ExitStack() as stack:

        def start(kind: str = "in process", **settings: Any) -> Server:
            options = {"pace": "instant", "seed": 1, "cache_dir": clips, "clock": ManualClock(), **settings}
            return stack.enter_context(TRANSPORTS[kind](**options))

        yield start
    assert [record.getMessage() for record in caplog.get_records("call") if _is_problem(record)] == []


def _is_problem(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING and record.name.split(".")[0] in LOGGERS


@pytest.fixture(params=TRANSPORTS)
def server(request: pytest.FixtureRequest, start_server: StartServer) -> Server:
    """Emulator in process and on a socket, at pace `instant`."""
    return start_server(request.param)


@pytest.fixture(scope="session")
def start_shared_server(clips: Path) -> Iterator[StartServer]:
    """Start an emulator once a session for each combination of settings, for tests that tolerate the state of others.

    `copy` tells apart emulators with the same settings.
    """
    with contextlib.ExitStack() as stack:
        running: dict[str, Server] = {}

        def start(kind: str = "in process", copy: int = 0, **settings: Any) -> Server:
            name = repr((kind, copy, settings))
            if name not in running:
                options = {"pace": "instant", "seed": 1, "cache_dir": clips, **settings}
                running[name] = stack.enter_context(TRANSPORTS[kind](ManualClock(), **options))
            return running[name]

        yield start


@pytest.fixture(params=TRANSPORTS)
def shared_server(
    request: pytest.FixtureRequest, start_shared_server: StartServer, caplog: pytest.LogCaptureFixture
) -> Iterator[Server]:
    """Shared emulator in process and on a socket. Its clock must stay where it is."""
    server = start_shared_server(request.param)
    at = server.clock.now()
    yield server
    assert server.clock.now() == at
    assert [record.getMessage() for record in caplog.get_records("call") if _is_problem(record)] == []


@pytest.fixture(params=TRANSPORTS)
def slow_server(request: pytest.FixtureRequest, start_server: StartServer) -> Server:
    """Emulator in process and on a socket, at pace `fast`: 0.6 s queued and 1.4 s in progress."""
    return start_server(request.param, pace="fast")


@pytest.fixture
def in_process_server(start_server: StartServer) -> Server:
    """Emulator in process, at pace `instant`."""
    return start_server()


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """A PNG of one colour, of a size that every limit allows."""

    def make(colour: str = "red", width: int = 640, height: int = 640, form: str = "PNG") -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", (width, height), colour).save(buffer, form)
        return buffer.getvalue()

    return make


@pytest.fixture(scope="session")
def video() -> Callable[..., bytes]:
    """A small silent MP4 of one colour."""

    def make(width: int = 320, height: int = 180, seconds: float = 2, rate: int = 24) -> bytes:
        buffer = io.BytesIO()
        with av.open(buffer, "w", format="mp4") as container:
            stream = container.add_stream(
                "libx264", rate=rate, width=width, height=height, pix_fmt="yuv420p", options={"preset": "ultrafast"}
            )
            frame = av.VideoFrame.from_image(Image.new("RGB", (width, height), "green"))
            for _ in range(round(seconds * rate)):
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return buffer.getvalue()

    return make


@pytest.fixture(scope="session")
def watch() -> Callable[[bytes], dict[str, Any]]:
    """Decode a clip with an independent decoder: codec, size, frames, sound, first and last picture."""

    def decode(clip: bytes) -> dict[str, Any]:
        with av.open(io.BytesIO(clip), "r") as container:
            video, audio = container.streams.video[0], container.streams.audio
            pictures = list(container.decode(video))
            return {
                "codec": video.codec_context.name,
                "size": (video.codec_context.width, video.codec_context.height),
                "frames": len(pictures),
                "audio": bool(audio),
                "first": pictures[0].to_image(),
                "last": pictures[-1].to_image(),
                "metadata": dict(container.metadata),
            }

    return decode
