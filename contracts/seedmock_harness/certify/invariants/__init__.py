"""Invariants of a certification, each with the function that checks the evidence of a trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...results.certification import Invariant, InvariantViolation, invariant_severity
from ..evidence import TrialEvidence
from . import downloads, orders, polling

InvariantCheck = Callable[[TrialEvidence], Iterator[str]]
"""Yields what is wrong, in sentences."""

INVARIANT_CHECKS: Mapping[Invariant, InvariantCheck] = {
    Invariant.ONE_CHARGE: orders.one_charge,
    Invariant.NO_BLIND_RESUBMIT: orders.no_blind_resubmit,
    Invariant.BOUNDED_WAIT: polling.bounded_wait,
    Invariant.PACED_POLLS: polling.paced_polls,
    Invariant.RETRY_AFTER: polling.retry_after,
    Invariant.NO_POLL_AFTER_END: polling.no_poll_after_end,
    Invariant.STATUS_SPELLINGS: polling.status_spellings,
    Invariant.UNKNOWN_IS_NOT_SUCCESS: polling.unknown_is_not_success,
    Invariant.CONTENT_AFTER_SUCCESS: downloads.content_after_success,
    Invariant.WHOLE_FILE_OR_NONE: downloads.whole_file_or_none,
    Invariant.TASK_ID_REPORTED: orders.task_id_reported,
    Invariant.MODERATION_NOT_RETRIED: orders.moderation_not_retried,
    Invariant.KEY_STAYS_ON_ORIGIN: orders.key_stays_on_origin,
    Invariant.CONTRACT_RESPECTED: orders.contract_respected,
}


def find_violations(evidence: TrialEvidence) -> list[InvariantViolation]:
    """Return the violated invariants of a trial, each once, with its first problem."""
    violations = []
    for invariant, check in INVARIANT_CHECKS.items():
        detail = next(check(evidence), None)
        if detail is not None:
            scenario, severity = evidence.scenario.name, invariant_severity(invariant)
            violations.append(
                InvariantViolation(invariant, scenario, severity, detail, evidence.transcript, evidence.record)
            )
    return violations
