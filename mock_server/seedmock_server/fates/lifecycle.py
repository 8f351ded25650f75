"""From a fate to a life: the phases, the failure and the quirks of one task. Pure; raises the refusals of fates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import msgspec

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ErrorKind, Operation, StatusContext, TaskStatus
from seedmock_contracts.facts import FailCode

from ..errors import ApiError
from ..tasks.models import Phase, TaskFailure
from ..tasks.timeline import QUEUED_SHARE, standard_phases
from .rules import SUCCEED, Fate, FateKind, codes, fitting

SLOW, LATE, EARLY = 900.0, 10.0, 1.0
DEFAULT_WORD = "UNKNOWN"
DOWNLOAD_FAILED = "DownloadFailed"


class TaskPlan(msgspec.Struct, frozen=True):
    """What a fate makes of a task; times in seconds after creation or, for the clip, after success."""

    phases: tuple[Phase, ...]
    failure: TaskFailure | None = None
    with_url: bool = True
    late: float = 0.0
    link_seconds: float | None = None
    charged_when_failed: bool = False


def plan_task(contract: Contract, fate: Fate, queue: float, render: float) -> TaskPlan:
    """The life of a task whose pace gives it so many seconds in the queue and in the works.

    Raises ApiError for the fate `refused`, and InvalidRule for a code that the upstream does not have.
    """
    if fate is SUCCEED:
        return _ordinary(queue, render)
    queue, render = _times(fate, queue, render)
    ordinary = standard_phases(queue, render)
    failing = standard_phases(queue, render, TaskStatus.FAILURE)
    if fate.kind is FateKind.REFUSED:
        raise refused(contract, fate)
    if fate.kind is FateKind.MODERATED:
        code = contract.moderation_code(ErrorKind.MODERATION_OUTPUT, fate.texts.get("what", "video"))
        return TaskPlan(failing, _failure(code))
    if fate.kind is FateKind.FAILED:
        charged = fate.texts.get("charged") == "yes"
        return TaskPlan(failing, _failure(_named(contract, fate, Operation.CREATE)), charged_when_failed=charged)
    if fate.kind is FateKind.EXPIRED:
        code = next(code for code in contract.fail_codes if code.reason == "expired")
        status = TaskStatus.EXPIRED if TaskStatus.EXPIRED in contract.statuses else TaskStatus.FAILURE
        return TaskPlan((*failing[:2], Phase(failing[2].at, status, fate.texts.get("word", ""))), _failure(code))
    if fate.kind is FateKind.STUCK:
        return TaskPlan(ordinary[:1] if fate.texts.get("status") == "queued" else ordinary[:2])
    if fate.kind is FateKind.NOT_STARTED_FIRST:
        return TaskPlan(_after_early_words(contract, ordinary, fate.seconds.get("lasts", EARLY)))
    if fate.kind is FateKind.UNKNOWN_STATUS:
        return TaskPlan(_with_unknown(contract, ordinary, fate))
    if fate.kind is FateKind.COMPLETED_WITHOUT_URL:
        return TaskPlan(ordinary, with_url=False)
    if fate.kind is FateKind.CONTENT_LATE:
        return TaskPlan(ordinary, late=fate.seconds.get("by", LATE))
    if fate.kind is FateKind.LINK_DEAD:
        return TaskPlan(ordinary, link_seconds=fate.seconds.get("lives", 0.0))
    return TaskPlan(ordinary)


@lru_cache(maxsize=1024)
def _ordinary(queue: float, render: float) -> TaskPlan:
    return TaskPlan(standard_phases(queue, render))


def refused(contract: Contract, fate: Fate) -> ApiError:
    """The refusal at create of moderation that objects to what the fate says."""
    code = contract.moderation_code(ErrorKind.MODERATION_INPUT, fate.texts.get("why", "face"))
    where = f" ({fate.texts['path']})" if "path" in fate.texts else ""
    return ApiError(ErrorKind.MODERATION_INPUT, code.message + where, code=code.code, fact=code)


def refused_for_face(path: str) -> Fate:
    """What becomes of an order whose reference at this path shows a face."""
    return Fate(FateKind.REFUSED, {}, {"why": "face", "path": path})


@dataclass(frozen=True, slots=True)
class AssetPlan:
    """What a fate makes of an asset: seconds in processing if the fate says so, and the failure at their end."""

    processing: float | None = None
    failure: TaskFailure | None = None


def living_asset(contract: Contract, fate: Fate) -> AssetPlan:
    """The life of an asset. Raises ApiError ASSET_REFUSED for the fate `refused`."""
    if fate.kind is FateKind.REFUSED:
        code = contract.moderation_code(ErrorKind.MODERATION_INPUT, fate.texts.get("why", "face"))
        raise ApiError(ErrorKind.ASSET_REFUSED, f"url: {code.message}", field="url", code=code.code, fact=code)
    after = fate.seconds.get("after")
    if fate.kind is not FateKind.FAILED:
        return AssetPlan(after)
    code = _named(contract, fate, Operation.ASSET_CREATE)
    return AssetPlan(after, TaskFailure(ErrorKind.INVALID_INPUT, code.code, code.message))


def _times(fate: Fate, queue: float, render: float) -> tuple[float, float]:
    if fate.kind is FateKind.SLOW or "after" in fate.seconds:
        whole = fate.seconds.get("after", SLOW)
        queue = min(fate.seconds.get("queue", whole * QUEUED_SHARE), whole)
        return queue, whole - queue
    return fate.seconds.get("queue", queue), fate.seconds.get("render", render)


def _named(contract: Contract, fate: Fate, operation: Operation) -> FailCode:
    known = codes(contract, operation)
    if "code" in fate.texts:
        fitting(fate, operation, (contract,))
        return known[fate.texts["code"]]
    if operation is Operation.ASSET_CREATE:
        return known[DOWNLOAD_FAILED]
    return next(code for code in contract.fail_codes if code.kind is ErrorKind.TASK_FAILED)


def _failure(code: FailCode) -> TaskFailure:
    return TaskFailure(code.kind, code.code, code.message, code.retryable)


def _after_early_words(contract: Contract, ordinary: tuple[Phase, ...], lasts: float) -> tuple[Phase, ...]:
    """Begin with the words that the upstream has for what is not yet queued, each for so many seconds."""
    aliases = [word for word in contract.spellings(StatusContext.ALIAS) if word.status is TaskStatus.QUEUED][:2]
    early = [Phase(number * lasts, TaskStatus.QUEUED, alias.spelling) for number, alias in enumerate(aliases)]
    shift = len(early) * lasts
    return (*early, *(Phase(phase.at + shift, phase.status, phase.raw_status) for phase in ordinary))


def _with_unknown(contract: Contract, ordinary: tuple[Phase, ...], fate: Fate) -> tuple[Phase, ...]:
    """Say a word that nobody expects instead of that for in progress: for a while, or for ever."""
    queued, working, end = ordinary
    lower = contract.spelling(TaskStatus.QUEUED, StatusContext.QUERY).islower()
    usual = DEFAULT_WORD.lower() if lower else DEFAULT_WORD
    strange = Phase(working.at, TaskStatus.IN_PROGRESS, fate.texts.get("word", usual))
    lasts = fate.seconds.get("lasts")
    if lasts is None:
        return queued, strange
    return queued, strange, Phase(working.at + lasts, TaskStatus.IN_PROGRESS), Phase(end.at + lasts, end.status)
