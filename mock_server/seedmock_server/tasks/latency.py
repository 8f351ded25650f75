"""Latency rules: how long tasks take, fixed or drawn from a median and a 90th percentile. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ..matching.rules import InvalidRule
from ..matching.syntax import parse_duration
from .models import Task
from .pace import QUEUED_SHARE, LogNormal

FIELDS = ("model", "resolution", "seconds", "fixed", "p50", "p90")


class LatencyRule(Struct, frozen=True):
    """Latency of the tasks that match; None matches any. Either `fixed`, in seconds, or drawn from a distribution."""

    model: str | None = None
    resolution: str | None = None
    seconds: int | None = None
    fixed: float | None = None
    distribution: LogNormal | None = None

    def matches(self, draft: Task) -> bool:
        return (
            self.model in (None, draft.model)
            and self.resolution in (None, draft.resolution)
            and self.seconds in (None, draft.seconds)
        )

    def durations(self, fraction: float) -> tuple[float, float]:
        """Return the seconds in the queue and in rendering, for a draw in [0, 1)."""
        seconds = self.distribution.quantile(fraction) if self.distribution is not None else self.fixed or 0.0
        return seconds * QUEUED_SHARE, seconds * (1 - QUEUED_SHARE)


class LatencyRules(Struct, frozen=True):
    """Latency rules, of which the first that matches applies; without one, the pace decides."""

    rules: tuple[LatencyRule, ...] = ()

    def durations(self, draft: Task, fraction: float) -> tuple[float, float] | None:
        """Return the seconds in the queue and in rendering, or None if no rule matches."""
        rule = next((rule for rule in self.rules if rule.matches(draft)), None)
        return None if rule is None else rule.durations(fraction)


def latency_rule_from(values: Mapping[str, Any]) -> LatencyRule:
    """Parse a latency rule from a JSON or TOML table. Raises InvalidRule."""
    for name in values:
        if name not in FIELDS:
            raise InvalidRule(f"unknown latency field {name!r}; available: {', '.join(FIELDS)}")
    times = frozenset(values) & {"fixed", "p50", "p90"}
    if times not in (frozenset({"fixed"}), frozenset({"p50", "p90"})):
        raise InvalidRule(f"latency has {', '.join(sorted(times)) or 'no times'}; allowed: fixed, or p50 and p90")
    for name in ("model", "resolution"):
        if not isinstance(values.get(name, ""), str):
            raise InvalidRule(f"{name} is {values[name]!r}; allowed: a string")
    # `type`, since True is an int, and would match clips of one second.
    seconds = values.get("seconds")
    if seconds is not None and (type(seconds) is not int or seconds < 1):
        raise InvalidRule(f"seconds is {seconds!r}; allowed: a whole number from 1")
    distribution = None if "fixed" in times else _distribution(values)
    fixed = parse_duration(values["fixed"], "fixed") if "fixed" in times else None
    return LatencyRule(values.get("model"), values.get("resolution"), seconds, fixed, distribution)


def _distribution(values: Mapping[str, Any]) -> LogNormal:
    p50, p90 = parse_duration(values["p50"], "p50"), parse_duration(values["p90"], "p90")
    # Strictly less: the spread of the distribution is the logarithm of their quotient.
    if not 0 < p50 < p90:
        raise InvalidRule(f"p50 is {p50:g} and p90 is {p90:g}; allowed: 0 < p50 < p90")
    return LogNormal(p50, p90)
