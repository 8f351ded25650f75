"""Each invariant with the function that judges it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...results.certification import Invariant, InvariantViolation, invariant_severity
from ..evidence import Evidence
from . import downloads as saving
from . import orders as ordering
from . import polling as watching

Judge = Callable[[Evidence], Iterator[str]]

JUDGES: Mapping[Invariant, Judge] = {
    Invariant.ONE_CHARGE: ordering.one_charge,
    Invariant.NO_BLIND_RESUBMIT: ordering.no_blind_resubmit,
    Invariant.BOUNDED_WAIT: watching.bounded_wait,
    Invariant.PACED_POLLS: watching.paced_polls,
    Invariant.RETRY_AFTER: watching.retry_after,
    Invariant.NO_POLL_AFTER_END: watching.no_poll_after_end,
    Invariant.STATUS_WORDS: watching.status_words,
    Invariant.UNKNOWN_IS_NOT_SUCCESS: watching.unknown_is_not_success,
    Invariant.CONTENT_AFTER_SUCCESS: saving.content_after_success,
    Invariant.WHOLE_FILE_OR_NONE: saving.whole_file_or_none,
    Invariant.TASK_ID_KEPT: ordering.task_id_kept,
    Invariant.MODERATION_NOT_RETRIED: ordering.moderation_not_retried,
    Invariant.KEY_STAYS_HOME: ordering.key_stays_home,
    Invariant.CONTRACT_KEPT: ordering.contract_kept,
}


def judged(seen: Evidence) -> list[InvariantViolation]:
    """The invariants that broke in a trial, each once, with the first thing that was wrong."""
    found = []
    for invariant, judge in JUDGES.items():
        detail = next(judge(seen), None)
        if detail is not None:
            told = seen.conversation, seen.life
            found.append(
                InvariantViolation(invariant, seen.scenario.name, invariant_severity(invariant), detail, *told)
            )
    return found
