"""What the control API says of what has happened, as records: tasks, exchanges, breaches and what is owed.

Times are seconds, `at` and `*_at` since the epoch of the account's own clock; amounts are texts, in USD. Nothing here
is told to the emulator: that is in `records`.
"""

from __future__ import annotations

from .models import ResponseModel


class FailureReason(ResponseModel, frozen=True, kw_only=True):
    """Why a task or an asset ends badly."""

    kind: str
    code: str
    message: str


class TaskResponse(ResponseModel, frozen=True, kw_only=True):
    """A task as it is now. `ends_at` is null for one that never ends; `queries` are counted under the pace `step`."""

    id: str
    upstream: str
    account: str
    status: str
    word: str
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


class TasksResponse(ResponseModel, frozen=True, kw_only=True):
    """Tasks, oldest first; `total` counts those that fit, also those that `limit` left out."""

    tasks: list[TaskResponse]
    total: int


class TaskPhase(ResponseModel, frozen=True, kw_only=True):
    """From `at` on a task has this status, in this word; `reached` says whether that has come."""

    at: float
    status: str
    word: str
    reached: bool


class TaskExchange(ResponseModel, frozen=True, kw_only=True):
    """What was asked about a task, by the journal."""

    number: int
    at: float
    operation: str
    method: str
    path: str
    status: int


class TimelineResponse(ResponseModel, frozen=True, kw_only=True):
    """A task's life, and who asked when."""

    task: TaskResponse
    now: float
    phases: list[TaskPhase]
    asked: list[TaskExchange]


class ViolationDetail(ResponseModel, frozen=True, kw_only=True):
    """Where a request broke the contract; `fact` is empty for a field that no page names."""

    fact: str
    field: str
    message: str
    advice: bool


class ExchangeResponse(ResponseModel, frozen=True, kw_only=True):
    """One exchange. `kind` is ok, refused, failed or lost (no answer); bodies are summed up and cut."""

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
    request_body: str
    response_body: str
    notes: tuple[str, ...]
    request_headers: list[tuple[str, str]]
    response_headers: list[tuple[str, str]]
    faults: tuple[str, ...]
    violations: list[ViolationDetail]


class JournalResponse(ResponseModel, frozen=True, kw_only=True):
    """Exchanges; `total` counts those that fit, also those that `limit` left out; `next` is for `since`."""

    exchanges: list[ExchangeResponse]
    total: int
    next: int


class ViolationResponse(ResponseModel, frozen=True, kw_only=True):
    """Something sent that breaks the contract. `basis` and `source` are the fact's; `advice` was taken all the same."""

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
    advice: bool


class ViolationsResponse(ResponseModel, frozen=True, kw_only=True):
    """Violations, oldest first; `total` counts those that fit, also those that `limit` left out."""

    violations: list[ViolationResponse]
    total: int


class LedgerLine(ResponseModel, frozen=True, kw_only=True):
    """One order on the statement: exactly one of held, charged and refunded is what was quoted, the others are 0."""

    upstream: str
    kind: str
    id: str
    model: str
    created_at: float
    settled_at: float | None
    quoted: str
    held: str
    charged: str
    refunded: str
    rate: str
    unit: str
    seconds: float | None
    tokens: float | None
    facts: list[str]
    basis: str


class LedgerTotals(ResponseModel, frozen=True, kw_only=True):
    """Sums over lines, in USD."""

    quoted: str
    held: str
    charged: str
    refunded: str


class AccountBalance(LedgerTotals, frozen=True, kw_only=True):
    """The sums at one upstream, what may be spent there and what is left of it; null is no limit."""

    credit: str | None
    left: str | None


class StatementResponse(ResponseModel, frozen=True, kw_only=True):
    """What an account owes; `total` counts all lines, also those that `limit` left out."""

    account: str
    at: float
    currency: str
    lines: list[LedgerLine]
    upstreams: dict[str, AccountBalance]
    totals: LedgerTotals
    total: int = 0


class LedgerResponse(ResponseModel, frozen=True, kw_only=True):
    """A statement for each account. Amounts are texts, exact to the last digit."""

    statements: list[StatementResponse]
