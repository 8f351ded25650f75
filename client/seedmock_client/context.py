"""Configuration that all flows of one client share, and their common handling of responses. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from seedmock_contracts.enums import ErrorKind, TaskStatus
from seedmock_contracts.facts import Document
from seedmock_contracts.validation import violations

from .effects import Flow, HttpRequest, HttpResponse, PerformRequest, TransportError
from .error_envelopes import build_error, json_object, scalar_text
from .errors import (
    CLASSES,
    ConnectionFailedError,
    SeedmockError,
    TaskCancelledError,
    TaskExpiredError,
    UpstreamError,
    UsageError,
    ValidationError,
)
from .models import Failure, Video
from .retry import RetryPolicy
from .upstreams.protocol import AccountCodec, DecodeError, UpstreamCodec

T = TypeVar("T")

# Ends of a task that are no failures of it; the codes in the response do not tell them apart.
_ENDS: Mapping[TaskStatus, type[SeedmockError]] = {
    TaskStatus.CANCELLED: TaskCancelledError,
    TaskStatus.EXPIRED: TaskExpiredError,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """Codec of the upstream and behaviour of a client."""

    codec: UpstreamCodec
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    preflight: bool = True
    local_files: bool = False

    @property
    def upstream(self) -> str:
        return self.codec.contract.name

    @property
    def account(self) -> AccountCodec:
        """Codec of assets, files, balance and models. Raises UsageError if the upstream has none."""
        if self.codec.account is None:
            raise UsageError(f"{self.upstream} has no assets, files, balance or records", upstream=self.upstream)
        return self.codec.account

    def with_limits(self, timeout: float | None, poll_seconds: float | None) -> ClientConfig:
        """Copy the configuration with another deadline for waits or another pause between polls."""
        changes: dict[str, object] = {}
        if timeout is not None:
            # Both: a caller names one limit for whatever it waits for, and waits for one thing at a time.
            changes |= {"wait_seconds": timeout, "asset_seconds": timeout}
        if poll_seconds is not None:
            changes["pacing"] = (poll_seconds,)
        if not changes:
            return self
        try:
            return replace(self, retry_policy=replace(self.retry_policy, **changes))  # type: ignore[arg-type]
        except ValueError as error:
            # The limits came from the caller's arguments: the policy that rejected them is not its concern.
            raise UsageError(str(error)) from None

    def check_rules(self, request: HttpRequest) -> None:
        """Raise ValidationError for the first rule that a request violates, unless preflight is off."""
        if not self.preflight or request.document is None:
            return
        # Here and not only at the service: a refusal that costs nothing there costs a round trip and an upload.
        broken = violations(self.upstream, request.operation, request.document)
        if broken:
            first = broken[0]
            more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
            raise ValidationError(
                f"{first.message}{more}",
                field=first.field,
                allowed=first.allowed,
                upstream=self.upstream,
                kind=first.kind,
            )

    def error_in(
        self, request: HttpRequest, response: HttpResponse, task_id: str | None = None
    ) -> SeedmockError | None:
        """Build the exception for an error response; None for a success."""
        error = self.codec.parse_error(response)
        if error is None:
            return None
        return build_error(self.codec.error_kind(error, request.operation), error, self.upstream, task_id)

    def success_body(self, request: HttpRequest, response: HttpResponse, task_id: str | None = None) -> Document:
        """JSON object of a success. Raises the exception of an error response."""
        error = self.error_in(request, response, task_id)
        if error is not None:
            raise error
        body = json_object(response)
        if body is None:
            raise self.unreadable(request, "the body is not a JSON object", task_id)
        return body

    def unreadable(self, request: HttpRequest, reason: object, task_id: str | None = None) -> UpstreamError:
        """Build the exception for a success response that cannot be decoded."""
        message = f"{self.upstream} answered {request.operation} with an unreadable response: {reason}"
        kind = ErrorKind.UPSTREAM_FAILED
        return UpstreamError(message, upstream=self.upstream, task_id=task_id, kind=kind, retryable=True)

    def task_failure(self, video: Video, kind: ErrorKind | None = None) -> SeedmockError:
        """Build the exception for a failed task."""
        failure = video.failure or Failure()
        kind = kind or self.codec.failure_kind(failure)
        class_ = _ENDS.get(video.status, CLASSES[kind]) if video.status else CLASSES[kind]
        end = "failed" if class_ is CLASSES[kind] else str(video.status).lower()
        return class_(
            f"task {video.task_id} {end}: {failure_text(failure)}",
            upstream=self.upstream,
            task_id=video.task_id,
            kind=kind,
            code=failure.code or None,
            retryable=failure.retryable is True,
        )


def failure_text(failure: Failure) -> str:
    """Code and message of a failure in one line."""
    text = ": ".join(part for part in (failure.code, failure.message) if part)
    return text or "the upstream gives no reason"


def require_id(id_: str, noun: str) -> None:
    """Raise UsageError unless a URL can contain the id."""
    if not scalar_text(id_) or scalar_text(id_) != id_.strip():
        raise UsageError(f"{noun} is required")


def call(
    config: ClientConfig, request: HttpRequest, read: Callable[[Document], T], task_id: str | None = None
) -> Flow[T]:
    """Send a request that cannot be charged, and decode its response with `read`. Raises the response's error."""
    config.check_rules(request)
    try:
        response = yield PerformRequest(request, config.retry_policy.request_seconds)
    # Whether it was received makes no difference for a request that can be sent again.
    except TransportError as error:
        message = f"no response from {config.upstream}: {error.reason}"
        raise ConnectionFailedError(message, upstream=config.upstream, task_id=task_id, retryable=True) from error
    body = config.success_body(request, response, task_id)
    try:
        return read(body)
    except DecodeError as error:
        raise config.unreadable(request, error, task_id) from error
