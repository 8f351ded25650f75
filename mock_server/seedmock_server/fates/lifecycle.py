"""Lifecycle of a task or asset by its fate: phases, failure and link. Pure; raises the errors that fates stand for."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ErrorKind, Operation, StatusContext, TaskStatus
from seedmock_contracts.facts import FailCode

from ..errors import ApiError
from ..tasks.models import Phase, TaskFailure
from ..tasks.pace import QUEUED_SHARE
from ..tasks.timeline import standard_phases
from .models import SUCCEED, Fate, FateKind, check_fate, fail_codes

SLOW_SECONDS, LATE_SECONDS, EARLY_SECONDS = 900.0, 10.0, 1.0
"""Default of `after` of the fate `slow`, of `by` of `content_late`, and of `duration` of `not_started_first`."""
UNKNOWN_STATUS = "UNKNOWN"
FAILING = frozenset({FateKind.MODERATED, FateKind.FAILED, FateKind.EXPIRED})


class TaskPlan(msgspec.Struct, frozen=True):
    """Course of a task. Times are seconds after creation; those of clip and link are seconds after success."""

    phases: tuple[Phase, ...]
    failure: TaskFailure | None = None
    with_url: bool = True
    late: float = 0.0
    link_seconds: float | None = None
    charged_when_failed: bool = False


class AssetPlan(Struct, frozen=True):
    """Course of an asset: seconds in processing, None for the pace's own, and the failure at their end."""

    processing: float | None = None
    failure: TaskFailure | None = None


def plan_task(contract: Contract, fate: Fate, queue: float, render: float) -> TaskPlan:
    """Plan a task whose pace gives it `queue` seconds in the queue and `render` seconds in progress.

    Raises ApiError for the fate `refused`, and InvalidRule for a code that the upstream does not have.
    """
    # By identity: nearly every order takes this way, and need not be compared with a fate.
    if fate is SUCCEED:
        return _ordinary_plan(queue, render)
    queue, render = _durations(fate, queue, render)
    if fate.kind is FateKind.REFUSED:
        raise moderation_error(contract, fate)
    if fate.kind in FAILING:
        return _failing_plan(contract, fate, standard_phases(queue, render, TaskStatus.FAILURE))
    return _unusual_plan(contract, fate, standard_phases(queue, render))


def plan_asset(contract: Contract, fate: Fate) -> AssetPlan:
    """Plan an asset. Raises ApiError ASSET_REFUSED for the fate `refused`."""
    if fate.kind is FateKind.REFUSED:
        code = contract.moderation_code(ErrorKind.MODERATION_INPUT, fate.texts.get("why", "face"))
        raise ApiError(ErrorKind.ASSET_REFUSED, f"url: {code.message}", field="url", code=code.code, fact=code)
    after = fate.seconds.get("after")
    if fate.kind is not FateKind.FAILED:
        return AssetPlan(after)
    code = _fail_code(contract, fate, Operation.ASSET_CREATE)
    return AssetPlan(after, TaskFailure(ErrorKind.INVALID_INPUT, code.code, code.message))


def moderation_error(contract: Contract, fate: Fate) -> ApiError:
    """Return the error of an order to which moderation objects for the fate's reason."""
    code = contract.moderation_code(ErrorKind.MODERATION_INPUT, fate.texts.get("why", "face"))
    where = f" ({fate.texts['path']})" if "path" in fate.texts else ""
    return ApiError(ErrorKind.MODERATION_INPUT, code.message + where, code=code.code, fact=code)


def refused_for_face(path: str) -> Fate:
    """Return the fate of an order whose reference at this path shows a face."""
    return Fate(FateKind.REFUSED, {}, {"why": "face", "path": path})


@lru_cache(maxsize=1024)
def _ordinary_plan(queue: float, render: float) -> TaskPlan:
    return TaskPlan(standard_phases(queue, render))


