"""Servers for tests of billing: in process, on a frozen clock, with access to the ledger."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import create_app
from seedmock_server.api.accounts import ApiKeys
from seedmock_server.app import App
from seedmock_server.billing.statement import Statement
from seedmock_server.clock import ManualClock
from seedmock_server.http.coroutines import run_now

KEY = "sk_test_own"
APIMODELS_ORDER = {
    "model": "seedance2-a/seedance-2.0-a",
    "prompt": "A paper boat",
    "duration": 4,
    "aspect_ratio": "1:1",
}
OPEAI_ORDER = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4"}
UPSCALE_ORDER = {"model": "video-upscale", "videoUrl": "https://example.com/a.mp4", "targetResolution": "2k"}
PATHS = {"apimodels": "/api/v1/video/generations", "upscale": "/api/v1/video/generations", "opeai": "/v1/videos"}
ORDERS: dict[str, dict[str, Any]] = {
    "apimodels": APIMODELS_ORDER,
    "upscale": UPSCALE_ORDER,
    "opeai": OPEAI_ORDER,
}


class BillingServer:
    """Server whose ledger can be read. `order` takes the kind of order: apimodels, opeai, upscale or asset."""

    def __init__(self, app: App, clock: ManualClock, runner: asyncio.Runner) -> None:
        self.app, self.clock, self._runner = app, clock, runner
        transport = httpx.ASGITransport(app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://server.test")

    def request(self, method: str, path: str, *, key: str = KEY, fate: str = "", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} | ({"X-Mock-Fate": fate} if fate else {})
        return self._runner.run(self.client.request(method, path, headers=headers, **more))

    def order(self, kind: str, *, key: str = KEY, fate: str = "", **changes: Any) -> httpx.Response:
        if kind == "asset":
            document = {"url": "https://example.com/a.png", "asset_type": "Image", "group_id": 1} | changes
            return self.request("POST", "/api/v1/assets", key=key, json=document)
        return self.request("POST", PATHS[kind], key=key, fate=fate, json=ORDERS[kind] | changes)

    def create_group(self, *, key: str = KEY) -> None:
        assert self.request("POST", "/api/v1/assets/groups", key=key, json={"name": "mine"}).status_code == 200

    def balance(self, *, key: str = KEY) -> float:
        return float(self.request("GET", "/api/v1/balance", key=key).json()["data"]["balance"])

    def record(self, task_id: str) -> dict[str, Any]:
        data: dict[str, Any] = self.request("GET", f"/api/v1/records/{task_id}").json()["data"]
        return data

    def account(self, key: str = KEY) -> str:
        return ApiKeys(()).account(f"Bearer {key}".encode())

    def statement(self, key: str = KEY) -> Statement:
        return run_now(self.app.ledger.statement(self.account(key)))


OpenServer = Callable[..., BillingServer]


@pytest.fixture
def open_server(clips: Path) -> Iterator[OpenServer]:
    """Start a server with these settings; it stops at the end of the test."""
    with contextlib.ExitStack() as stack:

        def open_(**settings: Any) -> BillingServer:
            runner, clock = stack.enter_context(asyncio.Runner()), ManualClock()
            arguments: dict[str, Any] = {"pace": "fast", "seed": 1, "cache_dir": clips, **settings}
            server = BillingServer(create_app(clock=clock, **arguments), clock, runner)
            stack.callback(lambda: runner.run(server.app.aclose()))
            stack.callback(lambda: runner.run(server.client.aclose()))
            return server

        yield open_


@pytest.fixture
def server(open_server: OpenServer) -> BillingServer:
    """A server without a credit limit, at the pace `fast`: 2 s a task, 1 s or less an asset."""
    return open_server()
