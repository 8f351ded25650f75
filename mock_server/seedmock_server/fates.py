"""What becomes of a task or an asset: the fates, how they are written, and which of them a call meets.

A fate is written as `moderated after=120s what=audio`, or as a table with the same names.
Knows no upstream's words: codes and texts come from the contracts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .chance import Chance
from .matching import Counter, InvalidRule, Match, Subject, match_from


class FateKind(StrEnum):
    """How a task can go. `active` is for assets alone, `failed` and `refused` are for both."""

    SUCCEED = "succeed"
    REFUSED = "refused"
    MODERATED = "moderated"
    FAILED = "failed"
    STUCK = "stuck"
    EXPIRED = "expired"
    SLOW = "slow"
    NOT_STARTED_FIRST = "not_started_first"
    UNKNOWN_STATUS = "unknown_status"
    COMPLETED_WITHOUT_URL = "completed_without_url"
    CONTENT_LATE = "content_late"
    LINK_DEAD = "link_dead"
    ACTIVE = "active"


TIMES = {"queue": "seconds in the queue", "render": "seconds in the works", "after": "seconds until the end"}
PARAMETERS: Mapping[FateKind, Mapping[str, str]] = {
    FateKind.SUCCEED: TIMES,
    FateKind.REFUSED: {"why": "face, text, image, video, audio or policy: what moderation objects to at create"},
    FateKind.MODERATED: {**TIMES, "what": "video or audio: what moderation objects to in the output"},
    FateKind.FAILED: {**TIMES, "code": "one of the upstream's codes", "charged": "yes: charged all the same"},
    FateKind.STUCK: {"status": "queued or in_progress: where it stays for ever"},
    FateKind.EXPIRED: TIMES,
    FateKind.SLOW: {"after": "seconds until the end, 900 unless said"},
    FateKind.NOT_STARTED_FIRST: {**TIMES, "lasts": "seconds of each early status, 1 unless said"},
    FateKind.UNKNOWN_STATUS: {**TIMES, "word": "the status that nobody expects", "lasts": "seconds; without: for ever"},
    FateKind.COMPLETED_WITHOUT_URL: TIMES,
    FateKind.CONTENT_LATE: {**TIMES, "by": "seconds after success, 10 unless said"},
    FateKind.LINK_DEAD: {**TIMES, "lives": "seconds that the link lives after success, 0 unless said"},
    FateKind.ACTIVE: {"after": "seconds in processing"},
}
"""Each fate's parameters and what they mean."""

DURATIONS = frozenset({"queue", "render", "after", "lasts", "by", "lives"})
CHOICES: Mapping[str, tuple[str, ...]] = {
    "why": ("face", "text", "image", "video", "audio", "policy"),
    "what": ("video", "audio"),
    "status": ("queued", "in_progress"),
    "charged": ("yes", "no"),
}
UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d|)")
MAGIC = re.compile(r"\[\[\s*mock:\s*([^\]]{1,300})\]\]")


@dataclass(frozen=True, slots=True)
class Fate:
    """A kind with its parameters: durations in seconds, the rest as text."""

    kind: FateKind
    seconds: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        said = [f"{name}={value:g}s" for name, value in self.seconds.items()]
        return " ".join([self.kind, *said, *(f"{name}={value}" for name, value in self.texts.items())])


