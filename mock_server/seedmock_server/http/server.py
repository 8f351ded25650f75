"""HTTP server: uvicorn, tuned for latency, silent, and stopped with a grace period. Knows no application.

The guard against slow and malformed requests is `guarded_protocol`.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Any, Final, Literal, cast

import uvicorn

from ..errors import SeedmockServerError
from .connection import body_receiver, response_sender
from .guarded_protocol import ConnectionLimits, GuardedProtocol
from .head_cache import HeadCache

# Uvicorn's own default, named here since the listeners with TLS need it as well.
BACKLOG: Final = 2048
KEEP_ALIVE_SECONDS: Final = 75  # as nginx has it: clients that poll every ten seconds keep their connection
STARTUP_SECONDS: Final = 30.0
TICK_SECONDS: Final = 1.0  # between two updates of the Date header
TLS_CLOSE_SECONDS: Final = 0.1  # a client that idles reads no farewell, and so never answers it
POLL_SECONDS: Final = 0.1
STOP_SECONDS: Final = 10.0  # after the grace period: threads of the app that still render a clip end meanwhile

App = Callable[..., Any]


class ListenError(SeedmockServerError):
    """The server cannot listen on its address; the message says what to do."""


class PortInUse(ListenError):
    """Another program listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} on {host} is in use: stop the program that holds it or choose another (0 takes a free one)"
        )
        self.host, self.port = host, port


