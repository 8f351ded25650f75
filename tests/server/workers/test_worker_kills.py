"""One worker of four is killed under load: only the connections that it held are lost, and no order, no callback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from seedmock_server.callbacks.dispatcher import MAX_BATCH
from seedmock_server.clock import pause, stopwatch

from ..callbacks.receiver import Receiver
from ..conftest import BOAT_APIMODELS
from .conftest import HEADERS, STORES, Serve, WorkerServer

pytestmark = pytest.mark.slow
WORKERS, CONNECTIONS, ORDERS = 4, 24, 900


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with contextlib.closing(receiver):
        yield receiver


class Load:
    """Orders on many connections, which each keep to one worker."""

    def __init__(self, server: WorkerServer, callback_url: str) -> None:
        self.server, self.body = server, {**BOAT_APIMODELS, "callback_url": callback_url}
        self.accepted: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.failed: Counter[int] = Counter()
        """Calls that failed in transport, by connection."""
        self.workers: dict[int, int] = {}
        """The worker that each connection began with."""

    async def run(self, kill_after: int, kill: Callable[[], None]) -> None:
        await asyncio.gather(*(self._order(number, kill_after, kill) for number in range(CONNECTIONS)))

    def connections_of(self, pid: int) -> set[int]:
        return {number for number, worker in self.workers.items() if worker == pid}

    async def _order(self, number: int, kill_after: int, kill: Callable[[], None]) -> None:
        async with httpx.AsyncClient(base_url=self.server.url, headers=HEADERS, timeout=30) as client:
            self.workers[number] = (await client.get("/_mock/health")).json()["pid"]
            while len(self.accepted) < ORDERS:
                try:
                    response = await client.post("/api/v1/video/generations", json=self.body)
                except httpx.TransportError:
                    self.failed[number] += 1
                    continue
                self.statuses[response.status_code] += 1
                self.accepted.append(response.json()["data"]["taskId"])
                if len(self.accepted) == kill_after:
                    kill()


def sender_of_callbacks(server: WorkerServer, folder: Path) -> int | None:
    """Return the worker that has the lease, as the database knows it."""
    with contextlib.closing(sqlite3.connect(folder / "mock.db")) as connection:
        row = connection.execute("SELECT owner FROM leases WHERE name = 'callbacks'").fetchone()
    return None if row is None else int(row[0].partition("-")[0])


@pytest.mark.parametrize("store", STORES)
def test_nothing_is_lost_when_a_worker_is_killed_under_load(
    store: str, serve_by: Serve, receiver: Receiver, tmp_path: Path
) -> None:
    with serve_by(WORKERS, "--pace", "instant", store=STORES[store](tmp_path)) as server:
        pids = server.pids(WORKERS)
        load, killed = Load(server, receiver.url), 0

        def kill() -> None:
            nonlocal killed
            ((busiest, _),) = Counter(load.workers.values()).most_common(1)
            sender = sender_of_callbacks(server, tmp_path) if store == "sqlite" else None
            killed = sender if sender is not None and load.connections_of(sender) else busiest
            os.kill(killed, signal.SIGKILL)

        asyncio.run(load.run(ORDERS // 3, kill))
        assert killed in pids
        # Only the killed worker's connections are broken, once each, and no response says that something went wrong. A
        # connection whose response had come already is opened anew unnoticed.
        assert load.statuses.keys() == {200}
        assert load.connections_of(killed)
        assert load.failed.keys() <= load.connections_of(killed)
        assert set(load.failed.values()) <= {1}

        lines = server.call("GET", "/_mock/ledger")["statements"][0]["lines"]
        counts = Counter(line["id"] for line in lines)
        assert set(load.accepted) <= set(counts)
        assert set(counts.values()) == {1}
        # An order in flight may have been stored before its connection broke.
        assert len(load.accepted) <= len(counts) <= len(load.accepted) + load.failed.total()

        deadline = stopwatch() + 60
        while server.call("GET", "/_mock/snapshot")["callbacks"]:
            assert stopwatch() < deadline, f"{len(receiver.posts)} of {len(counts)} callbacks"
            pause(0.2)
        assert receiver.posts.keys() == counts.keys()
        # Only what was in flight at the kill, sent and not recorded yet, is sent again.
        assert sum(count - 1 for count in receiver.posts.values()) <= MAX_BATCH
        assert killed not in server.pids(WORKERS)