def _failing_plan(contract: Contract, fate: Fate, failing: tuple[Phase, ...]) -> TaskPlan:
    if fate.kind is FateKind.MODERATED:
        code = contract.moderation_code(ErrorKind.MODERATION_OUTPUT, fate.texts.get("what", "video"))
        return TaskPlan(failing, _failure(code))
    if fate.kind is FateKind.FAILED:
        code = _fail_code(contract, fate, Operation.CREATE)
        return TaskPlan(failing, _failure(code), charged_when_failed=fate.texts.get("charged") == "yes")
    code = contract.fail_code_for("expired") or _fail_code(contract, fate, Operation.CREATE)
    # Neither of the two pages has such a status: there a task that expires has failed, and its code says why.
    status = TaskStatus.EXPIRED if TaskStatus.EXPIRED in contract.statuses else TaskStatus.FAILURE
    return TaskPlan((*failing[:2], Phase(failing[2].at, status, fate.texts.get("raw_status", ""))), _failure(code))


def _unusual_plan(contract: Contract, fate: Fate, ordinary: tuple[Phase, ...]) -> TaskPlan:
    if fate.kind is FateKind.STUCK:
        return TaskPlan(ordinary[:1] if fate.texts.get("status") == "queued" else ordinary[:2])
    if fate.kind is FateKind.NOT_STARTED_FIRST:
        return TaskPlan(_with_early_spellings(contract, ordinary, fate.seconds.get("duration", EARLY_SECONDS)))
    if fate.kind is FateKind.UNKNOWN_STATUS:
        return TaskPlan(_with_unknown_status(contract, ordinary, fate))
    if fate.kind is FateKind.COMPLETED_WITHOUT_URL:
        return TaskPlan(ordinary, with_url=False)
    if fate.kind is FateKind.CONTENT_LATE:
        return TaskPlan(ordinary, late=fate.seconds.get("by", LATE_SECONDS))
    if fate.kind is FateKind.LINK_DEAD:
        return TaskPlan(ordinary, link_seconds=fate.seconds.get("lifetime", 0.0))
    return TaskPlan(ordinary)


def _durations(fate: Fate, queue: float, render: float) -> tuple[float, float]:
    if fate.kind is FateKind.SLOW or "after" in fate.seconds:
        total = fate.seconds.get("after", SLOW_SECONDS)
        # `after` is a promise about the end, into which the queue must fit.
        queue = min(fate.seconds.get("queue", total * QUEUED_SHARE), total)
        return queue, total - queue
    return fate.seconds.get("queue", queue), fate.seconds.get("render", render)


def _fail_code(contract: Contract, fate: Fate, operation: Operation) -> FailCode:
    codes = fail_codes(contract, operation)
    if "code" in fate.texts:
        check_fate(fate, operation, (contract,))
        return codes[fate.texts["code"]]
    if operation is Operation.ASSET_CREATE:
        return contract.fail_code_for("download") or next(iter(codes.values()))
    return next(code for code in contract.fail_codes if code.kind is ErrorKind.TASK_FAILED)


def _failure(code: FailCode) -> TaskFailure:
    return TaskFailure(code.kind, code.code, code.message, code.retryable)


def _with_early_spellings(contract: Contract, ordinary: tuple[Phase, ...], duration: float) -> tuple[Phase, ...]:
    """Begin with the upstream's other spellings for tasks that are not queued yet, each for `duration` seconds."""
    aliases = [alias for alias in contract.spellings(StatusContext.ALIAS) if alias.status is TaskStatus.QUEUED][:2]
    early = [Phase(number * duration, TaskStatus.QUEUED, alias.spelling) for number, alias in enumerate(aliases)]
    shift = len(early) * duration
    return (*early, *(Phase(phase.at + shift, phase.status, phase.raw_status) for phase in ordinary))


def _with_unknown_status(contract: Contract, ordinary: tuple[Phase, ...], fate: Fate) -> tuple[Phase, ...]:
    """Put an undocumented status in the place of in progress, for a while or for ever."""
    queued, running, end = ordinary
    # In the upstream's own case, so that only the word is unknown, and not the way of writing.
    lower = contract.spelling(TaskStatus.QUEUED, StatusContext.QUERY).islower()
    default = UNKNOWN_STATUS.lower() if lower else UNKNOWN_STATUS
    unknown = Phase(running.at, TaskStatus.IN_PROGRESS, fate.texts.get("raw_status", default))
    duration = fate.seconds.get("duration")
    if duration is None:
        return queued, unknown
    return queued, unknown, Phase(running.at + duration, TaskStatus.IN_PROGRESS), Phase(end.at + duration, end.status)
