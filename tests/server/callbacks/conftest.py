"""A receiver of callbacks on a loopback socket that answers as it is told, and the emulator that calls it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import create_app
from seedmock_server.app import App
from seedmock_server.clock import ManualClock
from seedmock_server.journal import JournalEntry

KEY = {"Authorization": "Bearer sk_test_one_of_ours"}
BOAT = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A paper boat", "duration": 4}
UPSCALE = {"model": "video-upscale", "videoUrl": "https://example.com/a.mp4", "targetResolution": "2k"}


class Receiver:
    """Answers with the next of `answers`, and with 200 when none is left."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, str], bytes]] = []
        self.responses: list[int] = []
        self.headers: dict[str, str] = {}
        self.body = b"thank you"
        self.heard = threading.Event()
        receiver = self

        class Door(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.calls.append((self.command, self.path, dict(self.headers), sent))
                self.send_response(receiver.responses.pop(0) if receiver.responses else 200)
                for name, value in {"Content-Length": str(len(receiver.body)), **receiver.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(receiver.body)
                receiver.heard.set()

            do_POST = do_GET = _answer

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/told"

    async def until(self, calls: int) -> None:
        """Wait until so many have come by themselves."""
        for _ in range(5000):
            if len(self.calls) >= calls:
                return
            await asyncio.sleep(0.001)
        raise AssertionError("nobody called")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


class Studio:
    """The emulator in process, within one event loop."""

    def __init__(self, app: App, clock: Any) -> None:
        self.app, self.clock = app, clock
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://studio.test", headers=KEY)

    async def sent(self, url: str | None, *, fate: str = "", upscales: bool = False, **headers: str) -> httpx.Response:
        """The answer to an order, of a clip or of a larger one."""
        told = {**({"X-Mock-Fate": fate} if fate else {}), **headers}
        body = {**(UPSCALE if upscales else BOAT), **({} if url is None else {"callback_url": url})}
        return await self.client.post("/api/v1/video/generations", json=body, headers=told)

    async def order(self, url: str | None, **more: Any) -> str:
        """The id of what was ordered."""
        response = await self.sent(url, **more)
        assert response.status_code == 200, response.text
        return str(response.json()["data"]["taskId"])

    async def query(self, task_id: str) -> httpx.Response:
        return await self.client.get("/api/v1/video/generations", params={"task_id": task_id})

    async def pass_time(self, seconds: float) -> int:
        """Move the clock, and wait until all is posted that is due by then."""
        before = len(self.posts())
        self.clock.advance(seconds)
        await self.app.callbacks.deliver_due()
        return len(self.posts()) - before

    @property
    def lines(self) -> list[JournalEntry]:
        """The journal's lines."""
        return [entry for _, entry in self.app.journal.read()]

    def posts(self) -> list[dict[str, Any]]:
        """The journal's lines on callbacks."""
        return [entry._asdict() for entry in self.lines if entry.operation == "callback"]


Play = Callable[[Studio], Awaitable[None]]
Run = Callable[..., None]


@pytest.fixture
def run(clips: Path, caplog: pytest.LogCaptureFixture) -> Run:
    """Plays a coroutine with an emulator on a clock that stands still, and closes it; nothing may be left over."""

    @contextlib.asynccontextmanager
    async def opened(clock: Any, **settings: Any) -> AsyncIterator[Studio]:
        chosen: dict[str, Any] = {"pace": "fast", "seed": 1, "cache_dir": clips, **settings}
        async with create_app(clock=clock, **chosen) as app:
            studio = Studio(app, clock)
            async with studio.client:
                yield studio
        left = {task.get_name() for task in asyncio.all_tasks()} - {asyncio.current_task().get_name()}  # type: ignore
        assert not left

    def played(play: Play, *, clock: Any = None, **settings: Any) -> None:
        async def main() -> None:
            async with opened(ManualClock() if clock is None else clock, **settings) as studio:
                await play(studio)

        asyncio.run(main())
        assert [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []

    return played
