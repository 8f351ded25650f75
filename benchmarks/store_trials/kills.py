"""Servers that are killed at drawn moments while clients order, and the count of what is lost.

With redis, the Redis server is killed as well, at the same moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from api import KEY, ORDER
from load import free_port, program, wait_for_port
from servers import REDIS_DURABILITY

from seedmock_server.randomness import SeededRandom

STORES = ("sqlite", "redis")
CONNECTIONS = 32
Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Outcome:
    """Orders that were answered with 200, and those of them that the statement misses or has twice."""

    accepted: int
    lost: int
    charged_twice: int


def run(store: str, folder: Path, *, kills: int, orders: int) -> Outcome:
    """Order on all connections over a number of kills, and compare what was accepted with the last statement."""
    random, accepted, port = SeededRandom(9), list[str](), free_port()
    url = f"sqlite:{folder}/mock.db" if store == "sqlite" else f"redis://127.0.0.1:{port}/0"
    for number in range(kills):
        with _redis(store, folder, port) as redis, _emulator(url) as (address, process):
            after = 1 + random.integer(max(1, 2 * orders // kills - 1), "kill", number)
            accepted += asyncio.run(_order_until_killed(address, [*redis, process], after))
    with _redis(store, folder, port), _emulator(url) as (address, _):
        ledger = httpx.get(f"{address}/_mock/ledger", params={"limit": 10 * orders}, timeout=120).json()
    charged = Counter(line["id"] for statement in ledger["statements"] for line in statement["lines"])
    assert len(set(accepted)) == len(accepted), "an id was given to two orders"
    lost = sum(charged[task] == 0 for task in accepted)
    return Outcome(len(accepted), lost, sum(count > 1 for count in charged.values()))


async def _order_until_killed(url: str, processes: list[Process], kill_after: int) -> list[str]:
    accepted: list[str] = []
    *_, emulator = processes

    async def order(client: httpx.AsyncClient) -> None:
        with contextlib.suppress(httpx.TransportError):
            while emulator.poll() is None:
                response = await client.post("/v1/videos", json=ORDER)
                if response.status_code != 200:  # Redis is gone, and the emulator is about to be
                    assert response.status_code == 503, response.text
                    continue
                accepted.append(response.json()["id"])
                if len(accepted) == kill_after:
                    for process in processes:
                        process.send_signal(signal.SIGKILL)

    limits, headers = httpx.Limits(max_connections=CONNECTIONS), {"Authorization": KEY}
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=60) as client:
        await asyncio.gather(*(order(client) for _ in range(CONNECTIONS)))
    emulator.wait()
    return accepted


@contextlib.contextmanager
def _redis(store: str, folder: Path, port: int) -> Iterator[list[Process]]:
    if store != "redis":
        yield []
        return
    command = [str(program("redis-server")), "--dir", str(folder), "--save", "", *REDIS_DURABILITY, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for_port(port, timeout=60)
            yield [process]
        finally:
            process.kill()


@contextlib.contextmanager
def _emulator(store: str) -> Iterator[tuple[str, Process]]:
    port = free_port()
    command = [sys.executable, "-m", "seedmock_server", "serve", "--port", str(port), "--store", store]
    options = ["--pace", "realistic", "--seed", "1"]
    with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL) as process:
        try:
            wait_for_port(port, timeout=60)
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()
