"""How fast a conformance run is: moves a second in process, beside the bare emulator answering as many polls.

    python benchmarks/conformance.py [--moves 1000] [--rounds 3]

The bar is 1 000 moves in 20 s with an empty cache of clips. Read the ratio too: the absolute figures are the machine's.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import settings

from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_harness.conformance.runner import run_conformance
from seedmock_server import create_app
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import BufferedResponse, InProcessClient

KEYS = {"first": "sk_conformance_first", "second": "sk_conformance_second", "wrong": "sk_conformance_wrong"}
BAR = 20.0


@dataclass
class Counted:
    """A door that counts who goes through it, and a clock that counts as well: both are moves."""

    door: InProcessClient
    clock: ManualClock
    moves: int = 0

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        self.moves += 1
        return self.door.request(method, url, headers=headers, content=content)

    def now(self) -> float:
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        self.moves += 1
        self.clock.advance(seconds)

    def begin(self) -> None:
        self.door.request("POST", "/_mock/reset")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    slow = 0
    for upstream in NAMES:
        rounds = [measured(upstream, options.moves) for _ in range(options.rounds)]
        seconds = statistics.median(talking for talking, _ in rounds)
        bare = statistics.median(polling for _, polling in rounds)
        told = f"{options.moves} moves {seconds:5.1f} s   as many bare polls {bare:.2f} s   ratio {seconds / bare:.0f}"
        print(f"{upstream:>10}: {told}", flush=True)
        slow += seconds > BAR * options.moves / 1000
    return 1 if slow else 0


def measured(upstream: str, moves: int) -> tuple[float, float]:
    """Seconds for so many moves, clips rendered anew; and for as many polls of a task that is not there."""
    clock = ManualClock()
    allowed = (KEYS["first"], KEYS["second"])
    with tempfile.TemporaryDirectory() as cache:
        app = create_app(clock=clock, pace="fast", seed=1, keys=allowed, cache_dir=cache)
        with InProcessClient(app) as door:
            talking = conversing(upstream, Counted(door, clock), moves)
            polling = polls(upstream, door, moves)
            door.run(app.aclose())
    return talking, polling


def conversing(upstream: str, counted: Counted, moves: int) -> float:
    """Seconds a run of so many moves takes, from the run that comes nearest to it."""
    begun = time.perf_counter()
    run_conformance(
        upstream,
        counted.send,
        clock=counted,
        keys=KEYS,
        options=get_contract(upstream).defaults,
        begin=counted.begin,
        settings=settings(max_examples=max(1, moves // 35), derandomize=True, database=None),
    )
    return (time.perf_counter() - begun) * moves / counted.moves


def polls(upstream: str, door: InProcessClient, count: int) -> float:
    headers = {"authorization": f"Bearer {KEYS['first']}"}
    paths = {"apimodels": "/api/v1/video/generations?task_id=clnone", "opeai": "/v1/videos/cgt-none"}
    begun = time.perf_counter()
    for _ in range(count):
        door.request("GET", paths[upstream], headers=headers)
    return time.perf_counter() - begun


if __name__ == "__main__":
    raise SystemExit(main())