SUCCEED = Fate(FateKind.SUCCEED)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Fates by weight; one alone is certain."""

    weighted: tuple[tuple[float, Fate], ...]

    def draw(self, fraction: float) -> Fate:
        """The fate at a fraction of the sum of the weights."""
        left = fraction * sum(weight for weight, _ in self.weighted)
        for weight, fate in self.weighted:
            left -= weight
            if left < 0:
                return fate
        return self.weighted[-1][1]


def duration(text: object, name: str = "duration") -> float:
    """Seconds from `120`, `"120s"`, `"2m"`, `"500ms"`. Raises InvalidRule."""
    if isinstance(text, int | float) and not isinstance(text, bool) and 0 <= text < 1e9:
        return float(text)
    found = DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise InvalidRule(f"{name} is {text!r}; allowed: seconds, or a number with ms, s, m, h or d such as 120s")
    return float(found[1]) * UNITS[found[2]]


def fate_from(said: str | Mapping[str, Any]) -> Fate:
    """A fate from its text or its table. Raises InvalidRule, naming what is allowed."""
    if isinstance(said, str):
        head, *pairs = said.split() or [""]
        values: dict[str, Any] = {}
        for pair in pairs:
            name, equals, value = pair.partition("=")
            if not equals:
                raise InvalidRule(f"{pair!r} in the fate {said!r}; allowed: name=value")
            values[name] = value
    else:
        head, values = said.get("fate", ""), {name: value for name, value in said.items() if name != "fate"}
    if head not in tuple(FateKind):
        raise InvalidRule(f"fate is {head!r}; allowed: {', '.join(FateKind)}")
    return _fate(FateKind(head), values)


def _fate(kind: FateKind, values: Mapping[str, Any]) -> Fate:
    known = PARAMETERS[kind]
    seconds: dict[str, float] = {}
    texts: dict[str, str] = {}
    for name, value in values.items():
        if name not in known:
            raise InvalidRule(f"{kind} has no parameter {name!r}; there are: {', '.join(known) or 'none'}")
        if name in DURATIONS:
            seconds[name] = duration(value, name)
        elif not isinstance(value, str) or (name in CHOICES and value not in CHOICES[name]):
            raise InvalidRule(f"{name} is {value!r}; allowed: {', '.join(CHOICES.get(name, ('a text',)))}")
        else:
            texts[name] = value
    return Fate(kind, seconds, texts)


def outcomes_from(said: object) -> Outcomes:
    """Outcomes from a fate, or from a list of tables `{"fate": ..., "weight": 2}`. Raises InvalidRule."""
    if isinstance(said, str | Mapping):
        return Outcomes(((1.0, fate_from(said)),))
    if not isinstance(said, Sequence) or not said:
        raise InvalidRule(f"fate is {said!r}; allowed: a text, a table, or a list of tables with weights")
    weighted = []
    for one in said:
        if not isinstance(one, Mapping):
            raise InvalidRule(f"outcome is {one!r}; allowed: a table such as {{fate = 'stuck', weight = 2}}")
        weight = one.get("weight", 1)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < 1e9:
            raise InvalidRule(f"weight is {weight!r}; allowed: a number above 0")
        weighted.append((float(weight), fate_from({name: v for name, v in one.items() if name != "weight"})))
    return Outcomes(tuple(weighted))


@dataclass(frozen=True, slots=True)
class FateRule:
    """Calls that match meet one of these outcomes."""

    match: Match
    outcomes: Outcomes


def fate_rule_from(values: Mapping[str, Any]) -> FateRule:
    """A rule from `{"match": {...}, "fate": ...}`. Raises InvalidRule."""
    unknown = [name for name in values if name not in ("match", "fate")]
    if unknown or "fate" not in values:
        raise InvalidRule(f"a fate rule has {', '.join(values) or 'nothing'}; allowed: match, fate")
    match = values.get("match", {})
    if not isinstance(match, Mapping):
        raise InvalidRule(f"match is {match!r}; allowed: a table")
    return FateRule(match_from(match), outcomes_from(values["fate"]))


class Fates:
    """Which fate a call meets: the first of its header, a magic word, a rule, the scenario, its key's, the default."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._number = 0
        self.default = Outcomes(((1.0, SUCCEED),))
        self.of_key: dict[str, Outcomes] = {}
        self.rules: list[tuple[Counter, FateRule]] = []
        self.scenario: list[tuple[Counter, FateRule]] = []

    def add(self, rule: FateRule, *, scenario: bool = False) -> str:
        """Take a rule, behind those that are there; its name is for taking it away."""
        self._number += 1
        label = f"fate-{self._number}"
        (self.scenario if scenario else self.rules).append((Counter(rule.match, label), rule))
        return label

    def remove(self, label: str) -> bool:
        """Take a rule away; False when there is none of this name."""
        left = [(counter, rule) for counter, rule in self.rules if counter.label != label]
        found = len(left) != len(self.rules)
        self.rules[:] = left
        return found

    def clear(self, account: str | None = None) -> None:
        """Take away all rules and defaults, or those of an account."""
        if account is not None:
            self.rules[:] = [(counter, rule) for counter, rule in self.rules if rule.match.account != account]
            self.of_key.pop(account, None)
            return
        self.rules.clear()
        self.scenario.clear()
        self.of_key.clear()
        self.default = Outcomes(((1.0, SUCCEED),))

    def choose(self, subject: Subject, header: str = "") -> Fate:
        """The fate of a call. Raises InvalidRule for a header or a magic word that cannot be read."""
        if header:
            return fate_from(header)
        magic = MAGIC.search(subject.prompt) if "[[" in subject.prompt else None
        if magic is not None:
            return fate_from(magic[1].strip())
        outcomes = self._outcomes(subject)
        if len(outcomes.weighted) == 1:
            return outcomes.weighted[0][1]
        return outcomes.draw(self._chance.fraction("fate", subject.account, subject.number))

    def _outcomes(self, subject: Subject) -> Outcomes:
        for counter, rule in (*self.rules, *self.scenario):
            if counter.takes(subject, self._chance):
                return rule.outcomes
        return self.of_key.get(subject.account, self.default)
