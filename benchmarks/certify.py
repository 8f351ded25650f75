"""Measure `seedmock certify` of the reference client, for each upstream, beside an earlier build.

    python benchmarks/certify.py [--rounds 1] [--base FOLDER]

FOLDER is a checkout of an earlier build, with its own .venv. Most of the time goes to the starts of the client, of
which each trial has one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from measures import Measure, print_table
from servers import python_of

from seedmock_contracts.upstreams import NAMES

ADAPTERS = ("seedmock_client.cli.adapter", "seedmock_client.adapter")
"""The reference client's adapter: its module now, and in builds before."""
TARGET = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--base", type=Path, metavar="FOLDER", help="checkout of an earlier build")
    print_table(measures(parser.parse_args()))
    return 0


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure certifications by turns. Raises CalledProcessError for one that fails."""
    rounds = 1 if options.rounds < 3 else options.rounds // 2
    with tempfile.TemporaryDirectory() as name:
        for upstream in NAMES:
            run = partial(certification, upstream=upstream, folder=Path(name))
            pairs = []
            for _ in range(rounds):
                base = None if options.base is None else run(python_of(options.base), ADAPTERS[1])
                pairs.append((run(sys.executable, ADAPTERS[0]), base))
            for index, kind in enumerate(("", ": processor time")):
                ours = statistics.median(pair[0][index] for pair in pairs)
                earlier = [pair[1][index] for pair in pairs if pair[1] is not None]
                peer = statistics.median(earlier) if earlier else None
                target = None if peer is None else TARGET
                yield Measure(f"certify, {upstream}{kind}", ours, "s", "earlier build", peer, at_most=target)


def certification(python: str, adapter: str, *, upstream: str, folder: Path) -> tuple[float, float]:
    """Wall and processor seconds of the command, the client's processes included."""
    command = [
        python,
        "-m",
        "seedmock_server",
        "certify",
        "--upstream",
        upstream,
        "--adapter",
        f"{python} -m {adapter}",
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "XDG_CACHE_HOME": str(folder / "cache")}
    before, started = os.times(), time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    sys.exit(main())
