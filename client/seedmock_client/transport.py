"""Transports that run flows over httpx, blocking or async, and the default clock. Only this module imports `time`.

Transports follow no redirects, and send the API key to the upstream's own origin only.
"""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic, sleep
from time import time as epoch_time
from typing import Any, TypeVar

import httpx
from anyio import sleep as async_sleep
from anyio import to_thread

from . import host_guard
from .effects import BodySink, Effect, Flow, HttpResponse, PerformRequest, RequestNotSent, ResponseLost, Sleep
from .errors import SeedmockError

__all__ = [
    "AsyncTransport",
    "LocalAsyncConnections",
    "LocalConnections",
    "Transport",
    "TransportConfig",
    "async_sleep",
    "epoch_time",
    "monotonic",
    "sleep",
]

T = TypeVar("T")

MAX_BODY_SIZE = 16 * 1024 * 1024
"""Bytes of a response that is not streamed, far above any JSON body of the upstreams."""
CONNECT_SECONDS = 10.0  # a connection that takes longer will not come; the request timeout is for the response
MIN_SECRET_LENGTH = 8
"""Length from which an API key is removed from messages; real keys are longer, and "test" occurs in other words."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_RESPONSE_LOST = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict, ValueError)


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """Base URL, API key and clocks of a transport: `now` is monotonic, `epoch` in epoch seconds."""

    root: httpx.URL
    key: str = field(repr=False)
    user_agent: str
    now: Callable[[], float]
    epoch: Callable[[], float]

    def request_options(self, effect: PerformRequest) -> dict[str, Any]:
        """Arguments for httpx's `build_request`. Raises UsageError for a host that must not be contacted."""
        request = effect.request
        url = httpx.URL(request.url if "://" in request.url else f"{self.root}{request.url}")
        host_guard.check_host(url.host, self.key)
        headers = {"accept": "*/*", "user-agent": self.user_agent, **request.headers}
        # By origin, not by host: a link to another port of the host can be another party's.
        if request.keyed and _origin(url) == _origin(self.root):
            headers["authorization"] = f"Bearer {self.key}"
        options: dict[str, Any] = {"method": request.method, "url": url, "headers": headers}
        options["timeout"] = httpx.Timeout(effect.seconds, connect=min(CONNECT_SECONDS, effect.seconds))
        if request.query:
            options["params"] = dict(request.query)
        if request.upload is not None:
            options["files"] = {"file": (request.upload.name, request.upload.content, request.upload.type)}
        elif request.document is not None:
            headers["content-type"] = "application/json"
            options["content"] = json.dumps(request.document).encode()
        return options

    @contextlib.contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Translate httpx's exceptions to TransportError, by whether the request may have been received."""
        try:
            yield
        except _NOT_SENT as error:
            raise RequestNotSent(_reason(error), self.now()) from error
        except _RESPONSE_LOST as error:
            raise ResponseLost(_reason(error), self.now()) from error


@dataclass(slots=True)
class ResponseReader:
    """Reads a response's body into the sink, if that accepts it, else into memory, until the time `until`."""

    config: TransportConfig
    httpx_response: httpx.Response
    until: float
    sink: BodySink | None
    body: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        if self.sink is not None and not self.sink.begin(self.response()):
            self.sink = None

    def feed(self, chunk: bytes) -> None:
        """Store the next bytes. Raises ResponseLost past the deadline, or beyond MAX_BODY_SIZE in memory."""
        # httpx limits the time of each read, not of the response: one byte a minute would never end.
        if self.config.now() >= self.until:
            raise ResponseLost("the response did not end in time", self.config.now())
        if self.sink is not None:
            self.sink.write(chunk)
            return
        self.body += chunk
        if len(self.body) > MAX_BODY_SIZE:
            raise ResponseLost(f"a response of more than {MAX_BODY_SIZE} bytes", self.config.now())

    def response(self) -> HttpResponse:
        return HttpResponse(
            status=self.httpx_response.status_code,
            url=str(self.httpx_response.request.url),
            headers={name.lower(): value for name, value in self.httpx_response.headers.items()},
            body=bytes(self.body),
            at=self.config.now(),
            received=self.config.epoch(),
        )


