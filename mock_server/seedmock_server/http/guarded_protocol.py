"""HTTP/1.1 protocol of uvicorn, guarded against slow, oversized and malformed requests. Knows no application.

Subclasses uvicorn's internals, which have no promise of stability: pyproject.toml bounds the version, and
tests/server/http/test_uvicorn_internals.py names what a new release must still have.
"""

from __future__ import annotations

import asyncio
import json
import re
from http import HTTPStatus
from typing import Any, ClassVar, cast

import httptools
from msgspec import Struct
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from ..errors import SeedmockServerError
from .connection import ResponseTransport, UvicornConnection
from .coroutines import resume
from .head_cache import HeadCache, ParsedHead


class ConnectionLimits(Struct, frozen=True):
    """Limits of a connection.

    `head_seconds`, `head_bytes` and `head_count` (headers) bound the head of a request; `grace_seconds` is how long a
    stopping server waits for responses under way. A connection that is closed while its client still sends is read on
    for at most `linger_seconds`, and for `linger_idle_seconds` without a byte.
    """

    head_seconds: float = 10.0
    head_bytes: int = 32 * 1024
    head_count: int = 100
    grace_seconds: float = 3.0
    # nginx has 30 and 5. What lingers on one machine is an upload, which pauses for no second.
    linger_seconds: float = 30.0
    linger_idle_seconds: float = 2.0


