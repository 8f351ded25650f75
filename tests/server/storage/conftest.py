"""The stores, for tests that hold for each of them, and records to put there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.enums import MediaKind, Mode
from seedmock_server.storage import Booking, DueCallback, MemoryStore, Order, Store
from seedmock_server.storage.protocol import SharedStore
from seedmock_server.storage.redis.address import parse_address
from seedmock_server.storage.redis.redis_store import RedisStore
from seedmock_server.storage.sqlite.store import SqliteStore
from seedmock_server.tasks.models import AssetRecord, Task
from seedmock_server.tasks.timeline import NEVER, standard_phases

from .redis_server import redis_url

OpenStore = Callable[[Path], contextlib.AbstractAsyncContextManager[Store]]
OpenSharedStore = Callable[[Path], contextlib.AbstractAsyncContextManager[SharedStore]]


@contextlib.asynccontextmanager
async def memory_store(folder: Path) -> AsyncIterator[Store]:
    yield MemoryStore()


@contextlib.asynccontextmanager
async def sqlite_store(folder: Path) -> AsyncIterator[SharedStore]:
    store = SqliteStore(folder / "mock.db", folder, journal_entries=5)
    try:
        yield store
    finally:
        await store.aclose()


@contextlib.asynccontextmanager
async def redis_store(folder: Path) -> AsyncIterator[SharedStore]:
    store = RedisStore(parse_address(redis_url(folder)), folder, journal_entries=5)
    store.agree({"seed": "1"})
    try:
        yield store
    finally:
        await store.aclose()


SHARED_STORES: dict[str, OpenSharedStore] = {"sqlite": sqlite_store, "redis": redis_store}
STORES: dict[str, OpenStore] = {"memory": memory_store, **SHARED_STORES}
"""Each way to open a store by its name. Those that outlive the block find what was stored in the same folder."""

Play = Callable[[Store], Awaitable[None]]


@pytest.fixture(params=STORES)
def open_store(request: pytest.FixtureRequest) -> OpenStore:
    return STORES[request.param]


@pytest.fixture
def run(open_store: OpenStore, tmp_path: Path) -> Callable[[Play], None]:
    """Run a coroutine with an empty store."""

    def start(play: Play) -> None:
        async def main() -> None:
            async with open_store(tmp_path) as store:
                await play(store)

        asyncio.run(main())

    return start


def task_of(number: int, *, account: str = "key-a", upstream: str = "opeai", end: float | None = 2.0) -> Task:
    """Return a task that was created at 100 and ends so many seconds later, or never."""
    phases = standard_phases(0.5, 1.5 if end is None else end - 0.5)
    return Task(
        id=f"task-{number}",
        upstream=upstream,
        account=account,
        mode=Mode.TEXT,
        model="seedance-2-0-fast",
        prompt=f"prompt {number} é",
        resolution="480p",
        ratio="1:1",
        width=640,
        height=640,
        seconds=4,
        audio=False,
        seed=7,
        created_at=100.0,
        phases=phases[:2] if end is None else phases,
    )


def order_of(task: Task, amount: str = "1.5", refund_at: float = NEVER, **more: Any) -> Order:
    return Order(task, task.created_at, Booking(Decimal(amount), refund_at), **more)


def callback_of(task: Task, at: float, **more: Any) -> DueCallback:
    return DueCallback(task.id, task.account, at, at, **more)


def asset_of(number: int, group_id: int, *, account: str = "key-a") -> AssetRecord:
    return AssetRecord(
        id=f"asset-{number}",
        upstream="apimodels",
        account=account,
        group_id=group_id,
        kind=MediaKind.IMAGE,
        name=f"picture {number}",
        url=f"https://example.com/{number}.png",
        created_at=100.0 + number,
        processing_seconds=1.0,
    )