class Transport:
    """Runs flows blocking."""

    def __init__(self, config: TransportConfig, client: httpx.Client, sleep: Callable[[float], object]) -> None:
        self.config, self.client, self.sleep = config, client, sleep

    def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end and return its result."""
        with contextlib.closing(flow), _hidden_key(self.config.key):
            resume: Callable[[], Effect] = lambda: next(flow)  # noqa: E731
            while True:
                try:
                    effect = resume()
                except StopIteration as stop:
                    return stop.value  # type: ignore[no-any-return]
                resume = self._resume_after(flow, effect)

    def _resume_after(self, flow: Flow[Any], effect: Effect) -> Callable[[], Effect]:
        try:
            result = self._perform(effect)
        except Exception as error:
            return _throw_into(flow, error)
        return lambda: flow.send(result)

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, PerformRequest):
            return self._send(effect)
        if isinstance(effect, Sleep):
            if effect.seconds > 0:
                self.sleep(effect.seconds)
            return self.config.now()
        return effect.function()

    def _send(self, effect: PerformRequest) -> HttpResponse:
        with self.config.translated_errors():
            until = self.config.now() + effect.seconds
            request = self.client.build_request(**self.config.request_options(effect))
            # Streamed: a clip of 100 MB goes to its file in pieces, and a deadline can end it on the way.
            response = self.client.send(request, stream=True)
            with contextlib.closing(response):
                reader = ResponseReader(self.config, response, until, effect.sink)
                for chunk in response.iter_bytes():
                    reader.feed(chunk)
            return reader.response()


class AsyncTransport:
    """Runs flows in an event loop, of asyncio or trio."""

    def __init__(
        self, config: TransportConfig, client: httpx.AsyncClient, sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self.config, self.client, self.sleep = config, client, sleep

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end and return its result."""
        with contextlib.closing(flow), _hidden_key(self.config.key):
            resume: Callable[[], Effect] = lambda: next(flow)  # noqa: E731
            while True:
                try:
                    effect = resume()
                except StopIteration as stop:
                    return stop.value  # type: ignore[no-any-return]
                resume = await self._resume_after(flow, effect)

    async def _resume_after(self, flow: Flow[Any], effect: Effect) -> Callable[[], Effect]:
        try:
            result = await self._perform(effect)
        except Exception as error:
            return _throw_into(flow, error)
        return lambda: flow.send(result)

    async def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, PerformRequest):
            return await self._send(effect)
        if isinstance(effect, Sleep):
            if effect.seconds > 0:
                await self.sleep(effect.seconds)
            return self.config.now()
        return await to_thread.run_sync(effect.function)

    async def _send(self, effect: PerformRequest) -> HttpResponse:
        with self.config.translated_errors():
            until = self.config.now() + effect.seconds
            request = self.client.build_request(**self.config.request_options(effect))
            response = await self.client.send(request, stream=True)
            async with contextlib.aclosing(response):
                reader = ResponseReader(self.config, response, until, effect.sink)
                async for chunk in response.aiter_bytes():
                    reader.feed(chunk)
            return reader.response()


class LocalConnections(httpx.BaseTransport):
    """Connections of a client whose base URL is on this machine: certificates are loaded for the first `https:` link.

    To load them takes as long as all that a short program does with an emulator.
    """

    def __init__(self) -> None:
        self._plain = httpx.HTTPTransport(verify=_no_certificates(), trust_env=False)
        self._secure: httpx.HTTPTransport | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme != "https":
            return self._plain.handle_request(request)
        self._secure = self._secure or httpx.HTTPTransport(trust_env=False)
        return self._secure.handle_request(request)

    def close(self) -> None:
        for transport in filter(None, (self._plain, self._secure)):
            transport.close()


class LocalAsyncConnections(httpx.AsyncBaseTransport):
    """The same for an async client."""

    def __init__(self) -> None:
        self._plain = httpx.AsyncHTTPTransport(verify=_no_certificates(), trust_env=False)
        self._secure: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme != "https":
            return await self._plain.handle_async_request(request)
        self._secure = self._secure or httpx.AsyncHTTPTransport(trust_env=False)
        return await self._secure.handle_async_request(request)

    async def aclose(self) -> None:
        for transport in filter(None, (self._plain, self._secure)):
            await transport.aclose()


def _no_certificates() -> ssl.SSLContext:
    """A context that trusts no certificate, for connections without TLS."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _throw_into(flow: Flow[Any], error: Exception) -> Callable[[], Effect]:
    return lambda: flow.throw(error)


@contextlib.contextmanager
def _hidden_key(key: str) -> Iterator[None]:
    """Remove the key from every exception and its causes, even where an upstream echoes it."""
    try:
        yield
    except SeedmockError as error:
        if len(key) >= MIN_SECRET_LENGTH:
            error.redact(key)
            _redact_causes(error.__cause__ or error.__context__, key)
        raise


def _redact_causes(error: BaseException | None, key: str) -> None:
    while error is not None:
        error.args = tuple(part.replace(key, "***") if isinstance(part, str) else part for part in error.args)
        error = error.__cause__ or error.__context__


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    # Explicit default ports are the same origin.
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _reason(error: Exception) -> str:
    message = str(error).strip()
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
