"""Scenario of a trial: an order and a few steps, each of which changes one thing about the upstream."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace


class StepKind(StrEnum):
    """Kind of a step; it decides the meaning of the step's text.

    A fate, a fault, the kind of a magic key, an amount in USD, or the status code of a redirect to another origin.
    `links` moves the result links to that origin.
    """

    FATE = "fate"
    FAULT = "fault"
    KEY = "key"
    CREDIT = "credit"
    REDIRECT = "redirect"
    LINKS = "links"


class ScenarioStep(Struct, frozen=True):
    """One change, for all calls of an operation, for its `nth` call, or for its first `times` calls."""

    kind: StepKind
    text: str
    operation: str = ""
    nth: int | None = None
    times: int | None = None

    def __str__(self) -> str:
        count = f", call {self.nth}" if self.nth else f", first {self.times}" if self.times else ""
        where = f" at {self.operation}{count}" if self.operation else ""
        return f"{self.kind}{where}: {self.text}"


def fate(text: str) -> ScenarioStep:
    """Set the fate of the tasks."""
    return ScenarioStep(StepKind.FATE, text)


def fault(operation: str, text: str, *, nth: int | None = None, times: int | None = None) -> ScenarioStep:
    """Add a fault to calls of an operation."""
    return ScenarioStep(StepKind.FAULT, text, operation, nth, times)


def key(kind: str) -> ScenarioStep:
    """Give the client a magic key: `invalid`, `forbidden`, `ratelimited` or `nocredit`."""
    return ScenarioStep(StepKind.KEY, kind)


def credit(usd: str) -> ScenarioStep:
    """Limit the balance of the client's account."""
    return ScenarioStep(StepKind.CREDIT, usd)


def redirect(operation: str, code: int, *, times: int | None = None) -> ScenarioStep:
    """Redirect calls of an operation to another origin."""
    return ScenarioStep(StepKind.REDIRECT, str(code), operation, None, times)


def links_to_other_origin() -> ScenarioStep:
    """Serve results from another origin."""
    return ScenarioStep(StepKind.LINKS, "results on another origin")


class TrialScenario(Struct, frozen=True):
    """A scenario. `order` names a sample order; `seconds` is its timeout_seconds."""

    name: str
    description: str
    steps: tuple[ScenarioStep, ...] = ()
    order: str = "text"
    seconds: float = 10.0

    def without_step(self, index: int) -> TrialScenario:
        return replace(self, steps=(*self.steps[:index], *self.steps[index + 1 :]))
