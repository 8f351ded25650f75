"""Send a part of a file to a socket within the kernel, without blocking the event loop. Knows no HTTP.

A file that is read and written passes twice through this process, which costs twice the time of a download.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any, Final

from ..errors import SeedmockServerError

IS_AVAILABLE: Final = hasattr(os, "sendfile")
# Linux sends 2 147 479 552 bytes at most in one call, and 32-bit systems refuse larger counts.
MAX_STEP: Final = 1 << 30
# The head waits for the first bytes of the file, so that they share a packet. Linux only.
_MORE: Final = getattr(socket, "MSG_MORE", 0)


class FileTruncated(SeedmockServerError, RuntimeError):
    """The file ended before the bytes that were announced."""

    def __init__(self, missing: int) -> None:
        super().__init__(f"the file was truncated while it was sent: {missing} bytes are missing")


def plain_socket(transport: asyncio.BaseTransport) -> Any:
    """Return the socket below a transport, if nothing that was written waits in front of it, and no TLS is between."""
    if not IS_AVAILABLE or transport.get_extra_info("ssl_object") is not None:
        return None
    if transport.get_write_buffer_size():  # type: ignore[attr-defined]
        return None
    return transport.get_extra_info("socket")


class FileSender:
    """Sends through a descriptor of its own to a transport's socket: an event loop refuses to watch the transport's.

    `sent` counts the bytes of the file that the kernel has taken.
    """

    def __init__(self, transport_socket: Any) -> None:
        self._socket = socket.socket(fileno=os.dup(transport_socket.fileno()))
        self.sent = 0

    def close(self) -> None:
        self._socket.close()

    async def send(self, head: bytes, descriptor: int, start: int, stop: int) -> None:
        """Send `head`, then the bytes of a file from `start` up to `stop`.

        Raises OSError when the client has gone, and FileTruncated.
        """
        while head:
            try:
                head = head[self._socket.send(head, _MORE) :]
            except BlockingIOError:
                await self._writable()
        end = stop - start
        while self.sent < end:
            try:
                count = os.sendfile(
                    self._socket.fileno(), descriptor, start + self.sent, min(end - self.sent, MAX_STEP)
                )
            except BlockingIOError:
                await self._writable()
                continue
            if count == 0:
                raise FileTruncated(end - self.sent)
            self.sent += count

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        loop.add_writer(self._socket, _wake, waiter)
        try:
            await waiter
        finally:
            loop.remove_writer(self._socket)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
