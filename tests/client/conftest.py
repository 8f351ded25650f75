"""Shared fixtures of the client's tests: a scripted API, a clock that only sleeping advances, and minimal movies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from struct import pack
from typing import Any

import httpx
import pytest

KEY = "sk_mock_0123456789abcdef"
ORIGIN = "http://api.test"
TASK_IDS = {"opeai": "cgt-20260529102017-sjqj9", "apimodels": "clabcdefghijklmnopqrstuvw"}

Handler = Callable[[httpx.Request], httpx.Response]


def box(name: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return pack(">I", 8 + len(content)) + name + content


def movie(
    width: int = 1280, height: int = 720, seconds: float = 4, audio: bool = True, payload: bytes = b"\0" * 4000
) -> bytes:
    """Build an MP4 file of a few boxes, which can be measured but not played."""

    def times(version: int) -> bytes:
        if version == 1:
            return b"\1" + b"\0" * 19 + pack(">IQ", 1000, int(seconds * 1000))
        return b"\0" * 12 + pack(">II", 1000, int(seconds * 1000))

    def track(kind: bytes, w: int, h: int) -> bytes:
        header = box(b"tkhd", b"\0" * 76, pack(">II", w << 16, h << 16))
        return box(b"trak", header, box(b"mdia", box(b"mdhd", times(1)), box(b"hdlr", b"\0" * 8, kind, b"\0" * 12)))

    tracks = track(b"vide", width, height) + (track(b"soun", 0, 0) if audio else b"")
    return box(b"ftyp", b"isom\0\0\2\0isom") + box(b"moov", box(b"mvhd", times(0)), tracks) + box(b"mdat", payload)


class ChunkedBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in chunks; an exception among them is raised in its place."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


class ScriptedApi:
    """Handler of a mock transport: gives its responses in order, repeats the last one, and records the requests.

    A response is an httpx.Response, a JSON object (status 200), a (status, JSON) pair, the bytes of a video, an
    exception to raise, or a function of the request that returns one of these.
    """

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
        # Reading a response exhausts it, so each request gets its own.
        return httpx.Response(step.status_code, headers=step.headers, stream=step.stream)

    @property
    def paths(self) -> list[str]:
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.requests]

    def sent(self, method: str) -> list[httpx.Request]:
        return [request for request in self.requests if request.method == method]


class ClientCaller:
    """Calls one operation of a Client, or of an AsyncClient, with a mock transport and a clock of its own."""

    def __init__(self, is_async: bool) -> None:
        self.is_async = is_async
        self.time = 1000.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    async def async_sleep(self, seconds: float) -> None:
        self.sleep(seconds)

    def __call__(self, upstream: str, handler: Handler, operation: str, *args: Any, **kwargs: Any) -> Any:
        from seedmock_client import AsyncClient, Client

        names = ("api_key", "base_url", "preflight", "local_files", "retry_policy")
        options = {name: kwargs.pop(name) for name in names if name in kwargs}
        options = {"api_key": KEY, "base_url": ORIGIN, "now": lambda: self.time, **options}
        transport = httpx.MockTransport(handler)
        if not self.is_async:
            with Client(upstream, transport=transport, sleep=self.sleep, **options) as client:
                return getattr(client, operation)(*args, **kwargs)

        async def run() -> Any:
            async with AsyncClient(upstream, transport=transport, sleep=self.async_sleep, **options) as client:
                return await getattr(client, operation)(*args, **kwargs)

        return asyncio.run(run())


class SampleResponses:
    """Success responses of both upstreams, as in their documentation and in the vendors' own clients."""

    task_ids = TASK_IDS

    @staticmethod
    def created(upstream: str) -> dict[str, Any]:
        id_ = TASK_IDS[upstream]
        if upstream == "opeai":
            return {
                "id": id_, "task_id": id_, "object": "video", "model": "seedance-2-0-fast",
                "status": "queued", "created_at": 1780021218,
            }  # fmt: skip
        return {"code": 200, "msg": "success", "data": {"taskId": id_, "state": "pending"}}

    @staticmethod
    def queried(upstream: str, status: str, **fields: Any) -> dict[str, Any]:
        id_ = TASK_IDS[upstream]
        if upstream == "opeai":
            return {"created_at": 1780021218, "id": id_, "model": "m", "object": "video", "status": status, **fields}
        return {
            "code": 200, "msg": "success",
            "data": {"taskId": id_, "state": status, "createTime": 1780021218000, **fields},
        }  # fmt: skip

    @classmethod
    def finished(cls, upstream: str, url: str = "https://results.test/clip.mp4") -> dict[str, Any]:
        if upstream == "opeai":
            return cls.queried(upstream, "SUCCESS")
        return cls.queried(upstream, "completed", resultUrls=[url], completeTime=1780021318000)


@pytest.fixture(params=["blocking", "async"])
def call_client(request: pytest.FixtureRequest) -> ClientCaller:
    return ClientCaller(request.param == "async")


@pytest.fixture(autouse=True)
def unset_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEEDMOCK_BASE_URL", raising=False)
    monkeypatch.delenv("SEEDMOCK_API_KEY", raising=False)


@pytest.fixture
def scripted_api() -> type[ScriptedApi]:
    return ScriptedApi


@pytest.fixture
def chunked_body() -> type[ChunkedBody]:
    return ChunkedBody


@pytest.fixture
def responses() -> type[SampleResponses]:
    return SampleResponses


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
