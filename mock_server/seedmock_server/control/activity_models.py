"""Responses of the control API about what has happened: tasks, exchanges, violations and money.

Times are in seconds: `at` and `*_at` since the epoch, by the account's own clock. Amounts are texts, in USD, exact to
the last digit. Naming as in `models`.
"""

from __future__ import annotations

from .models import ResponseModel

# --- tasks ---


class FailureReason(ResponseModel, frozen=True, kw_only=True):
    """The reason for the failure of a task or an asset."""

    kind: str
    code: str
    message: str


class TaskResponse(ResponseModel, frozen=True, kw_only=True):
    """A task as it is now. `raw_status`: in the upstream's spelling; `ends_at`: null for one that never ends.

    `age`: seconds since its creation, by its clock. `cost` is what was quoted, and `billing` what has become of it:
    on_hold, charged or refunded. `queries` counts polls under the pace `step`, which moves a task on at each.
    """

    id: str
    upstream: str
    account: str
    status: str
    raw_status: str
    progress: int
    mode: str
    model: str
    prompt: str
    size: str
    resolution: str
    ratio: str
    seconds: int
    audio: bool
    seed: int
    fate: str
    created_at: float
    ends_at: float | None
    failure: FailureReason | None
    queries: int
    age: float
    cost: str
    billing: str


class TasksResponse(ResponseModel, frozen=True, kw_only=True):
    """Tasks in the requested order; `total` counts all that match, those on other pages included."""

    tasks: list[TaskResponse]
    total: int


class TaskPhase(ResponseModel, frozen=True, kw_only=True):
    """A status that a task has from a time on; `reached` tells whether that time has come."""

    at: float
    status: str
    raw_status: str
    reached: bool


class TaskExchange(ResponseModel, frozen=True, kw_only=True):
    """An exchange that mentions the task, by its number in the journal.

    `violations` counts those in the request, without advice.
    """

    number: int
    at: float
    operation: str
    method: str
    path: str
    status: int
    faults: tuple[str, ...]
    violations: int


class TimelineResponse(ResponseModel, frozen=True, kw_only=True):
    """A task with its phases, and the exchanges about it."""

    task: TaskResponse
    now: float
    phases: list[TaskPhase]
    exchanges: list[TaskExchange]


class CheckCount(ResponseModel, frozen=True, kw_only=True):
    """A check by its name, with the number of its results."""

    check: str
    passed: int
    failed: int


class TaskFinding(ResponseModel, frozen=True, kw_only=True):
    """An exchange that contradicts a fact. `title` is a clause; `severity`: breaking, warning or info."""

    number: int
    check: str
    fact: str
    basis: str
    source: str
    severity: str
    title: str
    expected: str
    observed: str


class UncheckedExchange(ResponseModel, frozen=True, kw_only=True):
    """An exchange that the checks could not look at, and why."""

    number: int
    reason: str


class TaskVerdict(ResponseModel, frozen=True, kw_only=True):
    """Results of the checks over the exchanges about a task, and what contradicts the contract.

    `exchanges` are those of the journal, `checked` those that the checks looked at, `facts` what they compared.
    """

    exchanges: int
    checked: int
    facts: int
    checks: list[CheckCount]
    findings: list[TaskFinding]
    unchecked: list[UncheckedExchange]


# --- exchanges ---


class ViolationDetail(ResponseModel, frozen=True, kw_only=True):
    """A contract violation in a request; `fact` is empty for a field that no page names.

    `severity`: violation, unused_reference (the order is carried out without it) or advice.
    """

    fact: str
    field: str
    message: str
    severity: str
    advice: bool


class DownloadDetail(ResponseModel, frozen=True, kw_only=True):
    """The part of a task's clip that was sent: `sent` bytes from `start` on, of `size`; `whole`: all in this response.

    Bytes that the server no longer sent, since a fault or the client had ended the connection, do not count.
    """

    task: str
    start: int
    sent: int
    size: int
    whole: bool


class ExchangeResponse(ResponseModel, frozen=True, kw_only=True):
    """A recorded exchange. `kind`: ok, refused, failed, or lost (without a response); bodies are summarized and cut.

    `is_order`: a request for a task that costs money, accepted or not. `task_status` is the status of a task in the
    response, by its common name, null where there is none; `task_ended` tells that it is a terminal one. `download`:
    null for a response that is no clip.
    """

    number: int
    at: float
    upstream: str
    operation: str
    account: str
    method: str
    path: str
    query: str
    status: int
    kind: str
    is_order: bool
    task_status: str | None
    task_ended: bool
    request_body: str
    response_body: str
    notes: tuple[str, ...]
    request_headers: list[tuple[str, str]]
    response_headers: list[tuple[str, str]]
    faults: tuple[str, ...]
    violations: list[ViolationDetail]
    download: DownloadDetail | None


class JournalResponse(ResponseModel, frozen=True, kw_only=True):
    """Exchanges; `total` includes those beyond the limit, `next` is the value of `since` that continues."""

    exchanges: list[ExchangeResponse]
    total: int
    next: int


class ViolationResponse(ResponseModel, frozen=True, kw_only=True):
    """A contract violation, with the exchange it is in and the basis and source of its fact.

    `severity`: violation, unused_reference (the order is carried out without it) or advice (accepted all the same).
    """

    number: int
    at: float
    account: str
    upstream: str
    operation: str
    method: str
    path: str
    status: int
    fact: str
    basis: str
    source: str
    field: str
    message: str
    severity: str
    advice: bool


class ViolationsResponse(ResponseModel, frozen=True, kw_only=True):
    """Contract violations, oldest first; `total` includes those beyond the limit."""

    violations: list[ViolationResponse]
    total: int


# --- money ---


class LedgerLine(ResponseModel, frozen=True, kw_only=True):
    """One order on a statement: one of on_hold, charged and refunded is what was quoted, the others are 0."""

    upstream: str
    kind: str
    id: str
    model: str
    created_at: float
    settled_at: float | None
    quoted: str
    on_hold: str
    charged: str
    refunded: str
    rate: str
    unit: str
    seconds: float | None
    tokens: float | None
    facts: list[str]
    basis: str


class LedgerTotals(ResponseModel, frozen=True, kw_only=True):
    """Sums over lines."""

    quoted: str
    on_hold: str
    charged: str
    refunded: str


class AccountBalance(LedgerTotals, frozen=True, kw_only=True):
    """An account's sums at one upstream, its credit there and what is left of it; null is unlimited."""

    credit: str | None
    remaining: str | None


class StatementResponse(ResponseModel, frozen=True, kw_only=True):
    """An account's statement; `total` counts its lines, including those beyond the limit."""

    account: str
    at: float
    currency: str
    lines: list[LedgerLine]
    upstreams: dict[str, AccountBalance]
    totals: LedgerTotals
    total: int = 0


class LedgerResponse(ResponseModel, frozen=True, kw_only=True):
    """A statement for each account."""

    statements: list[StatementResponse]
