"""Proxy that spreads requests over servers at random, by a seed: each of them comes by a connection of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Iterator, Sequence

from seedmock_server.randomness import SeededRandom


class RandomProxy:
    """Proxy in a thread of its own; `counts` are the connections of each server."""

    def __init__(self, ports: Sequence[int], seed: int) -> None:
        self._ports, self._random = ports, SeededRandom(seed)
        self.counts: Counter[int] = Counter()
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()

    @contextlib.contextmanager
    def running(self) -> Iterator[RandomProxy]:
        thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()))
        thread.start()
        self._ready.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stopped.set)
            thread.join()
            self._loop.close()

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stopped.wait()
        server.close()
        relays = asyncio.all_tasks() - {asyncio.current_task()}
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)
        await asyncio.sleep(0)  # transports that were closed a moment ago let go of their sockets

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self._ports[self._random.integer(len(self._ports), "connection", self.counts.total())]
        self.counts[port] += 1
        with contextlib.suppress(OSError), contextlib.closing(writer):
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(other_writer):
                other_writer.write(await _closing_head(reader))
                await asyncio.gather(_copy(reader, other_writer), _copy(other_reader, writer))


async def _closing_head(reader: asyncio.StreamReader) -> bytes:
    """Return the head of a request, changed to one after whose response the connection ends."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.close()
