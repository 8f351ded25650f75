"""What every flow of one client shares, and the judgements on answers that they have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.facts import Document
from seedmock_contracts.validation import violations

from .effects import Flow, HttpRequest, HttpResponse, Send, WireError
from .error_envelopes import document, error_of, text
from .errors import CLASSES, ConnectionFailedError, SeedmockError, UpstreamError, UsageError, ValidationError
from .models import Failure, Video
from .retry import Patience
from .upstreams.protocol import Account, Unreadable, UpstreamCodec

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """An upstream's dialect and how a client of it behaves."""

    dialect: UpstreamCodec
    patience: Patience = field(default_factory=Patience)
    preflight: bool = True
    local_files: bool = False

    @property
    def upstream(self) -> str:
        return self.dialect.contract.name

    @property
    def account(self) -> Account:
        """The upstream's account verbs. Raises UsageError where it has none."""
        if self.dialect.account is None:
            raise UsageError(f"{self.upstream} has no assets, files, balance or records", upstream=self.upstream)
        return self.dialect.account

    def patient(self, timeout: float | None, poll_seconds: float | None) -> ClientConfig:
        """The same with another deadline for waiting or another pause between polls."""
        changes: dict[str, object] = {}
        if timeout is not None:
            changes |= {"wait_seconds": timeout, "asset_seconds": timeout}
        if poll_seconds is not None:
            changes["pacing"] = (poll_seconds,)
        if not changes:
            return self
        try:
            return replace(self, patience=replace(self.patience, **changes))  # type: ignore[arg-type]
        except ValueError as error:
            raise UsageError(str(error)) from None

    def check(self, request: HttpRequest) -> None:
        """Raise ValidationError for the first rule of the contract that a request breaks."""
        if not self.preflight or request.document is None:
            return
        found = violations(self.upstream, request.operation, request.document)
        if found:
            first = found[0]
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            message = f"{first.message}{more}"
            raise ValidationError(
                message, field=first.field, allowed=first.allowed, upstream=self.upstream, kind=first.kind
            )

    def refusal(self, request: HttpRequest, answer: HttpResponse, task_id: str | None = None) -> SeedmockError | None:
        """The error that an answer stands for, or None if it is a good one."""
        found = self.dialect.complaint(answer)
        if found is None:
            return None
        return error_of(self.dialect.kind(found, request.operation), found, self.upstream, task_id)

    def good(self, request: HttpRequest, answer: HttpResponse, task_id: str | None = None) -> Document:
        """The document of a good answer. Raises what a bad one stands for."""
        error = self.refusal(request, answer, task_id)
        if error is not None:
            raise error
        body = document(answer)
        if body is None:
            raise self.unreadable(request, "the body is no JSON object", task_id)
        return body

    def unreadable(self, request: HttpRequest, why: object, task_id: str | None = None) -> UpstreamError:
        """The error for a good answer that says nothing."""
        message = f"{self.upstream} answered {request.operation} with something unreadable: {why}"
        kind = ErrorKind.UPSTREAM_FAILED
        return UpstreamError(message, upstream=self.upstream, task_id=task_id, kind=kind, retryable=True)

    def failed(self, video: Video, kind: ErrorKind | None = None) -> SeedmockError:
        """The error that a failed task stands for."""
        failure = video.failure or Failure()
        kind = kind or self.dialect.kind_of_failure(failure)
        said = ": ".join(part for part in (failure.code, failure.message) if part) or "the upstream gives no reason"
        return CLASSES[kind](
            f"task {video.task_id} failed: {said}",
            upstream=self.upstream,
            task_id=video.task_id,
            kind=kind,
            code=failure.code or None,
            retryable=failure.retryable is True,
        )


def named(name: str, noun: str) -> None:
    """Raises UsageError unless an address can carry the id."""
    if not text(name) or text(name) != name.strip():
        raise UsageError(f"{noun} is needed")


def ask(
    setup: ClientConfig, request: HttpRequest, read: Callable[[Document], T], task_id: str | None = None
) -> Flow[T]:
    """Send one request that buys nothing, and read its answer. Raises what the answer stands for."""
    setup.check(request)
    try:
        answer = yield Send(request, setup.patience.request_seconds)
    except WireError as error:
        message = f"no answer from {setup.upstream}: {error.reason}"
        raise ConnectionFailedError(message, upstream=setup.upstream, task_id=task_id, retryable=True) from error
    body = setup.good(request, answer, task_id)
    try:
        return read(body)
    except Unreadable as error:
        raise setup.unreadable(request, error, task_id) from error
