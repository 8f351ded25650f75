"""Measure creates and polls of the emulator, beside a bare uvicorn that answers constant JSON.

    python benchmarks/api.py [--seconds 4] [--rounds 5] [--tasks 100000] [--many 1000000] [--connections 32]

Needs wrk, and Linux for processor time and memory. With `--aimock FILE` (the command `llmock` of @copilotkit/aimock)
and `--base FOLDER` (a checkout of an earlier build, with its own .venv) those are peers too. The server has one core
and the load the other. Read the ratios: the absolute figures are the machine's. Of a busy machine read processor time
alone. Exit 1 when a response was not 2xx.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from load import Load, cpu_seconds, missing_programs, resident_bytes, run_wrk
from measures import Measure, print_table
from servers import Server, aimock, bare_uvicorn, emulator, python_of

PROMPT = "A lighthouse in fog, its beam turning slowly over grey water, gulls crossing, a long quiet take."
ORDER: dict[str, Any] = {
    "model": "seedance-2-0-fast",
    "prompt": PROMPT,
    "size": "1280x720",
    "seconds": "5",
    "generate_audio": False,
    "seed": 11,
}
ARK_ORDER = {"model": "seedance-2-0-fast", "content": [{"type": "text", "text": PROMPT}]}
"""The same order in the words that aimock knows."""
KEY = "Bearer sk_bench"
FILL_SECONDS = 15


def references(kind: str, count: int) -> list[dict[str, Any]]:
    """Items of an order, each with the URL of a picture, a video or a sound."""
    urls = (f"https://cdn.example.com/references/{kind}-{number}" for number in range(count))
    return [{"type": f"{kind}_url", "role": f"reference_{kind}", f"{kind}_url": {"url": url}} for url in urls]


@dataclass(frozen=True)
class Case:
    """An order, or None for a poll, with the targets of its rate beside those of peers."""

    name: str
    order: Mapping[str, Any] | None
    at_least: Mapping[str, float]


MANY = [*references("image", 9), *references("video", 3), *references("audio", 3)]
BARE, AIMOCK, BASE = "bare uvicorn", "aimock", "earlier build"
CASES = (
    Case("create, in words", ORDER, {BARE: 0.60, AIMOCK: 3.5, BASE: 1.7}),
    Case(
        "create, 1 image by URL",
        {**ORDER, "input_reference": {"content": references("image", 1)}},
        {BARE: 0.45, BASE: 4.5},
    ),
    Case("create, 9 images, 3 videos, 3 sounds", {**ORDER, "input_reference": {"content": MANY}}, {BARE: 0.15}),
)
POLL_TARGETS = {BARE: 0.85, AIMOCK: 3.0}
CPU_TARGET = 0.5
"""Processor time of a create in words, beside the earlier build's."""
P99_TARGETS, MEMORY_TARGET = (4.0, 6.0), 450.0


@dataclass(frozen=True)
class Result:
    """Medians over the rounds: requests a second, and microseconds of processor time of a request."""

    rate: float
    cpu: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    options = parser.parse_args()
    if problem := missing_programs("wrk", "taskset"):
        print(problem)
        return 0
    print_table(measures(options))
    return 0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=int, default=4, help="of load in each round and case")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=100_000, help="that are held for polls and the slowest create")
    parser.add_argument("--many", type=int, default=1_000_000, help="that are held for the slowest create and memory")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--aimock", type=Path, metavar="FILE", help="the command llmock")
    parser.add_argument("--base", type=Path, metavar="FOLDER", help="checkout of an earlier build")


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure creates, polls, the slowest create and the memory of a task. Raises AssertionError for a bad response."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        ours, peers = stack.enter_context(emulator(folder)), [stack.enter_context(bare_uvicorn())]
        if options.aimock is not None:
            peers.append(stack.enter_context(aimock(options.aimock, folder)))
        if options.base is not None:
            peers.append(stack.enter_context(emulator(folder, name=BASE, python=python_of(options.base))))
        run = Runner(ours, folder, options)
        for case in CASES:
            yield from run.compare(case, [peer for peer in peers if peer.name in case.at_least])
        before, created = resident_bytes(ours.pid), run.stored
        run.fill(options.tasks)
        poll = Case(f"poll, {options.tasks} tasks held", None, POLL_TARGETS)
        yield from run.compare(poll, [peer for peer in peers if peer.name in POLL_TARGETS])
        yield run.slowest_create(P99_TARGETS[0])
        run.fill(options.many)
        grown = (resident_bytes(ours.pid) - before) / (run.stored - created)
        yield Measure(f"memory of a task, {run.stored} held", grown, "bytes", at_most=MEMORY_TARGET)
        yield run.slowest_create(P99_TARGETS[1])


