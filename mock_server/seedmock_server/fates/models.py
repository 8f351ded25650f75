"""Fates of tasks and assets: kinds, parameters, syntax, and the operations that allow each.

A fate is written as `moderated after=120s what=audio`, or as a table with the same names.
Knows no upstream: error codes and messages come from the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import FailCode
from seedmock_contracts.upstreams import contracts

from ..matching.rules import InvalidRule
from ..matching.syntax import parse_duration, parse_kind, quote_value


class FateKind(StrEnum):
    """Outcomes of a task; `active` is for assets alone, `failed` and `refused` are for both."""

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


TIMES = {"queue": "seconds in the queue", "render": "seconds in progress", "after": "seconds until the end"}
PARAMETERS: Mapping[FateKind, Mapping[str, str]] = {
    FateKind.SUCCEED: TIMES,
    FateKind.REFUSED: {"why": "face, text, image, video, audio or policy: what moderation objects to at create"},
    FateKind.MODERATED: {**TIMES, "what": "video or audio: what moderation objects to in the output"},
    FateKind.FAILED: {**TIMES, "code": "one of the upstream's codes", "charged": "yes: charged although it failed"},
    FateKind.STUCK: {"status": "queued or in_progress: the status that never changes"},
    FateKind.EXPIRED: {**TIMES, "raw_status": "status in the place of the upstream's own for failure, such as expired"},
    FateKind.SLOW: {"after": "seconds until the end; default: 900"},
    FateKind.NOT_STARTED_FIRST: {**TIMES, "duration": "seconds of each early status; default: 1"},
    FateKind.UNKNOWN_STATUS: {
        **TIMES,
        "raw_status": "the undocumented status",
        "duration": "seconds; default: for ever",
    },
    FateKind.COMPLETED_WITHOUT_URL: TIMES,
    FateKind.CONTENT_LATE: {**TIMES, "by": "seconds from success to the clip; default: 10"},
    FateKind.LINK_DEAD: {**TIMES, "lifetime": "seconds from success until the link is dead; default: 0"},
    FateKind.ACTIVE: {"after": "seconds in processing"},
}

ASSET_KINDS = (FateKind.ACTIVE, FateKind.FAILED, FateKind.REFUSED)
TASK_KINDS = tuple(kind for kind in FateKind if kind is not FateKind.ACTIVE)
OPERATIONS: Mapping[str, tuple[FateKind, ...]] = {
    Operation.CREATE: TASK_KINDS,
    Operation.UPSCALE: TASK_KINDS,
    Operation.ASSET_CREATE: ASSET_KINDS,
}
"""Fates that are allowed, by operation; the others have none."""

DURATIONS = frozenset({"queue", "render", "after", "duration", "by", "lifetime"})
CHOICES: Mapping[str, tuple[str, ...]] = {
    "why": ("face", "text", "image", "video", "audio", "policy"),
    "what": ("video", "audio"),
    "status": ("queued", "in_progress"),
    "charged": ("yes", "no"),
}


class Fate(Struct, frozen=True):
    """Kind and parameters of a fate: durations in seconds, the rest as text."""

    kind: FateKind
    seconds: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        times = [f"{name}={value:g}s" for name, value in self.seconds.items()]
        return " ".join([self.kind, *times, *(f"{name}={quote_value(value)}" for name, value in self.texts.items())])


SUCCEED = Fate(FateKind.SUCCEED)


class Outcomes(Struct, frozen=True):
    """Fates with their weights; a single one is certain."""

    weighted: tuple[tuple[float, Fate], ...]

    @property
    def is_plain(self) -> bool:
        """Tell that every task succeeds at the pace of the settings."""
        return len(self.weighted) == 1 and self.weighted[0][1] is SUCCEED

    def draw(self, fraction: float) -> Fate:
        """Return the fate at a fraction, from 0 to 1, of the sum of the weights."""
        rest = fraction * sum(weight for weight, _ in self.weighted)
        for weight, fate in self.weighted:
            rest -= weight
            if rest < 0:
                return fate
        return self.weighted[-1][1]


def parse_fate(fate: str | Mapping[str, Any]) -> Fate:
    """Parse a fate from its text or its table. Raises InvalidRule, which says what is allowed."""
    kind, values = parse_kind(fate, "fate", PARAMETERS)
    seconds: dict[str, float] = {}
    texts: dict[str, str] = {}
    for name, value in values.items():
        if name in DURATIONS:
            seconds[name] = parse_duration(value, name)
        elif not isinstance(value, str) or (name in CHOICES and value not in CHOICES[name]):
            raise InvalidRule(f"{name} is {value!r}; allowed: {', '.join(CHOICES.get(name, ('a string',)))}")
        else:
            texts[name] = value
    # Both would name the end, and neither could be kept if they differ.
    if "after" in seconds and seconds.keys() & {"queue", "render"}:
        raise InvalidRule(f"{kind} has after beside queue or render; allowed: after (the whole), or queue and render")
    return Fate(kind, seconds, texts)


def fail_codes(contract: Contract, operation: str) -> dict[str, FailCode]:
    """Return the codes with which a task or an asset of an upstream can fail, by their spelling."""
    is_asset = operation == Operation.ASSET_CREATE
    codes = [code for code in contract.fail_codes if (code.kind is ErrorKind.ASSET_REFUSED) == is_asset]
    # One code can stand for moderation of the input and of the output: a task that fails has passed the former.
    return {code.code: code for code in sorted(codes, key=lambda code: code.kind is not ErrorKind.MODERATION_INPUT)}


def check_fate(fate: Fate, operation: str, contracts: Sequence[Contract]) -> Fate:
    """Return a fate that is allowed for an operation at one of the upstreams. Raises InvalidRule."""
    allowed = OPERATIONS[operation]
    if fate.kind not in allowed:
        raise InvalidRule(f"{operation} can't have the fate {fate.kind}; allowed: {', '.join(allowed)}")
    code = fate.texts.get("code")
    codes = [name for contract in contracts for name in fail_codes(contract, operation)]
    if code is not None and code not in codes:
        names = " and ".join(contract.name for contract in contracts)
        allowed_codes = ", ".join(dict.fromkeys(codes)) or "none"
        raise InvalidRule(f"code is {code!r}; allowed by {names} for {operation}: {allowed_codes}")
    return fate


def parse_outcomes(outcomes: object) -> Outcomes:
    """Parse a fate, or a list of tables `{"fate": ..., "weight": 2}`. Raises InvalidRule."""
    if isinstance(outcomes, str | Mapping):
        return Outcomes(((1.0, parse_fate(outcomes)),))
    if not isinstance(outcomes, Sequence) or not outcomes:
        raise InvalidRule(f"fate is {outcomes!r}; allowed: a string, a table, or a list of tables with weights")
    return Outcomes(tuple([_parse_outcome(outcome) for outcome in outcomes]))


def _parse_outcome(outcome: object) -> tuple[float, Fate]:
    if not isinstance(outcome, Mapping):
        raise InvalidRule(f"outcome is {outcome!r}; allowed: a table such as {{fate = 'stuck', weight = 2}}")
    weight = outcome.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < 1e9:
        raise InvalidRule(f"weight is {weight!r}; allowed: a number above 0")
    return float(weight), parse_fate({name: value for name, value in outcome.items() if name != "weight"})


CERTAIN_SUCCESS = Outcomes(((1.0, SUCCEED),))
CERTAINLY_ACTIVE = Outcomes(((1.0, Fate(FateKind.ACTIVE)),))


def check_outcomes(outcomes: Outcomes, operation: str = Operation.CREATE, upstream: str | None = None) -> None:
    """Raise InvalidRule for outcomes that are allowed at no upstream, or not at this one."""
    candidates = [contract for contract in contracts() if upstream in (None, contract.name)]
    for _, fate in outcomes.weighted:
        check_fate(fate, operation, candidates)
