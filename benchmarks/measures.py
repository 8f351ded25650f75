"""Measures of benchmarks: ours beside a peer's, the target, and one table of them all."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HEAD = ("measure", "ours", "peer", "ratio", "target", "met")


@dataclass(frozen=True)
class Measure:
    """One figure of ours, and a peer's in the same run, both in `unit`.

    `at_least` and `at_most` are targets of the ratio of ours to the peer's; without a peer, of our figure itself.
    """

    name: str
    ours: float
    unit: str
    peer_name: str = ""
    peer: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def value(self) -> float:
        """The ratio, or our figure where there is no peer."""
        return self.ours if self.peer is None else self.ours / self.peer

    @property
    def is_met(self) -> bool | None:
        """Tell if the target is met; None without a target."""
        if self.at_least is None and self.at_most is None:
            return None
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    def row(self) -> tuple[str, ...]:
        unit = "" if self.peer is not None else f" {self.unit}"
        target = f">= {self.at_least:g}{unit}" if self.at_least is not None else ""
        target = f"<= {self.at_most:g}{unit}" if self.at_most is not None else target
        return (
            self.name,
            f"{_figure(self.ours)} {self.unit}",
            "" if self.peer is None else f"{_figure(self.peer)} {self.unit} ({self.peer_name})",
            "" if self.peer is None else f"{self.value:.2f}",
            target,
            {True: "yes", False: "no", None: ""}[self.is_met],
        )


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def print_table(measures: Iterable[Measure]) -> None:
    """Print the machine and one row for each measure, in columns."""
    rows = [HEAD, *(measure.row() for measure in measures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(machine())
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def machine() -> str:
    """Name the machine that measures: its processor, cores, load, system and Python."""
    cores, load = os.cpu_count(), os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    python = f"Python {platform.python_version()}"
    return f"{processor()}, {cores} cores, load {load:.1f}, {platform.system()} {platform.release()}, {python}"


def processor() -> str:
    names = Path("/proc/cpuinfo")
    lines = names.read_text().splitlines() if names.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
