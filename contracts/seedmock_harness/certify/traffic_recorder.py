"""Record a client's traffic as the server sees it: times, headers, bodies, bytes sent.

Wraps an ASGI application. Also redirects calls to another origin, which no fault of the emulator does.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import Operation
from seedmock_server.clock import Clock
from seedmock_server.http.asgi import Message, Receive, Send
from seedmock_server.http.coroutines import run_now
from seedmock_server.journal import Journal
from seedmock_server.upstreams.context import RESULTS

App = Callable[[Message, Receive, Send], Awaitable[None]]

# As Testbed.prepare makes them; a key that a client made up is part of the evidence.
TRIAL_KEY = re.compile(r"sk_mock_[a-z]+_[0-9a-z]{24}(?![0-9a-z])")
MAX_BODY_BYTES = 64 * 1024
"""Bytes of a body that are kept as evidence."""
MAX_CALLS = 20_000
"""Calls of a certification that are kept, here and in the testbed's journal: one alone shows no violations."""


@dataclass(slots=True)
class CapturedCall:
    """One request and its response; times in seconds since the epoch, `ended_at` None while the response is sent.

    `status` is 0 if there was no response; `announced_bytes` is its Content-Length, `sent_bytes` what was sent of the
    body. `sequence` and `response_sequence` order the arrivals and responses of all calls: wall clocks may jump.
    `entry` is the number of the journal entry, if there is one.
    """

    operation: str
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    arrived_at: float
    sequence: int
    response_sequence: int | None = None
    body: bytes = b""
    status: int = 0
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: bytes = b""
    announced_bytes: int | None = None
    sent_bytes: int = 0
    ended_at: float | None = None
    entry: int | None = None

    @property
    def url(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def contains(self, secret: str) -> bool:
        """Return True if a text occurs anywhere in the request."""
        parts = (self.url, *(value for _, value in self.headers), self.body.decode("utf-8", "replace"))
        return any(secret in part for part in parts)

    def response_header(self, name: str) -> str:
        """Return a header of the response; empty if it is missing."""
        return next((value for header, value in self.response_headers if header == name), "")


@dataclass(slots=True)
class Redirects:
    """Redirects to another origin: a status code and a maximum count for each operation; `links` rewrites all links."""

    origin: str = ""
    codes: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    links: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def next_code(self, operation: str) -> int | None:
        """Count a call; return the status code of its redirect, None if it is not redirected."""
        if operation not in self.codes:
            return None
        code, times = self.codes[operation]
        self.counts[operation] += 1
        return code if times is None or self.counts[operation] <= times else None


class TrafficRecorder:
    """ASGI middleware; `calls` are those of the current trial, in the order of their arrival."""

    def __init__(self, app: App, contract: Contract, clock: Clock, journal: Journal | None = None) -> None:
        self._app, self._contract, self._clock, self._journal = app, contract, clock, journal
        self._entries = 0
        self._sequence = itertools.count()
        self.calls: list[CapturedCall] = []
        self.redirects = Redirects()
        self.key = ""
        self.loop: asyncio.AbstractEventLoop | None = None

    def start_trial(self, key: str) -> None:
        """Discard the previous trial. Calls with its key are ignored: an abandoned client may go on."""
        self.key = key
        self.calls, self.redirects = [], Redirects()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            # The lifespan runs in the server's loop, in which clips are rendered for the evidence.
            self.loop = asyncio.get_running_loop()
            await self._app(scope, receive, send)
            return
        call = self._capture(scope)
        if any(name == "authorization" and self._is_other_trial(value) for name, value in call.headers):
            await self._app(scope, receive, send)
            return
        if len(self.calls) < MAX_CALLS:
            self.calls.append(call)
        try:
            await self._respond(call, scope, receive, send)
        finally:
            call.ended_at = self._clock.now()
            self._link_journal_entry(call)

    def _capture(self, scope: Message) -> CapturedCall:
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        operation, sequence = self._operation(scope["method"], path), next(self._sequence)
        return CapturedCall(operation, scope["method"], path, query, headers, self._clock.now(), sequence)

    def _is_other_trial(self, authorization: str) -> bool:
        """Return True for the key of another trial: of this testbed, or of an earlier one on the same port."""
        match = TRIAL_KEY.search(authorization)
        return match is not None and match[0] != self.key

    def _operation(self, method: str, path: str) -> str:
        if re.match(rf"{re.escape(RESULTS)}/", path):
            return Operation.CONTENT
        route = match_route(self._contract, method, path)
        return route.endpoint.operation if route else ""

    def _link_journal_entry(self, call: CapturedCall) -> None:
        """Link the last journal entry if it is new: nothing else ran in the event loop since it was written."""
        total = 0 if self._journal is None else run_now(self._journal.total())
        if total != self._entries:
            self._entries = total
            call.entry = total - 1

    async def _respond(self, call: CapturedCall, scope: Message, receive: Receive, send: Send) -> None:
        code = self.redirects.next_code(call.operation)
        if code is not None:
            call.response_sequence = next(self._sequence)
            await _send_redirect(call, code, f"{self.redirects.origin}{call.url}", receive, send)
            return
        forward = _LinkRewriter(send, scope, self.redirects.origin) if self._rewrites_links(call) else send

        async def capture_request() -> Message:
            message = await receive()
            _add_request_body(call, message)
            return message

        async def capture_response(message: Message) -> None:
            # Numbered before it is sent: a client can act on a response before this coroutine goes on.
            if call.response_sequence is None:
                call.response_sequence = next(self._sequence)
            await forward(message)
            _add_response(call, message)

        await self._app(scope, capture_request, capture_response)

    def _rewrites_links(self, call: CapturedCall) -> bool:
        return self.redirects.links and call.operation == Operation.QUERY


class _LinkRewriter:
    """ASGI `send` that replaces the emulator's origin in a JSON response."""

    def __init__(self, send: Send, scope: Message, origin: str) -> None:
        host = dict(scope["headers"]).get(b"host", b"")
        self._send = send
        self._old = b"://" + host + b"/"
        self._new = b"://" + origin.encode().partition(b"://")[2] + b"/"
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = dict(message)
            return
        self._body += message.get("body", b"")
        # Held back until the body is whole: its length, which a header announces, changes with the links.
        if message.get("more_body"):
            return
        body = self._body.replace(self._old, self._new)
        headers = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        await self._send({**self._start, "headers": [*headers, length]})
        await self._send({"type": "http.response.body", "body": body})


async def _send_redirect(call: CapturedCall, code: int, location: str, receive: Receive, send: Send) -> None:
    more = True
    while more:
        message = await receive()
        _add_request_body(call, message)
        more = bool(message.get("more_body"))
    call.status, call.response_headers, call.announced_bytes = code, (("location", location),), 0
    headers = [(b"location", location.encode("latin-1")), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _add_request_body(call: CapturedCall, message: Message) -> None:
    if message["type"] == "http.request" and len(call.body) < MAX_BODY_BYTES:
        call.body += message.get("body", b"")


def _add_response(call: CapturedCall, message: Message) -> None:
    if message["type"] == "http.response.start":
        pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"]]
        call.status, call.response_headers = message["status"], tuple(pairs)
        length = call.response_header("content-length")
        call.announced_bytes = int(length) if length.isdigit() else None
    elif message["type"] == "http.response.body":
        body = message.get("body", b"")
        call.sent_bytes += len(body)
        # A clip is not needed as evidence: the client's file is compared with the emulator's own.
        if len(call.response_body) < MAX_BODY_BYTES and call.operation != Operation.CONTENT:
            call.response_body += body
