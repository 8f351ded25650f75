"""Measure `seedmock verify`: the free steps against an emulator on a socket, and every step against its own.

    python benchmarks/verify.py [--rounds 1]

Exits with 1 if the free steps take 10 seconds or more, or all of them 60; on a busy machine, read the processor's
seconds, which are of both sides where the emulator is on a socket. Clips that were rendered before are in the
cache; give SEEDMOCK_BENCH_COLD=1 to begin with an empty one.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from click.testing import CliRunner

from seedmock_contracts.upstreams import NAMES
from seedmock_harness.verify.cli import verify
from seedmock_server import serve

FREE, FULL = 10.0, 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    rounds = parser.parse_args().rounds
    late = 0
    with _folders():
        for upstream in NAMES:
            free = min(_free(upstream) for _ in range(rounds))
            full = min(_timed("--upstream", upstream, "--budget", "unlimited") for _ in range(rounds))
            print(f"{upstream:10}  free        {free[0]:5.1f} s, {free[1]:5.1f} s of a processor (under {FREE:g})")
            print(f"{'':10}  everything  {full[0]:5.1f} s, {full[1]:5.1f} s of a processor (under {FULL:g})")
            late += free[0] >= FREE or full[0] >= FULL
    return int(late > 0)


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
