"""Faults on the way out of a response: pace, end, length and headers. Knows ASGI and the control of the connection."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

from ..http.asgi import Message, Send
from .kinds import ENDS_CONNECTION, GROUPS, PACE, FaultKind
from .rules import Fault

Pause = Callable[[float], Awaitable[None]]
WITHOUT_BODY = frozenset({204, 304})
"""Statuses whose response ends with its head (RFC 9112, section 6.3): a client takes more for the next response."""
HEADER_MUTATIONS = frozenset({FaultKind.OTHER_HEADER, FaultKind.OTHER_RANGE})
TICK = 0.05
"""Seconds between two chunks of a body whose bandwidth is limited."""


class ConnectionControl(Protocol):
    """Connection that a request came by, which the server passes as `scope["extensions"]["seedmock"]`."""

    @property
    def is_closed(self) -> bool:
        """Tell that the client or the server has closed the connection."""
        ...

    def write(self, data: bytes) -> None:
        """Write bytes past the HTTP protocol."""
        ...

    async def drain(self) -> None:
        """Wait until the written bytes are sent."""
        ...

    def close(self) -> None:
        """Close the connection after the written bytes."""
        ...

    def reset(self) -> None:
        """Abort the connection with a TCP reset."""
        ...

    def set_date(self, seconds: float) -> None:
        """Say this time in Date, in place of the system's."""
        ...

    def omit_date(self) -> None:
        """Leave out the server's own Date header."""
        ...

    def record(self) -> Callable[[], bytes]:
        """Record what is written from now on; the returned function returns it."""
        ...


