"""Measure everything that has a peer or a target, and print one table.

    python benchmarks/all.py [--seconds 4] [--rounds 5] [--tasks 100000]

Needs wrk and nginx, and a quiet machine of two cores. What is not installed is left out, and said.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import api
import bodies
import content
import start
from load import missing_programs
from measures import Measure, print_table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    api.add_options(parser)
    parser.add_argument("--mebibytes", type=int, default=7, help="of the clip that is downloaded")
    print_table(measures(parser.parse_args()))
    return 0


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure with every benchmark whose programs are installed."""
    for benchmark, programs in ((api, ("wrk", "taskset")), (content, ("nginx", "wrk", "taskset"))):
        if problem := missing_programs(*programs):
            print(problem, file=sys.stderr)
        else:
            yield from benchmark.measures(options)
    yield from bodies.measures(options)
    yield from start.measures(options)


if __name__ == "__main__":
    sys.exit(main())