def run(
    app: App,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    limits: ConnectionLimits | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM, then finish the responses under way; a second Ctrl-C aborts them.

    Call it from the main thread. `on_ready` receives the url once the server accepts connections. Raises ListenError,
    PortInUse.
    """
    listener = _listen(host, port)
    url = _url(host, listener)
    run_on(listener, app, limits=limits, on_ready=lambda: on_ready(url) if on_ready is not None else None)


def run_on(
    listener: socket.socket,
    app: App,
    *,
    limits: ConnectionLimits | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve, as `run` does, on a socket that listens already, and that outlives this process in another one."""

    def ready() -> None:
        tune_garbage_collector()
        on_ready()

    _Server(app, limits or ConnectionLimits(), ready).run(sockets=[listener])


def open_listeners(host: str, port: int, count: int) -> tuple[list[socket.socket], str]:
    """Return listening sockets of one port for so many processes, and their url. Raises ListenError, PortInUse.

    Linux spreads connections over sockets evenly. Over processes that share one socket it does not: in a burst of 24,
    one process of four got 19. Elsewhere the list has the same socket several times.
    """
    if not sys.platform.startswith("linux"):
        listener = _listen(host, port)
        return [listener] * count, _url(host, listener)
    if port:
        _listen(host, port).close()  # a socket that shares its port is not told that another program has it
    listeners = [_listen(host, port, shares_port=True)]
    listeners += [_listen(host, listeners[0].getsockname()[1], shares_port=True) for _ in range(count - 1)]
    return listeners, _url(host, listeners[0])


@contextmanager
def serve_in_thread(
    app: App, *, host: str = "127.0.0.1", port: int = 0, limits: ConnectionLimits | None = None
) -> Iterator[RunningServer]:
    """Serve in a thread while the block lasts; port 0 takes a free one.

    Raises ListenError, PortInUse, and RuntimeError when the app fails to start.
    """
    listener = _listen(host, port)
    server = RunningServer(_url(host, listener), listener, app, limits or ConnectionLimits())
    server.start()
    try:
        yield server
    finally:
        server.stop()


class RunningServer:
    """A server in a thread of its own. `url` has no trailing slash."""

    def __init__(self, url: str, listener: socket.socket, app: App, limits: ConnectionLimits) -> None:
        self.url = url
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._stop_seconds = limits.grace_seconds + STOP_SECONDS
        self._started_or_failed = threading.Event()
        self._startup_error: BaseException | None = None
        self._server = _Server(app, limits, self._started_or_failed.set)
        self._thread = threading.Thread(target=self._serve, name=f"seedmock {url}", daemon=True)

    def start(self) -> None:
        self._thread.start()
        if not self._started_or_failed.wait(STARTUP_SECONDS) or not self._server.started:
            self.stop()
            raise RuntimeError("the server did not start") from self._startup_error

    def listen_tls(self, context: ssl.SSLContext) -> int:
        """Accept TLS on a port of its own as well, and return that port."""
        listener = _listen("127.0.0.1", 0)
        self._server.run_soon(self._server.listen_tls(listener, context))
        return int(listener.getsockname()[1])

    def abort_tls(self) -> None:
        """Abort the connections that speak TLS, if the server runs. Clients see that once this has returned."""
        if self._thread.is_alive():
            self._server.run_soon(self._server.abort_tls())

    def settle(self) -> None:
        """Wait until the responses that clients have received whole are journaled: that follows the last byte."""
        if self._thread.is_alive():
            self._server.run_soon(asyncio.sleep(0))

    def stop(self) -> None:
        """Stop within the grace period. Raises RuntimeError if that fails."""
        self._server.request_exit()
        self._thread.join(self._stop_seconds)
        if self._thread.is_alive():
            raise RuntimeError(f"the server at {self.url} did not stop within {self._stop_seconds:g} s")

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except BaseException as error:  # uvicorn raises SystemExit when the app's startup fails
            self._startup_error = error
        finally:
            self._listener.close()
            self._started_or_failed.set()


def tune_garbage_collector() -> None:
    """Exclude what startup allocated from garbage collection, and collect rarely.

    A long table of tasks is scanned again at each collection: with the standard thresholds a create at 100 000 tasks
    takes 65 to 380 ms at the 99th percentile, with these 3 to 6 ms. No request of ours creates reference cycles.
    Nothing is collected first: what imports leave is a megabyte, and to find it takes a tenth of a start.
    """
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    gc.enable()


def _listen(host: str, port: int, *, shares_port: bool = False) -> socket.socket:
    """Return a listening socket: clients wait in its backlog from now on, and no other program gets the port.

    `shares_port` lets further sockets of this user have the port.
    """
    if not 0 <= port < 2**16:  # getaddrinfo would take it modulo 2**16
        raise ListenError(f"cannot listen on port {port}: give a number from 0 to 65535")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
    except (OSError, UnicodeError, OverflowError) as error:
        raise ListenError(f"cannot listen on {host!r}: {error}: give an address of this machine") from None
    try:
        if os.name == "posix":  # on Windows the option lets two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shares_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port) from None
        raise ListenError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listener


def _url(host: str, listener: socket.socket) -> str:
    # The wildcard addresses are no destinations everywhere: Windows refuses to connect to them.
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    port = listener.getsockname()[1]
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def inherited_listener(descriptor: int) -> socket.socket:
    """Return the listening socket with this number, which the process that started this one has opened."""
    return socket.socket(fileno=descriptor)


class _Server(uvicorn.Server):
    """uvicorn's server that reports when it accepts, consumes the signal that stops it, and aborts after the grace."""

    def __init__(self, app: App, limits: ConnectionLimits, ready: Callable[[], None]) -> None:
        super().__init__(_config(self._cancellable(app), limits))
        self._ready = ready
        self._grace_seconds = limits.grace_seconds
        self._aborted = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._exit_requested = asyncio.Event()
        self._tls_servers: list[asyncio.Server] = []
        self._end_streams: Callable[[], None] = getattr(app, "end_streams", lambda: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def main_loop(self) -> None:
        # uvicorn's looks ten times a second for the end, which then comes late, and an idle process never sleeps.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._exit_requested.wait(), TICK_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._wake()

    def request_exit(self) -> None:
        """Stop soon; from any thread, in any state."""
        self.should_exit = True
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the server has stopped
                self._loop.call_soon_threadsafe(self._exit_requested.set)

    def run_soon(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Await something on the server's loop, from another thread."""
        assert self._loop is not None, "the server has not started"
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(STARTUP_SECONDS)

    async def listen_tls(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        protocol = cast(type[GuardedProtocol], self.config.http_protocol_class)
        factory = partial(protocol, self.config, self.server_state, {})
        server = await asyncio.get_running_loop().create_server(factory, sock=listener, ssl=context, backlog=BACKLOG)
        self._tls_servers.append(server)

    async def abort_tls(self) -> None:
        """Abort the connections that speak TLS, and wait until they are closed: a turn of the loop or two later."""
        connections = cast(set[GuardedProtocol], self.server_state.connections)
        aborted = {connection for connection in connections if connection.scheme == "https"}
        for connection in aborted:
            connection.abort()
        while not aborted.isdisjoint(connections):
            await asyncio.sleep(0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # In the place of uvicorn's, which sleeps for a tenth of a second at least.
        for server in (*self.servers, *self._tls_servers):
            server.close()
        self._end_streams()
        for listener in sockets or ():
            listener.close()
        timer = asyncio.get_running_loop().call_later(self._grace_seconds, self._abort)
        try:
            await self._close_connections()
            if not self.force_exit:
                await self.lifespan.shutdown()
        finally:
            timer.cancel()
            if self.force_exit:
                self._abort()

    async def _close_connections(self) -> None:
        """Close those that are idle, and the others after their responses, until none is left or a signal says so."""
        for connection in list(self.server_state.connections):
            connection.shutdown()
        state, seconds, closing_since = self.server_state, 0.001, dict[object, float]()
        while (state.connections or state.tasks) and not self.force_exit:
            now = asyncio.get_running_loop().time()
            for connection in cast(list[GuardedProtocol], list(state.connections)):
                if connection.scheme == "https" and connection.transport.is_closing():
                    since = closing_since.setdefault(connection, now)
                    if now - since >= TLS_CLOSE_SECONDS:
                        connection.abort()
            await asyncio.sleep(seconds)
            seconds = min(2 * seconds, POLL_SECONDS)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again after shutdown, which ends the program with a traceback or a signal's status.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _cancellable(self, app: App) -> App:
        """Wrap the app so that a cancellation by `_abort` is not logged as its error."""

        async def wrapper(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, body_receiver(receive), response_sender(send))
            except asyncio.CancelledError:
                if not self._aborted:
                    raise

        return wrapper

    def _abort(self) -> None:
        self._aborted = True
        for connection in list(self.server_state.connections):
            cast(GuardedProtocol, connection).abort()
        for task in list(self.server_state.tasks):
            task.cancel()


def _event_loop() -> Literal["asyncio", "auto"]:
    """Choose the loop: gevent makes threads of greenlets, where only a loop that waits in Python lets others run."""
    monkey = sys.modules.get("gevent.monkey")
    return "asyncio" if monkey is not None and monkey.is_module_patched("threading") else "auto"


def _config(app: App, limits: ConnectionLimits) -> uvicorn.Config:
    protocol = type("Protocol", (GuardedProtocol,), {"limits": limits, "heads": HeadCache(), "waiting": []})
    return uvicorn.Config(
        app,
        http=protocol,
        loop=_event_loop(),
        ws="none",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
