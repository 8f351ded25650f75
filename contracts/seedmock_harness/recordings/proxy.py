"""A proxy before a live service: passes on what an application asks and is answered, and has each exchange kept.

Passes keys on as they come, and keeps none of them. Answers go through as they arrive, a piece at a time.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from seedmock_contracts.contract import Contract
from seedmock_contracts.errors import InvalidMovie
from seedmock_contracts.exchange import MAX_CHECKED_BYTES, Exchange, Request, Response, redact_headers, summarize_body
from seedmock_contracts.mp4 import movie_facts
from seedmock_server.faults.plan import connection_of
from seedmock_server.http.asgi import Message, Receive, Send, lifespan

from ..driver.http_transport import absolute_url, describe_error
from .request_matching import operation_of
from .writer import Recorder

HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer"),
        *(b"transfer-encoding", b"upgrade", b"proxy-connection"),
    }
)
"""Headers of one connection (RFC 9110, section 7.6.1), which are not passed on."""
HEALTH = "/_mock/health"
MOST = 256 << 20
"""Bytes of a body that are held to be measured; larger ones go through, and only their size is kept."""
CALLERS = ("first", "second", "third", "fourth", "fifth")
TIMEOUT = httpx.Timeout(600.0, connect=10.0)


@dataclass
class _Heard:
    """A body as it goes through."""

    pieces: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size <= MOST:
            self.pieces.append(piece)
        else:
            self.pieces.clear()

    @property
    def content(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def whole(self) -> bool:
        return self.size <= MOST


class Proxy:
    """The ASGI application. `root` is the service's address as verification.wire.root_of gives it."""

    def __init__(
        self,
        contract: Contract,
        root: str,
        recorder: Recorder,
        now: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._said, self._root, self._recorder, self._now = contract, root, recorder, now
        self._client = httpx.AsyncClient(timeout=TIMEOUT, transport=transport)
        self._callers: dict[str, str] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send, self.aclose)
        elif scope["type"] == "http" and scope["path"] == HEALTH:
            await _say(send, 200, {"status": "ok", "upstream": self._said.name, "exchanges": self._recorder.count})
        elif scope["type"] == "http":
            await self._pass(scope, receive, send)

    async def aclose(self) -> None:
        """Close the connections to the service."""
        await self._client.aclose()

    async def _pass(self, scope: Message, receive: Receive, send: Send) -> None:
        url = scope["raw_path"].decode("latin-1").partition("?")[0]
        url += f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        asked, answered = _Heard(), _Heard()
        answer, begun = None, False
        try:
            request = self._request(scope, url, _body(receive, asked))
            answer = await self._client.send(request, stream=True)
            begun = True
            await send({"type": "http.response.start", "status": answer.status_code, "headers": _onward(answer)})
            async for piece in answer.aiter_raw():
                answered.add(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            self._keep(scope, url, asked, _response(answer, answered))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._keep(scope, url, asked, Response(0))
            if begun:  # whoever asked must see that the answer is not whole
                return _cut(scope, error)
            said = describe_error(error, self._root) if isinstance(error, httpx.HTTPError) else str(error)
            await _say(send, 502, {"error": {"code": "bad_gateway", "message": f"seedmock record: {said}"}})
        finally:
            if answer is not None:
                await answer.aclose()

    def _request(self, scope: Message, url: str, body: AsyncIterator[bytes]) -> httpx.Request:
        headers = [(name, value) for name, value in scope["headers"] if name not in HOP_BY_HOP and name != b"host"]
        has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
        where = absolute_url(self._said, self._root, url)
        return self._client.build_request(scope["method"], where, headers=headers, content=body if has_body else None)

    def _keep(self, scope: Message, url: str, asked: _Heard, response: Response) -> None:
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        key = next((value for name, value in headers if name == "authorization"), "")
        self._recorder.redactor.add_secret(key.removeprefix("Bearer ").strip())
        body = _text(asked)
        operation = operation_of(self._said, scope["method"], urlsplit(url).path, body)
        request = Request(scope["method"], url, redact_headers(headers), body)
        caller = self._caller(key, response.status)
        self._recorder.add_or_stop(Exchange(operation, request, response, caller, self._now()))

    def _caller(self, key: str, status: int) -> str:
        """A word for a key; one that was refused before it was ever taken is a wrong one."""
        if not key:
            return ""
        if key not in self._callers and status == 401:
            return "wrong"
        number = len(self._callers)
        return self._callers.setdefault(key, CALLERS[number] if number < len(CALLERS) else f"key {number + 1}")


async def _body(receive: Receive, heard: _Heard) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise httpx.ReadError("who asked has hung up")
        heard.add(message.get("body", b""))
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


def _onward(answer: httpx.Response) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in HOP_BY_HOP]


def _response(answer: httpx.Response, heard: _Heard) -> Response:
    headers = tuple((name.lower(), value) for name, value in answer.headers.items())
    if not heard.whole:
        kind = answer.headers.get("content-type", "application/octet-stream").partition(";")[0]
        return Response(answer.status_code, redact_headers(headers), f"<{heard.size} bytes of {kind}>")
    content = _decoded(answer, heard.content)
    media = None
    if content[4:8] == b"ftyp":
        try:
            media = movie_facts(content)
        except InvalidMovie:
            media = None
    body = summarize_body(content, MAX_CHECKED_BYTES).decode("utf-8", "replace")
    return Response(answer.status_code, redact_headers(headers), body, media)


def _decoded(answer: httpx.Response, content: bytes) -> bytes:
    """The body without gzip and the like; as it came if that cannot be taken off."""
    try:
        return httpx.Response(200, headers=answer.headers, content=content).content
    except httpx.DecodingError:
        return content


def _text(heard: _Heard) -> str:
    return (
        summarize_body(heard.content, MAX_CHECKED_BYTES).decode("utf-8", "replace")
        if heard.whole
        else f"<{heard.size} bytes>"
    )


def _cut(scope: Message, error: Exception) -> None:
    """Close the connection under an unfinished answer."""
    line = connection_of(scope)
    if line is None:
        raise error
    line.close()


async def _say(send: Send, status: int, body: Any) -> None:
    content = json.dumps(body).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": content})
