"""Closed vocabularies of the contracts: operations, statuses, kinds of media and of errors.

Knows no upstream, no role (server, client, harness), no socket and no clock.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Basis(StrEnum):
    """How far a fact can be trusted, strongest first."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    ASSUMED = "assumed"


class Operation(StrEnum):
    """What a caller asks for; one HTTP endpoint can carry two (A's upscale is a create of another form).

    A callback is the upstream's own call, to the URL that an order named.
    """

    CREATE = "create"
    UPSCALE = "upscale"
    QUERY = "query"
    CONTENT = "content"
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
"""What makes a task."""


BILLABLE: Final = (*ORDERS, Operation.ASSET_CREATE)
"""What can cost something."""


READS: Final = (Operation.QUERY, Operation.CONTENT, Operation.RECORD)
"""What asks about a task."""


class TaskStatus(StrEnum):
    """The house's own words for a task's life."""

    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class AssetStatus(StrEnum):
    """An asset's life, in the words that both the page and the service behind it use."""

    PROCESSING = "Processing"
    ACTIVE = "Active"
    FAILED = "Failed"


class StatusContext(StrEnum):
    """When a status word is spoken. An upstream may spell one status differently at create and at query."""

    CREATE = "create"
    QUERY = "query"
    ALIAS = "alias"


class Mode(StrEnum):
    """What a generation starts from."""

    TEXT = "text"
    FIRST_FRAME = "first_frame"
    FIRST_LAST_FRAME = "first_last_frame"
    REFERENCE = "reference"
    EDIT = "edit"
    UPSCALE = "upscale"


class MediaKind(StrEnum):
    """The kinds of media that a reference can be."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class Role(StrEnum):
    """What a reference is for."""

    REFERENCE = "reference"
    FIRST_FRAME = "first_frame"
    LAST_FRAME = "last_frame"


class ErrorKind(StrEnum):
    """Everything that can be wrong, whichever upstream says it. Each upstream maps every kind to its own answer."""

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
    LINK_EXPIRED = "link_expired"
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable"
    ROUTE_NOT_FOUND = "route_not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    REQUEST_TIMEOUT = "request_timeout"
    RATE_LIMIT = "rate_limit"
    UPSTREAM_FAILED = "upstream_failed"
    OVERLOADED = "overloaded"
