"""Measure a conformance run in process, beside the bare emulator answering as many polls.

    python benchmarks/conformance.py [--actions 1000] [--rounds 3]

The limit is 1 000 actions in 20 s with an empty cache of clips. Read the ratio: absolute figures are the machine's.
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
LIMIT_SECONDS = 20.0


@dataclass
class CountingClient:
    """An in-process client and a clock that count: each request and each advance of the clock is an action."""

    client: InProcessClient
    clock: ManualClock
    actions: int = 0

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        self.actions += 1
        return self.client.request(method, url, headers=headers, content=content)

    def now(self) -> float:
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        self.actions += 1
        self.clock.advance(seconds)

    def begin(self) -> None:
        self.client.request("POST", "/_mock/reset")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actions", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    slow = 0
    for upstream in NAMES:
        rounds = [measure(upstream, options.actions) for _ in range(options.rounds)]
        seconds = statistics.median(run for run, _ in rounds)
        bare = statistics.median(polls for _, polls in rounds)
        times = f"{options.actions} actions {seconds:5.1f} s   as many bare polls {bare:.2f} s"
        print(f"{upstream:>10}: {times}   ratio {seconds / bare:.0f}", flush=True)
        slow += seconds > LIMIT_SECONDS * options.actions / 1000
    return 1 if slow else 0


def measure(upstream: str, actions: int) -> tuple[float, float]:
    """Seconds for a number of actions, clips rendered anew; and for as many polls of an unknown task."""
    clock = ManualClock()
    allowed = (KEYS["first"], KEYS["second"])
    with tempfile.TemporaryDirectory() as cache:
        app = create_app(clock=clock, pace="fast", seed=1, keys=allowed, cache_dir=cache)
        with InProcessClient(app) as client:
            run_seconds = time_run(upstream, CountingClient(client, clock), actions)
            poll_seconds = time_polls(upstream, client, actions)
            client.run(app.aclose())
    return run_seconds, poll_seconds


def time_run(upstream: str, client: CountingClient, actions: int) -> float:
    """Seconds that a number of actions takes, scaled from a run of about as many."""
    started = time.perf_counter()
    run_conformance(
        upstream,
        client.send,
        clock=client,
        keys=KEYS,
        options=get_contract(upstream).defaults,
        begin=client.begin,
        settings=settings(max_examples=max(1, actions // 35), derandomize=True, database=None),
    )
    return (time.perf_counter() - started) * actions / client.actions


def time_polls(upstream: str, client: InProcessClient, count: int) -> float:
    headers = {"authorization": f"Bearer {KEYS['first']}"}
    paths = {"apimodels": "/api/v1/video/generations?task_id=clnone", "opeai": "/v1/videos/cgt-none"}
    started = time.perf_counter()
    for _ in range(count):
        client.request("GET", paths[upstream], headers=headers)
    return time.perf_counter() - started


if __name__ == "__main__":
    raise SystemExit(main())
