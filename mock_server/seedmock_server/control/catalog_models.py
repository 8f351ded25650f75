"""Responses of the control API about what could be ordered and broken: the catalogue, order forms, what becomes due.

Naming as in `models`.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from .models import RequestModel, ResponseModel

# --- fates, faults and conditions ---


class CatalogParameter(ResponseModel, frozen=True, kw_only=True):
    """A parameter. `type`: text, number, whole, duration (120, `2m`), pattern (a regular expression) or choice.

    `allowed`: the values of a choice; empty for any.
    """

    name: str
    description: str
    type: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    default: str | None = None


class CatalogEntry(ResponseModel, frozen=True, kw_only=True):
    """A kind of fate or fault. `operations`: those that it applies to; kinds of one `group` exclude each other."""

    kind: str
    description: str
    operations: tuple[str, ...]
    parameters: list[CatalogParameter]
    breaks_contract: bool = False
    group: str = ""


class CatalogResponse(ResponseModel, frozen=True, kw_only=True):
    """All kinds of fates and faults, and the conditions of their rules."""

    fates: list[CatalogEntry]
    faults: list[CatalogEntry]
    conditions: list[CatalogParameter]


# --- what becomes due ---


class DueEvent(ResponseModel, frozen=True, kw_only=True):
    """A change that only the clock brings. `kind`: task (it gets this status), clip, asset or callback."""

    at: float
    kind: str
    id: str
    upstream: str
    account: str
    status: str


class DueResponse(ResponseModel, frozen=True, kw_only=True):
    """Changes in the order of time; `total` counts those beyond the limit as well."""

    events: list[DueEvent]
    total: int
    since: float
    until: float | None


# --- references and assets ---


class MediaFactsResponse(ResponseModel, frozen=True, kw_only=True):
    """Measured or declared facts of an image, video or sound; null where unknown."""

    kind: str
    format: str
    size_bytes: int
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    has_audio: bool = False
    face: bool | None = None
    codec: str = ""
    audio_codec: str = ""


class TaskReference(ResponseModel, frozen=True, kw_only=True):
    """A reference of an order. `content`: the path of its bytes under /_mock/, empty if they are not at hand.

    `url` is shortened, and a data: URI has its size in the place of its content.
    """

    path: str
    kind: str
    role: str
    url: str
    facts: MediaFactsResponse | None
    content: str


class TaskOrderResponse(ResponseModel, frozen=True, kw_only=True):
    """A task's order as it was sent, as far as the journal still has it."""

    number: int | None
    body: str
    references: list[TaskReference]


class AssetResponse(ResponseModel, frozen=True, kw_only=True):
    """An asset; `content` is the path of its bytes under /_mock/, empty if they are not at hand."""

    id: str
    upstream: str
    account: str
    group_id: int
    kind: str
    name: str
    url: str
    status: str
    failure: str
    created_at: float
    facts: MediaFactsResponse | None
    content: str


class AssetGroupResponse(ResponseModel, frozen=True, kw_only=True):
    """A group with its assets, oldest first."""

    id: int
    upstream: str
    account: str
    name: str
    group_name: str
    created_at: float
    assets: list[AssetResponse]


class AssetsResponse(ResponseModel, frozen=True, kw_only=True):
    """The groups of assets of all accounts, or of one."""

    groups: list[AssetGroupResponse]


# --- orders ---


class OrderField(ResponseModel, frozen=True, kw_only=True):
    """A field of an order. `allowed` lists values, `low` and `high` bound numbers, `max_length` texts."""

    path: str
    types: tuple[str, ...]
    required: bool
    default: Any
    allowed: tuple[str, ...]
    low: int | None
    high: int | None
    max_length: int | None
    fact: str
    basis: str


class OrderSlot(ResponseModel, frozen=True, kw_only=True):
    """A place for references: their kind and role, how many, and how an upload has to be carried (url or data)."""

    kind: str
    role: str
    limit: int | None
    formats: tuple[str, ...]


class OrderSize(ResponseModel, frozen=True, kw_only=True):
    """A row of the size table."""

    resolution: str
    ratio: str
    text: str


class OrderModel(ResponseModel, frozen=True, kw_only=True):
    """A model and the resolutions that it renders."""

    name: str
    tier: str
    resolutions: tuple[str, ...]


class OrderFormResponse(ResponseModel, frozen=True, kw_only=True):
    """An operation that creates a task: its request, as the contract has it."""

    upstream: str
    display_name: str
    operation: str
    method: str
    path: str
    fields: list[OrderField]
    slots: list[OrderSlot]
    sizes: list[OrderSize]
    models: list[OrderModel]
    example: dict[str, Any]


class OrderReference(RequestModel, frozen=True, kw_only=True):
    """A reference to be placed in an order."""

    kind: str
    role: str
    url: str


FIELD_PATH = r"^[^.\[\]]+(\[0?\])?(\.[^.\[\]]+(\[0?\])?)*$"
"""Pattern of the path of a field, such as `content[0].role`."""


class OrderPreviewRequest(RequestModel, frozen=True, kw_only=True):
    """An order that is not sent: either its whole `document`, or `values` by path, and references."""

    upstream: str
    operation: str = "create"
    values: dict[Annotated[str, msgspec.Meta(pattern=FIELD_PATH)], Any] = msgspec.field(default_factory=dict)
    references: list[OrderReference] = msgspec.field(default_factory=list)
    document: dict[str, Any] | None = None


class OrderProblem(ResponseModel, frozen=True, kw_only=True):
    """A rule that an order breaks, or advice that it does not follow; `fact` is the rule's."""

    fact: str
    basis: str
    source: str
    field: str
    message: str
    advice: bool


class OrderQuote(ResponseModel, frozen=True, kw_only=True):
    """A price in USD; `rate` is that of one `unit`."""

    amount: str
    rate: str
    unit: str
    seconds: int
    tokens: int | None
    basis: str
    facts: tuple[str, ...]


class OrderPreviewResponse(ResponseModel, frozen=True, kw_only=True):
    """The request as it would be sent, what is wrong with it, and what it would cost."""

    method: str
    path: str
    document: dict[str, Any]
    problems: list[OrderProblem]
    quote: OrderQuote | None
    quote_problem: str


class OrderRequest(RequestModel, frozen=True, kw_only=True):
    """An order to be sent through the request chain, with an API key, as any other client sends it."""

    upstream: str
    document: dict[str, Any]
    key: str
    operation: str = "create"


class OrderResponse(ResponseModel, frozen=True, kw_only=True):
    """The upstream's response; `status` 0 is a connection that ended without one. `task` is the id of the new task."""

    status: int
    headers: list[tuple[str, str]]
    body: str
    task: str | None


class UploadResponse(ResponseModel, frozen=True, kw_only=True):
    """An uploaded file: the URL by which orders can refer to it, and its facts."""

    url: str
    facts: MediaFactsResponse
