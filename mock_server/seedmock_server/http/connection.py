"""Connection of a response under way: what faults do to it, and sending a response in one write.

Knows uvicorn's protocol, and no fault by name.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from functools import lru_cache
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from .asgi import Message, Receive, Send
from .sendfile import FileSender, plain_socket

# asyncio has no event for an empty write buffer (resume_writing comes earlier), so it is polled: every 2 ms, up to 5 s.
DRAIN_INTERVAL: Final = 0.002
DRAIN_POLLS: Final = 2500


class ResponseTransport:
    """Transport through which responses are written, with another way of closing it."""

    __slots__ = ("close", "is_closing", "transport", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.transport = transport
        # Bound methods instead of a delegate: a call costs what it costs on the transport itself.
        self.write, self.is_closing, self.close = transport.write, transport.is_closing, close


class UvicornConnection:
    """Low-level control of a connection while a request that came through it is answered.

    `current` is that request, or the last one that was.
    """

    __slots__ = ("_transport", "current")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.current: RequestResponseCycle | None = None

    @property
    def _cycle(self) -> RequestResponseCycle:
        cycle = self.current
        assert cycle is not None, "the connection is part of a request's scope, so a request is being answered"
        return cycle

    @property
    def is_closed(self) -> bool:
        return self._cycle.disconnected or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the kernel has all that was written; give up after DRAIN_INTERVAL * DRAIN_POLLS seconds."""
        for _ in range(DRAIN_POLLS):
            await asyncio.sleep(DRAIN_INTERVAL)
            if self.is_closed or not self._transport.get_write_buffer_size():
                return

    def close(self) -> None:
        self._mark_disconnected()
        self._cycle.transport.close()

    def reset(self) -> None:
        """Close with a TCP RST: that is what closing sends when the linger time is 0."""
        if self.is_closed:
            return
        self._mark_disconnected()
        tcp_socket = self._transport.get_extra_info("socket")
        if tcp_socket is not None:
            linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
            tcp_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._transport.abort()

    def _mark_disconnected(self) -> None:
        """Make uvicorn take the client for gone, so that it does not log an unfinished response."""
        self._cycle.disconnected = True
        self._cycle.message_event.set()

    def set_date(self, seconds: float) -> None:
        """Say this time in Date, in place of the system's."""
        self._cycle.default_headers = date_headers(int(seconds))

    def omit_date(self) -> None:
        """Leave out the headers that uvicorn adds, of which Date is the only one."""
        self._cycle.default_headers = []

    def record(self) -> Callable[[], bytes]:
        """Record the bytes of this response from now on; return a function that returns them."""
        recorder = _RecordingTransport(self._cycle.transport)
        self._cycle.transport = cast(asyncio.Transport, recorder)
        return lambda: bytes(recorder.written)


@lru_cache(maxsize=64)
def date_headers(second: int) -> list[tuple[bytes, bytes]]:
    """Return uvicorn's default headers at a time in seconds since the epoch. Shared: not to be changed."""
    return [(b"date", formatdate(second, usegmt=True).encode())]


class ResponseSender:
    """ASGI `send` of one request that can also send a complete response in one write, without validating it again.

    Two messages cost a tenth of a create and an eighth of a poll. A wrapper around `send`, as middleware and faults
    have it, does not show `send_complete`, and so receives both messages.
    """

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def __call__(self, message: Message) -> Awaitable[None]:
        _end_expectation(self._cycle)
        return self._cycle.send(cast(Any, message))

    @property
    def is_disconnected(self) -> bool:
        """Tell that the client has gone, or counts as gone: nothing is sent any more."""
        return self._cycle.disconnected

    def send_complete(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bool:
        """Send a response in one write; return False, having sent nothing, where the connection does not allow it.

        `headers` are in lower case and include content-length; none is taken from user input (nothing here rejects a
        line break), none is a connection header.
        """
        cycle = self._cycle
        if cycle.flow.write_paused or cycle.disconnected or cycle.response_started:
            return False
        if cycle.waiting_for_100_continue:
            _end_expectation(cycle)
        cycle.response_started = True
        cycle.transport.write(b"".join((*_head(cycle, status, headers), body)))
        _complete(cycle)
        return True

    async def send_file(
        self, status: int, headers: Iterable[tuple[bytes, bytes]], descriptor: int, start: int, stop: int
    ) -> int | None:
        """Send a part of a file within the kernel, with its head; return the number of bytes that the client could get.

        `headers` are as for `send_complete`. None, with nothing sent, where the connection does not allow it. Raises
        FileTruncated.
        """
        cycle, transport = self._cycle, cast(object, self._cycle.transport)
        if cycle.flow.write_paused or cycle.disconnected or cycle.response_started:
            return None
        # Another transport records what is written, or holds it back.
        below = plain_socket(transport.transport) if isinstance(transport, ResponseTransport) else None
        if below is None:
            return None
        _end_expectation(cycle)
        cycle.response_started = True
        sender = FileSender(below)
        try:
            await sender.send(b"".join(_head(cycle, status, headers)), descriptor, start, stop)
        except OSError:
            cycle.disconnected = True
            cycle.message_event.set()
        else:
            _complete(cycle)
        finally:
            sender.close()
        return sender.sent


def _head(cycle: RequestResponseCycle, status: int, headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """Return the pieces of a response's head, the empty line included."""
    head = [STATUS_LINE[status]]
    for name, value in (*cycle.default_headers, *headers):
        head += name, b": ", value, b"\r\n"
    head.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
    return head


def _complete(cycle: RequestResponseCycle) -> None:
    """Tell uvicorn that the response has been written to its end."""
    cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def _end_expectation(cycle: RequestResponseCycle) -> None:
    """Send no 100 Continue any more, and keep no connection on which the client may or may not send its body.

    A client that was refused instead of told to continue does not send it (RFC 9110, section 10.1.1); its next request
    would be taken for the body.
    """
    if cycle.waiting_for_100_continue:
        cycle.waiting_for_100_continue = False
        cycle.keep_alive = cycle.keep_alive and not cycle.more_body


class BodyReceiver:
    """ASGI `receive` of one request that can also hand out a complete body at once, without a message around it."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def __call__(self) -> Awaitable[Message]:
        return cast(Awaitable[Message], self._cycle.receive())

    def take_body(self) -> bytes | None:
        """Return what was not received of the body before, if all of it has arrived; None if a message has to tell."""
        cycle = self._cycle
        if cycle.more_body or not cycle.message_event.is_set() or cycle.waiting_for_100_continue:
            return None
        if cycle.disconnected or cycle.response_complete:
            return None
        cycle.message_event.clear()
        body, cycle.body = bytes(cycle.body), bytearray()
        return body


def body_receiver(receive: Receive) -> Receive:
    """Return a BodyReceiver for a `receive` of uvicorn's, and any other `receive` as it is."""
    cycle = getattr(receive, "__self__", None)
    return BodyReceiver(cycle) if isinstance(cycle, RequestResponseCycle) else receive


def response_sender(send: Send) -> Send:
    """Return a ResponseSender for a `send` of uvicorn's, and any other `send` as it is."""
    cycle = getattr(send, "__self__", None)
    return ResponseSender(cycle) if isinstance(cycle, RequestResponseCycle) else send


class _RecordingTransport:
    """Transport that records what is written to it."""

    def __init__(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self.written = bytearray()

    def write(self, data: bytes) -> None:
        self.written += data
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