class FaultySend:
    """ASGI `send` that applies the faults of the link `send`. `connection` is None only if none of them needs one."""

    def __init__(self, faults: Sequence[Fault], connection: ConnectionControl | None, send: Send, pause: Pause) -> None:
        self._send, self._connection, self._pause = send, connection, pause
        self._end = next((fault for fault in faults if GROUPS.get(fault.kind) == ENDS_CONNECTION), None)
        self._pace = next((fault for fault in faults if GROUPS.get(fault.kind) == PACE), None)
        self._header_mutations = tuple(fault for fault in faults if fault.kind in HEADER_MUTATIONS)
        self._remaining = 1 << 62
        self._shifts_bytes = False
        self._recorded: Callable[[], bytes] = bytes
        self._finished = False

    async def __call__(self, message: Message) -> None:
        if self._finished:
            return
        if message["type"] == "http.response.start":
            await self._start(message)
        else:
            await self._continue(message.get("body", b""), bool(message.get("more_body")))

    def _ends_by(self, kind: FaultKind, when: str = "") -> bool:
        return self._end is not None and self._end.kind is kind and when in ("", self._end.get("when"))

    async def _start(self, message: Message) -> None:
        size = int(dict(message["headers"]).get(b"content-length", b"0"))
        is_part = b"content-range" in dict(message["headers"]) and message["status"] == 206
        self._shifts_bytes = is_part and any(_shifts_bytes(fault) for fault in self._header_mutations)
        if self._ends_by(FaultKind.RESPONSE_LOST):
            return
        for fault in self._header_mutations:
            message["headers"] = _mutated_headers(fault, message["headers"])
            if self._connection is not None and fault.values.get("name", "").lower() == "date":
                self._connection.omit_date()  # the server would add its own beside this one, or in its place
        if self._end is not None and (self._ends_by(FaultKind.BODY_CUT) or self._ends_by(FaultKind.RESET, "during")):
            self._remaining = self._end.values.get("at", size // 2)
        if self._end is not None and self._ends_by(FaultKind.WRONG_LENGTH):
            message["headers"] = _with_length(message["headers"], max(0, size + self._end.get("delta")))
        if self._leaves_bytes() or (size and message["status"] in WITHOUT_BODY):
            others = [pair for pair in message["headers"] if pair[0] != b"connection"]
            message["headers"] = [*others, (b"connection", b"close")]
        if self._connection is not None and self._ends_by(FaultKind.DUPLICATE):
            self._recorded = self._connection.record()
        await self._send(message)

    def _leaves_bytes(self) -> bool:
        """Tell whether bytes follow the response that no client reads as part of it, and the connection must close.

        Most HTTP clients and proxies give such bytes to their next call on a kept connection, of whatever key.
        """
        if any(fault.values.get("name", "").lower() == "transfer-encoding" for fault in self._header_mutations):
            return True  # beside Content-Length, one client reads by this header and the next by that one
        is_extended = self._ends_by(FaultKind.DUPLICATE) or self._ends_by(FaultKind.WRONG_LENGTH)
        return is_extended and self._end is not None and self._end.get("connection") == "close"

    async def _continue(self, body: bytes, more: bool) -> None:
        if self._shifts_bytes:
            body = body[1:] + body[:1]
        if not self._ends_by(FaultKind.RESPONSE_LOST):
            for chunk in self._chunks(body[: self._remaining]):
                if self._connection is not None and self._connection.is_closed:
                    self._connection.close()  # the server may not know yet, and would object to an unfinished response
                    self._finished = True
                    return
                await self._emit(chunk)
        self._remaining -= len(body)
        if not more or self._remaining <= 0:
            self._finished = True
            await self._finish()

    async def _emit(self, chunk: bytes) -> None:
        if self._connection is not None and self._ends_by(FaultKind.WRONG_LENGTH):
            self._connection.write(chunk)
        else:
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        if self._pace is not None:
            rate = self._pace.values.get("rate")
            await self._pause(len(chunk) / rate if rate else self._pace.get("every"))

    def _chunks(self, body: bytes) -> Iterator[bytes]:
        if self._pace is None:
            size = len(body) or 1
        else:
            rate = self._pace.values.get("rate")
            size = max(1, round(rate * TICK)) if rate else self._pace.get("bytes")
        return (body[start : start + size] for start in range(0, len(body), size))

    async def _finish(self) -> None:
        connection = self._connection
        if connection is not None and (self._ends_by(FaultKind.BODY_CUT) or self._ends_by(FaultKind.WRONG_LENGTH)):
            connection.close()
            return
        if connection is not None and self._ends_by(FaultKind.DUPLICATE):
            connection.write(self._recorded())
        if connection is not None and (self._ends_by(FaultKind.RESPONSE_LOST) or self._ends_by(FaultKind.RESET)):
            await connection.drain()
            connection.reset()  # the response stays unfinished: the next request must not be read before the reset
            return
        await self._send({"type": "http.response.body", "body": b""})


def _mutated_headers(fault: Fault, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Replace or remove a header, or state another range than the one that is sent."""
    if fault.kind is FaultKind.OTHER_HEADER:
        name, to = fault.values["name"].lower().encode(), fault.values.get("to")
        others = [pair for pair in headers if pair[0] != name]
        return others if to is None else [*others, (name, to.encode("latin-1"))]
    if fault.values["how"] == "headerless":
        return [pair for pair in headers if pair[0] != b"content-range"]
    shifted = fault.values["how"] == "shifted"
    return [(name, _shifted(value) if shifted and name == b"content-range" else value) for name, value in headers]


def _shifts_bytes(fault: Fault) -> bool:
    return fault.kind is FaultKind.OTHER_RANGE and fault.values["how"] == "bytes"


def _shifted(content_range: bytes) -> bytes:
    """Return `bytes 1-10/100` for `bytes 0-9/100`."""
    return re.sub(rb"(\d+)-(\d+)", lambda part: b"%d-%d" % (int(part[1]) + 1, int(part[2]) + 1), content_range)


def _with_length(headers: Sequence[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    # Stated even if another fault has removed it: without a length the server would send the body in chunks.
    return [*(pair for pair in headers if pair[0] != b"content-length"), (b"content-length", b"%d" % length)]
