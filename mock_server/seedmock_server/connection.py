"""The connection under an answer, for what is done to it on purpose. Knows uvicorn's protocol, and no fault by name."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

DRAIN_SECONDS: Final = 0.002
DRAIN_TRIES: Final = 2500


class Connection:
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
    def gone(self) -> bool:
        return self._cycle.disconnected or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the system has all that was written, or the client does not take it for some seconds."""
        for _ in range(DRAIN_TRIES):
            await asyncio.sleep(DRAIN_SECONDS)
            if self.gone or not self._transport.get_write_buffer_size():
                return

    def close(self) -> None:
        self._forget()
        self._transport.close()

    def reset(self) -> None:
        """Break the connection with a reset, not an end: with no time to linger, that is what closing sends."""
        if self.gone:
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

    def own_date(self) -> None:
        """Leave out the headers that uvicorn adds, of which Date is the only one."""
        self._cycle.default_headers = []

    def record(self) -> Callable[[], bytes]:
        """Keep what is written from now on to this answer; what is returned returns it."""
        tape = _Tape(self._transport)
        self._cycle.transport = cast(asyncio.Transport, tape)
        return lambda: bytes(tape.written)


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
