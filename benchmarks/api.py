"""Measure creates and polls of the emulator, beside a bare uvicorn that answers constant JSON.

    python benchmarks/api.py [--seconds 4] [--rounds 5] [--tasks 100000] [--connections 32]

Needs wrk, and Linux for processor time and memory. The server has one core and the load the other. Read the ratios: the
absolute figures are the machine's. Of a busy machine read processor time alone. Exit 1 when a response was not 2xx.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from load import (
    SERVER_CORE,
    Load,
    cpu_seconds,
    free_port,
    missing_programs,
    resident_bytes,
    run_wrk,
    wait_for_port,
)
from measures import Measure, print_table

ORDER: dict[str, Any] = {
    "model": "seedance-2-0-fast",
    "prompt": "A lighthouse in fog, its beam turning slowly over grey water, gulls crossing, a long quiet take.",
    "size": "1280x720",
    "seconds": "5",
    "generate_audio": False,
    "seed": 11,
}
KEY = "Bearer sk_bench"
PEER = "bare uvicorn"
CONSTANT = b'{"created_at":1780021218,"id":"cgt-20260529102017-sjqj9","model":"seedance-2-0-fast","object":"video"}'


def references(kind: str, count: int) -> list[dict[str, Any]]:
    """Items of an order, each with the URL of a picture, a video or a sound."""
    urls = (f"https://cdn.example.com/references/{kind}-{number}" for number in range(count))
    return [{"type": f"{kind}_url", "role": f"reference_{kind}", f"{kind}_url": {"url": url}} for url in urls]


MANY = [*references("image", 9), *references("video", 3), *references("audio", 3)]
CASES: dict[str, tuple[dict[str, Any], float]] = {
    "create, in words": (ORDER, 0.60),
    "create, 1 image by URL": ({**ORDER, "input_reference": {"content": references("image", 1)}}, 0.45),
    "create, 9 images, 3 videos, 3 sounds": ({**ORDER, "input_reference": {"content": MANY}}, 0.15),
}
"""Orders, each with the target of its rate beside the peer's."""
POLL_TARGET, P99_TARGET, MEMORY_TARGET = 0.85, 4.0, 450.0


@dataclass(frozen=True)
class Server:
    """A running server: the URL that takes orders, and its process."""

    url: str
    pid: int


