"""Which calls a rule of fates, faults or limits is meant for, and how often it has been used: one form for all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, Protocol, TypeVar

from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import NAMES

from ..errors import SeedmockServerError
from ..randomness import SeededRandom


class InvalidRule(SeedmockServerError, ValueError):
    """A rule that cannot be: the message names the field, what was found and what is allowed."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """One call as rules look at it. `number` counts the calls of its kind since the start, for draws."""

    upstream: str
    operation: str
    account: str
    number: int
    model: str = ""
    prompt: str = ""
    references: tuple[str, ...] = ()
    resolution: str = ""
    seconds: int = 0


@dataclass(frozen=True, kw_only=True)
class Match:
    """What a call must be like; None takes any. `prompt` and `reference` are searched as regular expressions.

    `nth` is which of the matching calls (1 is the first), `times` after how many uses the rule is spent,
    `probability` a share of the calls, drawn from the seed.
    """

    upstream: str | None = None
    operation: str | None = None
    account: str | None = None
    model: str | None = None
    prompt: str | None = None
    reference: str | None = None
    resolution: str | None = None
    seconds: int | None = None
    nth: int | None = None
    times: int | None = None
    probability: float | None = None

    def __post_init__(self) -> None:
        _one_of("upstream", self.upstream, NAMES)
        _one_of("operation", self.operation, tuple(Operation))
        for name in ("prompt", "reference"):
            _pattern(name, getattr(self, name))
        for name in ("seconds", "nth", "times"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise InvalidRule(f"{name} is {value!r}; allowed: a whole number from 1")
        share = self.probability
        if share is not None and (type(share) not in (int, float) or not 0 <= share <= 1):
            raise InvalidRule(f"probability is {share!r}; allowed: a number from 0 to 1")

    def fits(self, subject: RequestFacts) -> bool:
        """Whether a call is of the kind, whatever the counts say."""
        return (
            self.upstream in (None, subject.upstream)
            and self.operation in (None, subject.operation)
            and self.account in (None, subject.account)
            and self.model in (None, subject.model)
            and self.resolution in (None, subject.resolution)
            and self.seconds in (None, subject.seconds)
            and (self.prompt is None or re.search(self.prompt, subject.prompt) is not None)
            and (self.reference is None or any(re.search(self.reference, url) for url in subject.references))
        )


class Counter:
    """A match with its counts: how many calls have fitted, and how often the rule was used."""

    def __init__(self, match: Match, label: str) -> None:
        self.match = match
        self.label = label
        self.matched = 0
        self.applied = 0

    def claim(self, subject: RequestFacts, random: SeededRandom) -> bool:
        """Whether the rule is for this call; counts it."""
        if not self.match.fits(subject):
            return False
        self.matched += 1
        if self.match.times is not None and self.applied >= self.match.times:
            return False
        if self.match.nth is not None and self.matched != self.match.nth:
            return False
        share = self.match.probability
        if share is not None and random.uniform("rule", self.label, subject.account, self.matched) >= share:
            return False
        self.applied += 1
        return True


class HasMatch(Protocol):
    """What a rule is: whatever it says, it says for which calls."""

    @property
    def match(self) -> Match: ...


R = TypeVar("R", bound=HasMatch)


class RuleSet(Generic[R]):
    """Rules of one sort with their counts, in their order: those told one by one, and a scenario's apart."""

    def __init__(self, random: SeededRandom, sort: str) -> None:
        self._random = random
        self._sort = sort
        self.number = 0
        self.rules: list[tuple[Counter, R]] = []
        self.scenario: list[tuple[Counter, R]] = []

    def add(self, rule: R, *, scenario: bool = False) -> str:
        """Take a rule, behind those that are there; its name is for taking it away."""
        self.number += 1
        label = f"{self._sort}-{self.number}"
        (self.scenario if scenario else self.rules).append((Counter(rule.match, label), rule))
        return label

    def remove(self, label: str) -> bool:
        """Take a rule away; False when there is none of this name."""
        left = [(counter, rule) for counter, rule in self.rules if counter.label != label]
        found = len(left) != len(self.rules)
        self.rules[:] = left
        return found

    def forget(self, account: str) -> None:
        """Take away the rules that are for an account alone."""
        self.rules[:] = [(counter, rule) for counter, rule in self.rules if rule.match.account != account]


def match_from(values: Mapping[str, Any]) -> Match:
    """A match from a JSON or TOML table. Raises InvalidRule."""
    known = [field.name for field in fields(Match)]
    for name in values:
        if name not in known:
            raise InvalidRule(f"match has no field {name!r}; there are: {', '.join(known)}")
    for name in ("upstream", "operation", "account", "model", "prompt", "reference", "resolution"):
        if values.get(name) is not None and not isinstance(values[name], str):
            raise InvalidRule(f"{name} is {values[name]!r}; allowed: a text")
    return Match(**values)


def match_row(match: Match) -> dict[str, Any]:
    """A match as the table that it can be read from again."""
    values = {field.name: getattr(match, field.name) for field in fields(Match)}
    return {name: value for name, value in values.items() if value is not None}


def _one_of(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise InvalidRule(f"{name} is {value!r}; allowed: {', '.join(allowed)}")


def _pattern(name: str, value: str | None) -> None:
    try:
        re.compile(value or "")
    except re.error as error:
        raise InvalidRule(f"{name} is {value!r}; allowed: a regular expression ({error})") from error
