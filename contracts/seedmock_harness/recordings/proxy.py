"""Recording proxy for a live service: forwards an application's requests and records each exchange.

API keys are forwarded and never stored. Responses are streamed: the application receives each chunk as it arrives.
"""

from __future__ import annotations

import asyncio
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
from .request_normalization import identify_operation, summarize_request
from .writer import Recorder

HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer"),
        *(b"transfer-encoding", b"upgrade", b"proxy-connection"),
    }
)
"""Headers of one connection (RFC 9110, section 7.6.1), which a proxy does not forward."""
HEALTH_PATH = "/_mock/health"
MAX_INSPECTED_BYTES = 256 << 20
"""Bodies up to this size are kept in memory to be measured; of larger ones only the size is recorded."""
CALLERS = ("first", "second", "third", "fourth", "fifth")
# As long as the OpenAI SDKs wait for a response: a proxy must not give up before its client.
TIMEOUT = httpx.Timeout(600.0, connect=10.0)


@dataclass
class _StreamedBody:
    """Copy of a body that passes through, dropped once it exceeds MAX_INSPECTED_BYTES."""

    chunks: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size <= MAX_INSPECTED_BYTES:
            self.chunks.append(chunk)
        else:
            self.chunks.clear()

    @property
    def content(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def is_complete(self) -> bool:
        return self.size <= MAX_INSPECTED_BYTES


class RecordingProxy:
    """ASGI application. `root` is the service's address, from `driver.http_transport.resolve_base_url`."""

    def __init__(
        self,
        contract: Contract,
        root: str,
        recorder: Recorder,
        now: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._contract, self._root, self._recorder, self._now = contract, root, recorder, now
        self._client = httpx.AsyncClient(timeout=TIMEOUT, transport=transport)
        self._callers: dict[str, str] = {}
        self.on_exchange: Callable[[Exchange], None] = lambda exchange: None
        """Called with each exchange that is recorded."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send, self.aclose)
        elif scope["type"] == "http" and scope["path"] == HEALTH_PATH:
            health = {"status": "ok", "upstream": self._contract.name, "exchanges": self._recorder.count}
            await _send_json(send, 200, health)
        elif scope["type"] == "http":
            await asyncio.sleep(0)  # httpx asks for the current task, and the server makes one of what waits
            await self._forward(scope, receive, send)

    async def aclose(self) -> None:
        """Close the connections to the service."""
        await self._client.aclose()

    async def _forward(self, scope: Message, receive: Receive, send: Send) -> None:
        url = scope["raw_path"].decode("latin-1").partition("?")[0]
        url += f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        request_body, response_body = _StreamedBody(), _StreamedBody()
        response, started = None, False
        try:
            request = self._build_request(scope, url, _stream_request(receive, request_body))
            response = await self._client.send(request, stream=True)
            started = True
            await send(
                {"type": "http.response.start", "status": response.status_code, "headers": _end_to_end(response)}
            )
            # Not decoded: Content-Encoding and Content-Length are forwarded.
            async for chunk in response.aiter_raw():
                response_body.add(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            self._record(scope, url, request_body, _recorded_response(response, response_body))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._record(scope, url, request_body, Response(0))
            if started:
                return _abort(scope, error)
            message = describe_error(error, self._root) if isinstance(error, httpx.HTTPError) else str(error)
            await _send_json(send, 502, {"error": {"code": "bad_gateway", "message": f"seedmock record: {message}"}})
        finally:
            if response is not None:
                await response.aclose()

    def _build_request(self, scope: Message, url: str, body: AsyncIterator[bytes]) -> httpx.Request:
        # The client's Host names this proxy; httpx sends that of the service.
        headers = [(name, value) for name, value in scope["headers"] if name not in HOP_BY_HOP and name != b"host"]
        # httpx sends a stream in chunks, even an empty one: a GET would get a body.
        has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
        target = absolute_url(self._contract, self._root, url)
        return self._client.build_request(scope["method"], target, headers=headers, content=body if has_body else None)

    def _record(self, scope: Message, url: str, streamed: _StreamedBody, response: Response) -> None:
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        key = next((value for name, value in headers if name == "authorization"), "")
        # The header is not stored anyway, but a response may repeat the key.
        self._recorder.redactor.add_secret(key.removeprefix("Bearer ").strip())
        body = _request_text(streamed)
        operation = identify_operation(self._contract, scope["method"], urlsplit(url).path, body)
        request = Request(scope["method"], url, redact_headers(headers), body)
        caller = self._caller(key, response.status)
        exchange = Exchange(operation, request, response, caller, self._now())
        self.on_exchange(exchange)
        self._recorder.add_or_stop(exchange)

    def _caller(self, key: str, status: int) -> str:
        """Return the name that stands for a key; a key rejected before it was ever accepted is "wrong"."""
        if not key:
            return ""
        if key not in self._callers and status == 401:
            return "wrong"
        number = len(self._callers)
        return self._callers.setdefault(key, CALLERS[number] if number < len(CALLERS) else f"key {number + 1}")


async def _stream_request(receive: Receive, body: _StreamedBody) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise httpx.ReadError("the client closed the connection")
        body.add(message.get("body", b""))
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


def _end_to_end(response: httpx.Response) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in response.headers.raw if name.lower() not in HOP_BY_HOP]


def _recorded_response(response: httpx.Response, body: _StreamedBody) -> Response:
    headers = redact_headers(tuple((name.lower(), value) for name, value in response.headers.items()))
    if not body.is_complete:
        media_type = response.headers.get("content-type", "application/octet-stream").partition(";")[0]
        return Response(response.status_code, headers, f"<{body.size} bytes of {media_type}>")
    content = _decoded(response, body.content)
    media = None
    if content[4:8] == b"ftyp":
        try:
            media = movie_facts(content)
        except InvalidMovie:
            media = None
    text = summarize_body(content, MAX_CHECKED_BYTES).decode("utf-8", "replace")
    return Response(response.status_code, headers, text, media)


def _decoded(response: httpx.Response, content: bytes) -> bytes:
    """Undo the content encoding; return the raw bytes if that fails."""
    try:
        return httpx.Response(200, headers=response.headers, content=content).content
    except httpx.DecodingError:
        return content


def _request_text(body: _StreamedBody) -> str:
    if not body.is_complete:
        return f"<{body.size} bytes>"
    return summarize_request(body.content)


def _abort(scope: Message, error: Exception) -> None:
    """Close the connection: the client must see that the response is incomplete."""
    connection = connection_of(scope)
    if connection is None:
        raise error
    connection.close()


async def _send_json(send: Send, status: int, body: Any) -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
