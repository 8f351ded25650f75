"""Responses whose client disconnects in the middle."""

import asyncio
from typing import Any, cast

from seedmock_server.faults.response_stream import ConnectionControl, FaultySend
from seedmock_server.faults.rules import parse_fault


class _Left:
    """Connection whose client disconnects after a number of chunks."""

    def __init__(self, pieces: int) -> None:
        self.pieces, self.closed = pieces, False

    @property
    def is_closed(self) -> bool:
        self.pieces -= 1
        return self.pieces < 0

    def close(self) -> None:
        self.closed = True


def test_a_response_ends_when_its_client_has_disconnected() -> None:
    line, sent = _Left(2), []

    async def send(message: Any) -> None:
        sent.append(message.get("body"))

    async def pause(seconds: float) -> None:
        assert seconds == 0

    async def response() -> None:
        going = FaultySend([parse_fault("dribble bytes=1 every=0s")], cast(ConnectionControl, line), send, pause)
        await going({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await going({"type": "http.response.body", "body": b"abc", "more_body": True})
        await going({"type": "http.response.body", "body": b"d"})

    asyncio.run(response())
    assert sent == [None, b"a", b"b"]
    assert line.closed
