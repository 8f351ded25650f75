"""Measure `seedmock verify`: the free steps against an emulator on a socket, and every step against its own.

    python benchmarks/verify.py [--rounds 1]

Exits with 1 if the free steps take 10 seconds or more. On a busy machine, read the processor's seconds, which are of
both sides where the emulator is on a socket. Clips that were rendered before are in the cache; give
SEEDMOCK_BENCH_COLD=1 to begin with an empty one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from click.testing import CliRunner
from measures import Measure, print_table

from seedmock_contracts.upstreams import NAMES
from seedmock_harness.verify.cli import verify
from seedmock_server import serve

FREE_TARGET, FULL_TARGET = 10.0, 20.0
"""Seconds of the free steps of an upstream, and of every step of all upstreams together."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    results = list(measures(parser.parse_args()))
    print_table(results)
    return int(any(result.is_met is False for result in results if "free" in result.name))


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure runs by wall time and by processor time. Exits where one does not conform."""
    rounds = 1 if options.rounds < 3 else options.rounds // 2
    full = [0.0, 0.0]
    with _folders():
        for upstream in NAMES:
            free = min(_free(upstream) for _ in range(rounds))
            every = min(_timed("--upstream", upstream, "--budget", "unlimited") for _ in range(rounds))
            full = [before + seconds for before, seconds in zip(full, every, strict=True)]
            yield Measure(f"verify {upstream}, free steps", free[0], "s", at_most=FREE_TARGET)
            yield Measure(f"verify {upstream}, free steps: processor time", free[1], "s")
    yield Measure("verify all upstreams, unlimited budget", full[0], "s", at_most=FULL_TARGET)
    yield Measure("verify all upstreams, unlimited budget: processor time", full[1], "s")


@contextmanager
def _folders() -> Iterator[None]:
    """A temporary folder for order logs, and on request for clips too."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        if os.environ.get("SEEDMOCK_BENCH_COLD"):
            os.environ["XDG_CACHE_HOME"] = folder
        yield


def _free(upstream: str) -> tuple[float, float]:
    with serve(pace="fast", seed=1) as server:
        keys = ("--api-key", "sk_bench_first", "--second-api-key", "sk_bench_second")
        return _timed("--upstream", upstream, "--base-url", server.url, "--only", "free", *keys)


def _timed(*options: str) -> tuple[float, float]:
    """Seconds by the wall, and of this process's processors."""
    since, used = time.perf_counter(), time.process_time()
    result = CliRunner().invoke(verify, options)
    seconds = time.perf_counter() - since, time.process_time() - used
    if result.exit_code:
        sys.exit(result.output)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
