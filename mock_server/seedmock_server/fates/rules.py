"""What becomes of a task or an asset: the fates, how they are written, and which of them a call meets.

A fate is written as `moderated after=120s what=audio`, or as a table with the same names.
Knows no upstream's words: codes and texts come from the contracts.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import FailCode
from seedmock_contracts.upstreams import contracts

from ..matching import magic_values as magic
from ..matching.rules import Counter, InvalidRule, Match, RequestFacts, RuleSet, match_from
from ..matching.syntax import duration as duration
from ..matching.syntax import spoken
from ..randomness import SeededRandom


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
    FateKind.EXPIRED: {**TIMES, "word": "said instead of the upstream's word for failure, such as expired"},
    FateKind.SLOW: {"after": "seconds until the end, 900 unless said"},
    FateKind.NOT_STARTED_FIRST: {**TIMES, "lasts": "seconds of each early status, 1 unless said"},
    FateKind.UNKNOWN_STATUS: {**TIMES, "word": "the status that nobody expects", "lasts": "seconds; without: for ever"},
    FateKind.COMPLETED_WITHOUT_URL: TIMES,
    FateKind.CONTENT_LATE: {**TIMES, "by": "seconds after success, 10 unless said"},
    FateKind.LINK_DEAD: {**TIMES, "lives": "seconds that the link lives after success, 0 unless said"},
    FateKind.ACTIVE: {"after": "seconds in processing"},
}
"""Each fate's parameters and what they mean."""

ASSET_KINDS = (FateKind.ACTIVE, FateKind.FAILED, FateKind.REFUSED)
TASK_KINDS = tuple(kind for kind in FateKind if kind is not FateKind.ACTIVE)
OPERATIONS: Mapping[str, tuple[FateKind, ...]] = {
    Operation.CREATE: TASK_KINDS,
    Operation.UPSCALE: TASK_KINDS,
    Operation.ASSET_CREATE: ASSET_KINDS,
}
"""The operations that have fates, and which."""

DURATIONS = frozenset({"queue", "render", "after", "lasts", "by", "lives"})
CHOICES: Mapping[str, tuple[str, ...]] = {
    "why": ("face", "text", "image", "video", "audio", "policy"),
    "what": ("video", "audio"),
    "status": ("queued", "in_progress"),
    "charged": ("yes", "no"),
}


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

    @property
    def is_plain(self) -> bool:
        """Whether the one outcome is that the task succeeds at its pace."""
        return len(self.weighted) == 1 and self.weighted[0][1] is SUCCEED

    def draw(self, fraction: float) -> Fate:
        """The fate at a fraction of the sum of the weights."""
        left = fraction * sum(weight for weight, _ in self.weighted)
        for weight, fate in self.weighted:
            left -= weight
            if left < 0:
                return fate
        return self.weighted[-1][1]


def fate_from(said: str | Mapping[str, Any]) -> Fate:
    """A fate from its text or its table. Raises InvalidRule, naming what is allowed."""
    head, values = spoken(said, "fate")
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
    if "after" in seconds and seconds.keys() & {"queue", "render"}:
        raise InvalidRule(f"{kind} has after beside queue or render; allowed: after (the whole), or queue and render")
    return Fate(kind, seconds, texts)


def codes(contract: Contract, operation: str) -> dict[str, FailCode]:
    """The codes with which a task or an asset of an upstream can fail, by wire name."""
    of_assets = operation == Operation.ASSET_CREATE
    rows = [row for row in contract.fail_codes if (row.kind is ErrorKind.ASSET_REFUSED) == of_assets]
    # One code can stand for moderation at input and at output: a task that fails was let in.
    return {row.code: row for row in sorted(rows, key=lambda row: row.kind is not ErrorKind.MODERATION_INPUT)}


def fitting(fate: Fate, operation: str, speakers: Sequence[Contract]) -> Fate:
    """The fate, if what the operation makes can have it at one of the upstreams. Raises InvalidRule."""
    allowed = OPERATIONS[operation]
    if fate.kind not in allowed:
        raise InvalidRule(f"{operation} can't have the fate {fate.kind}; allowed: {', '.join(allowed)}")
    code = fate.texts.get("code")
    known = [name for said in speakers for name in codes(said, operation)]
    if code is not None and code not in known:
        names = " and ".join(said.name for said in speakers)
        raise InvalidRule(f"code is {code!r}; {names} has for {operation}: {', '.join(dict.fromkeys(known)) or 'none'}")
    return fate


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


BECOME_ACTIVE = Outcomes(((1.0, Fate(FateKind.ACTIVE)),))


@dataclass(frozen=True, slots=True)
class FateRule:
    """Calls that match meet one of these outcomes."""

    match: Match
    outcomes: Outcomes


