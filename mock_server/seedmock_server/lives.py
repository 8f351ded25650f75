"""From a fate to a life: the phases, the failure and the quirks of one task. Pure; raises the refusals of fates."""

from __future__ import annotations

from dataclasses import dataclass

from seedmock_contracts.contract import Contract
from seedmock_contracts.terms import ErrorKind, FailCode, Moment, TaskStatus

from .fates import Fate, FateKind
from .matching import InvalidRule
from .refusal import Refusal
from .task import Failure, Phase
from .timeline import QUEUED_SHARE, life

SLOW, LATE, EARLY = 900.0, 10.0, 1.0
DEFAULT_WORD = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Life:
    """What a fate makes of a task; times in seconds after creation or, for the clip, after success."""

    phases: tuple[Phase, ...]
    failure: Failure | None = None
    with_url: bool = True
    late: float = 0.0
    link_seconds: float | None = None
    charged_when_failed: bool = False


def living(said: Contract, fate: Fate, queue: float, render: float) -> Life:
    """The life of a task whose pace gives it so many seconds in the queue and in the works.

    Raises Refusal for the fate `refused`, and InvalidRule for a code that the upstream does not have.
    """
    queue, render = _times(fate, queue, render)
    ordinary = life(queue, render)
    failing = life(queue, render, TaskStatus.FAILURE)
    if fate.kind is FateKind.REFUSED:
        raise refused(said, fate)
    if fate.kind is FateKind.MODERATED:
        code = said.moderation(ErrorKind.MODERATION_OUTPUT, fate.texts.get("what", "video"))
        return Life(failing, _failure(code))
    if fate.kind is FateKind.FAILED:
        charged = fate.texts.get("charged") == "yes"
        return Life(failing, _failure(_named(said, fate)), charged_when_failed=charged)
    if fate.kind is FateKind.EXPIRED:
        code = next(code for code in said.codes if code.reason == "expired")
        return Life(failing, _failure(code))
    if fate.kind is FateKind.STUCK:
        return Life(ordinary[:1] if fate.texts.get("status") == "queued" else ordinary[:2])
    if fate.kind is FateKind.NOT_STARTED_FIRST:
        return Life(_after_early_words(said, ordinary, fate.seconds.get("lasts", EARLY)))
    if fate.kind is FateKind.UNKNOWN_STATUS:
        return Life(_with_unknown(ordinary, fate))
    if fate.kind is FateKind.COMPLETED_WITHOUT_URL:
        return Life(ordinary, with_url=False)
    if fate.kind is FateKind.CONTENT_LATE:
        return Life(ordinary, late=fate.seconds.get("by", LATE))
    if fate.kind is FateKind.LINK_DEAD:
        return Life(ordinary, link_seconds=fate.seconds.get("lives", 0.0))
    return Life(ordinary)


def refused(said: Contract, fate: Fate) -> Refusal:
    """The refusal at create of moderation that objects to what the fate says."""
    code = said.moderation(ErrorKind.MODERATION_INPUT, fate.texts.get("why", "face"))
    return Refusal(ErrorKind.MODERATION_INPUT, code.message, code=code.code, fact=code)


def _times(fate: Fate, queue: float, render: float) -> tuple[float, float]:
    if fate.kind is FateKind.SLOW or "after" in fate.seconds:
        whole = fate.seconds.get("after", SLOW)
        queue = min(fate.seconds.get("queue", whole * QUEUED_SHARE), whole)
        return queue, whole - queue
    return fate.seconds.get("queue", queue), fate.seconds.get("render", render)


def _named(said: Contract, fate: Fate) -> FailCode:
    wanted = fate.texts.get("code")
    if wanted is None:
        return next(code for code in said.codes if code.kind is ErrorKind.TASK_FAILED)
    code = said.fail_code(wanted)
    if code is None:
        allowed = ", ".join(dict.fromkeys(code.code for code in said.codes))
        raise InvalidRule(f"code is {wanted!r}; {said.name} has: {allowed}")
    return code


def _failure(code: FailCode) -> Failure:
    return Failure(code.kind, code.code, code.message, code.retryable)


def _after_early_words(said: Contract, ordinary: tuple[Phase, ...], lasts: float) -> tuple[Phase, ...]:
    """Begin with the words that the upstream has for what is not yet queued, each for so many seconds."""
    aliases = [word for word in said.words if word.moment is Moment.ALIAS and word.status is TaskStatus.QUEUED][:2]
    early = [Phase(number * lasts, TaskStatus.QUEUED, alias.word) for number, alias in enumerate(aliases)]
    shift = len(early) * lasts
    return (*early, *(Phase(phase.at + shift, phase.status, phase.word) for phase in ordinary))


def _with_unknown(ordinary: tuple[Phase, ...], fate: Fate) -> tuple[Phase, ...]:
    """Say a word that nobody expects instead of that for in progress: for a while, or for ever."""
    queued, working, end = ordinary
    strange = Phase(working.at, TaskStatus.IN_PROGRESS, fate.texts.get("word", DEFAULT_WORD))
    lasts = fate.seconds.get("lasts")
    if lasts is None:
        return queued, strange
    return queued, strange, Phase(working.at + lasts, TaskStatus.IN_PROGRESS), Phase(end.at + lasts, end.status)
