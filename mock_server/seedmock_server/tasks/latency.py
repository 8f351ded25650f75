"""How long tasks take, said for all or for some: fixed, or drawn from a median and a ninetieth percentile. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..matching.rules import InvalidRule
from ..matching.syntax import duration
from .models import Task
from .timeline import QUEUED_SHARE, LogNormal

FIELDS = ("model", "resolution", "seconds", "fixed", "p50", "p90")


@dataclass(frozen=True, slots=True)
class LatencyRule:
    """How long tasks of a kind take; None takes any. Either `fixed` in seconds, or drawn."""

    model: str | None = None
    resolution: str | None = None
    seconds: int | None = None
    fixed: float | None = None
    drawn: LogNormal | None = None

    def matches(self, draft: Task) -> bool:
        """Whether it is said for a task like this."""
        return (
            self.model in (None, draft.model)
            and self.resolution in (None, draft.resolution)
            and self.seconds in (None, draft.seconds)
        )

    def durations(self, fraction: float) -> tuple[float, float]:
        """Seconds in the queue and in the works."""
        whole = self.drawn.quantile(fraction) if self.drawn is not None else self.fixed or 0.0
        return whole * QUEUED_SHARE, whole * (1 - QUEUED_SHARE)


@dataclass(frozen=True, slots=True)
class LatencyRules:
    """The durations in the order in which they are asked; none means that the pace decides."""

    rules: tuple[LatencyRule, ...] = ()

    def durations(self, draft: Task, fraction: float) -> tuple[float, float] | None:
        """Seconds in the queue and in the works, or None where nothing is said of a task like this."""
        found = next((one for one in self.rules if one.matches(draft)), None)
        return None if found is None else found.durations(fraction)


def latency_rule_from(values: Mapping[str, Any]) -> LatencyRule:
    """How long tasks of a kind take, from a table. Raises InvalidRule."""
    for name in values:
        if name not in FIELDS:
            raise InvalidRule(f"latency has no {name!r}; there are: {', '.join(FIELDS)}")
    given = frozenset(values) & {"fixed", "p50", "p90"}
    if given not in (frozenset({"fixed"}), frozenset({"p50", "p90"})):
        raise InvalidRule(f"latency has {', '.join(sorted(given)) or 'no times'}; allowed: fixed, or p50 and p90")
    for name in ("model", "resolution"):
        if not isinstance(values.get(name, ""), str):
            raise InvalidRule(f"{name} is {values[name]!r}; allowed: a text")
    seconds = values.get("seconds")
    if seconds is not None and (type(seconds) is not int or seconds < 1):
        raise InvalidRule(f"seconds is {seconds!r}; allowed: a whole number from 1")
    drawn = None if "fixed" in given else _drawn(values)
    fixed = duration(values["fixed"], "fixed") if "fixed" in given else None
    return LatencyRule(values.get("model"), values.get("resolution"), seconds, fixed, drawn)


def _drawn(values: Mapping[str, Any]) -> LogNormal:
    p50, p90 = duration(values["p50"], "p50"), duration(values["p90"], "p90")
    if not 0 < p50 < p90:
        raise InvalidRule(f"p50 is {p50:g} and p90 is {p90:g}; allowed: 0 < p50 < p90")
    return LogNormal(p50, p90)
