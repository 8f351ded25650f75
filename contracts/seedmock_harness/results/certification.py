"""What the certification of a client says: which invariant broke in which scenario, and the verdict. Data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from seedmock_contracts.enums import TaskStatus

from .checks import Severity


class Invariant(StrEnum):
    """What holds for every client that spends its owner's money well, whatever goes wrong."""

    ONE_CHARGE = "one-charge"
    NO_BLIND_RESUBMIT = "no-blind-resubmit"
    BOUNDED_WAIT = "bounded-wait"
    PACED_POLLS = "paced-polls"
    RETRY_AFTER = "retry-after"
    NO_POLL_AFTER_END = "no-poll-after-end"
    STATUS_SPELLINGS = "status-spellings"
    UNKNOWN_IS_NOT_SUCCESS = "unknown-is-not-success"
    CONTENT_AFTER_SUCCESS = "content-after-success"
    WHOLE_FILE_OR_NONE = "whole-file-or-none"
    TASK_ID_REPORTED = "task-id-reported"
    MODERATION_NOT_RETRIED = "moderation-not-retried"
    KEY_STAYS_ON_ORIGIN = "key-stays-on-origin"
    CONTRACT_RESPECTED = "contract-respected"


INVARIANT_DESCRIPTIONS: Mapping[Invariant, str] = {
    Invariant.ONE_CHARGE: "an order is charged at most once",
    Invariant.NO_BLIND_RESUBMIT: "an order whose answer was lost is not sent again, and is reported as such",
    Invariant.BOUNDED_WAIT: "there is an end to waiting, and it is reported as a timeout",
    Invariant.PACED_POLLS: "there is a pause between two looks at a task",
    Invariant.RETRY_AFTER: "who is told when to come back does not come earlier",
    Invariant.NO_POLL_AFTER_END: "a task that has ended is not asked about again",
    Invariant.STATUS_SPELLINGS: "every known spelling of every status is understood",
    Invariant.UNKNOWN_IS_NOT_SUCCESS: "a status that nobody knows is neither success nor an end",
    Invariant.CONTENT_AFTER_SUCCESS: "the clip is fetched once success was told, and not before",
    Invariant.WHOLE_FILE_OR_NONE: "the file is the whole clip, or there is none",
    Invariant.TASK_ID_REPORTED: "the id of a task that may cost money is reported, whatever happens",
    Invariant.MODERATION_NOT_RETRIED: "what moderation refused is not ordered again",
    Invariant.KEY_STAYS_ON_ORIGIN: "the key goes to the upstream's own origin, and along no redirect away from it",
    Invariant.CONTRACT_RESPECTED: "what is sent keeps every rule, and orders what was asked for",
}
WARNING_INVARIANTS = frozenset({Invariant.PACED_POLLS, Invariant.NO_POLL_AFTER_END})
"""What burdens the upstream, and costs nobody money or a clip."""


def invariant_severity(invariant: Invariant) -> Severity:
    """How much it matters that an invariant broke."""
    return Severity.WARNING if invariant in WARNING_INVARIANTS else Severity.BREAKING


class CertificationVerdict(StrEnum):
    """Of a whole certification."""

    CERTIFIED = "certified"
    NOT_CERTIFIED = "not-certified"
    COULD_NOT_RUN = "could-not-run"


@dataclass(frozen=True, slots=True)
class TrialCall:
    """One call of a trial; `at` and `ended` are seconds since the first, `ended` None for an answer that never ended.

    `status` 0 stands for an answer that never began. `word` is the status word that it told, and `meaning` what that
    means, if it is a known one. `faults` are what was done to the call on purpose.
    """

    at: float
    ended_at: float | None
    operation: str
    request: str
    status: int
    raw_status: str = ""
    meaning: TaskStatus | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial from its first call to the client's end: the scenario, what happened in it, and the outcome."""

    scenario: str
    description: str
    steps: tuple[str, ...]
    calls: tuple[TrialCall, ...]
    outcome: str
    seconds: float


@dataclass(frozen=True, slots=True)
class InvariantViolation:
    """An invariant that did not hold. `conversation` is what was said in that trial, a line for each exchange.

    `life` is that trial: the smallest in which the invariant still breaks. None where nobody kept it.
    """

    invariant: Invariant
    scenario: str
    severity: Severity
    detail: str
    transcript: tuple[str, ...]
    trial: TrialRecord | None = None


@dataclass(frozen=True, slots=True)
class Certification:
    """All that a client's trials showed. `adapter` is its command, or the name of its maker.

    `trials` are the scenarios' names in their order, `trouble` is why nothing could be judged, in one sentence, and
    `seconds` how long it took. `lives` are the trials themselves, as far as they were kept.
    """

    upstream: str
    adapter: str
    verdict: CertificationVerdict
    trials: tuple[str, ...]
    violations: tuple[InvariantViolation, ...]
    problem: str = ""
    seconds: float = 0.0
    trial_records: tuple[TrialRecord, ...] = ()
