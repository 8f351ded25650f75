"""A scripted API behind a mock transport, for tests of the client without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

KEY = "sk_mock_0123456789abcdef"
ORIGIN = "http://api.test"


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
