"""Rules that match requests, with their counters: one form for fates, faults and latencies. Knows none of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import NAMES

from ..errors import SeedmockServerError
from ..randomness import SeededRandom

TEXT_FIELDS = ("upstream", "operation", "account", "model", "prompt", "reference", "resolution")


class InvalidRule(SeedmockServerError, ValueError):
    """A rule is malformed; the message names the field, the value and what is allowed."""


class RequestFacts(Struct, frozen=True):
    """Properties of a request that rules can match. `number` counts the requests of its kind, for draws."""

    upstream: str
    operation: str
    account: str
    number: int
    model: str = ""
    prompt: str = ""
    references: tuple[str, ...] = ()
    resolution: str = ""
    seconds: int = 0
    method: str = ""


class Match(Struct, frozen=True, kw_only=True):
    """Conditions on a request; None accepts any. `prompt` and `reference` are searched as regular expressions.

    `nth` selects one of the matching requests (1 is the first), `times` is how often the rule is applied at most,
    `probability` a share of the requests, drawn from the seed.
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
        _require_choice("upstream", self.upstream, NAMES)
        _require_choice("operation", self.operation, tuple(Operation))
        for name in ("prompt", "reference"):
            _require_pattern(name, getattr(self, name))
        for name in ("seconds", "nth", "times"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise InvalidRule(f"{name} is {value!r}; allowed: a whole number from 1")
        share = self.probability
        if share is not None and (type(share) not in (int, float) or not 0 <= share <= 1):
            raise InvalidRule(f"probability is {share!r}; allowed: a number from 0 to 1")

    def matches(self, request: RequestFacts) -> bool:
        """Compare all conditions but `nth`, `times` and `probability`, which are up to the counter."""
        return (
            self.upstream in (None, request.upstream)
            and self.operation in (None, request.operation)
            and self.account in (None, request.account)
            and self.model in (None, request.model)
            and self.resolution in (None, request.resolution)
            and self.seconds in (None, request.seconds)
            # Regular expressions last: most rules are decided by a comparison before them.
            and (self.prompt is None or re.search(self.prompt, request.prompt) is not None)
            and (self.reference is None or any(re.search(self.reference, url) for url in request.references))
        )


class Counter:
    """Match of a rule with its counts: requests that it matched, and those to which the rule was applied.

    `place` is the rule's number among those of its account, `draws` counts the draws of its probability by account.
    """

    def __init__(self, match: Match, label: str, place: int) -> None:
        self.match = match
        self.label = label
        self.place = place
        self.matched = 0
        self.applied = 0
        self.draws: dict[str, int] = {}

    def claim(self, account: str, random: SeededRandom) -> bool:
        """Count a request that the rule matches, and decide whether the rule is applied to it."""
        self.matched += 1
        # After the count: a rule that is used up still tells how many requests it matched.
        if self.match.times is not None and self.applied >= self.match.times:
            return False
        if self.match.nth is not None and self.matched != self.match.nth:
            return False
        share = self.match.probability
        if share is not None:
            number = self.draws[account] = self.draws.get(account, 0) + 1
            if self.draw(account, number, random) >= share:
                return False
        self.applied += 1
        return True

    def draw(self, account: str, number: int, random: SeededRandom) -> float:
        """Return an account's draw of a number, to be compared with the probability."""
        # The label counts the rules of all accounts, and `matched` their requests: a draw depends on neither.
        return random.uniform("rule", self.label.partition("-")[0], self.place, account, number)


class SharedCounts(Protocol):
    """Counts of rules that several processes share; each method is one step, whole or not at all."""

    async def claim(self, counter: Counter, account: str, random: SeededRandom) -> bool:
        """Do what `Counter.claim` does, and note the new counts in the counter."""
        ...

    async def draw(self, kind: str, account: str) -> int:
        """Count 1, 2, 3, ... for the rules of a kind and an account, and return the number."""
        ...


class HasMatch(Protocol):
    """Rule of any kind."""

    @property
    def match(self) -> Match: ...


R = TypeVar("R", bound=HasMatch)


class ChangedCounts:
    """Counts that were changed here other than by a request, and that shared counts have to follow."""

    def __init__(self) -> None:
        self.all = False
        self.labels: set[str] = set()
        self.accounts: set[str] = set()


class RuleSet(Generic[R]):
    """Rules of one kind with their counters, in their order: those added one by one, and those of the scenario."""

    def __init__(self, random: SeededRandom, kind: str) -> None:
        self._random = random
        self._kind = kind
        self.number = 0
        self.draws: dict[str, int] = {}
        self.rules: list[tuple[Counter, R]] = []
        self.scenario: list[tuple[Counter, R]] = []
        self.shared_counts: SharedCounts | None = None
        """Counts of a store that other processes use too; None counts here."""
        self.changed_counts: ChangedCounts | None = None

    def add(self, rule: R, *, scenario: bool = False) -> str:
        """Append a rule, and return the label by which it can be removed."""
        self.number += 1
        label = f"{self._kind}-{self.number}"
        place = 1 + max((counter.place for counter in self._counters_of(rule.match.account)), default=0)
        (self.scenario if scenario else self.rules).append((Counter(rule.match, label, place), rule))
        return label

    def _counters_of(self, account: str | None) -> Iterator[Counter]:
        pairs = (*self.rules, *self.scenario)
        return (counter for counter, _ in pairs if counter.match.account == account)

    async def _claims(self, counter: Counter, request: RequestFacts) -> bool:
        """Count a request if a rule matches it, and decide whether the rule is applied to it."""
        if not counter.match.matches(request):
            return False
        if self.shared_counts is None:
            return counter.claim(request.account, self._random)
        return await self.shared_counts.claim(counter, request.account, self._random)

    async def _next_draw(self, account: str) -> int:
        if self.shared_counts is not None:
            return await self.shared_counts.draw(self._kind, account)
        number = self.draws[account] = self.draws.get(account, 0) + 1
        return number

    def remove(self, label: str) -> bool:
        """Remove a rule; return whether there was one."""
        others = [(counter, rule) for counter, rule in self.rules if counter.label != label]
        removed = len(others) != len(self.rules)
        self.rules[:] = others
        self._note_changes([label])
        return removed

    def recount(self, account: str) -> None:
        """Count the requests of the rules that match one account alone, and its draws, from 0 again."""
        self.forget_draws(account)
        for counter in self._counters_of(account):
            counter.matched = counter.applied = 0
            counter.draws.clear()
            self._note_changes([counter.label])

    def forget_draws(self, account: str | None = None) -> None:
        """Count the draws of an account, or of all, from 0 again."""
        if account is None:
            self.draws.clear()
            self._note_changes(everything=True)
        else:
            self.draws.pop(account, None)
            self._note_changes(account=account)

    def _note_changes(self, labels: Iterable[str] = (), account: str = "", *, everything: bool = False) -> None:
        if self.changed_counts is not None:
            self.changed_counts.labels.update(labels)
            self.changed_counts.accounts.update([account] if account else [])
            self.changed_counts.all = self.changed_counts.all or everything

    def share_counts(self, counts: SharedCounts) -> None:
        """Count in a store from now on."""
        self.shared_counts, self.changed_counts = counts, ChangedCounts()

    def remove_account(self, account: str) -> None:
        """Remove the rules that match one account alone."""
        self._note_changes(counter.label for counter in self._counters_of(account))
        self.rules[:] = [(counter, rule) for counter, rule in self.rules if rule.match.account != account]


def parse_match(values: Mapping[str, Any]) -> Match:
    """Parse the conditions of a JSON or TOML table. Raises InvalidRule."""
    names = Match.__struct_fields__
    for name in values:
        if name not in names:
            raise InvalidRule(f"unknown match field {name!r}; available: {', '.join(names)}")
    for name in TEXT_FIELDS:
        if values.get(name) is not None and not isinstance(values[name], str):
            raise InvalidRule(f"{name} is {values[name]!r}; allowed: a string")
    return Match(**values)


def match_table(match: Match) -> dict[str, Any]:
    """Return the table from which a match can be parsed again."""
    values = asdict(match)
    return {name: value for name, value in values.items() if value is not None}


def parse_rule(values: Mapping[str, Any], effect: str) -> tuple[Match, Any]:
    """Return the match and the effect of `{"match": {...}, effect: ...}`, the effect unparsed. Raises InvalidRule."""
    unknown = [name for name in values if name not in ("match", effect)]
    if unknown or effect not in values:
        raise InvalidRule(f"a {effect} rule has {', '.join(values) or 'nothing'}; allowed: match, {effect}")
    match = values.get("match", {})
    if not isinstance(match, Mapping):
        raise InvalidRule(f"match is {match!r}; allowed: a table")
    return parse_match(match), values[effect]


def _require_choice(name: str, value: str | None, allowed: Sequence[str]) -> None:
    if value is not None and value not in allowed:
        raise InvalidRule(f"{name} is {value!r}; allowed: {', '.join(allowed)}")


def _require_pattern(name: str, value: str | None) -> None:
    try:
        re.compile(value or "")
    except re.error as error:
        raise InvalidRule(f"{name} is {value!r}; allowed: a regular expression ({error})") from error
