"""A scenario of a trial: an order and a handful of steps, each one thing that happens to it. Data, and their texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class StepKind(StrEnum):
    """What a step is: `text` is a fate, a fault, a magic key's kind, an amount in USD, or the code of a redirect.

    A detour is a redirect to another origin; `links` puts the results' links there.
    """

    FATE = "fate"
    FAULT = "fault"
    KEY = "key"
    CREDIT = "credit"
    DETOUR = "detour"
    LINKS = "links"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens: to the calls of an operation, to the `nth` of them only, or to the first `times`."""

    kind: StepKind
    text: str
    operation: str = ""
    nth: int | None = None
    times: int | None = None

    def __str__(self) -> str:
        count = f", call {self.nth}" if self.nth else f", first {self.times}" if self.times else ""
        where = f" at {self.operation}{count}" if self.operation else ""
        return f"{self.kind}{where}: {self.text}"


def fate(text: str) -> Step:
    """What becomes of the tasks."""
    return Step(StepKind.FATE, text)


def fault(operation: str, text: str, *, nth: int | None = None, times: int | None = None) -> Step:
    """What goes wrong with calls of an operation."""
    return Step(StepKind.FAULT, text, operation, nth, times)


def key(kind: str) -> Step:
    """The caller has a magic key: `invalid`, `forbidden`, `ratelimited` or `nocredit`."""
    return Step(StepKind.KEY, kind)


def credit(usd: str) -> Step:
    """The caller may spend so much in all."""
    return Step(StepKind.CREDIT, usd)


def detour(operation: str, code: int, *, times: int | None = None) -> Step:
    """Calls of an operation are answered with a redirect to another origin."""
    return Step(StepKind.DETOUR, str(code), operation, None, times)


def links_elsewhere() -> Step:
    """The links to results lead to another origin."""
    return Step(StepKind.LINKS, "results on another origin")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A trial before it is run. `order` names one of the orders, `seconds` is its timeout_seconds."""

    name: str
    says: str
    steps: tuple[Step, ...] = ()
    order: str = "text"
    seconds: float = 10.0

    def without(self, number: int) -> Scenario:
        """The same without one of its steps."""
        return replace(self, steps=(*self.steps[:number], *self.steps[number + 1 :]))
