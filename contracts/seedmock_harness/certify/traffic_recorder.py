"""Everything that a client said while it was on trial, as the server heard it: times, heads, bodies, bytes sent.

Stands around an application as plain ASGI. Leads calls elsewhere, too: no fault of the emulator's leaves its origin.
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
from seedmock_server.journal import Journal
from seedmock_server.upstreams.context import RESULTS

App = Callable[[Message, Receive, Send], Awaitable[None]]

TRIAL_KEY = re.compile(r"sk_mock_[a-z]+_[0-9a-z]{24}(?![0-9a-z])")
KEPT = 64 * 1024
MOST_CALLS = 20_000


@dataclass(slots=True)
class Call:
    """One request and what was sent in answer; times in seconds since the epoch, `ended` None while it is answered.

    `status` 0 stands for an answer that never began; `size` is the Content-Length that was announced, `sent` the bytes
    that went out. `came` and `told` are the places of its arrival and of its answer's beginning among all that was
    heard: clocks may jump. `number` is the journal's, if that has it.
    """

    operation: str
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    arrived: float
    came: int
    told: int | None = None
    body: bytes = b""
    status: int = 0
    answered_headers: tuple[tuple[str, str], ...] = ()
    answer: bytes = b""
    size: int | None = None
    sent: int = 0
    ended: float | None = None
    number: int | None = None

    @property
    def url(self) -> str:
        """The target, from the path on."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def names(self, secret: str) -> bool:
        """Whether a text stands anywhere in the request."""
        parts = (self.url, *(value for _, value in self.headers), self.body.decode("utf-8", "replace"))
        return any(secret in part for part in parts)

    def header(self, name: str) -> str:
        """A header of the answer, or nothing."""
        return next((value for known, value in self.answered_headers if known == name), "")


@dataclass(slots=True)
class Redirects:
    """Which operations are led to another origin: by which redirect, and how often. `links` are rewritten for good."""

    origin: str = ""
    codes: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    links: bool = False
    taken: Counter[str] = field(default_factory=Counter)

    def code(self, operation: str) -> int | None:
        """The redirect of a call, which is counted; None if it goes its way."""
        if operation not in self.codes:
            return None
        code, times = self.codes[operation]
        self.taken[operation] += 1
        return code if times is None or self.taken[operation] <= times else None


class TrafficRecorder:
    """An ASGI application around one: `calls` are those of the trial that is on, in the order of their arrival."""

    def __init__(self, app: App, contract: Contract, clock: Clock, journal: Journal | None = None) -> None:
        self._app, self._said, self._clock, self._journal = app, contract, clock, journal
        self._seen = 0
        self._places = itertools.count()
        self.calls: list[Call] = []
        self.detours = Redirects()
        self.key = ""
        self.loop: asyncio.AbstractEventLoop | None = None

    def begin(self, key: str) -> None:
        """Forget the trial before, and hear nothing of other trials' keys: a client that was left behind may go on."""
        self.key = key
        self.calls, self.detours = [], Redirects()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            self.loop = asyncio.get_running_loop()
            await self._app(scope, receive, send)
            return
        call = self._heard(scope)
        if any(name == "authorization" and self._is_of_another(value) for name, value in call.headers):
            await self._app(scope, receive, send)
            return
        if len(self.calls) < MOST_CALLS:
            self.calls.append(call)
        try:
            await self._answer(call, scope, receive, send)
        finally:
            call.ended = self._clock.now()
            self._number(call)

    def _heard(self, scope: Message) -> Call:
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        operation, place = self._operation(scope["method"], path), next(self._places)
        return Call(operation, scope["method"], path, query, headers, self._clock.now(), place)

    def _is_of_another(self, authorization: str) -> bool:
        """Whether a key is that of another trial, of this bench or of any that had its port before."""
        found = TRIAL_KEY.search(authorization)
        return found is not None and found[0] != self.key

    def _operation(self, method: str, path: str) -> str:
        if re.match(rf"{re.escape(RESULTS)}/", path):
            return Operation.CONTENT
        route = match_route(self._said, method, path)
        return route.endpoint.operation if route else ""

    def _number(self, call: Call) -> None:
        """The journal's entry of a call is its last one, if there is a new one: nothing ran in between."""
        if self._journal is not None and self._journal.count != self._seen:
            self._seen = self._journal.count
            call.number = self._seen - 1

    async def _answer(self, call: Call, scope: Message, receive: Receive, send: Send) -> None:
        code = self.detours.code(call.operation)
        if code is not None:
            call.told = next(self._places)
            await _redirect(call, code, f"{self.detours.origin}{call.url}", receive, send)
            return
        told = _Rewritten(send, scope, self.detours.origin) if self._rewrites(call) else send

        async def heard() -> Message:
            message = await receive()
            _take(call, message)
            return message

        async def counted(message: Message) -> None:
            if call.told is None:
                call.told = next(self._places)
            await told(message)
            _count(call, message)

        await self._app(scope, heard, counted)

    def _rewrites(self, call: Call) -> bool:
        return self.detours.links and call.operation == Operation.QUERY


class _Rewritten:
    """Sends an answer with the emulator's own origin replaced; it is short, and comes in one piece."""

    def __init__(self, send: Send, scope: Message, origin: str) -> None:
        host = dict(scope["headers"]).get(b"host", b"")
        self._send, self._old, self._new = (
            send,
            b"://" + host + b"/",
            b"://" + origin.encode().partition(b"://")[2] + b"/",
        )
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = dict(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = self._body.replace(self._old, self._new)
        headers = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        await self._send({**self._start, "headers": [*headers, length]})
        await self._send({"type": "http.response.body", "body": body})


async def _redirect(call: Call, code: int, location: str, receive: Receive, send: Send) -> None:
    more = True
    while more:
        message = await receive()
        _take(call, message)
        more = bool(message.get("more_body"))
    call.status, call.answered_headers, call.size = code, (("location", location),), 0
    headers = [(b"location", location.encode("latin-1")), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _take(call: Call, message: Message) -> None:
    if message["type"] == "http.request" and len(call.body) < KEPT:
        call.body += message.get("body", b"")


def _count(call: Call, message: Message) -> None:
    if message["type"] == "http.response.start":
        pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"]]
        call.status, call.answered_headers = message["status"], tuple(pairs)
        length = call.header("content-length")
        call.size = int(length) if length.isdigit() else None
    elif message["type"] == "http.response.body":
        body = message.get("body", b"")
        call.sent += len(body)
        if len(call.answer) < KEPT and call.operation != Operation.CONTENT:
            call.answer += body
