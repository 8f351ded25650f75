"""Receiver of callbacks on a loopback socket with scripted responses, and the emulator that posts to it."""

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
from seedmock_server.http.coroutines import run_now
from seedmock_server.journal import JournalEntry

KEY = {"Authorization": "Bearer sk_test_one_of_ours"}
BOAT = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A paper boat", "duration": 4}
UPSCALE = {"model": "video-upscale", "videoUrl": "https://example.com/a.mp4", "targetResolution": "2k"}


class Receiver:
    """Responds with the next of `responses`, and with 200 when none is left."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, str], bytes]] = []
        self.responses: list[int] = []
        self.headers: dict[str, str] = {}
        self.body = b"thank you"
        self.called = threading.Event()
        receiver = self

        class Door(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                create = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.calls.append((self.command, self.path, dict(self.headers), create))
                self.send_response(receiver.responses.pop(0) if receiver.responses else 200)
                for name, value in {"Content-Length": str(len(receiver.body)), **receiver.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(receiver.body)
                receiver.called.set()

            do_POST = do_GET = _answer

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/told"

    async def until(self, calls: int) -> None:
        """Wait until a number of posts have arrived."""
        for _ in range(5000):
            if len(self.calls) >= calls:
                return
            await asyncio.sleep(0.001)
        raise AssertionError("nobody called")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
    thread.join()


class Emulator:
    """Emulator in process, within one event loop."""

    def __init__(self, app: App, clock: Any) -> None:
        self.app, self.clock = app, clock
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://studio.test", headers=KEY)

    async def create(
        self, url: str | None, *, fate: str = "", upscales: bool = False, **headers: str
    ) -> httpx.Response:
        """Order a clip or an upscale."""
        all_headers = {**({"X-Mock-Fate": fate} if fate else {}), **headers}
        body = {**(UPSCALE if upscales else BOAT), **({} if url is None else {"callback_url": url})}
        return await self.client.post("/api/v1/video/generations", json=body, headers=all_headers)

    async def order(self, url: str | None, **more: Any) -> str:
        """Order, and return the task's id."""
        response = await self.create(url, **more)
        assert response.status_code == 200, response.text
        return str(response.json()["data"]["taskId"])

    async def query(self, task_id: str) -> httpx.Response:
        return await self.client.get("/api/v1/video/generations", params={"task_id": task_id})

    async def pass_time(self, seconds: float) -> int:
        """Advance the clock, and wait until all that is due has been posted."""
        before = len(self.posts())
        self.clock.advance(seconds)
        await self.app.callbacks.deliver_due()
        return len(self.posts()) - before

    @property
    def entries(self) -> list[JournalEntry]:
        """Entries of the journal."""
        return [entry for _, entry in run_now(self.app.journal.read())]

    def posts(self) -> list[dict[str, Any]]:
        """Return the journal's entries on callbacks."""
        return [entry._asdict() for entry in self.entries if entry.operation == "callback"]


Play = Callable[[Emulator], Awaitable[None]]
Run = Callable[..., None]


@pytest.fixture
def run(clips: Path, caplog: pytest.LogCaptureFixture) -> Run:
    """Run a coroutine with an emulator on a frozen clock; no task and no warning may be left at the end."""

    @contextlib.asynccontextmanager
    async def start(clock: Any, **settings: Any) -> AsyncIterator[Emulator]:
        options: dict[str, Any] = {"pace": "fast", "seed": 1, "cache_dir": clips, **settings}
        async with create_app(clock=clock, **options) as app:
            emulator = Emulator(app, clock)
            async with emulator.client:
                yield emulator
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def run_play(play: Play, *, clock: Any = None, **settings: Any) -> None:
        async def main() -> None:
            async with start(ManualClock() if clock is None else clock, **settings) as emulator:
                await play(emulator)

        asyncio.run(main())
        assert [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []

    return run_play
