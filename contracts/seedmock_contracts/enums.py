"""Closed vocabularies of the contracts: operations, statuses, kinds of media and of errors.

Knows no upstream, no role (server, client, harness), no socket and no clock.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Basis(StrEnum):
    """Strength of the evidence for a fact, strongest first."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    ASSUMED = "assumed"


class Operation(StrEnum):
    """Operations of the APIs. Two of them can share one HTTP endpoint and differ in the request body.

    CALLBACK is the request that the upstream sends to the `callback_url` of an order.
    """

    CREATE = "create"
    UPSCALE = "upscale"
    QUERY = "query"
    CONTENT = "content"
    CANCEL = "cancel"
    TASK_LIST = "task_list"
    GROUP_CREATE = "group_create"
    GROUP_LIST = "group_list"
    GROUP_DELETE = "group_delete"
    ASSET_CREATE = "asset_create"
    ASSET_GET = "asset_get"
    ASSET_LIST = "asset_list"
    ASSET_UPDATE = "asset_update"
    ASSET_DELETE = "asset_delete"
    BALANCE = "balance"
    MODELS = "models"
    RECORD = "record"
    FILE_CREATE = "file_create"
    CALLBACK = "callback"


ORDERS: Final = (Operation.CREATE, Operation.UPSCALE)
"""Operations that create a task."""

BILLABLE: Final = (*ORDERS, Operation.ASSET_CREATE)
"""Operations that can be charged."""

READS: Final = (Operation.QUERY, Operation.CONTENT, Operation.RECORD)
"""Operations that read one task."""

TASK_OPERATIONS: Final = (*READS, Operation.CANCEL)
"""Operations about one task that exists."""

SUBJECTS: Final = {
    **dict.fromkeys(TASK_OPERATIONS, "task"),
    **dict.fromkeys((Operation.ASSET_GET, Operation.ASSET_UPDATE, Operation.ASSET_DELETE), "asset"),
    Operation.GROUP_DELETE: "group",
}
"""Common name of the parameter that says what a request is about, for each operation about one thing that exists."""


class Capability(StrEnum):
    """Optional abilities of an upstream. Commands, probes and scenarios follow from them."""

    ASSETS = "assets"
    UPSCALE = "upscale"
    CALLBACKS = "callbacks"
    LINKS = "links"
    CONTENT = "content"
    CANCEL = "cancel"
    LIST = "list"


class TaskStatus(StrEnum):
    """Status of a task, whatever the upstream calls it; see `StatusSpelling` for the words on the wire."""

    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    # No built-in upstream reports these two; Ark, the service behind, and new upstreams have them.
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class AssetStatus(StrEnum):
    """Status of an asset, as it is spelt on the wire."""

    # Ark's words; an upstream with others spells them in `AssetTerms.statuses`.
    PROCESSING = "Processing"
    ACTIVE = "Active"
    FAILED = "Failed"


class StatusContext(StrEnum):
    """Response in which a spelling of a status is used: that of a create or of a query, which can differ.

    ALIAS is a spelling that readers must accept although the documentation does not give it.
    """

    CREATE = "create"
    QUERY = "query"
    ALIAS = "alias"


class Mode(StrEnum):
    """Kind of generation, by the references that it starts from."""

    TEXT = "text"
    FIRST_FRAME = "first_frame"
    FIRST_LAST_FRAME = "first_last_frame"
    REFERENCE = "reference"
    EDIT = "edit"
    UPSCALE = "upscale"


class MediaKind(StrEnum):
    """Kind of media behind a reference."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class Role(StrEnum):
    """Purpose of a reference."""

    REFERENCE = "reference"
    FIRST_FRAME = "first_frame"
    LAST_FRAME = "last_frame"


class ErrorKind(StrEnum):
    """Closed set of errors, independent of the upstream; each upstream maps every kind to an `ErrorCase`."""

    AUTHENTICATION = "authentication"
    FORBIDDEN = "forbidden"
    BALANCE = "balance"
    MALFORMED = "malformed"
    MISSING_PARAMETER = "missing_parameter"
    INVALID_PARAMETER = "invalid_parameter"
    UNKNOWN_MODEL = "unknown_model"
    INVALID_INPUT = "invalid_input"
    MODERATION_INPUT = "moderation_input"
    MODERATION_OUTPUT = "moderation_output"
    ASSET_REFUSED = "asset_refused"
    TASK_NOT_FOUND = "task_not_found"
    ASSET_NOT_FOUND = "asset_not_found"
    GROUP_NOT_FOUND = "group_not_found"
    CONTENT_NOT_FOUND = "content_not_found"
    NOT_READY = "not_ready"
    TASK_FAILED = "task_failed"
    STATE_CONFLICT = "state_conflict"
    LINK_EXPIRED = "link_expired"
    PRECONDITION_FAILED = "precondition_failed"
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable"
    ROUTE_NOT_FOUND = "route_not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    REQUEST_TIMEOUT = "request_timeout"
    RATE_LIMIT = "rate_limit"
    UPSTREAM_FAILED = "upstream_failed"
    OVERLOADED = "overloaded"