class Runner:
    """Loads the emulator and a peer by turns. `stored` counts the tasks that the emulator holds."""

    def __init__(self, ours: Server, folder: Path, options: argparse.Namespace) -> None:
        self._ours, self._folder, self._options = ours, folder, options
        self._scripts: dict[str, Path] = {}
        self.stored = 0

    def compare(self, case: Case, peers: list[Server]) -> Iterator[Measure]:
        """Rate and processor time of a case, beside each peer's."""
        servers = [self._ours, *peers]
        rounds = [[self._load(server, case.order) for server in servers] for _ in range(self._options.rounds)]
        results = {server.name: self._medians(column) for server, *column in zip(servers, *rounds, strict=True)}
        ours = results[self._ours.name]
        for peer in peers:
            rate, cpu = results[peer.name].rate, results[peer.name].cpu
            is_halved = peer.name == BASE and case is CASES[0]
            yield Measure(case.name, ours.rate, "/s", peer.name, rate, at_least=case.at_least[peer.name])
            yield Measure(
                f"{case.name}: processor time of 1000",
                ours.cpu / 1000,
                "s",
                peer.name,
                cpu / 1000,
                at_most=CPU_TARGET if is_halved else None,
            )

    def fill(self, tasks: int) -> None:
        """Create tasks until so many are held."""
        while self.stored < tasks:
            self._load(self._ours, ORDER, seconds=FILL_SECONDS if tasks - self.stored > 50_000 else 2)

    def slowest_create(self, target: float) -> Measure:
        count = self.stored
        loads = [self._load(self._ours, ORDER)[0] for _ in range(self._options.rounds)]
        p99 = statistics.median(load.p99 for load in loads)
        return Measure(f"create, 99th percentile, {count} tasks held", p99, "ms", at_most=target)

    def _load(self, server: Server, order: Mapping[str, Any] | None, *, seconds: int = 0) -> tuple[Load, float]:
        """Load a server, and return its processor time of one request in microseconds beside the result."""
        body = ARK_ORDER if server.name == AIMOCK and order is not None else order
        url = server.url if order is not None or server.name == BARE else f"{server.url}/{create_task(server)}"
        before = cpu_seconds(server.pid)
        load = run_wrk(
            url,
            seconds=seconds or self._options.seconds,
            connections=self._options.connections,
            script=self._script(body),
        )
        used = cpu_seconds(server.pid) - before
        assert load.errors == 0, f"{load.errors} responses of {url} were not 2xx or 3xx"
        if server is self._ours:
            self.stored += load.responses if order is not None else 1
        return load, used / load.responses * 1e6

    def _script(self, body: Mapping[str, Any] | None) -> Path:
        """Write the script of wrk that sends an order, or that polls."""
        text = "" if body is None else json.dumps(body)
        if text not in self._scripts:
            self._scripts[text] = wrk_script(self._folder / f"{len(self._scripts)}.lua", body)
        return self._scripts[text]

    @staticmethod
    def _medians(rounds: list[tuple[Load, float]]) -> Result:
        return Result(statistics.median(load.rate for load, _ in rounds), statistics.median(cpu for _, cpu in rounds))


def wrk_script(path: Path, body: Mapping[str, Any] | None) -> Path:
    """Write the script of wrk that sends an order, or that polls."""
    lines = [f'wrk.headers["Authorization"] = "{KEY}"']
    if body is not None:
        lines += ['wrk.method = "POST"', f"wrk.body = [[{json.dumps(body)}]]"]
        lines += ['wrk.headers["Content-Type"] = "application/json"']
    path.write_text("\n".join(lines))
    return path


def create_task(server: Server) -> str:
    """Order a task, and return its id."""
    order = ARK_ORDER if server.name == AIMOCK else ORDER
    headers = {"Authorization": KEY, "Content-Type": "application/json"}
    return str(httpx.post(server.url, content=json.dumps(order), headers=headers).raise_for_status().json()["id"])


if __name__ == "__main__":
    sys.exit(main())
