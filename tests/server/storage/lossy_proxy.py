"""Proxy in front of a Redis server that ends connections at chosen moments: before a command, or before its reply."""

from __future__ import annotations

import asyncio
import contextlib
import threading


class LossyProxy:
    """Forwards bytes, in a thread of its own, until `lose_reply_of` or `lose_command` is in a command; each once."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self.port = 0
        self.lose_reply_of = self.lose_command = b""
        self.losses = 0

    def __enter__(self) -> LossyProxy:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        answers = asyncio.create_task(_copy(up_reader, writer))
        try:
            await self._forward(reader, up_reader, up_writer, answers)
        finally:
            answers.cancel()
            for end in (writer, up_writer):
                end.close()
                with contextlib.suppress(ConnectionError):
                    await end.wait_closed()

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
        answers: asyncio.Task[None],
    ) -> None:
        while data := await reader.read(65536):
            if self.lose_command and self.lose_command in data:
                self.lose_command = b""
                self.losses += 1
                return
            is_lost = bool(self.lose_reply_of) and self.lose_reply_of in data
            if is_lost:
                answers.cancel()
            up_writer.write(data)
            if is_lost:
                self.lose_reply_of = b""
                self.losses += 1
                with contextlib.suppress(asyncio.CancelledError):
                    await answers
                await up_reader.read(65536)  # the command has run
                return


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()
