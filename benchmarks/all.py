"""Measure everything that has a peer or a target, and print one table.

    python benchmarks/all.py [--seconds 4] [--rounds 5] [--only start ...] [--aimock FILE] [--base FOLDER]

Needs wrk and nginx, and a quiet machine of two cores. What is not installed is left out, and said. `--aimock` is the
command llmock of @copilotkit/aimock, and `--base` a checkout of an earlier build with its own .venv: with them, those
are peers too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from types import ModuleType

import api
import bodies
import certify
import clips
import content
import plugin
import start
import verify
from load import missing_programs
from measures import Measure, print_table

BENCHMARKS: dict[str, tuple[ModuleType, tuple[str, ...]]] = {
    "api": (api, ("wrk", "taskset")),
    "start": (start, ()),
    "plugin": (plugin, ()),
    "content": (content, ("nginx", "wrk", "taskset")),
    "clips": (clips, ()),
    "bodies": (bodies, ()),
    "certify": (certify, ()),
    "verify": (verify, ()),
}
"""Benchmarks in the order of the table, each with the programs that it needs."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    api.add_options(parser)
    parser.add_argument("--mebibytes", type=int, default=7, help="of the clip that is downloaded")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=tuple(BENCHMARKS), help="benchmarks to run")
    print_table(measures(parser.parse_args()))
    return 0


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure with every benchmark that is selected and whose programs are installed."""
    for name in options.only:
        benchmark, programs = BENCHMARKS[name]
        if problem := missing_programs(*programs):
            print(problem, file=sys.stderr)
        else:
            print(f"{name} ...", file=sys.stderr, flush=True)
            yield from benchmark.measures(options)


if __name__ == "__main__":
    sys.exit(main())
