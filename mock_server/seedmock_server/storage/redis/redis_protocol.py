"""Connection to a Redis server in one event loop: commands of all requests in one stream, answered in their order.

Parses and packs with hiredis. Speaks RESP3.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis

from ..models import StoreError

REPLY_SECONDS = 10.0
"""A server that answers nothing for so long is taken for lost."""
_INCOMPLETE = object()
OnReply = Callable[[Any], None]
"""Called with a reply, or with the exception in its place, in the order of the commands."""
_Waiting = asyncio.Future[Any] | list[asyncio.Future[Any]] | OnReply
"""Those who wait for a reply: one, several, or a function."""


class ConnectionClosed(StoreError):
    """The connection has ended. A command that was sent may have been carried out."""


class RedisProtocol(asyncio.Protocol):
    """Pipeline of commands: those of one turn of the loop are sent with one call of the system.

    While replies are awaited, further commands wait for them and leave together. Sending costs as much as a poll does
    here, and a commit at the server; a busy server so gets fewer and larger batches, and an idle one waits for nothing.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._waiting: deque[_Waiting] = deque()
        self._output: list[bytes] = []
        self._shared: dict[bytes, list[asyncio.Future[Any]]] = {}
        self._transport: asyncio.Transport | None = None
        self._under_way, self._will_flush = 0, False
        self._answered, self._is_watched, self._end = 0, False, loop.create_future()
        self.is_open = False

    def send(self, command: bytes) -> asyncio.Future[Any]:
        """Send a packed command. The future has its reply, or raises ConnectionClosed or hiredis.ReplyError."""
        future = self._loop.create_future()
        self._put(command, future)
        return future

    def send_shared(self, command: bytes) -> asyncio.Future[Any]:
        """Send a command once for all who ask before it leaves; each has a future, since one may be cancelled."""
        future = self._loop.create_future()
        sharing = self._shared.get(command)
        if sharing is None:
            sharing = [future]
            self._put(command, sharing)
            self._shared[command] = sharing
        else:
            sharing.append(future)
        return future

    def post(self, command: bytes, on_reply: OnReply) -> None:
        """Send a packed command whose reply is given to a function, so that no error is lost."""
        self._put(command, on_reply)

    def _put(self, command: bytes, waiting: _Waiting) -> None:
        if not self.is_open:
            raise ConnectionClosed
        if not self._is_watched:
            self._is_watched = True
            self._loop.call_later(REPLY_SECONDS, self._check_progress, self._answered)
        self._output.append(command)
        self._waiting.append(waiting)
        self._flush_soon()

    def _flush_soon(self) -> None:
        # After this turn: what the replies make possible leaves with it.
        if self._output and not self._under_way and not self._will_flush:
            self._will_flush = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._will_flush = False
        self._under_way = len(self._waiting)
        self._shared.clear()
        if self._transport is not None and self._output:
            self._transport.write(b"".join(self._output))
            self._output.clear()

    def _check_progress(self, answered: int, has_waited: bool = False) -> None:
        # One timer for all commands: a timer for each would cost more than the command.
        self._is_watched = self.is_open and bool(self._waiting)
        if not self._is_watched:
            return
        if has_waited and self._answered == answered:
            self.abort()
        else:
            self._loop.call_later(REPLY_SECONDS, self._check_progress, self._answered, True)

    def close(self) -> None:
        """Send what is waiting, and end the connection."""
        if self._transport is not None:
            self._flush()
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def closed(self) -> None:
        """Wait for the end of the connection."""
        await self._end

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        reader.feed(data)
        try:
            while (reply := reader.gets()) is not _INCOMPLETE:
                self._answered += 1
                self._under_way -= 1
                _answer(self._waiting.popleft(), reply)
        except hiredis.ProtocolError:
            self.abort()
        self._flush_soon()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        waiting, self._waiting = self._waiting, deque()
        for futures in waiting:
            _answer(futures, ConnectionClosed())
        if not self._end.done():
            self._end.set_result(None)


def _answer(waiting: _Waiting, reply: Any) -> None:
    if callable(waiting):
        waiting(reply)
        return
    for future in waiting if isinstance(waiting, list) else (waiting,):
        if future.done():  # of a request that was cancelled
            continue
        if isinstance(reply, Exception):
            future.set_exception(reply)
        else:
            future.set_result(reply)
