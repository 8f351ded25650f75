"""Two doors to the same emulator, in process and on a socket, each behind one way of asking; and small media to send.

Every door is closed at the end of its test, and must not have logged an error by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from PIL import Image

from seedmock_server import create_app, serve
from seedmock_server.clock import ManualClock

KEY = "sk_test_one_of_ours"
OURS = ("seedmock", "uvicorn", "asyncio")
BOAT_A = {
    "model": "seedance2-a/seedance-2.0-mini",
    "prompt": "A paper boat on a canal",
    "duration": 4,
    "aspect_ratio": "1:1",
    "generate_audio": False,
    "seed": 3,
}
BOAT_B = {
    "model": "seedance-2-0-fast",
    "prompt": "A paper boat on a canal",
    "size": "640x640",
    "seconds": "4",
    "generate_audio": False,
    "seed": 3,
}


class Door:
    """One emulator with a clock that stands still, and a client's way of asking it."""

    def __init__(self, request: Callable[..., httpx.Response], origin: str, clock: ManualClock) -> None:
        self._request = request
        self.origin = origin
        self.clock = clock

    def ask(self, method: str, path: str, *, key: str | None = KEY, headers: Any = (), **more: Any) -> httpx.Response:
        pairs = dict(headers) if isinstance(headers, dict) else headers
        pairs = list(pairs.items()) if isinstance(pairs, dict) else list(pairs)
        if key is not None:
            pairs.append(("Authorization", f"Bearer {key}"))
        return self._request(method, path, headers=pairs, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, document: Any = None, **more: Any) -> httpx.Response:
        body = {"json": document} if document is not None else {}
        return self.ask("POST", path, **body, **more)

    # --- A ---

    def order_a(self, *, key: str = KEY, base: str = "/api/v1", **changes: Any) -> str:
        """A new task's id; a change to None takes the field away."""
        answer = self.post(f"{base}/video/generations", _changed(BOAT_A, changes), key=key)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["taskId"])

    def task_a(self, task_id: str, *, key: str = KEY, base: str = "/api/v1") -> dict[str, Any]:
        answer = self.get(f"{base}/video/generations", params={"task_id": task_id}, key=key)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def balance(self, *, key: str = KEY) -> float:
        return float(self.get("/api/v1/balance", key=key).json()["data"]["balance"])

    def post_file(self, content: bytes, name: str = "picture.png", *, key: str = KEY) -> str:
        answer = self.post("/api/v1/files", files={"file": (name, content)}, key=key)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["publicUrl"])

    # --- B ---

    def order_b(self, *, key: str = KEY, **changes: Any) -> str:
        answer = self.post("/v1/videos", _changed(BOAT_B, changes), key=key)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def task_b(self, task_id: str, *, key: str = KEY) -> dict[str, Any]:
        answer = self.get(f"/v1/videos/{task_id}", key=key)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def journal(self) -> list[dict[str, Any]]:
        exchanges: list[dict[str, Any]] = self.get("/_mock/journal", key=None).json()["exchanges"]
        return exchanges


def _changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (document | changes).items() if value is not None}


@contextlib.contextmanager
def in_process(clock: ManualClock, **settings: Any) -> Iterator[Door]:
    """The application called directly: fast, for everything that needs no bytes of HTTP."""
    with asyncio.Runner() as runner:
        app = create_app(clock=clock, **settings)
        transport = httpx.ASGITransport(app)
        client = httpx.AsyncClient(transport=transport, base_url="http://emulator.test")
        try:
            yield Door(
                lambda *args, **options: runner.run(client.request(*args, **options)), "http://emulator.test", clock
            )
        finally:
            runner.run(client.aclose())
            runner.run(app.aclose())


@contextlib.contextmanager
def on_a_socket(clock: ManualClock, **settings: Any) -> Iterator[Door]:
    """The server in a thread, over HTTP."""
    with serve(clock=clock, **settings) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        yield Door(client.request, server.url, clock)


DOORS = {"in process": in_process, "on a socket": on_a_socket}
Open = Callable[..., Door]


@pytest.fixture
def open_door(clips: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Open]:
    """Opens a door with settings of its own; `kind` names it."""
    with contextlib.ExitStack() as stack:

        def opened(kind: str = "in process", **settings: Any) -> Door:
            chosen = {"pace": "instant", "seed": 1, "cache_dir": clips, "clock": ManualClock(), **settings}
            return stack.enter_context(DOORS[kind](**chosen))

        yield opened
    assert [record.getMessage() for record in caplog.get_records("call") if _is_trouble(record)] == []


def _is_trouble(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING and record.name.split(".")[0] in OURS


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, open_door: Open) -> Door:
    """Each door in turn, at pace `instant`."""
    return open_door(request.param)


@pytest.fixture(scope="session")
def lasting(clips: Path) -> Iterator[Open]:
    """Doors that are opened once a session, for tests that are not disturbed by what others left there.

    `copy` tells apart doors that would be the same otherwise.
    """
    with contextlib.ExitStack() as stack:
        opened: dict[str, Door] = {}

        def door(kind: str = "in process", copy: int = 0, **settings: Any) -> Door:
            name = repr((kind, copy, settings))
            if name not in opened:
                chosen = {"pace": "instant", "seed": 1, "cache_dir": clips, **settings}
                opened[name] = stack.enter_context(DOORS[kind](ManualClock(), **chosen))
            return opened[name]

        yield door


@pytest.fixture(params=DOORS)
def shared_door(request: pytest.FixtureRequest, lasting: Open, caplog: pytest.LogCaptureFixture) -> Iterator[Door]:
    """Each lasting door in turn. Its clock stays where it is."""
    door = lasting(request.param)
    at = door.clock.now()
    yield door
    assert door.clock.now() == at
    assert [record.getMessage() for record in caplog.get_records("call") if _is_trouble(record)] == []


@pytest.fixture(params=DOORS)
def slow_door(request: pytest.FixtureRequest, open_door: Open) -> Door:
    """Each door in turn, at pace `fast`: 0.6 s in the queue and 1.4 s in the works, by the test's clock."""
    return open_door(request.param, pace="fast")


@pytest.fixture
def inside(open_door: Open) -> Door:
    """The door in process, at pace `instant`."""
    return open_door()


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
            stream = container.add_stream("mpeg4", rate=rate, width=width, height=height, pix_fmt="yuv420p")
            image = Image.new("RGB", (width, height), "green")
            for _ in range(round(seconds * rate)):
                container.mux(stream.encode(av.VideoFrame.from_image(image)))
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
