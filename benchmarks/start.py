"""Measure the start of `seedmock serve` to its first response, beside a bare uvicorn with a one-line application.

python benchmarks/start.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence

import httpx
from load import free_port, wait_for_port
from measures import Measure, print_table
from servers import BARE, emulator_command

TARGET = 1.3
ROUNDS = 7


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    print_table(measures(parser.parse_args()))
    return 0


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure starts by turns: wall time, and processor time of the process and its children."""
    ours, rounds = emulator_command(), max(ROUNDS, options.rounds)
    # One client, because its first use takes longer than a start; and a cache of bytecode, as installed packages have.
    with httpx.Client() as client, tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPYCACHEPREFIX": folder, "XDG_CACHE_HOME": folder}
        pairs = [tuple(start(command, client, environment) for command in (ours, BARE)) for _ in range(rounds + 1)][1:]
    for index, name in enumerate(("wall time", "processor time")):
        figure, peer = (statistics.median(pair[side][index] for pair in pairs) for side in (0, 1))
        yield Measure(f"start to first response, {name}", figure, "s", "bare uvicorn", peer, at_most=TARGET)


def start(command: Sequence[str], client: httpx.Client, environment: Mapping[str, str]) -> tuple[float, float]:
    """Wall and processor seconds from the start of a server to its first response."""
    port, before, started = free_port(), os.times(), time.perf_counter()
    server = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL, env=environment)
    try:
        wait_for_port(port, interval=0.002)
        client.get(f"http://127.0.0.1:{port}/v1/videos/none")
        wall = time.perf_counter() - started
    finally:
        server.terminate()
        server.wait()
    after = os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    sys.exit(main())
