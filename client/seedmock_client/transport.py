"""The two drivers: they run a flow's effects on httpx, blocking or awaiting. The only module that knows httpx.

Redirects are never followed here, and the key goes to the upstream's own origin and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from . import host_guard as guard
from .effects import Effect, Flow, HttpResponse, Lost, NotSent, Send, Sink, Sleep
from .errors import SeedmockError

T = TypeVar("T")

MOST_BODY = 16 * 1024 * 1024
CONNECT_SECONDS = 10.0
LEAST_KEY = 8  # a shorter one is no secret of either upstream, and blotting out "test" would spoil every message
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Line:
    """Where requests go and how time is told: all that the two drivers share."""

    root: httpx.URL
    key: str = field(repr=False)
    agent: str
    now: Callable[[], float]
    today: Callable[[], float]

    def options(self, send: Send) -> dict[str, Any]:
        """What httpx needs to build a request. The key is added only for this upstream's origin.

        Raises UsageError for a host that must not be reached.
        """
        request = send.request
        url = httpx.URL(request.url if "://" in request.url else f"{self.root}{request.url}")
        guard.check(url.host, self.key)
        headers = {"accept": "*/*", "user-agent": self.agent, **request.headers}
        if request.keyed and _origin(url) == _origin(self.root):
            headers["authorization"] = f"Bearer {self.key}"
        options: dict[str, Any] = {"method": request.method, "url": url, "headers": headers}
        options["timeout"] = httpx.Timeout(send.seconds, connect=min(CONNECT_SECONDS, send.seconds))
        if request.query:
            options["params"] = dict(request.query)
        if request.upload is not None:
            options["files"] = {"file": (request.upload.name, request.upload.content, request.upload.type)}
        elif request.document is not None:
            headers["content-type"] = "application/json"
            options["content"] = json.dumps(request.document).encode()
        return options

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Say in a flow's words what went wrong on the wire, and whether the request may have arrived."""
        try:
            yield
        except _UNSENT as error:
            raise NotSent(_reason(error), self.now()) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict, ValueError) as error:
            raise Lost(_reason(error), self.now()) from error


@dataclass(slots=True)
class Reception:
    """An answer while it comes in: its body goes to the sink, if that takes it, or is kept."""

    line: Line
    response: httpx.Response
    until: float
    sink: Sink | None
    body: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        if self.sink is not None and not self.sink.begin(self.answer()):
            self.sink = None

    def take(self, chunk: bytes) -> None:
        """The next bytes. Raises Lost past the deadline, or when there is no end to them."""
        if self.line.now() >= self.until:
            raise Lost("the answer did not end in time", self.line.now())
        if self.sink is not None:
            self.sink.write(chunk)
            return
        self.body += chunk
        if len(self.body) > MOST_BODY:
            raise Lost(f"an answer of more than {MOST_BODY} bytes", self.line.now())

    def answer(self) -> HttpResponse:
        response = self.response
        return HttpResponse(
            status=response.status_code,
            url=str(response.request.url),
            headers={name.lower(): value for name, value in response.headers.items()},
            body=bytes(self.body),
            at=self.line.now(),
            received=self.line.today(),
        )


class Transport:
    """Runs flows, blocking."""

    def __init__(self, line: Line, client: httpx.Client, sleep: Callable[[float], object]) -> None:
        self.line, self.client, self.sleep = line, client, sleep

    def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end."""
        with contextlib.closing(flow), _discreet(self.line.key):
            resume: Callable[[], Effect] = lambda: next(flow)  # noqa: E731
            while True:
                try:
                    effect = resume()
                except StopIteration as stop:
                    return stop.value  # type: ignore[no-any-return]
                resume = self._done(flow, effect)

    def _done(self, flow: Flow[Any], effect: Effect) -> Callable[[], Effect]:
        try:
            result = self._perform(effect)
        except Exception as error:
            return _throwing(flow, error)
        return lambda: flow.send(result)

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Send):
            return self._send(effect)
        if isinstance(effect, Sleep):
            if effect.seconds > 0:
                self.sleep(effect.seconds)
            return self.line.now()
        return effect.call()

    def _send(self, send: Send) -> HttpResponse:
        with self.line.telling():
            until = self.line.now() + send.seconds
            request = self.client.build_request(**self.line.options(send))
            response = self.client.send(request, stream=True)
            with contextlib.closing(response):
                reception = Reception(self.line, response, until, send.into)
                for chunk in response.iter_bytes():
                    reception.take(chunk)
            return reception.answer()


class AsyncTransport:
    """Runs flows, awaiting."""

    def __init__(self, line: Line, client: httpx.AsyncClient, sleep: Callable[[float], Awaitable[object]]) -> None:
        self.line, self.client, self.sleep = line, client, sleep

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end."""
        with contextlib.closing(flow), _discreet(self.line.key):
            resume: Callable[[], Effect] = lambda: next(flow)  # noqa: E731
            while True:
                try:
                    effect = resume()
                except StopIteration as stop:
                    return stop.value  # type: ignore[no-any-return]
                resume = await self._done(flow, effect)

    async def _done(self, flow: Flow[Any], effect: Effect) -> Callable[[], Effect]:
        try:
            result = await self._perform(effect)
        except Exception as error:
            return _throwing(flow, error)
        return lambda: flow.send(result)

    async def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Send):
            return await self._send(effect)
        if isinstance(effect, Sleep):
            if effect.seconds > 0:
                await self.sleep(effect.seconds)
            return self.line.now()
        return await asyncio.to_thread(effect.call)

    async def _send(self, send: Send) -> HttpResponse:
        with self.line.telling():
            until = self.line.now() + send.seconds
            request = self.client.build_request(**self.line.options(send))
            response = await self.client.send(request, stream=True)
            async with contextlib.aclosing(response):
                reception = Reception(self.line, response, until, send.into)
                async for chunk in response.aiter_bytes():
                    reception.take(chunk)
            return reception.answer()


def _throwing(flow: Flow[Any], error: Exception) -> Callable[[], Effect]:
    return lambda: flow.throw(error)


@contextlib.contextmanager
def _discreet(key: str) -> Iterator[None]:
    """Keep the key out of every error and of what caused it, even where an upstream echoes it."""
    try:
        yield
    except SeedmockError as error:
        if len(key) >= LEAST_KEY:
            error.without(key)
            _blot(error.__cause__ or error.__context__, key)
        raise


def _blot(error: BaseException | None, key: str) -> None:
    while error is not None:
        error.args = tuple(part.replace(key, "***") if isinstance(part, str) else part for part in error.args)
        error = error.__cause__ or error.__context__


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _reason(error: Exception) -> str:
    said = str(error).strip()
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
