"""Databases with many tasks, filled through the store's own code, with records of tasks that an emulator has made."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from api import KEY, ORDER
from msgspec.structs import replace

from seedmock_server import create_app
from seedmock_server.storage.models import Booking, Order
from seedmock_server.storage.sqlite.store import SqliteStore
from seedmock_server.tasks.models import Task
from seedmock_server.tasks.timeline import NEVER

ACCOUNTS = 100
TOGETHER = 500
"""Orders that wait for one commit."""


def fill(path: Path, folder: Path, tasks: int) -> None:
    """Store so many tasks in a new database, in turn for some accounts, each with its money."""
    asyncio.run(_fill(path, folder, asyncio.run(_order_one(path, folder)), tasks))


async def _order_one(path: Path, folder: Path) -> str:
    """Order a task at an emulator over the database, which thereby has the settings of one; return its id."""
    async with create_app(store=f"sqlite:{path}", pace="instant", cache_dir=folder) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://emulator.test") as client:
            response = await client.post("/v1/videos", json=ORDER, headers={"Authorization": KEY})
            return str(response.raise_for_status().json()["id"])


async def _fill(path: Path, folder: Path, task_id: str, tasks: int) -> None:
    store = SqliteStore(path, folder, journal_entries=0)
    task = await store.task(task_id)
    assert task is not None
    booking = Booking(await store.outstanding(task.account, task.upstream, task.created_at), NEVER)
    for start in range(0, tasks, TOGETHER):
        numbers = range(start, min(start + TOGETHER, tasks))
        refusals = await asyncio.gather(*(store.accept(_order(task, booking, number)) for number in numbers))
        assert not any(refusals)
    await store.aclose()


def _order(task: Task, booking: Booking, number: int) -> Order:
    account, draw = f"sk_bench_{number % ACCOUNTS}", number // ACCOUNTS + 1
    task = replace(task, id=f"{task.id[:-9]}{number:09d}", account=account)
    return Order(task, task.created_at, booking, number=draw)
