"""What the control API says and is told, as records: the server writes them, the Python face reads them.

Times are seconds, `at` and `*_at` since the epoch of the account's own clock; money is in USD.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What is said. A reader of an older version skips what it does not know."""


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told. `key` is an API key: it names an account here, and goes no further."""


class Reading(Record, frozen=True, kw_only=True):
    """A clock: what it reads, and how fast it runs (0 stands still)."""

    now: float
    rate: float


class ClockRow(Reading, frozen=True, kw_only=True):
    """A clock, when the next thing is due on it, and the clocks that accounts have of their own."""

    due: float | None
    accounts: dict[str, Reading] = {}


class ClockOrder(Order, frozen=True, kw_only=True):
    """One of: on by a time, to a moment (epoch seconds or ISO), another rate, stand still, to the next thing due."""

    advance: float | str | None = None
    set: float | str | None = None
    rate: float | None = None
    freeze: bool = False
    next: bool = False
    key: str | None = None


class Outcome(Record, frozen=True, kw_only=True):
    """A fate as it is written, and its weight among its fellows."""

    fate: str
    weight: float = 1.0


class FateRow(Record, frozen=True, kw_only=True):
    """A rule of fates: which calls, what becomes of them, how many fitted, and how often it was used."""

    id: str
    match: dict[str, Any]
    fate: list[Outcome]
    seen: int
    used: int


class FatesRow(Record, frozen=True, kw_only=True):
    """The rules in the order in which they are asked; then each account's default; then the default."""

    rules: list[FateRow]
    scenario: list[FateRow]
    accounts: dict[str, list[Outcome]]
    default: list[Outcome]


class FateOrder(Order, frozen=True, kw_only=True):
    """A rule. `fate` is a text such as `moderated after=120s`, a table, or a list of tables with weights.

    `match` may hold upstream, operation, key, account, model, prompt, reference, nth, times and probability.
    """

    fate: Any
    match: dict[str, Any] = {}


class DefaultFateOrder(Order, frozen=True, kw_only=True):
    """What becomes of the calls that no rule is meant for: of all, or of a key's."""

    fate: Any
    key: str | None = None


class Removed(Record, frozen=True, kw_only=True):
    """How many were taken away."""

    removed: int


class FailureRow(Record, frozen=True, kw_only=True):
    """Why a task or an asset ends badly."""

    kind: str
    code: str
    message: str


class TaskRow(Record, frozen=True, kw_only=True):
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
    failure: FailureRow | None
    queries: int


class TasksRow(Record, frozen=True, kw_only=True):
    """Tasks, oldest first; `total` counts those that fit, also those that `limit` left out."""

    tasks: list[TaskRow]
    total: int


class PhaseRow(Record, frozen=True, kw_only=True):
    """From `at` on a task has this status, in this word; `reached` says whether that has come."""

    at: float
    status: str
    word: str
    reached: bool


class AskedRow(Record, frozen=True, kw_only=True):
    """What was asked about a task, by the journal."""

    number: int
    at: float
    operation: str
    method: str
    path: str
    status: int


class TimelineRow(Record, frozen=True, kw_only=True):
    """A task's life, and who asked when."""

    task: TaskRow
    now: float
    phases: list[PhaseRow]
    asked: list[AskedRow]


class ResetOrder(Order, frozen=True, kw_only=True):
    """Whose state is to be forgotten: a key's, or everything."""

    key: str | None = None


class ResetRow(Record, frozen=True, kw_only=True):
    """What was forgotten."""

    accounts: list[str]
    tasks: int
    assets: int
    groups: int


class BreachRow(Record, frozen=True, kw_only=True):
    """Where a request broke the contract; `fact` is empty for a field that no page names."""

    fact: str
    field: str
    message: str
    advice: bool


class EntryRow(Record, frozen=True, kw_only=True):
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
    sent: str
    answered: str
    notes: tuple[str, ...]
    sent_headers: list[tuple[str, str]]
    answered_headers: list[tuple[str, str]]
    faults: tuple[str, ...]
    breaches: list[BreachRow]


class JournalRow(Record, frozen=True, kw_only=True):
    """Exchanges; `total` counts those that fit, also those that `limit` left out; `next` is for `since`."""

    exchanges: list[EntryRow]
    total: int
    next: int