def fate_rule_from(values: Mapping[str, Any]) -> FateRule:
    """A rule from `{"match": {...}, "fate": ...}`; one for assets names their operation. Raises InvalidRule."""
    unknown = [name for name in values if name not in ("match", "fate")]
    if unknown or "fate" not in values:
        raise InvalidRule(f"a fate rule has {', '.join(values) or 'nothing'}; allowed: match, fate")
    match = values.get("match", {})
    if not isinstance(match, Mapping):
        raise InvalidRule(f"match is {match!r}; allowed: a table")
    rule = FateRule(match_from(match), outcomes_from(values["fate"]))
    operation = rule.match.operation or Operation.CREATE
    if operation not in OPERATIONS:
        raise InvalidRule(f"operation is {operation!r}, which has no fates; allowed: {', '.join(OPERATIONS)}")
    check(rule.outcomes, operation, rule.match.upstream)
    return rule


def check(outcomes: Outcomes, operation: str = Operation.CREATE, upstream: str | None = None) -> None:
    """Raises InvalidRule for outcomes that no upstream, or not this one, can give what the operation makes."""
    speakers = [contract for contract in contracts() if upstream in (None, contract.name)]
    for _, fate in outcomes.weighted:
        fitting(fate, operation, speakers)


class Fates(RuleSet[FateRule]):
    """Which fate a call meets: the first of its header, a magic word, a rule, the scenario, its key's, the default.

    What is said without an operation (the key's, the default, most rules) is for tasks; assets become active.
    """

    def __init__(self, random: SeededRandom) -> None:
        super().__init__(random, "fate")
        self.drawn: dict[str, int] = {}
        self.default = Outcomes(((1.0, SUCCEED),))
        self.of_key: dict[str, Outcomes] = {}

    def clear(self, account: str | None = None) -> None:
        """Take away all rules and defaults, or those of an account."""
        if account is not None:
            self.forget(account)
            self.of_key.pop(account, None)
            self.drawn.pop(account, None)
            return
        self.restore(0, [], [], {}, Outcomes(((1.0, SUCCEED),)))
        self.drawn.clear()

    def restore(
        self,
        number: int,
        rules: list[tuple[Counter, FateRule]],
        scenario: list[tuple[Counter, FateRule]],
        of_key: dict[str, Outcomes],
        default: Outcomes,
    ) -> None:
        """Have these rules with their counts, and these defaults; the next rule is named by the next number."""
        self.number, self.default = number, default
        self.rules[:], self.scenario[:] = rules, scenario
        self.of_key.clear()
        self.of_key.update(of_key)

    @property
    def is_plain(self) -> bool:
        """Whether nothing was said of tasks: no rule, no scenario, no default but the first."""
        return not self.rules and not self.scenario and not self.of_key and self.default.is_plain

    def choose(
        self,
        contract: Contract,
        subject: RequestFacts,
        header: str = "",
        *,
        seen: Fate | None = None,
        spared: Container[str] = (),
    ) -> Fate:
        """The fate of a call. `seen` is what its media bring about, as magic words do.

        A refusal for a reason that is `spared` befalls only who asks for it. Raises InvalidRule for a header or a magic
        word that cannot be read, or cannot be here.
        """
        asked = header or magic.fate_in(subject.prompt, subject.references)
        if asked:
            return fitting(fate_from(asked), subject.operation, (contract,))
        if seen is not None:
            return seen
        fate = self._drawn_fate(contract, subject)
        if fate.kind is FateKind.REFUSED and fate.texts.get("why", "face") in spared:
            return SUCCEED
        return fate

    def _drawn_fate(self, contract: Contract, subject: RequestFacts) -> Fate:
        outcomes = self._outcomes(contract, subject)
        if len(outcomes.weighted) == 1:
            return outcomes.weighted[0][1]
        # Counted by account: who else is served must not decide what befalls this one.
        number = self.drawn[subject.account] = self.drawn.get(subject.account, 0) + 1
        return outcomes.draw(self._random.uniform("fate", subject.account, number))

    def _outcomes(self, contract: Contract, subject: RequestFacts) -> Outcomes:
        of_assets = subject.operation == Operation.ASSET_CREATE
        for counter, rule in (*self.rules, *self.scenario):
            if of_assets and rule.match.operation is None:
                continue
            if _can(rule.outcomes, contract, subject) and counter.claim(subject, self._random):
                return rule.outcomes
        if of_assets:
            return BECOME_ACTIVE
        chosen = (self.of_key.get(subject.account), self.default)
        return next(
            (one for one in chosen if one is not None and _can(one, contract, subject)), Outcomes(((1.0, SUCCEED),))
        )


def _can(outcomes: Outcomes, contract: Contract, subject: RequestFacts) -> bool:
    """Whether this upstream has the codes: a code of the one says nothing of the other."""
    named = {fate.texts["code"] for _, fate in outcomes.weighted if "code" in fate.texts}
    return not named or named <= codes(contract, subject.operation).keys()
