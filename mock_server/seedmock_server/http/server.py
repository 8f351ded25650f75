"""uvicorn, set up to be fast, quiet and hard to annoy. Knows sockets and HTTP heads, not what the app answers."""

import asyncio
import errno
import gc
import json
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Final, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from ..errors import SeedmockServerError
from .connection import UvicornConnection, response_sender

BACKLOG: Final = 2048
KEEP_ALIVE: Final = 75  # like nginx: clients that poll every ten seconds keep their connection
START_SECONDS: Final = 30.0
LINGER: Final = 1.0

App = Callable[..., Any]


class ListenError(SeedmockServerError):
    """The address cannot be listened on; the message says what to do."""


class PortInUse(ListenError):
    """Another program listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} on {host} is in use: stop the program that holds it or choose another (0 takes a free one)"
        )
        self.host, self.port = host, port


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a client may cost: seconds to send a request's head, its size in bytes, its header count; and how many
    seconds a stopping server lets answers under way take."""

    head_seconds: float = 10.0
    head_bytes: int = 32 * 1024
    head_count: int = 100
    grace_seconds: float = 3.0


def run(
    app: App,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    limits: ConnectionLimits | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM, then return; answers under way are finished first, a second Ctrl-C does not wait.

    Call it from the main thread. `on_ready` hears the url once the server accepts. Raises ListenError, PortInUse.
    """
    listener = _listen(host, port)
    url = _url(host, listener)

    def ready() -> None:
        tune_garbage_collector()
        if on_ready is not None:
            on_ready(url)

    _Server(app, limits or ConnectionLimits(), ready).run(sockets=[listener])


@contextmanager
def serve_in_thread(
    app: App, *, host: str = "127.0.0.1", port: int = 0, limits: ConnectionLimits | None = None
) -> "Iterator[RunningServer]":
    """A server in a thread, accepting when the block begins and gone when it ends. Port 0 takes a free one.

    Raises ListenError, PortInUse, and RuntimeError when the app does not start.
    """
    listener = _listen(host, port)
    server = RunningServer(_url(host, listener), listener, app, limits or ConnectionLimits())
    server.start()
    try:
        yield server
    finally:
        server.stop()


class RunningServer:
    """A server in a thread of its own; `url` has no slash at its end."""

    def __init__(self, url: str, listener: socket.socket, app: App, limits: ConnectionLimits) -> None:
        self.url = url
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._settled = threading.Event()
        self._trouble: BaseException | None = None
        self._server = _Server(app, limits, self._settled.set)
        self._thread = threading.Thread(target=self._serve, name=f"seedmock {url}", daemon=True)

    def start(self) -> None:
        self._thread.start()
        if not self._settled.wait(START_SECONDS) or not self._server.started:
            self.stop()
            raise RuntimeError("the server did not start") from self._trouble

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except BaseException as trouble:  # SystemExit is how uvicorn says that the app's start-up failed
            self._trouble = trouble
        finally:
            self._listener.close()
            self._settled.set()


def tune_garbage_collector() -> None:
    """Take what start-up made out of the collector's sight, and let it look seldom.

    A long table of tasks is scanned again at each collection: with the standard thresholds a create at 100 000 tasks
    takes 65 to 380 ms at the 99th percentile, with these 3 to 6 ms. Nothing of ours makes reference cycles per request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens already: who connects from now on waits in the backlog, and nobody else gets the port."""
    if not 0 <= port < 2**16:  # the resolver would take it modulo 2**16
        raise ListenError(f"cannot listen on port {port}: give a number from 0 to 65535")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
    except (OSError, UnicodeError, OverflowError) as error:
        raise ListenError(f"cannot listen on {host!r}: {error}: give an address of this machine") from None
    try:
        if os.name == "posix":  # elsewhere the option lets two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port) from None
        raise ListenError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listener


def _url(host: str, listener: socket.socket) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return (
        f"http://[{name}]:{listener.getsockname()[1]}" if ":" in name else f"http://{name}:{listener.getsockname()[1]}"
    )


class _Server(uvicorn.Server):
    """uvicorn's server that tells when it accepts, swallows the signal that ends it, and hangs up when grace ends."""

    def __init__(self, app: App, limits: ConnectionLimits, ready: Callable[[], None]) -> None:
        super().__init__(_config(self._until_hung_up(app), limits))
        self._ready = ready
        self._grace = limits.grace_seconds
        self._hung_up = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        timer = asyncio.get_running_loop().call_later(self._grace, self._hang_up)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()
            if self.force_exit:
                self._hang_up()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _until_hung_up(self, app: App) -> App:
        async def quiet(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, response_sender(send))
            except asyncio.CancelledError:
                if not self._hung_up:
                    raise

        return quiet

    def _hang_up(self) -> None:
        self._hung_up = True
        for connection in list(self.server_state.connections):
            cast(GuardedProtocol, connection).hang_up()
        for task in list(self.server_state.tasks):
            task.cancel()


def _config(app: App, limits: ConnectionLimits) -> uvicorn.Config:
    protocol = type("Protocol", (GuardedProtocol,), {"limits": limits})
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
    )


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with a deadline and limits for the head of a request; what it refuses, it refuses in JSON.

    A head is awaited from the moment of connecting, or from the first byte that follows an answer. A request that comes
    whole in one read, which is nearly all of them, sets no timer.
    """

    limits: ClassVar[ConnectionLimits] = ConnectionLimits()
    cycle: RequestResponseCycle | None  # type: ignore[assignment]  # uvicorn starts it as None and says so nowhere

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._in_head = True  # a head is awaited
        self._begun = False  # and has begun
        self._seen = 0  # bytes, while it is awaited
        self._deadline: asyncio.TimerHandle | None = None
        self._refusal: bytes | None = None
        self._running: RequestResponseCycle | None = None
        self._extensions: Any = {"seedmock": UvicornConnection(transport, lambda: self._running)}
        self._set_deadline(self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        self._disconnect()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._refusal is not None:
            return
        self._seen = self._seen + len(data) if self._in_head else len(data)
        self._read(data)

    def _read(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_plainly(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            self._refuse(*_reason(error.__context__))
        except httptools.HttpParserError:
            self._refuse(400, "this is not an HTTP/1.1 request")
        else:
            self._guard()

    def _read_plainly(self, rest: bytes) -> None:
        """Read a request again without its Upgrade, which a server may ignore: the parser gives up at it, body and all.

        Java's client asks for h2c with each of its requests, the ones with a body included.
        """
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            head += [name, b": ", value, b"\r\n"] if name != b"upgrade" else []
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._read(b"".join([*head, b"\r\n", rest]))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun = True

    def on_headers_complete(self) -> None:
        if self._seen > self.limits.head_bytes or len(self.headers) > self.limits.head_count:
            self._weigh()
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            self._in_head = self._begun = False
        elif self.parser.get_method() == b"CONNECT":
            raise _Refused(400, "this is no proxy: CONNECT is not answered")

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()
            self._in_head = True
            self._seen = 0

    def on_response_complete(self) -> None:
        last = not self.pipeline
        super().on_response_complete()
        if last and self._refusal is not None:
            self._send_refusal()
        elif last and (self._begun or not self._in_head):  # half a head has come already, or the body has not
            self._set_deadline(self.limits.head_seconds)

    def hang_up(self) -> None:
        """Drop the connection at once; the app hears that its client has gone."""
        self._disconnect()
        self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        cycle.scope["extensions"] = self._extensions
        super()._start_asgi_task(cycle, app)

    def _disconnect(self) -> None:
        """Tell the request being answered that nobody listens; uvicorn tells the newest one, which may wait in line."""
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _guard(self) -> None:
        """After each read: a head stays small, and there is a deadline unless a request is being answered."""
        if self._in_head and self._seen > self.limits.head_bytes:
            self._refuse(431, f"the head of the request is larger than {self.limits.head_bytes} bytes")
        elif self.cycle is not None and not self.cycle.response_complete:
            self._clear_deadline()
        elif self._deadline is None:
            self._set_deadline(self.limits.head_seconds)

    def _weigh(self) -> None:
        """Refuse a head that is too large; what was seen may hold other requests or a body too, so it is measured."""
        if len(self.headers) > self.limits.head_count:
            raise _Refused(431, f"the request has more than {self.limits.head_count} headers")
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > self.limits.head_bytes:
            raise _Refused(431, f"the head of the request is larger than {self.limits.head_bytes} bytes")

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self._expire)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        if (self._begun or (self._in_head and self._seen)) and self._refusal is None:
            self._refuse(408, f"the head of the request did not arrive within {self.limits.head_seconds:g} seconds")
        else:
            self.transport.close()

    def _refuse(self, status: int, message: str) -> None:
        """Answer and close, after the answers to earlier requests."""
        self._clear_deadline()
        self._refusal = _refusal(status, message)
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._send_refusal()
        elif cycle.more_body:  # it is the body of this very request that cannot be read
            cycle.disconnected = True
            cycle.waiting_for_100_continue = False  # else the app's first read would write after the last answer
            cycle.message_event.set()
            if self.pipeline:
                self.pipeline.popleft()
            elif cycle.response_started:
                self.transport.close()
            else:
                self._send_refusal()

    def _send_refusal(self) -> None:
        """Send it and go on reading for a moment: closing on unread bytes makes a reset that overtakes the answer."""
        if self._refusal is None or self.transport.is_closing():
            return
        self.transport.write(self._refusal)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._set_deadline(LINGER)


class _Refused(Exception):
    """Raised in the parser's callback, which is the only way to stop it."""


def _reason(error: BaseException | None) -> tuple[int, str]:
    return error.args if isinstance(error, _Refused) else (400, "the target of the request cannot be read")


def _refusal(status: int, message: str) -> bytes:
    code = HTTPStatus(status).phrase.lower().replace(" ", "_")
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
    return STATUS_LINE[status] + head + body