class FaultRow(Record, frozen=True, kw_only=True):
    """A rule of faults: which calls, what is done to them, whether it is a lie, how many fitted, how often used."""

    id: str
    scenario: bool
    match: dict[str, Any]
    fault: dict[str, Any]
    text: str
    lie: bool
    seen: int
    used: int


class FaultsRow(Record, frozen=True, kw_only=True):
    """The rules in the order in which they are asked."""

    rules: list[FaultRow]


class FaultOrder(Order, frozen=True, kw_only=True):
    """A rule. `fault` is a text such as `status code=502`, or a table; `match` is as for fates."""

    fault: Any
    match: dict[str, Any] = {}


class LimitRow(Record, frozen=True, kw_only=True):
    """What an account may ask: calls a minute, and tasks that have not ended; null is no limit."""

    account: str | None
    rate: int | None
    concurrency: int | None


class LimitsRow(Record, frozen=True, kw_only=True):
    """The limit of all, whose account is null, and then each account's own."""

    limits: list[LimitRow]


class LimitOrder(Order, frozen=True, kw_only=True):
    """A limit for all, or for a key."""

    rate: int | None = None
    concurrency: int | None = None
    key: str | None = None


class ViolationRow(Record, frozen=True, kw_only=True):
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


class ViolationsRow(Record, frozen=True, kw_only=True):
    """Violations, oldest first; `total` counts those that fit, also those that `limit` left out."""

    violations: list[ViolationRow]
    total: int


class LineRow(Record, frozen=True, kw_only=True):
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


class TotalsRow(Record, frozen=True, kw_only=True):
    """Sums over lines, in USD."""

    quoted: str
    held: str
    charged: str
    refunded: str


class PurseRow(TotalsRow, frozen=True, kw_only=True):
    """The sums at one upstream, what may be spent there and what is left of it; null is no limit."""

    credit: str | None
    left: str | None


class StatementRow(Record, frozen=True, kw_only=True):
    """What an account owes; `total` counts all lines, also those that `limit` left out."""

    account: str
    at: float
    currency: str
    lines: list[LineRow]
    upstreams: dict[str, PurseRow]
    totals: TotalsRow
    total: int = 0


class LedgerRow(Record, frozen=True, kw_only=True):
    """A statement for each account. Amounts are texts, exact to the last digit."""

    statements: list[StatementRow]


class CreditOrder(Order, frozen=True, kw_only=True):
    """What may be spent in USD: null is no limit."""

    amount: str | float | None
    upstream: str | None = None
    key: str | None = None


class HealthRow(Record, frozen=True, kw_only=True):
    """That the server answers, its version and its pace."""

    status: str
    version: str
    pace: str


class FactRow(Record, frozen=True, kw_only=True):
    """How far one fact of an upstream can be trusted, and why."""

    id: str
    basis: str
    source: str


class VariantRow(FactRow, frozen=True, kw_only=True):
    """A question that the pages leave open, and the answer in force."""

    option: str
    default: str
    options: tuple[str, ...]
    says: str


class ScenarioRow(Record, frozen=True, kw_only=True):
    """A scenario: what it shows in a sentence, where that was reported, and for which upstreams it is."""

    name: str
    title: str
    says: str
    links: tuple[str, ...]
    covers: tuple[str, ...]
    upstreams: tuple[str, ...]


class StageRow(Record, frozen=True, kw_only=True):
    """The scenario that is on, or null."""

    scenario: ScenarioRow | None


class ScenariosRow(Record, frozen=True, kw_only=True):
    """The scenarios that come with seedmock."""

    scenarios: list[ScenarioRow]


class MediaOrder(Order, frozen=True, kw_only=True):
    """What is to count of the media behind a URL; only the kind must be said, the rest is measured where it can be."""

    url: str
    kind: str
    format: str | None = None
    size_bytes: int | None = None
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    has_audio: bool | None = None
    face: bool | None = None


class MediaRow(Record, frozen=True, kw_only=True):
    """What was said of the media behind a URL; null is what was not said."""

    url: str
    kind: str
    format: str | None = None
    size_bytes: int | None = None
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    has_audio: bool | None = None
    face: bool | None = None


class MediasRow(Record, frozen=True, kw_only=True):
    """All that was said of media."""

    media: list[MediaRow]
