"""Exceptions that the client raises, as one tree.

SeedmockError
├── UsageError                   a call that cannot work: a bad base URL, an operation that the upstream lacks
├── ValidationError              a request violates a rule; `field` and `allowed` name it
├── AuthenticationError          the API key is missing, wrong, or not allowed to do this
├── BalanceError                 the account cannot pay for this
├── ModerationError              the content was rejected
│   ├── InputModerationError     the prompt or a reference, usually before a task exists
│   └── OutputModerationError    the result, after minutes; the task failed and is not charged
├── NotFoundError                no such task, asset, group or endpoint
│   └── LinkExpiredError         the task exists, but its file does not any more
├── NotReadyError                the task has no content yet
├── StateConflictError           the task's state does not allow this, such as a cancel after its end
├── RateLimitError               too many requests; `retry_after` is in seconds, if the upstream gives it
├── UpstreamError                the upstream is broken or overloaded
│   ├── TaskFailedError          a task failed; `code`, `message` and `retryable` are the upstream's
│   │   ├── TaskCancelledError   a task was cancelled before its end
│   │   └── TaskExpiredError     the upstream gave up a task that waited too long
│   └── AssetFailedError         an asset will never become Active
├── WaitTimeoutError             the deadline of a wait passed; the task may still finish
│   └── UnknownStatusError       the same, with a last status that the contract does not define
├── ConnectionFailedError        no response, to a request that cannot be charged
├── SubmissionUnknownError       the response to a create was lost: the task may exist and may be charged
└── DownloadError                the downloaded bytes are not a whole video, or could not be stored

Knows no HTTP library and no upstream.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.messages.error_guides import note_guide


class SeedmockError(Exception):
    """Base of the exceptions of this client. `advice` is the next step; `task_id` is set once a task may exist.

    A note names the page of the documentation on the error.
    """

    advice = ""

    def __init__(
        self,
        message: str = "",
        *,
        upstream: str | None = None,
        task_id: str | None = None,
        kind: ErrorKind | None = None,
        status: int | None = None,
        code: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        advice: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.upstream = upstream
        self.task_id = task_id
        self.kind = kind
        self.status = status
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after
        self.advice = advice or type(self).advice
        note_guide(self)

    def __str__(self) -> str:
        task = f" (task {self.task_id})" if self.task_id and self.task_id not in self.message else ""
        return f"{self.message}{task}"

    def redact(self, secret: str) -> None:
        """Replace a secret that an upstream may have echoed."""
        for name, value in vars(self).items():
            if isinstance(value, str):
                setattr(self, name, value.replace(secret, "***"))
        self.args = (self.message,)


class UsageError(SeedmockError):
    """The call cannot work."""


class ValidationError(SeedmockError):
    """A request violates a rule."""

    advice = "Change the request; nothing was charged."

    def __init__(self, message: str = "", *, field: str = "", allowed: str = "", **details: Any) -> None:
        super().__init__(message, **details)
        self.field = field
        self.allowed = allowed


class AuthenticationError(SeedmockError):
    """The API key was rejected."""

    advice = "Check the API key (SEEDMOCK_API_KEY or --api-key) and that it belongs to this upstream."


class BalanceError(SeedmockError):
    """The account cannot pay for this."""

    advice = "Top up the account; nothing was charged."


class ModerationError(SeedmockError):
    """The content was rejected."""


class InputModerationError(ModerationError):
    """The prompt or a reference was rejected."""

    advice = "Change the prompt or the reference; a real face goes through an asset (asset://), where there are assets."


class OutputModerationError(ModerationError):
    """The result was rejected."""

    advice = "Not charged. The verdict varies: another seed or prompt may pass."


class NotFoundError(SeedmockError):
    """No such task, asset, group or endpoint, or it belongs to another key."""

    advice = "Check the id, and that it was created with this API key."


class LinkExpiredError(NotFoundError):
    """The task exists, but its file does not any more."""

    advice = "Result files are stored for a few days only; generate the clip again."


class NotReadyError(SeedmockError):
    """The task has no content yet."""

    advice = "Wait for the task first."


class StateConflictError(SeedmockError):
    """The state of the task does not allow this operation."""

    advice = "Query the task: it has ended, or has been cancelled already."


class RateLimitError(SeedmockError):
    """Too many requests."""

    advice = "Wait, then try again; nothing was charged."


class UpstreamError(SeedmockError):
    """The upstream is broken or overloaded."""

    advice = "The request is not the cause; try again later."


class TaskFailedError(UpstreamError):
    """A task failed."""

    advice = "A failed task should not be charged; check the account."


class TaskCancelledError(TaskFailedError):
    """A task was cancelled before its end."""

    advice = "A cancelled task should not be charged; create another one."


class TaskExpiredError(TaskFailedError):
    """The upstream gave up a task that waited too long."""

    advice = "An expired task should not be charged; create another one."


class AssetFailedError(UpstreamError):
    """An asset will never become Active."""

    advice = "Upload another file; a failed upload is not charged."


class WaitTimeoutError(SeedmockError):
    """The deadline passed before the task ended."""

    advice = "The task may still finish and be charged: wait for it again by its id, do not create it twice."

    def __init__(
        self, message: str = "", *, raw_status: str = "", statuses: tuple[str, ...] = (), **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.raw_status = raw_status
        self.statuses = statuses


class UnknownStatusError(WaitTimeoutError):
    """The deadline passed while the task had a status that the contract does not define."""


class ConnectionFailedError(SeedmockError):
    """There was no response, to a request that cannot be charged."""

    advice = "Check the base URL (SEEDMOCK_BASE_URL or --base-url) and the network."


class SubmissionUnknownError(SeedmockError):
    """The response to a create was lost."""

    advice = "The order may have been accepted and may be charged: check the account before sending it again."


class DownloadError(SeedmockError):
    """The downloaded bytes are not a whole video, or could not be stored."""

    advice = "The task is finished and paid for: download it again by its id."


CLASSES: Mapping[ErrorKind, type[SeedmockError]] = {
    ErrorKind.AUTHENTICATION: AuthenticationError,
    ErrorKind.FORBIDDEN: AuthenticationError,
    ErrorKind.BALANCE: BalanceError,
    ErrorKind.MALFORMED: ValidationError,
    ErrorKind.MISSING_PARAMETER: ValidationError,
    ErrorKind.INVALID_PARAMETER: ValidationError,
    ErrorKind.UNKNOWN_MODEL: ValidationError,
    ErrorKind.INVALID_INPUT: ValidationError,
    ErrorKind.MODERATION_INPUT: InputModerationError,
    ErrorKind.MODERATION_OUTPUT: OutputModerationError,
    ErrorKind.ASSET_REFUSED: InputModerationError,
    ErrorKind.TASK_NOT_FOUND: NotFoundError,
    ErrorKind.ASSET_NOT_FOUND: NotFoundError,
    ErrorKind.GROUP_NOT_FOUND: NotFoundError,
    ErrorKind.CONTENT_NOT_FOUND: NotFoundError,
    ErrorKind.NOT_READY: NotReadyError,
    ErrorKind.TASK_FAILED: TaskFailedError,
    ErrorKind.STATE_CONFLICT: StateConflictError,
    ErrorKind.LINK_EXPIRED: LinkExpiredError,
    ErrorKind.PRECONDITION_FAILED: DownloadError,
    ErrorKind.RANGE_NOT_SATISFIABLE: DownloadError,
    ErrorKind.ROUTE_NOT_FOUND: NotFoundError,
    ErrorKind.METHOD_NOT_ALLOWED: UsageError,
    ErrorKind.BODY_TOO_LARGE: ValidationError,
    ErrorKind.UNSUPPORTED_MEDIA_TYPE: ValidationError,
    ErrorKind.REQUEST_TIMEOUT: UpstreamError,
    ErrorKind.RATE_LIMIT: RateLimitError,
    ErrorKind.UPSTREAM_FAILED: UpstreamError,
    ErrorKind.OVERLOADED: UpstreamError,
}
