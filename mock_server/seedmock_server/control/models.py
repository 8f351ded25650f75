"""Request bodies of the control API, and the responses about its rules, clock and settings.

A request body is a *Request; the body of a response, and each item that it lists, a *Response; an object inside those
is named for what it is. Times are in seconds, since the epoch where they are points in time; money is in USD.
Tasks, exchanges and money are in `activity_models`.
"""

from __future__ import annotations

from typing import Any

import msgspec


class ResponseModel(msgspec.Struct, frozen=True, kw_only=True):
    """Base of responses. An older reader skips fields that it does not know."""


class RequestModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of request bodies. `key` is an API key: it selects an account, and is neither stored nor shown.

    `account` is one as the journal names it, in the place of a key.
    """


# --- the clock ---


class ClockReading(ResponseModel, frozen=True, kw_only=True):
    """A clock's time, and its rate; 0 is frozen."""

    now: float
    rate: float


class ClockResponse(ClockReading, frozen=True, kw_only=True):
    """A clock, the time of the next event on it, and the clocks that accounts have of their own."""

    next_due_at: float | None
    accounts: dict[str, ClockReading] = {}


class ClockRequest(RequestModel, frozen=True, kw_only=True):
    """One change of a clock: advance by a duration, set to a time (epoch or ISO), rate, freeze, or the next event.

    `freeze_at` freezes it at a time, which may be an earlier one: every run of a test can begin at the same.
    """

    advance: float | str | None = None
    set: float | str | None = None
    rate: float | None = None
    freeze: bool = False
    freeze_at: float | str | None = None
    next: bool = False
    key: str | None = None
    account: str | None = None


# --- fates ---


class WeightedFate(ResponseModel, frozen=True, kw_only=True):
    """A fate as text, and its weight among the alternatives."""

    fate: str
    weight: float = 1.0


class FateRuleResponse(ResponseModel, frozen=True, kw_only=True):
    """A fate rule. `matched` and `applied` count calls."""

    id: str
    match: dict[str, Any]
    fate: list[WeightedFate]
    matched: int
    applied: int


class FateRulesResponse(ResponseModel, frozen=True, kw_only=True):
    """The fate rules in the order in which they are tried, then the accounts' defaults, then the default."""

    rules: list[FateRuleResponse]
    scenario_rules: list[FateRuleResponse]
    account_defaults: dict[str, list[WeightedFate]]
    default: list[WeightedFate]


class FateRuleRequest(RequestModel, frozen=True, kw_only=True):
    """A new fate rule. `fate`: a string such as `moderated after=120s`, a table, or a list of tables with weights.

    `match` can hold upstream, operation, key, account, model, prompt, reference, resolution, seconds, nth, times and
    probability.
    """

    fate: Any
    match: dict[str, Any] = {}


class DefaultFateRequest(RequestModel, frozen=True, kw_only=True):
    """The fate of calls that no rule matches: of all, or of a key's."""

    fate: Any
    key: str | None = None


# --- faults and limits ---


class FaultRuleResponse(ResponseModel, frozen=True, kw_only=True):
    """A fault rule; `text` is its fault as text. `matched` and `applied` count calls.

    `warning`: what the fault does to calls that the rule does not match; empty if it leaves them alone.
    """

    id: str
    match: dict[str, Any]
    fault: dict[str, Any]
    text: str
    warning: str
    breaks_contract: bool
    matched: int
    applied: int


class FaultRulesResponse(ResponseModel, frozen=True, kw_only=True):
    """The fault rules in the order in which they are tried."""

    rules: list[FaultRuleResponse]
    scenario_rules: list[FaultRuleResponse]


class FaultRuleRequest(RequestModel, frozen=True, kw_only=True):
    """A new fault rule. `fault`: a string such as `status code=502`, or a table; `match` as for fates."""

    fault: Any
    match: dict[str, Any] = {}


class AccountLimits(ResponseModel, frozen=True, kw_only=True):
    """Calls a minute, and unfinished tasks, of an account; null is unlimited."""

    account: str | None
    rate: int | None
    concurrency: int | None


class LimitsResponse(ResponseModel, frozen=True, kw_only=True):
    """The limits of all accounts, with account null, then those of single accounts."""

    limits: list[AccountLimits]


class LimitRequest(RequestModel, frozen=True, kw_only=True):
    """Limits for all accounts, or for a key's."""

    rate: int | None = None
    concurrency: int | None = None
    key: str | None = None


class RemovalResponse(ResponseModel, frozen=True, kw_only=True):
    """Number of rules or declarations that were removed."""

    removed: int


# --- money and media ---


class CreditRequest(RequestModel, frozen=True, kw_only=True):
    """Credit in USD; null is unlimited."""

    amount: str | float | None
    upstream: str | None = None
    key: str | None = None
    account: str | None = None


class MediaDeclaration(ResponseModel, frozen=True, kw_only=True):
    """Declared facts of the media behind a URL; null is not declared."""

    url: str
    kind: str
    format: str | None = None
    codec: str | None = None
    audio_codec: str | None = None
    size_bytes: int | None = None
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    has_audio: bool | None = None
    face: bool | None = None


class MediaDeclarationRequest(MediaDeclaration, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Facts of the media behind a URL. Only the kind is required; the rest is measured where the media can be read."""


class DeclaredMediaResponse(ResponseModel, frozen=True, kw_only=True):
    """All declared media."""

    media: list[MediaDeclaration]


# --- the state as a whole ---


class ResetRequest(RequestModel, frozen=True, kw_only=True):
    """The key whose state is deleted; null for all."""

    key: str | None = None


class ResetResponse(ResponseModel, frozen=True, kw_only=True):
    """The accounts whose state was deleted, and how much it was."""

    accounts: list[str]
    tasks: int
    assets: int
    groups: int


class RestoreResponse(ResponseModel, frozen=True, kw_only=True):
    """Numbers of accounts and tasks in the restored snapshot."""

    accounts: int
    tasks: int


class ScenarioResponse(ResponseModel, frozen=True, kw_only=True):
    """A scenario. `links`: where its problem was reported; `covers`: further ids of the fault catalogue."""

    name: str
    title: str
    description: str
    links: tuple[str, ...]
    covers: tuple[str, ...]
    upstreams: tuple[str, ...]


class ActiveScenarioResponse(ResponseModel, frozen=True, kw_only=True):
    """The active scenario, or null."""

    scenario: ScenarioResponse | None


class ScenariosResponse(ResponseModel, frozen=True, kw_only=True):
    """The built-in scenarios."""

    scenarios: list[ScenarioResponse]


# --- the emulator itself ---


class HealthResponse(ResponseModel, frozen=True, kw_only=True):
    """State, version and pace of the server, and the kind of its store.

    `workers` is the number of processes that answer at its address, `pid` the one that has answered now.
    """

    status: str
    version: str
    pace: str
    store: str = "memory"
    workers: int = 1
    pid: int = 0


class FactResponse(ResponseModel, frozen=True, kw_only=True):
    """A fact of an upstream: documented, observed or assumed, and its source."""

    id: str
    basis: str
    source: str


class VariantResponse(FactResponse, frozen=True, kw_only=True):
    """A behaviour that the pages leave open; `option` is the one in force."""

    option: str
    default: str
    options: tuple[str, ...]
    description: str