@dataclass(frozen=True)
class Result:
    """Medians over the rounds: requests a second, and microseconds of processor time of a request."""

    rate: float
    cpu: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--constant", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.constant:
        constant(options.constant)
        return 0
    if problem := missing_programs("wrk", "taskset"):
        print(problem)
        return 0
    print_table(measures(options))
    return 0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=int, default=4, help="of load in each round and case")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--tasks", type=int, default=100_000, help="that are held for polls, the slowest create, memory"
    )
    parser.add_argument("--connections", type=int, default=32)


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure creates, polls, the slowest create and the memory of a task. Raises AssertionError for a bad response."""
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as (bare, emulator):
        run = Runner(bare, emulator, Path(name), options)
        for case, (order, target) in CASES.items():
            yield from run.compare(case, emulator.url, run.script(order), target)
        yield run.memory(run.script(ORDER))
        task = httpx.post(emulator.url, content=json.dumps(ORDER), headers=headers()).raise_for_status().json()["id"]
        yield from run.compare(
            f"poll, {run.stored} tasks held", f"{emulator.url}/{task}", run.script(None), POLL_TARGET
        )
        yield run.slowest_create(run.script(ORDER))


class Runner:
    """Loads both servers by turns. `stored` counts the tasks that the emulator holds."""

    def __init__(self, bare: Server, emulator: Server, folder: Path, options: argparse.Namespace) -> None:
        self._bare, self._emulator, self._folder, self._options = bare, emulator, folder, options
        self._scripts = 0
        self.stored = 0

    def script(self, order: dict[str, Any] | None) -> Path:
        """Write the script of wrk that sends an order, or that polls."""
        self._scripts += 1
        path = self._folder / f"{self._scripts}.lua"
        lines = [f'wrk.headers["Authorization"] = "{KEY}"']
        if order is not None:
            lines += ['wrk.method = "POST"', f"wrk.body = [[{json.dumps(order)}]]"]
            lines += ['wrk.headers["Content-Type"] = "application/json"']
        path.write_text("\n".join(lines))
        return path

    def compare(self, case: str, url: str, script: Path, target: float) -> Iterator[Measure]:
        """Rate and processor time of a case, beside the peer's with the same requests."""
        rounds = [
            (self._load(self._bare, self._bare.url, script), self._load(self._emulator, url, script))
            for _ in range(self._options.rounds)
        ]
        bare, ours = (self._medians([pair[side] for pair in rounds]) for side in (0, 1))
        yield Measure(case, ours.rate, "/s", PEER, bare.rate, at_least=target)
        yield Measure(f"{case}: processor time of 1000", ours.cpu / 1000, "s", PEER, bare.cpu / 1000)

    def memory(self, script: Path) -> Measure:
        """Memory of a task: growth of the process over the tasks that fill it up."""
        before, count = resident_bytes(self._emulator.pid), self.stored
        while self.stored < self._options.tasks + count:
            self._load(self._emulator, self._emulator.url, script)
        grown = (resident_bytes(self._emulator.pid) - before) / (self.stored - count)
        return Measure(f"memory of a task, {self.stored} held", grown, "bytes", at_most=MEMORY_TARGET)

    def slowest_create(self, script: Path) -> Measure:
        loads = [self._load(self._emulator, self._emulator.url, script)[0] for _ in range(self._options.rounds)]
        p99 = statistics.median(load.p99 for load in loads)
        return Measure(f"create, 99th percentile, {self.stored} tasks held", p99, "ms", at_most=P99_TARGET)

    def _load(self, server: Server, url: str, script: Path) -> tuple[Load, float]:
        """Load a server, and return its processor time of one request in microseconds beside the result."""
        before = cpu_seconds(server.pid)
        load = run_wrk(url, seconds=self._options.seconds, connections=self._options.connections, script=script)
        assert load.errors == 0, f"{load.errors} responses of {url} were not 2xx or 3xx"
        if url == self._emulator.url:
            self.stored += load.responses
        return load, (cpu_seconds(server.pid) - before) / load.responses * 1e6

    @staticmethod
    def _medians(rounds: list[tuple[Load, float]]) -> Result:
        return Result(statistics.median(load.rate for load, _ in rounds), statistics.median(cpu for _, cpu in rounds))


def headers() -> dict[str, str]:
    return {"Authorization": KEY, "Content-Type": "application/json"}


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Server, Server]]:
    """A bare uvicorn and the emulator, both on the first core."""
    ports = [free_port(), free_port()]
    pinned = ["taskset", "-c", SERVER_CORE, sys.executable]
    # At other paces the emulator renders clips ahead while it is idle, which is when the peer is loaded.
    emulator = [
        "-m",
        "seedmock_server",
        "serve",
        "--port",
        str(ports[1]),
        "--cache-dir",
        str(folder),
        "--pace",
        "instant",
    ]
    commands = [[*pinned, __file__, "--constant", str(ports[0])], [*pinned, *emulator]]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    try:
        for port in ports:
            wait_for_port(port)
        bare, ours = processes
        yield Server(f"http://127.0.0.1:{ports[0]}/", bare.pid), Server(url_of_orders(ports[1]), ours.pid)
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def url_of_orders(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1/videos"


def constant(port: int) -> None:
    """Serve the ceiling: a bare uvicorn, tuned as the emulator is, that reads a body and answers the same few bytes."""
    import uvicorn

    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(CONSTANT))]

    async def app(scope: Any, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http":
            return
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": CONSTANT})

    uvicorn.run(app, port=port, log_level="critical", access_log=False, lifespan="off", server_header=False)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    sys.exit(main())
