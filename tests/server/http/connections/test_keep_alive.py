"""Idle connections are closed after a while, with one timer for all responses of a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from seedmock_server.http.guarded_protocol import GuardedProtocol

from .memory_transport import MemoryTransport

IDLE_SECONDS = 75
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class ManualTimer:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at, self.callback, self.is_cancelled = at, callback, False

    def cancel(self) -> None:
        self.is_cancelled = True


class ManualLoop:
    """Event loop as far as a connection uses one, with a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[ManualTimer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> ManualTimer:
        self.timers.append(ManualTimer(self.now + seconds, callback))
        return self.timers[-1]

    def advance(self, to: float) -> None:
        """Move the clock, and call what is due."""
        self.now = to
        due = [timer for timer in self.timers if timer.at <= to and not timer.is_cancelled]
        self.timers = [timer for timer in self.timers if timer.at > to and not timer.is_cancelled]
        for timer in due:
            timer.callback()

    def call_soon(self, callback: Callable[..., None], *arguments: object) -> None:
        asyncio.get_running_loop().call_soon(callback, *arguments)

    def create_task(self, waiting: Any) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(waiting)


class Connection:
    """A connection to an application, whose `/wait` waits until `finish` is set."""

    def __init__(self) -> None:
        self.loop, self.transport, self.finish = ManualLoop(), MemoryTransport(), asyncio.Event()
        config = uvicorn.Config(self._serve, timeout_keep_alive=IDLE_SECONDS, log_config=None, interface="asgi3")
        config.load()
        self.protocol = GuardedProtocol(config, ServerState(), {}, cast(asyncio.AbstractEventLoop, self.loop))
        self.protocol.connection_made(self.transport)

    async def read(self, data: bytes) -> None:
        self.protocol.data_received(data)
        await asyncio.sleep(0)  # the request starts in the next turn of the loop

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/wait":
            await self.finish.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def run_connection() -> Callable[[Callable[[Connection], Any]], None]:
    def run(steps: Callable[[Connection], Any]) -> None:
        async def main() -> None:
            await steps(Connection())

        asyncio.run(main())

    return run


def test_a_connection_is_closed_when_it_was_idle_for_long(run_connection: Any) -> None:
    async def steps(connection: Connection) -> None:
        await connection.read(GET)
        connection.loop.advance(60)
        await connection.read(GET)
        assert len(connection.loop.timers) == 1, "one timer serves all responses"
        connection.loop.advance(60 + IDLE_SECONDS - 1)
        assert not connection.transport.is_closed
        connection.loop.advance(60 + IDLE_SECONDS)
        assert connection.transport.is_closed
        assert connection.transport.written.count(b"200 OK") == 2

    run_connection(steps)


def test_a_request_under_way_keeps_its_connection(run_connection: Any) -> None:
    async def steps(connection: Connection) -> None:
        await connection.read(GET)
        await connection.read(GET.replace(b"/", b"/wait", 1))
        connection.loop.advance(3 * IDLE_SECONDS)
        assert not connection.transport.is_closed
        connection.finish.set()
        while connection.transport.written.count(b"200 OK") < 2:
            await asyncio.sleep(0)
        connection.loop.advance(4 * IDLE_SECONDS - 1)
        assert not connection.transport.is_closed
        connection.loop.advance(4 * IDLE_SECONDS)
        assert connection.transport.is_closed

    run_connection(steps)
