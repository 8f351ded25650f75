"""Servers that are killed at drawn moments: no order is lost, none is charged twice, no callback is forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server.callbacks.dispatcher import MAX_BATCH
from seedmock_server.randomness import SeededRandom

from ...profiles import IS_DEEP
from ..callbacks.receiver import Receiver
from ..conftest import BOAT_APIMODELS, KEY
from .redis_server import redis_url

pytestmark = pytest.mark.slow
URLS: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite:{folder}/mock.db",
    "redis": redis_url,
}
CONNECTIONS = 32
# A kill at another drawn moment is alike; five in each run fall into different ones.
ROUNDS, ORDERS = (50, 10_000) if IS_DEEP else (5, 1_000)
CALLBACK_ROUNDS = 10 if IS_DEEP else 5
HEADERS = {"Authorization": f"Bearer {KEY}"}


@contextlib.contextmanager
def serving(url: str, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "seedmock_server", "serve", "--port", "0", "--store", url, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = re.search(r"http://\S+", process.stdout.readline())
            assert address is not None
            yield address[0], process
        finally:
            process.kill()


async def create_until_killed(url: str, process: subprocess.Popen[str], kill_after: int, **more: Any) -> list[str]:
    """Order on all connections, kill the server after a number of responses, and return the ids of accepted orders."""
    accepted: list[str] = []

    async def order(client: httpx.AsyncClient) -> None:
        with contextlib.suppress(httpx.TransportError):
            while process.poll() is None:
                body = {**BOAT_APIMODELS, **more}
                response = await client.post("/api/v1/video/generations", json=body)
                assert response.status_code == 200, response.text
                accepted.append(response.json()["data"]["taskId"])
                if len(accepted) == kill_after:
                    process.send_signal(signal.SIGKILL)

    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=url, headers=HEADERS, limits=limits, timeout=30) as client:
        await asyncio.gather(*(order(client) for _ in range(CONNECTIONS)))
    process.wait()
    return accepted


@pytest.mark.parametrize("store", URLS)
def test_no_accepted_order_is_lost_and_none_charged_twice(store: str, tmp_path: Path) -> None:
    url, random, accepted = URLS[store](tmp_path), SeededRandom(9), list[str]()
    for number in range(ROUNDS):
        with serving(url, "--pace", "realistic", "--seed", "1") as (address, process):
            after = 1 + random.integer(2 * ORDERS // ROUNDS - 1, "kill", number)
            if number == ROUNDS - 1:
                after = max(after, ORDERS - len(accepted))
            accepted += asyncio.run(create_until_killed(address, process, after))
    with serving(url, "--pace", "realistic", "--seed", "1") as (address, _):
        (statement,) = httpx.get(f"{address}/_mock/ledger", params={"limit": 100_000}, timeout=60).json()["statements"]
    charged = Counter(line["id"] for line in statement["lines"])
    assert (len(set(accepted)), len(accepted) >= ORDERS) == (len(accepted), True)
    assert set(accepted) - set(charged) == set()
    assert set(charged.values()) == {1}
    # What was stored but never answered is at most what each connection waited for.
    assert len(charged) - len(accepted) <= ROUNDS * CONNECTIONS
    if store == "sqlite":
        check_sums(tmp_path / "mock.db")


def check_sums(path: Path) -> None:
    """Check that the sums of money are those of the rows."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        amounts = [Decimal(amount) for (amount,) in connection.execute("SELECT amount FROM tasks")]
        assert [Decimal(total) for (total,) in connection.execute("SELECT quoted FROM sums")] == [sum(amounts)]


@pytest.mark.parametrize("store", URLS)
def test_no_callback_is_lost_and_only_those_in_flight_come_twice(store: str, tmp_path: Path) -> None:
    url, random, receiver, accepted = URLS[store](tmp_path), SeededRandom(5), Receiver(), list[str]()
    with contextlib.closing(receiver):
        for number in range(CALLBACK_ROUNDS):
            with serving(url, "--pace", "instant", "--seed", "1") as (address, process):
                after = 1 + random.integer(150, "kill", number)
                accepted += asyncio.run(create_until_killed(address, process, after, callback_url=receiver.url))
        with serving(url, "--pace", "instant", "--seed", "1") as (address, _):
            for _ in range(600):
                if not httpx.get(f"{address}/_mock/snapshot", timeout=30).json()["callbacks"]:
                    break
                threading.Event().wait(0.05)
    assert set(accepted) - set(receiver.posts) == set()
    # One that was in flight at several kills comes after each of them.
    repeats = sum(count - 1 for count in receiver.posts.values())
    assert repeats <= CALLBACK_ROUNDS * MAX_BATCH
