"""An answer on its way out, and what faults do to it there: how fast it leaves, where it ends, what it says it is long.

Knows ASGI, and the connection by what the server lets be done to it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

from ..http.asgi import Message, Send
from .kinds import END, GROUPS, PACE, FaultKind
from .rules import Fault

Pause = Callable[[float], Awaitable[None]]
HEADS = frozenset({FaultKind.OTHER_HEADER, FaultKind.OTHER_RANGE})
TICK = 0.05
"""Seconds between two pieces of a body whose bandwidth is limited."""


class ConnectionControl(Protocol):
    """The connection that a request came by, as the server shows it in `scope["extensions"]["seedmock"]`."""

    @property
    def is_closed(self) -> bool:
        """Whether the client has hung up, or we have."""
        ...

    def write(self, data: bytes) -> None:
        """Write bytes of any kind."""
        ...

    async def drain(self) -> None:
        """Wait until what was written has left."""
        ...

    def close(self) -> None:
        """End the connection behind what was written."""
        ...

    def reset(self) -> None:
        """Break the connection: the client is told that it was reset."""
        ...

    def omit_date(self) -> None:
        """Leave the answer's Date header to us."""
        ...

    def record(self) -> Callable[[], bytes]:
        """Keep what is written from now on; what is returned returns it."""
        ...


class FaultySend:
    """Takes an answer's messages in the place of `send`. With a fault of the group END, `line` is there."""

    def __init__(self, faults: Sequence[Fault], line: ConnectionControl | None, send: Send, pause: Pause) -> None:
        self._send, self._line, self._pause = send, line, pause
        self._end = next((fault for fault in faults if GROUPS.get(fault.kind) == END), None)
        self._pace = next((fault for fault in faults if GROUPS.get(fault.kind) == PACE), None)
        self._heads = tuple(fault for fault in faults if fault.kind in HEADS)
        self._left = 1 << 62
        self._recorded: Callable[[], bytes] = bytes
        self._over = False

    async def __call__(self, message: Message) -> None:
        if self._over:
            return
        if message["type"] == "http.response.start":
            await self._begin(message)
        else:
            await self._go_on(message.get("body", b""), bool(message.get("more_body")))

    def _is(self, kind: FaultKind, when: str = "") -> bool:
        return self._end is not None and self._end.kind is kind and when in ("", self._end.get("when"))

    async def _begin(self, message: Message) -> None:
        size = int(dict(message["headers"]).get(b"content-length", b"0"))
        if self._is(FaultKind.RESPONSE_LOST):
            return
        for fault in self._heads:
            message["headers"] = _headed(fault, message["headers"])
        if self._end is not None and (self._is(FaultKind.BODY_CUT) or self._is(FaultKind.RESET, "during")):
            self._left = self._end.values.get("at", size // 2)
        if self._end is not None and self._is(FaultKind.WRONG_LENGTH):
            message["headers"] = _with_length(message["headers"], max(0, size + self._end.get("off")))
        if self._line is not None and self._is(FaultKind.DUPLICATE):
            self._recorded = self._line.record()
        await self._send(message)

    async def _go_on(self, body: bytes, more: bool) -> None:
        if not self._is(FaultKind.RESPONSE_LOST):
            for piece in self._pieces(body[: self._left]):
                if self._line is not None and self._line.is_closed:
                    self._line.close()  # the server may not have heard yet, and would mind an unfinished answer
                    self._over = True
                    return
                await self._emit(piece)
        self._left -= len(body)
        if not more or self._left <= 0:
            self._over = True
            await self._finish()

    async def _emit(self, piece: bytes) -> None:
        if self._line is not None and self._is(FaultKind.WRONG_LENGTH):
            self._line.write(piece)
        else:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        if self._pace is not None:
            rate = self._pace.values.get("rate")
            await self._pause(len(piece) / rate if rate else self._pace.get("every"))

    def _pieces(self, body: bytes) -> Iterator[bytes]:
        if self._pace is None:
            size = len(body) or 1
        else:
            rate = self._pace.values.get("rate")
            size = max(1, round(rate * TICK)) if rate else self._pace.get("bytes")
        return (body[start : start + size] for start in range(0, len(body), size))

    async def _finish(self) -> None:
        line = self._line
        if line is not None and (self._is(FaultKind.BODY_CUT) or self._is(FaultKind.WRONG_LENGTH)):
            line.close()
            return
        if line is not None and self._is(FaultKind.DUPLICATE):
            line.write(self._recorded())
        if line is not None and (self._is(FaultKind.RESPONSE_LOST) or self._is(FaultKind.RESET)):
            await line.drain()
            line.reset()  # never finished, or the next request might be read before the reset
            return
        await self._send({"type": "http.response.body", "body": b""})


def _headed(fault: Fault, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with one that is another or is missing, or with a range that is told wrongly."""
    if fault.kind is FaultKind.OTHER_HEADER:
        name, to = fault.values["name"].lower().encode("latin-1", "replace"), fault.values.get("to")
        left = [pair for pair in headers if pair[0] != name]
        return left if to is None else [*left, (name, to.encode("latin-1", "replace"))]
    if fault.values["how"] == "unsaid":
        return [pair for pair in headers if pair[0] != b"content-range"]
    shifted = fault.values["how"] == "shifted"
    return [(name, _shifted(value) if shifted and name == b"content-range" else value) for name, value in headers]


def _shifted(said: bytes) -> bytes:
    """`bytes 0-9/100` as `bytes 1-10/100`."""
    return re.sub(rb"(\d+)-(\d+)", lambda found: b"%d-%d" % (int(found[1]) + 1, int(found[2]) + 1), said)


def _with_length(headers: Sequence[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    return [(name, b"%d" % length if name == b"content-length" else value) for name, value in headers]
