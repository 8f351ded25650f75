"""Result of a client's certification: the violated invariants by scenario, and the verdict. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from seedmock_contracts.enums import TaskStatus

from .checks import Severity


class Invariant(StrEnum):
    """Properties that hold for every client that does not waste money, whatever fails."""

    # Lost responses to orders led to second paid jobs (agent-media-app#4, Draftdeckai#1067, elizaOS#11920).
    ONE_CHARGE = "one-charge"
    NO_BLIND_RESUBMIT = "no-blind-resubmit"
    # Loops without an end: huggingface_hub#4164, OpenMontage#452.
    BOUNDED_WAIT = "bounded-wait"
    PACED_POLLS = "paced-polls"
    RETRY_AFTER = "retry-after"
    NO_POLL_AFTER_END = "no-poll-after-end"
    # A billed success was reported as a timeout, and `expired` polled to the deadline (ArcReel#1889, ArcReel#651).
    STATUS_SPELLINGS = "status-spellings"
    # Clients that fall through at NOT_START fetch content that is not there (ArcReel#410).
    UNKNOWN_IS_NOT_SUCCESS = "unknown-is-not-success"
    CONTENT_AFTER_SUCCESS = "content-after-success"
    # Wrong binary content goes unnoticed (fake-gcs-server#2354).
    WHOLE_FILE_OR_NONE = "whole-file-or-none"
    # A timeout that does not name the task loses what was paid for (OpenMontage#452).
    TASK_ID_REPORTED = "task-id-reported"
    MODERATION_NOT_RETRIED = "moderation-not-retried"
    KEY_STAYS_ON_ORIGIN = "key-stays-on-origin"
    CONTRACT_RESPECTED = "contract-respected"


INVARIANT_DESCRIPTIONS: Mapping[Invariant, str] = {
    Invariant.ONE_CHARGE: "an order is charged at most once",
    Invariant.NO_BLIND_RESUBMIT: "an order whose response was lost is not sent again, and is reported as such",
    Invariant.BOUNDED_WAIT: "waiting ends, and is reported as a timeout",
    Invariant.PACED_POLLS: "there is a pause between two polls of a task",
    Invariant.RETRY_AFTER: "a request is not repeated before its Retry-After",
    Invariant.NO_POLL_AFTER_END: "a task is not polled again after its terminal status",
    Invariant.STATUS_SPELLINGS: "every known spelling of every status is understood",
    Invariant.UNKNOWN_IS_NOT_SUCCESS: "an unknown status is neither success nor the end",
    Invariant.CONTENT_AFTER_SUCCESS: "the clip is downloaded after success, and not before",
    Invariant.WHOLE_FILE_OR_NONE: "the file is the complete clip, or there is none",
    Invariant.TASK_ID_REPORTED: "the id of a task that may be charged is reported, whatever fails",
    Invariant.MODERATION_NOT_RETRIED: "an order that moderation rejected is not sent again",
    Invariant.KEY_STAYS_ON_ORIGIN: "the API key goes to the upstream's own origin only, and along no redirect from it",
    Invariant.CONTRACT_RESPECTED: "requests break no rule, and order what the user asked for",
}
WARNING_INVARIANTS = frozenset({Invariant.PACED_POLLS, Invariant.NO_POLL_AFTER_END})
"""Violations that burden the upstream, and cost neither money nor a clip."""


def invariant_severity(invariant: Invariant) -> Severity:
    """Severity of a violation of an invariant."""
    return Severity.WARNING if invariant in WARNING_INVARIANTS else Severity.BREAKING


class CertificationVerdict(StrEnum):
    """Verdict of a certification."""

    CERTIFIED = "certified"
    NOT_CERTIFIED = "not-certified"
    COULD_NOT_RUN = "could-not-run"


class TrialCall(Struct, frozen=True):
    """One HTTP request of a trial. `at` and `ended_at`: seconds since the first request.

    `ended_at` None: the response never ended. `status` 0: it never began. `raw_status` is the task status as the
    response spells it, and `meaning` the status that it stands for, if it is known. `faults`: injected faults.
    """

    at: float
    ended_at: float | None
    operation: str
    request: str
    status: int
    raw_status: str = ""
    meaning: TaskStatus | None = None
    faults: tuple[str, ...] = ()


class TrialRecord(Struct, frozen=True):
    """One trial, from the client's first request to its end: the scenario, the requests and the outcome."""

    scenario: str
    description: str
    steps: tuple[str, ...]
    calls: tuple[TrialCall, ...]
    outcome: str
    seconds: float


class InvariantViolation(Struct, frozen=True):
    """An invariant that a client violated. `transcript`: one line for each exchange of the trial.

    `trial`: the smallest one that still violates the invariant; None if it was not recorded.
    """

    invariant: Invariant
    scenario: str
    severity: Severity
    detail: str
    transcript: tuple[str, ...]
    trial: TrialRecord | None = None


class Certification(Struct, frozen=True):
    """Result of a client's trials. `adapter`: the client's command, or the name of the Python function that makes it.

    `trials`: names of the scenarios, in their order. `problem`: why the client could not be certified, in one sentence;
    empty if there was none. `trial_records`: the recorded trials.
    """

    upstream: str
    adapter: str
    verdict: CertificationVerdict
    trials: tuple[str, ...]
    violations: tuple[InvariantViolation, ...]
    problem: str = ""
    seconds: float = 0.0
    trial_records: tuple[TrialRecord, ...] = ()
