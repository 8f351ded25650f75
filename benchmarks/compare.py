"""Compare two checkouts in the same minutes: creating, polling, downloading, and starting the server.

    python benchmarks/compare.py BEFORE AFTER [--seconds 4] [--rounds 7]

BEFORE and AFTER are folders of checkouts, each with its own .venv in which seedmock is installed. Needs wrk.
Both servers run at once, and rounds alternate between them, so that both meet the same machine. Read the ratio of each
row: it is the median over the rounds of after to before, and above 1.00 means that AFTER is faster. Exits with 1 if one
ratio is below --floor, or if a response is not 2xx.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
from load import SERVER_CORE, free_port, missing_programs, run_wrk, wait_for_port

KEY = "Bearer sk_bench"
ORDER = json.dumps(
    {
        "model": "seedance-2-0-fast",
        "prompt": "A lighthouse in fog, its beam turning slowly over grey water, gulls crossing, a long quiet take.",
        "size": "1280x720",
        "seconds": "5",
        "seed": 11,
    }
)
CREATE_SCRIPT = f"""
wrk.method = "POST"
wrk.body = [[{ORDER}]]
wrk.headers["Content-Type"] = "application/json"
"""
CONNECTIONS = {"create": 32, "poll": 32, "content": 8}


@dataclass(frozen=True)
class Server:
    """A running emulator and one finished task of its."""

    url: str
    task: str

    def address(self, case: str) -> str:
        paths = {"create": "", "poll": f"/{self.task}", "content": f"/{self.task}/content"}
        return f"{self.url}/v1/videos{paths[case]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--seconds", type=int, default=4, help="of load in each round and case")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--floor", type=float, default=0.0, metavar="RATIO")
    options = parser.parse_args()
    if problem := missing_programs("wrk", "taskset"):
        print(problem)
        return 0
    ratios = [*compare_load(options), compare_start(options)]
    return 1 if min(ratios) < options.floor else 0


def compare_load(options: argparse.Namespace) -> Iterator[float]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        script = Path(folder) / "create.lua"
        script.write_text(CREATE_SCRIPT)
        before, after = (stack.enter_context(serving(checkout)) for checkout in (options.before, options.after))
        for case in CONNECTIONS:
            rate = partial(request_rate, case=case, script=script, seconds=options.seconds)
            pairs = list(alternate(partial(rate, before), partial(rate, after), options.rounds))
            yield report(case, "/s", pairs, [second / first for first, second in pairs])


def request_rate(server: Server, case: str, script: Path, seconds: int) -> float:
    load = run_wrk(
        server.address(case),
        seconds=seconds,
        connections=CONNECTIONS[case],
        script=script if case == "create" else None,
        header=f"Authorization: {KEY}",
    )
    assert load.errors == 0, f"{case}: {load.errors} responses were not 2xx or 3xx"
    return load.rate


def compare_start(options: argparse.Namespace) -> float:
    """Seconds from the start of the process to its first response."""
    seconds = list(alternate(partial(start, options.before), partial(start, options.after), options.rounds))
    milliseconds = [(first * 1000, second * 1000) for first, second in seconds]
    return report("start-up", " ms", milliseconds, [first / second for first, second in seconds])


def alternate(before: Callable[[], float], after: Callable[[], float], rounds: int) -> Iterator[tuple[float, float]]:
    """Measure both in each round, each first in every other one. The first round warms up, and is not counted."""
    for number in range(rounds + 1):
        pair = (before(), after()) if number % 2 else (after(), before())[::-1]
        if number:
            yield pair


def report(name: str, unit: str, pairs: list[tuple[float, float]], ratios: list[float]) -> float:
    before, after = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(ratios)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    print(
        f"{name:>8}: before {before:7.0f}{unit}   after {after:7.0f}{unit}   ratio {ratio:.2f} ({spread})", flush=True
    )
    return ratio


@contextmanager
def serving(checkout: Path) -> Iterator[Server]:
    with process(checkout) as url:
        headers = {"Authorization": KEY, "Content-Type": "application/json"}
        task = httpx.post(f"{url}/v1/videos", content=ORDER, headers=headers).raise_for_status().json()["id"]
        httpx.get(f"{url}/v1/videos/{task}/content", headers=headers, timeout=60).raise_for_status()
        yield Server(url, task)


def start(checkout: Path) -> float:
    started = time.perf_counter()
    with process(checkout) as url:
        httpx.get(f"{url}/v1/videos/none", headers={"Authorization": KEY})
        return time.perf_counter() - started


@contextmanager
def process(checkout: Path) -> Iterator[str]:
    """A server of a checkout on the servers' core, with an empty cache of clips."""
    port = free_port()
    python = str(checkout / ".venv" / "bin" / "python")
    command = ["taskset", "-c", SERVER_CORE, python, "-m", "seedmock_server", "serve", "--pace", "instant"]
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "XDG_CACHE_HOME": cache}
        server = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL, env=environment)
        try:
            wait_for_port(port, interval=0.002)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
