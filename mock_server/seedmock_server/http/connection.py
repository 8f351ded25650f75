"""The connection under an answer, for what is done to it on purpose. Knows uvicorn's protocol, and no fault by name."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from .asgi import Message, Send

DRAIN_SECONDS: Final = 0.002
DRAIN_TRIES: Final = 2500


class UvicornConnection:
    """What may be done to a connection on purpose, while a request that came by it is answered."""

    __slots__ = ("_running", "_transport")

    def __init__(self, transport: asyncio.Transport, running: Callable[[], RequestResponseCycle | None]) -> None:
        self._transport = transport
        self._running = running

    @property
    def _cycle(self) -> RequestResponseCycle:
        cycle = self._running()
        assert cycle is not None, "a connection is shown only to who answers a request"
        return cycle

    @property
    def is_closed(self) -> bool:
        return self._cycle.disconnected or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the system has all that was written, or the client does not take it for some seconds."""
        for _ in range(DRAIN_TRIES):
            await asyncio.sleep(DRAIN_SECONDS)
            if self.is_closed or not self._transport.get_write_buffer_size():
                return

    def close(self) -> None:
        self._forget()
        self._transport.close()

    def reset(self) -> None:
        """Break the connection with a reset, not an end: with no time to linger, that is what closing sends."""
        if self.is_closed:
            return
        self._forget()
        opened = self._transport.get_extra_info("socket")
        if opened is not None:
            no_time = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)
        self._transport.abort()

    def _forget(self) -> None:
        """Let uvicorn take the client for gone: it does not mind then that the answer is unfinished."""
        self._cycle.disconnected = True
        self._cycle.message_event.set()

    def omit_date(self) -> None:
        """Leave out the headers that uvicorn adds, of which Date is the only one."""
        self._cycle.default_headers = []

    def record(self) -> Callable[[], bytes]:
        """Keep what is written from now on to this answer; what is returned returns it."""
        tape = _Tape(self._transport)
        self._cycle.transport = cast(asyncio.Transport, tape)
        return lambda: bytes(tape.written)


class ResponseSender:
    """ASGI's `send` for one request, which takes an answer whole as well: in one write, and without another look at it.

    Two messages cost a tenth of an order and an eighth of a poll. Who wraps `send`, as middleware and faults do, hears
    both of them as ever.
    """

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def __call__(self, message: Message) -> Awaitable[None]:
        return self._cycle.send(cast(Any, message))

    def send_complete(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bool:
        """Answer at once, or return False where that cannot be done.

        The headers are in lower case, tell the length, and hold nothing from outside, nor anything of the connection.
        """
        cycle = self._cycle
        if cycle.flow.write_paused or cycle.disconnected:
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        head = [STATUS_LINE[status]]
        for name, value in (*cycle.default_headers, *headers):
            head += name, b": ", value, b"\r\n"
        if not cycle.keep_alive:
            head.append(b"connection: close\r\n")
        cycle.transport.write(b"".join((*head, b"\r\n", body)))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True


def response_sender(send: Send) -> Send:
    """What an app sends with: for uvicorn's requests, one that takes whole answers."""
    cycle = getattr(send, "__self__", None)
    return ResponseSender(cycle) if isinstance(cycle, RequestResponseCycle) else send


class _Tape:
    """A transport that keeps what is written to it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.written = bytearray()

    def write(self, data: bytes) -> None:
        self.written += data
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
