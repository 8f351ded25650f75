"""Shops: an emulator whose ledger can be looked into, asked in process on a clock that stands still."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import create_app
from seedmock_server.api.pipeline import ApiKeys
from seedmock_server.app import App
from seedmock_server.billing.statement import Statement
from seedmock_server.clock import ManualClock

KEY = "sk_test_one_of_ours"
A = {"model": "seedance2-a/seedance-2.0-a", "prompt": "A paper boat", "duration": 4, "aspect_ratio": "1:1"}
B = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4"}
UP = {"model": "video-upscale", "videoUrl": "https://example.com/a.mp4", "targetResolution": "2k"}
PATHS = {"a": "/api/v1/video/generations", "up": "/api/v1/video/generations", "b": "/v1/videos"}
ORDERS: dict[str, dict[str, Any]] = {"a": A, "up": UP, "b": B}
PRICES = {"a": "0.588", "up": "0.375", "asset": "0.01"}


class Shop:
    """`order` takes the first letter of what is wanted: a, b, up or asset."""

    def __init__(self, app: App, clock: ManualClock, runner: asyncio.Runner) -> None:
        self.app, self.clock, self._runner = app, clock, runner
        transport = httpx.ASGITransport(app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://shop.test")

    def ask(self, method: str, path: str, *, key: str = KEY, fate: str = "", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} | ({"X-Mock-Fate": fate} if fate else {})
        return self._runner.run(self.client.request(method, path, headers=headers, **more))

    def order(self, what: str, *, key: str = KEY, fate: str = "", **changes: Any) -> httpx.Response:
        if what == "asset":
            document = {"url": "https://example.com/a.png", "asset_type": "Image", "group_id": 1} | changes
            return self.ask("POST", "/api/v1/assets", key=key, json=document)
        return self.ask("POST", PATHS[what], key=key, fate=fate, json=ORDERS[what] | changes)

    def group(self, *, key: str = KEY) -> None:
        assert self.ask("POST", "/api/v1/assets/groups", key=key, json={"name": "mine"}).status_code == 200

    def balance(self, *, key: str = KEY) -> float:
        return float(self.ask("GET", "/api/v1/balance", key=key).json()["data"]["balance"])

    def record(self, task_id: str) -> dict[str, Any]:
        data: dict[str, Any] = self.ask("GET", f"/api/v1/records/{task_id}").json()["data"]
        return data

    def account(self, key: str = KEY) -> str:
        return ApiKeys(()).account(f"Bearer {key}".encode())

    def statement(self, key: str = KEY) -> Statement:
        return self.app.ledger.statement(self.account(key))


OpenShop = Callable[..., Shop]


@pytest.fixture
def open_shop(clips: Path) -> Iterator[OpenShop]:
    with contextlib.ExitStack() as stack:

        def opened(**settings: Any) -> Shop:
            runner, clock = stack.enter_context(asyncio.Runner()), ManualClock()
            chosen: dict[str, Any] = {"pace": "fast", "seed": 1, "cache_dir": clips, **settings}
            shop = Shop(create_app(clock=clock, **chosen), clock, runner)
            stack.callback(lambda: runner.run(shop.app.aclose()))
            stack.callback(lambda: runner.run(shop.client.aclose()))
            return shop

        yield opened


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    """Without a limit, at pace `fast`: 2 s a task, 1 s or less an asset."""
    return open_shop()
