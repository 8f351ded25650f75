"""What the tests of the client share: a scripted wire, a clock that only sleeping moves, and small movies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from struct import pack
from typing import Any

import httpx
import pytest

KEY = "sk_mock_0123456789abcdef"
ORIGIN = "http://api.test"


def box(name: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return pack(">I", 8 + len(content)) + name + content


def movie(
    width: int = 1280, height: int = 720, seconds: float = 4, audio: bool = True, payload: bytes = b"\0" * 4000
) -> bytes:
    """A movie of a few boxes: enough for the client to measure, nothing that plays."""

    def times(version: int) -> bytes:
        if version == 1:
            return b"\1" + b"\0" * 19 + pack(">IQ", 1000, int(seconds * 1000))
        return b"\0" * 12 + pack(">II", 1000, int(seconds * 1000))

    def track(kind: bytes, w: int, h: int) -> bytes:
        header = box(b"tkhd", b"\0" * 76, pack(">II", w << 16, h << 16))
        return box(b"trak", header, box(b"mdia", box(b"mdhd", times(1)), box(b"hdlr", b"\0" * 8, kind, b"\0" * 12)))

    tracks = track(b"vide", width, height) + (track(b"soun", 0, 0) if audio else b"")
    return box(b"ftyp", b"isom\0\0\2\0isom") + box(b"moov", box(b"mvhd", times(0)), tracks) + box(b"mdat", payload)


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces; an exception among them is raised where it stands."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


class Script:
    """A transport's other end: answers in order, the last one for ever, and remembers what was asked."""

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if callable(step):
            step = step(request)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, dict):
            return httpx.Response(200, json=step)
        if isinstance(step, bytes):
            return httpx.Response(200, content=step, headers={"content-type": "video/mp4"})
        if isinstance(step, tuple):
            status, body = step
            return httpx.Response(status, json=body)
        assert isinstance(step, httpx.Response), step
        # A response is used up by being read: each request gets its own.
        return httpx.Response(step.status_code, headers=step.headers, stream=step.stream)

    @property
    def paths(self) -> list[str]:
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.requests]

    def sent(self, method: str) -> list[httpx.Request]:
        return [request for request in self.requests if request.method == method]


class Talk:
    """One verb of a client that is blocking or awaited, on a scripted wire and a clock that only sleeping moves."""

    def __init__(self, awaited: bool) -> None:
        self.awaited = awaited
        self.time = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)

    def __call__(
        self, upstream: str, wire: Callable[[httpx.Request], httpx.Response], verb: str, *args: Any, **more: Any
    ) -> Any:
        from seedmock_client import AsyncClient, Client

        named = ("api_key", "base_url", "preflight", "local_files", "patience")
        options = {name: more.pop(name) for name in named if name in more}
        options = {"api_key": KEY, "base_url": ORIGIN, "now": lambda: self.time, **options}
        transport = httpx.MockTransport(wire)
        if not self.awaited:
            with Client(upstream, transport=transport, sleep=self.sleep, **options) as client:
                return getattr(client, verb)(*args, **more)

        async def run() -> Any:
            async with AsyncClient(upstream, transport=transport, sleep=self.asleep, **options) as client:
                return await getattr(client, verb)(*args, **more)

        return asyncio.run(run())


@pytest.fixture(params=["blocking", "awaited"])
def talk(request: pytest.FixtureRequest) -> Talk:
    return Talk(request.param == "awaited")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEEDMOCK_BASE_URL", raising=False)
    monkeypatch.delenv("SEEDMOCK_API_KEY", raising=False)


@pytest.fixture(name="Script")
def script_class() -> type[Script]:
    return Script


@pytest.fixture(name="Pieces")
def pieces_class() -> type[Pieces]:
    return Pieces


@pytest.fixture
def make_movie() -> Callable[..., bytes]:
    return movie


@pytest.fixture
def make_box() -> Callable[..., bytes]:
    return box


@pytest.fixture
def key() -> str:
    return KEY


@pytest.fixture
def origin() -> str:
    return ORIGIN


TASKS = {"opeai": "cgt-20260529102017-sjqj9", "apimodels": "clabcdefghijklmnopqrstuvw"}


class Words:
    """Good answers of both upstreams, as their pages and their own clients have them."""

    tasks = TASKS

    @staticmethod
    def created(upstream: str) -> dict[str, Any]:
        id_ = TASKS[upstream]
        if upstream == "opeai":
            return {
                "id": id_, "task_id": id_, "object": "video", "model": "seedance-2-0-fast",
                "status": "queued", "created_at": 1780021218,
            }  # fmt: skip
        return {"code": 200, "msg": "success", "data": {"taskId": id_, "state": "pending"}}

    @staticmethod
    def seen(upstream: str, word: str, **more: Any) -> dict[str, Any]:
        id_ = TASKS[upstream]
        if upstream == "opeai":
            return {"created_at": 1780021218, "id": id_, "model": "m", "object": "video", "status": word, **more}
        return {
            "code": 200, "msg": "success",
            "data": {"taskId": id_, "state": word, "createTime": 1780021218000, **more},
        }  # fmt: skip

    @classmethod
    def done(cls, upstream: str, url: str = "https://results.test/clip.mp4") -> dict[str, Any]:
        if upstream == "opeai":
            return cls.seen(upstream, "SUCCESS")
        return cls.seen(upstream, "completed", resultUrls=[url], completeTime=1780021318000)


@pytest.fixture
def words() -> type[Words]:
    return Words
