"""The table of broken clients and invariants: `python tests/harness/certify/table.py [UPSTREAM] [CLIENT...]`.

Every client is run through every scenario; a cell says in how many of them the invariant broke. Takes some minutes.
"""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from seedmock_harness.certify.runner import run_certification
from seedmock_harness.results.certification import Certification, Invariant

CORRECT = ("plain", "stdlib", "asynchronous", "unhurried", "webhook")
ONLY = {"webhook": "apimodels", "asks-content": "opeai", "sdk_like": "opeai"}
"""Callbacks are A's; B's content is where anybody can guess it."""


def main(upstream: str = "opeai", *wanted: str) -> None:
    sys.path.insert(0, str(Path(__file__).parent / "clients"))
    defects = importlib.import_module("plain").DEFECTS
    names = [name for name in (*CORRECT, *defects, "sdk_like") if name in wanted or not wanted]
    tell(f"| client of {upstream} | meant to break | scenarios | {' | '.join(Invariant)} |")
    tell(f"|---|---|---{'|---' * len(Invariant)}|")
    for name in names:
        if ONLY.get(name, upstream) == upstream:
            found = run_certification(maker(name, defects), upstream=upstream, seed=1)
            tell("| " + " | ".join(row(name, defects.get(name, "several" if name == "sdk_like" else ""), found)) + " |")


def row(name: str, meant: str, found: Certification) -> Iterator[str]:
    counts = Counter(one.invariant for one in found.broken)
    yield from (name, meant or "nothing", str(len(found.trials)))
    yield from (str(counts[invariant] or "") for invariant in Invariant)


def maker(name: str, defects: dict[str, str]) -> Callable[[Any], Callable[[Any], Any]]:
    module = importlib.import_module("plain" if name in defects else name)

    def make(where: Any) -> Callable[[Any], Any]:
        told = (where.upstream, where.base_url, where.api_key, where.out, where.poll_seconds)
        if module.__name__ == "plain":
            return module.Plain(*told, name if name in defects else "")
        return lambda order: module.generate(order, *told)

    return make


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