ORIGIN_WITHOUT_PATH = re.compile(rb"\Ahttps?://[^/?#]+(?=\?|\Z)", re.IGNORECASE)


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with a deadline and limits for the head of a request; rejections are JSON.

    The deadline runs from the connection on, or from the first byte that follows a response. A request that arrives
    in one read, as nearly all do, sets no timer.
    """

    limits: ClassVar[ConnectionLimits] = ConnectionLimits()
    heads: ClassVar[HeadCache] = HeadCache()  # those that have passed these limits
    # Requests that start after the reads of this turn of the loop: one callback for all of them.
    waiting: ClassVar[list[tuple[GuardedProtocol, RequestResponseCycle, Any]]] = []
    # None before the first request, which uvicorn does not declare.
    cycle: RequestResponseCycle | None  # type: ignore[assignment]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._in_head = True  # waiting for a head, or reading one
        self._head_started = False
        self._head_bytes = 0  # read while in a head
        self._deadline: asyncio.TimerHandle | None = None
        self._rejection: bytes | None = None
        self._linger_until = 0.0  # when a connection that is being closed is read no more; 0 before that
        self._idle_since = 0.0
        self._is_reading = False
        # A request whose head has come with this read, and its app.
        self._deferred: tuple[RequestResponseCycle, Any] | None = None
        self._response_transport = cast(asyncio.Transport, ResponseTransport(transport, self._close_gracefully))
        self._connection = UvicornConnection(transport)
        self._extensions: Any = {"seedmock": self._connection}
        self._arrived = asyncio.Event()  # of a request whose head is known
        super().on_message_begin()
        self._constant_scope = {**self.scope, "extensions": self._extensions}  # of requests whose head is known
        self._set_deadline(self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        self._disconnect()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._linger_until:
            self._set_deadline(min(self.limits.linger_idle_seconds, self._linger_until - self.loop.time()))
        if self._linger_until or self._rejection is not None:
            return
        is_between_requests = self._is_between_requests()
        cached = self.heads.find(data) if is_between_requests else None
        self._is_reading = True
        if cached is not None:
            self._repeat(*cached)
        else:
            self._head_bytes = self._head_bytes + len(data) if self._in_head else len(data)
            self._read(data)
            if is_between_requests:
                self._remember(data)
        self._is_reading = False
        if self._deferred is not None:
            deferred, self._deferred = self._deferred, None
            # Not here: to read what all connections have brought, and then to answer it, costs a fifth less than to do
            # both by turns, because the kernel's code and the application's displace each other in the caches.
            if not self.waiting:
                self.loop.call_soon(self._start_waiting)
            self.waiting.append((self, *deferred))

    def _start_waiting(self) -> None:
        """Start the requests that this turn of the loop has brought."""
        requests = self.waiting.copy()
        self.waiting.clear()
        for protocol, cycle, app in requests:
            try:
                protocol._start(cycle, app)
            except Exception as error:  # not of the application, whose errors uvicorn logs; the others must start
                self.loop.call_exception_handler({"message": "a request could not be answered", "exception": error})

    def _is_between_requests(self) -> bool:
        """Tell that a read from now on begins a request, as a read of a new connection does."""
        if self._head_started or not self._in_head:
            return False
        return self.cycle is None or self.cycle.response_complete

    def _repeat(self, head: ParsedHead, body: bytes) -> None:
        """Do what the parser does with a request whose head is known.

        To parse a head, and to call back for each header, costs a quarter of a poll.
        """
        self._head_bytes = 0
        self.url, self.headers = head.url, head.scope["headers"]
        self.scope = cast(Any, {**self._constant_scope, **head.scope, "state": self.app_state.copy()})
        self._arrived.set()
        self.cycle = cycle = RequestResponseCycle(
            scope=self.scope,
            transport=self._response_transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=self._arrived,  # shared: a response that is complete waits for nothing more
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )
        cycle.body += body
        cycle.more_body = False
        self._connection.current = cycle
        self._deferred = cycle, self.app
        self._clear_deadline()

    def _remember(self, data: bytes) -> None:
        """Cache the head of a read that was one whole request, and asks for nothing but a response."""
        cycle = self.cycle
        if self._deferred is None or cycle is None or cycle.more_body:
            return
        if cycle.keep_alive and not cycle.waiting_for_100_continue:
            self.heads.add(data, cast(Any, cycle.scope), self.url, bytes(cycle.body))

    def _read(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            self._reject(*_status_and_message(error.__context__))
        except httptools.HttpParserError:
            self._reject(400, "this is not an HTTP/1.1 request")
        else:
            self._guard()

    def _read_without_upgrade(self, rest: bytes) -> None:
        """Feed a request to a new parser without its Upgrade header, at which httptools stops parsing, body included.

        A server may ignore Upgrade (RFC 9110, section 7.8). Java's client asks for h2c with each of its requests, those
        with a body included.
        """
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            head += [name, b": ", value, b"\r\n"] if name != b"upgrade" else []
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._read(b"".join([*head, b"\r\n", rest]))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_started = True

    def on_headers_complete(self) -> None:
        if not self.url.startswith(b"/"):  # the absolute form, whose empty path means / (RFC 9110, section 4.2.3)
            self.url = ORIGIN_WITHOUT_PATH.sub(rb"\g<0>/", self.url)
        if self._head_bytes > self.limits.head_bytes or len(self.headers) > self.limits.head_count:
            self._check_head_size()
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            self._in_head = self._head_started = False
        elif self.parser.get_method() == b"CONNECT":
            raise _HeadRejected(400, "CONNECT is not supported: this is not a proxy")

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()
            self._in_head = True
            self._head_bytes = 0

    def on_response_complete(self) -> None:
        if self._linger_until:  # nothing follows on this connection, pipelined or not
            return
        is_last = not self.pipeline
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._keep_alive()
        if is_last and self._rejection is not None:
            self._send_rejection()
        elif is_last and (self._head_started or not self._in_head):  # half a head is here, or a body is not yet
            self._set_deadline(self.limits.head_seconds)

    def _keep_alive(self) -> None:
        """Close the connection when it has been idle for long, with one timer for all responses.

        To set a timer for each takes a tenth of a constant response.
        """
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        is_busy = self.cycle is not None and not self.cycle.response_complete
        rest = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if is_busy or self._deadline is not None:
            return  # the next response sets another timer
        if rest > 0:
            self.timeout_keep_alive_task = self.loop.call_later(rest, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        if self._linger_until:
            self.transport.close()
        else:
            super().shutdown()

    def abort(self) -> None:
        """Abort the connection; the app receives http.disconnect."""
        self._disconnect()
        self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._connection.current = cycle
        cycle.transport = self._response_transport
        if cycle.scope["http_version"] == "1.0":  # which knows no 100 (RFC 9110, section 10.1.1)
            cycle.waiting_for_100_continue = False
        cycle.scope["extensions"] = self._extensions
        if self._is_reading:
            self._deferred = cycle, app
        else:
            super()._start_asgi_task(cycle, app)

    def _start(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Answer a request that was read to its end, and make a task only of what has to wait for something.

        A task costs a quarter of a constant response. Until it waits, no code may ask for the current task, as
        `asyncio.timeout` does.
        """
        if cycle.more_body:
            super()._start_asgi_task(cycle, app)
            return
        answering = cycle.run_asgi(app)
        try:
            pending = answering.send(None)
        except StopIteration:
            return
        task = self.loop.create_task(resume(answering, pending))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _disconnect(self) -> None:
        """Disconnect the request being answered; uvicorn disconnects the newest one, which may still be queued."""
        cycle = self._connection.current
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    def _guard(self) -> None:
        """Check the limits after each read: a head is small, and has a deadline unless a response is under way."""
        if self._in_head and self._head_bytes > self.limits.head_bytes:
            self._reject(431, f"the head of the request is larger than {self.limits.head_bytes} bytes")
        elif self.cycle is not None and not self.cycle.response_complete:
            self._clear_deadline()
        elif self._deadline is None:
            self._set_deadline(self.limits.head_seconds)

    def _check_head_size(self) -> None:
        """Measure the parsed head: the bytes counted so far may include other requests or a body."""
        if len(self.headers) > self.limits.head_count:
            raise _HeadRejected(431, f"the request has more than {self.limits.head_count} headers")
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > self.limits.head_bytes:
            raise _HeadRejected(431, f"the head of the request is larger than {self.limits.head_bytes} bytes")

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self._expire)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        is_in_head = self._head_started or (self._in_head and self._head_bytes)
        if is_in_head and self._rejection is None and not self._linger_until:
            self._reject(408, f"the head of the request did not arrive within {self.limits.head_seconds:g} seconds")
        else:
            self.transport.close()

    def _reject(self, status: int, message: str) -> None:
        """Send an error and close, after the responses to earlier requests."""
        self._clear_deadline()
        self._rejection = _rejection(status, message)
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._send_rejection()
        elif cycle.more_body:  # the body of this very request cannot be read
            cycle.disconnected = True
            cycle.waiting_for_100_continue = False  # else the app's first read writes after the rejection
            cycle.message_event.set()
            if self.pipeline:
                self.pipeline.popleft()
            elif cycle.response_started:
                self._linger()
            else:
                self._send_rejection()

    def _send_rejection(self) -> None:
        if self._rejection is not None and not self.transport.is_closing():
            self.transport.write(self._rejection)
            self._linger()

    def _close_gracefully(self) -> None:
        """Close after what has been written; linger if the client may still be sending."""
        cycle = self._connection.current
        if self.pipeline or (cycle is not None and cycle.more_body):
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        """Half-close, and read on within limits: closing with unread bytes sends a reset that overtakes a response."""
        if self.transport.is_closing() or self._linger_until:
            return
        self._linger_until = self.loop.time() + self.limits.linger_seconds
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._set_deadline(self.limits.linger_idle_seconds)


class _HeadRejected(SeedmockServerError):
    """Raised in a callback of the parser, which is the only way to stop it."""


def _status_and_message(error: BaseException | None) -> tuple[int, str]:
    return error.args if isinstance(error, _HeadRejected) else (400, "the request target is malformed")


def _rejection(status: int, message: str) -> bytes:
    code = HTTPStatus(status).phrase.lower().replace(" ", "_")
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
    return STATUS_LINE[status] + head + body
