"""Everything that this client raises, as one tree.

SeedmockError
├── UsageError                   what was asked for cannot be: no key, a bad base URL, a verb that it lacks
├── ValidationError              a request breaks a rule; `field` and `allowed` say which
├── AuthenticationError          the key is missing, wrong, or not allowed to do this
├── BalanceError                 the account cannot pay for this
├── ModerationError              the content was refused
│   ├── InputModerationError     what was sent in, usually before a task exists
│   └── OutputModerationError    what came out, after minutes; the task failed and is not charged
├── NotFoundError                no such task, asset, group or endpoint
│   └── LinkExpiredError         the task is there, its file is not any more
├── NotReadyError                the task has no content yet
├── RateLimitError               too many requests; `retry_after` says when to come back, if the upstream did
├── UpstreamError                the upstream is broken or overloaded
│   ├── TaskFailedError          a task ended in failure; `code`, `message` and `retryable` are the upstream's
│   └── AssetFailedError         an asset will never become Active
├── WaitTimeoutError             the deadline passed; the task may still finish
│   └── UnknownStatusError       the same, and the last status was a word that nobody knows
├── ConnectionFailedError        no answer, and nothing was bought by trying
├── SubmissionUnknownError       the answer to a create was lost: the task may exist and may be charged
└── DownloadError                the bytes that came are not a whole video, or could not be kept

Knows no HTTP library and no upstream.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedmock_contracts.enums import ErrorKind


class SeedmockError(Exception):
    """Everything that this client raises. `advice` says what to do; `task_id` is there once a task may exist."""

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

    def __str__(self) -> str:
        task = f" (task {self.task_id})" if self.task_id and self.task_id not in self.message else ""
        return f"{self.message}{task}"

    def without(self, secret: str) -> None:
        """Blot out a secret wherever an upstream may have echoed it."""
        for name, value in vars(self).items():
            if isinstance(value, str):
                setattr(self, name, value.replace(secret, "***"))
        self.args = (self.message,)


class UsageError(SeedmockError):
    """What was asked for cannot be done."""


class ValidationError(SeedmockError):
    """A request breaks a rule."""

    advice = "Change the request; nothing was charged."

    def __init__(self, message: str = "", *, field: str = "", allowed: str = "", **details: Any) -> None:
        super().__init__(message, **details)
        self.field = field
        self.allowed = allowed


class AuthenticationError(SeedmockError):
    """The key was refused."""

    advice = "Check the API key (SEEDMOCK_API_KEY or --api-key) and that it belongs to this upstream."


class BalanceError(SeedmockError):
    """The account cannot pay for this."""

    advice = "Top up the account; nothing was charged."


class ModerationError(SeedmockError):
    """The content was refused."""


class InputModerationError(ModerationError):
    """What was sent in was refused."""

    advice = "Change the prompt or the reference; a real face goes through an asset (asset://), where there are assets."


class OutputModerationError(ModerationError):
    """What came out was refused."""

    advice = "Not charged. The judgement varies: another seed or prompt may pass."


class NotFoundError(SeedmockError):
    """There is no such thing, or it belongs to another key."""

    advice = "Check the id and that the key is the one it was made with."


class LinkExpiredError(NotFoundError):
    """The task is there, its file is not any more."""

    advice = "Result files are kept for a few days only; the clip must be generated again."


class NotReadyError(SeedmockError):
    """The task has no content yet."""

    advice = "Wait for the task first."


class RateLimitError(SeedmockError):
    """Too many requests."""

    advice = "Wait, then try again; nothing was charged."


class UpstreamError(SeedmockError):
    """The upstream is broken or overloaded."""

    advice = "Not your request's fault; try again later."


class TaskFailedError(UpstreamError):
    """A task ended in failure."""

    advice = "A failed task should not be charged; the account tells whether it was."


class AssetFailedError(UpstreamError):
    """An asset will never become Active."""

    advice = "Upload another file; a failed upload is not charged."


class WaitTimeoutError(SeedmockError):
    """The deadline passed before the task ended."""

    advice = "The task may still finish and be charged: wait for it again by its id, do not create it twice."

    def __init__(self, message: str = "", *, word: str = "", seen: tuple[str, ...] = (), **details: Any) -> None:
        super().__init__(message, **details)
        self.word = word
        self.seen = seen


class UnknownStatusError(WaitTimeoutError):
    """The deadline passed while the status was a word that nobody knows."""


class ConnectionFailedError(SeedmockError):
    """There was no answer, and nothing was bought by trying."""

    advice = "Check the base URL (SEEDMOCK_BASE_URL or --base-url) and the network."


class SubmissionUnknownError(SeedmockError):
    """The answer to a create was lost."""

    advice = "What was ordered may exist and may be charged: look at the account before you send it again."


class DownloadError(SeedmockError):
    """The bytes that came are not a whole video, or could not be kept."""

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
    ErrorKind.LINK_EXPIRED: LinkExpiredError,
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
