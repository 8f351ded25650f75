"""The service on a socket of its own, which the emulator's callbacks reach, and the callbacks that it has answered."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from service import Store, create_service


class Server(uvicorn.Server):
    """A server in a thread, which tells when it is ready."""

    def __init__(self, app: Any) -> None:
        super().__init__(uvicorn.Config(app, log_config=None))
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


class Service:
    """Handle by which tests drive the service and observe it.

    `callbacks` has the status of each callback that was answered, `ends` the name and state of each clip at its end.
    """

    def __init__(self, base_url: str, key: str, folder: Path) -> None:
        self.callbacks: queue.Queue[int] = queue.Queue()
        self.ends: queue.Queue[tuple[str, str]] = queue.Queue()
        self._base_url, self._key, self._database = base_url, key, str(folder / "clips.db")
        self._port = 0
        self.start()
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=30)

    def start(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", self._port))
        self._port = self._socket.getsockname()[1]
        upstream = httpx.AsyncClient(
            base_url=self._base_url, headers={"Authorization": f"Bearer {self._key}"}, timeout=30
        )
        url, store = f"http://127.0.0.1:{self._port}", Store(self._database)
        app = create_service(upstream, store, url, lambda name, state: self.ends.put((name, state)))

        async def observed(scope: Any, receive: Any, send: Any) -> None:
            async def observe(message: Any) -> None:
                await send(message)
                if message["type"] == "http.response.start" and scope["path"].startswith("/callbacks/"):
                    self.callbacks.put(message["status"])

            await app(scope, receive, observe)

        self._server = Server(observed)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self._thread.start()
        assert self._server.ready.wait(30), "the service has not started"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def order(self, name: str) -> httpx.Response:
        return self.http.post("/clips", json={"prompt": "A paper boat"}, headers={"Idempotency-Key": name})

    def clip(self, name: str) -> Any:
        return self.http.get(f"/clips/{name}").raise_for_status().json()

    def secret(self, name: str) -> str:
        """The secret in a clip's callback URL, as somebody would have it who has read a log."""
        store = Store(self._database)
        try:
            clip = store.get(name)
            assert clip is not None
            return str(clip["secret"])
        finally:
            store.close()


@pytest.fixture
def service(mock_upstreams: Any, mock_clock: Any, tmp_path: Path) -> Iterator[Service]:
    service = Service(mock_upstreams.base_url("apimodels"), mock_upstreams.api_key, tmp_path)
    yield service
    service.http.close()
    service.stop()
