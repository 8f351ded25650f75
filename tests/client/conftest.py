"""Fixtures of the client's tests: calls of both clients on a clock that only sleeping advances."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from seedmock_client import AsyncClient, Client

from .scripted_api import KEY, ORIGIN

Handler = Callable[[httpx.Request], httpx.Response]


class ClientCaller:
    """Calls one operation of a Client, or of an AsyncClient, with a mock transport and a clock of its own."""

    def __init__(self, runner: asyncio.Runner | None) -> None:
        self.runner = runner
        self.time = 1000.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    async def async_sleep(self, seconds: float) -> None:
        self.sleep(seconds)

    def __call__(self, upstream: str, handler: Handler, operation: str, *args: Any, **kwargs: Any) -> Any:
        names = ("api_key", "base_url", "preflight", "local_files", "retry_policy")
        options = {name: kwargs.pop(name) for name in names if name in kwargs}
        options = {"api_key": KEY, "base_url": ORIGIN, "now": lambda: self.time, **options}
        transport = httpx.MockTransport(handler)
        if self.runner is None:
            with Client(upstream, transport=transport, sleep=self.sleep, **options) as client:
                return getattr(client, operation)(*args, **kwargs)

        async def run() -> Any:
            async with AsyncClient(upstream, transport=transport, sleep=self.async_sleep, **options) as client:
                return await getattr(client, operation)(*args, **kwargs)

        return self.runner.run(run())


@pytest.fixture(params=["blocking", "async"])
def call_client(request: pytest.FixtureRequest) -> Iterator[ClientCaller]:
    """Caller of either client. All async calls of a test share a loop: each has a thread of its own for files."""
    if request.param == "blocking":
        yield ClientCaller(None)
        return
    with asyncio.Runner() as runner:
        yield ClientCaller(runner)


@pytest.fixture(autouse=True)
def unset_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEEDMOCK_BASE_URL", raising=False)
    monkeypatch.delenv("SEEDMOCK_API_KEY", raising=False)
