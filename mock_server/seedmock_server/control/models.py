"""What the control API is told, and what it says of that and of itself: the server writes it, the Python face reads it.

Times are seconds, since the epoch where they are moments; money is in USD. What has happened is in `history`.
"""

from __future__ import annotations

from typing import Any

import msgspec


class ResponseModel(msgspec.Struct, frozen=True, kw_only=True):
    """What is said. A reader of an older version skips what it does not know."""


class RequestModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told. `key` is an API key: it names an account here, and goes no further."""


class ClockReading(ResponseModel, frozen=True, kw_only=True):
    """A clock: what it reads, and how fast it runs (0 stands still)."""

    now: float
    rate: float


class ClockResponse(ClockReading, frozen=True, kw_only=True):
    """A clock, when the next thing is due on it, and the clocks that accounts have of their own."""

    due: float | None
    accounts: dict[str, ClockReading] = {}


class ClockRequest(RequestModel, frozen=True, kw_only=True):
    """One of: on by a time, to a moment (epoch seconds or ISO), another rate, stand still, to the next thing due."""

    advance: float | str | None = None
    set: float | str | None = None
    rate: float | None = None
    freeze: bool = False
    next: bool = False
    key: str | None = None


class WeightedFate(ResponseModel, frozen=True, kw_only=True):
    """A fate as it is written, and its weight among its fellows."""

    fate: str
    weight: float = 1.0


class FateRuleResponse(ResponseModel, frozen=True, kw_only=True):
    """A rule of fates: which calls, what becomes of them, how many matched, and how often it was applied."""

    id: str
    match: dict[str, Any]
    fate: list[WeightedFate]
    matched: int
    applied: int


class FateRulesResponse(ResponseModel, frozen=True, kw_only=True):
    """The rules in the order in which they are asked; then each account's default; then the default."""

    rules: list[FateRuleResponse]
    scenario: list[FateRuleResponse]
    accounts: dict[str, list[WeightedFate]]
    default: list[WeightedFate]


class FateRuleRequest(RequestModel, frozen=True, kw_only=True):
    """A rule. `fate` is a text such as `moderated after=120s`, a table, or a list of tables with weights.

    `match` may hold upstream, operation, key, account, model, prompt, reference, nth, times and probability.
    """

    fate: Any
    match: dict[str, Any] = {}


class DefaultFateRequest(RequestModel, frozen=True, kw_only=True):
    """What becomes of the calls that no rule is meant for: of all, or of a key's."""

    fate: Any
    key: str | None = None


class RemovalResponse(ResponseModel, frozen=True, kw_only=True):
    """How many were taken away."""

    removed: int


class ResetRequest(RequestModel, frozen=True, kw_only=True):
    """Whose state is to be forgotten: a key's, or everything."""

    key: str | None = None


class ResetResponse(ResponseModel, frozen=True, kw_only=True):
    """What was forgotten."""

    accounts: list[str]
    tasks: int
    assets: int
    groups: int


class FaultRuleResponse(ResponseModel, frozen=True, kw_only=True):
    """A rule of faults, with the number of requests that it matched and to which it was applied."""

    id: str
    scenario: bool
    match: dict[str, Any]
    fault: dict[str, Any]
    text: str
    breaks_contract: bool
    matched: int
    applied: int


class FaultRulesResponse(ResponseModel, frozen=True, kw_only=True):
    """The rules in the order in which they are asked."""

    rules: list[FaultRuleResponse]


class FaultRuleRequest(RequestModel, frozen=True, kw_only=True):
    """A rule. `fault` is a text such as `status code=502`, or a table; `match` is as for fates."""

    fault: Any
    match: dict[str, Any] = {}


class AccountLimits(ResponseModel, frozen=True, kw_only=True):
    """What an account may ask: calls a minute, and tasks that have not ended; null is no limit."""

    account: str | None
    rate: int | None
    concurrency: int | None


class LimitsResponse(ResponseModel, frozen=True, kw_only=True):
    """The limit of all, whose account is null, and then each account's own."""

    limits: list[AccountLimits]


class LimitRequest(RequestModel, frozen=True, kw_only=True):
    """A limit for all, or for a key."""

    rate: int | None = None
    concurrency: int | None = None
    key: str | None = None


class CreditRequest(RequestModel, frozen=True, kw_only=True):
    """What may be spent in USD: null is no limit."""

    amount: str | float | None
    upstream: str | None = None
    key: str | None = None


class HealthResponse(ResponseModel, frozen=True, kw_only=True):
    """That the server answers, its version and its pace."""

    status: str
    version: str
    pace: str


class FactResponse(ResponseModel, frozen=True, kw_only=True):
    """How far one fact of an upstream can be trusted, and why."""

    id: str
    basis: str
    source: str


class VariantResponse(FactResponse, frozen=True, kw_only=True):
    """A question that the pages leave open, and the answer in force."""

    option: str
    default: str
    options: tuple[str, ...]
    description: str


class ScenarioResponse(ResponseModel, frozen=True, kw_only=True):
    """A scenario: what it shows in a sentence, where that was reported, and for which upstreams it is."""

    name: str
    title: str
    description: str
    links: tuple[str, ...]
    covers: tuple[str, ...]
    upstreams: tuple[str, ...]


class ActiveScenarioResponse(ResponseModel, frozen=True, kw_only=True):
    """The scenario that is on, or null."""

    scenario: ScenarioResponse | None


class ScenariosResponse(ResponseModel, frozen=True, kw_only=True):
    """The scenarios that come with seedmock."""

    scenarios: list[ScenarioResponse]


class MediaFactsResponse(ResponseModel, frozen=True, kw_only=True):
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


class MediaFactsRequest(MediaFactsResponse, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to count of the media behind a URL; only the kind must be said, the rest is measured where it can be."""


class MediaFactsListResponse(ResponseModel, frozen=True, kw_only=True):
    """All that was said of media."""

    media: list[MediaFactsResponse]
