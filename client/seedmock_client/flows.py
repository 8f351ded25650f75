"""Flows of tasks: create, query, generate, collect, as generators that yield effects. No I/O, no clock.

Every flow has a deadline. A create is repeated only after a 429, or while it cannot have been received: there is no
idempotency key, and a second task is a second bill.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from pathlib import Path

from seedmock_contracts.enums import ErrorKind, MediaKind
from seedmock_contracts.generation import Reference, UpscaleRequest
from seedmock_contracts.lifecycle import UNSUCCESSFUL
from seedmock_contracts.mp4 import Movie
from seedmock_contracts.pricing import Quote, quote

from .clip_check import find_mismatches
from .context import ClientConfig, call, require_id
from .downloads import download
from .effects import (
    Flow,
    HttpRequest,
    HttpResponse,
    PerformRequest,
    RequestNotSent,
    ResponseLost,
    RunBlocking,
    Sleep,
    Upload,
)
from .error_envelopes import ErrorBody, build_error, json_object
from .errors import ConnectionFailedError, SeedmockError, SubmissionUnknownError, UsageError, ValidationError
from .files import data_uri, ensure_writable, local_path, read_upload
from .models import Clip, Order, Video
from .polling import ProgressCallback, wait
from .retry import backoff
from .upstreams.protocol import DecodeError

# After these errors, an order may have been accepted nevertheless.
_OUTCOME_UNKNOWN = (ErrorKind.UPSTREAM_FAILED, ErrorKind.OVERLOADED, ErrorKind.REQUEST_TIMEOUT)
_PLACEHOLDER_URL = "https://local.invalid/file"  # satisfies the rules on URL schemes
_DEFAULT_MAX_FILE_SIZE = 50.0 * 1024 * 1024


def price(config: ClientConfig, order: Order) -> Quote:
    """Price of an order that succeeds. Raises ValidationError for an order without a price."""
    try:
        return quote(config.upstream, order)
    except (ValueError, LookupError) as error:
        raise ValidationError(str(error), upstream=config.upstream, kind=ErrorKind.INVALID_PARAMETER) from None


def encode(config: ClientConfig, order: Order) -> HttpRequest:
    codec = config.codec
    return codec.upscale(order) if isinstance(order, UpscaleRequest) else codec.create(order)


def create(config: ClientConfig, order: Order) -> Flow[Video]:
    """Create a task. Raises ValidationError before anything is sent, and the exception of an error response.

    SubmissionUnknownError means that the response was lost: the task may exist and may be charged.
    """
    # First with placeholders: an order that violates a rule must not upload anything.
    config.check_rules(encode(config, without_files(order)))
    request = encode(config, (yield from _with_uploads(config, order)))
    # Again: only now it has the URLs of the uploads.
    config.check_rules(request)
    response = yield from submit(config, request)
    return replace(_created_task(config, request, response), order=order)


def query(config: ClientConfig, task_id: str) -> Flow[Video]:
    require_id(task_id, "a task id")
    video = yield from call(config, config.codec.query(task_id), config.codec.read_video, task_id)
    return replace(video, task_id=task_id)


def cancel(config: ClientConfig, task_id: str) -> Flow[Video]:
    """Cancel a task that has not ended."""
    require_id(task_id, "a task id")
    video = yield from call(config, config.codec.cancel(task_id), config.codec.read_video, task_id)
    return replace(video, task_id=task_id)


def generate(config: ClientConfig, order: Order, path: Path, on_progress: ProgressCallback | None = None) -> Flow[Clip]:
    """Create, wait and download. The output file is checked before anything is ordered."""
    yield from check_writable(path)
    created = yield from create(config, order)
    return (yield from _wait_and_download(config, created.task_id, path, on_progress, created))


def collect(config: ClientConfig, task_id: str, path: Path, on_progress: ProgressCallback | None = None) -> Flow[Clip]:
    """Wait for an existing task and download it."""
    require_id(task_id, "a task id")
    yield from check_writable(path)
    return (yield from _wait_and_download(config, task_id, path, on_progress, None))


def download_task(config: ClientConfig, task: Video | str, path: Path) -> Flow[Clip]:
    """Download a finished task, querying it first if only its id is known."""
    yield from check_writable(path)
    video = task if isinstance(task, Video) else (yield from query(config, task))
    return (yield from _download_clip(config, video, path, ()))


def _wait_and_download(
    config: ClientConfig, task_id: str, path: Path, on_progress: ProgressCallback | None, created: Video | None
) -> Flow[Clip]:
    video, statuses = yield from wait(config, task_id, on_progress, created)
    if created is not None:
        video = replace(video, model=video.model or created.model, order=created.order)
    return (yield from _download_clip(config, video, path, statuses))


def _download_clip(config: ClientConfig, video: Video, path: Path, statuses: tuple[str, ...]) -> Flow[Clip]:
    """Download a video, and compare it with its order if that is known."""
    # Downloaded before it is judged: a clip that differs from its order is paid for all the same.
    size, movie = yield from download(config, video, path)
    clip = Clip(path=path, bytes=size, movie=movie, video=video, statuses=statuses)
    if video.order is None:
        return clip
    mismatches = find_mismatches(config.codec.contract, video.order, movie)
    return replace(clip, quote=_expected_price(config, video.order, movie), mismatches=mismatches)


def _expected_price(config: ClientConfig, order: Order, movie: Movie) -> Quote | None:
    """Price of a finished order; None without one, which must not keep the caller from the paid video."""
    if isinstance(order, UpscaleRequest):
        order = replace(order, seconds=order.seconds or movie.seconds)
    with contextlib.suppress(ValidationError):
        return price(config, order)
    return None


def check_writable(path: Path) -> Flow[None]:
    """Raise UsageError if the output file cannot be written, before anything is paid for."""
    try:
        yield RunBlocking(partial(ensure_writable, path))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error}", advice="Choose another output file.") from error


def submit(config: ClientConfig, request: HttpRequest) -> Flow[HttpResponse]:
    """Send a request that can be charged; return its success response. Repeated only if not received, or after 429."""
    policy = config.retry_policy
    until = (yield Sleep(0)) + policy.create_seconds
    # A repeated order that was received the first time is paid twice (agent-media-app#4), so the reason decides.
    for attempt in range(policy.create_tries):
        final = attempt + 1 == policy.create_tries
        try:
            response: HttpResponse = yield PerformRequest(request, policy.request_seconds)
        except RequestNotSent as not_sent:
            message = f"no connection to {config.upstream}, nothing was sent: {not_sent.reason}"
            exception: SeedmockError = ConnectionFailedError(message, upstream=config.upstream, retryable=True)
            now, pause = not_sent.at, backoff(attempt)
        # Never repeated: the order may be running, and a second one would be paid as well.
        except ResponseLost as lost:
            raise unknown_outcome(config, f"the response was lost: {lost.reason}") from lost
        else:
            error = config.codec.parse_error(response)
            if error is None:
                return response
            exception = _submission_error(config, request, response, error)
            now, pause = response.at, backoff(attempt) if error.retry_after is None else error.retry_after
            final = final or error.status != 429
        if final or now + pause >= until:
            raise exception
        yield Sleep(pause)
    raise AssertionError("the last try returns or raises")


def _submission_error(
    config: ClientConfig, request: HttpRequest, response: HttpResponse, error: ErrorBody
) -> SeedmockError:
    kind = config.codec.error_kind(error, request.operation)
    if 300 <= response.status < 400:  # a followed POST could become a GET, or be sent twice
        message = f"{config.upstream} redirects to {response.headers.get('location', 'elsewhere')[:120]}"
        return UsageError(message, upstream=config.upstream, advice="Check the base URL; orders follow no redirect.")
    if error.status != 429 and kind in _OUTCOME_UNKNOWN:
        return unknown_outcome(config, f"{error.status}: {error.message}", error)
    return build_error(kind, error, config.upstream)


def unknown_outcome(config: ClientConfig, reason: str, error: ErrorBody | None = None) -> SubmissionUnknownError:
    """Build the exception for an order that may have been accepted."""
    details = {"status": error.status, "code": error.code or None} if error else {}
    return SubmissionUnknownError(
        f"{config.upstream} gave no clear response ({reason}); the order may have been accepted and may be charged",
        upstream=config.upstream,
        **details,  # type: ignore[arg-type]
    )


def _created_task(config: ClientConfig, request: HttpRequest, response: HttpResponse) -> Video:
    """Task in the response to a create. Raises its exception if it has failed already."""
    body = json_object(response)
    try:
        if body is None:
            raise DecodeError("no JSON object in the response")
        video = config.codec.read_video(body)
    except DecodeError as error:
        raise unknown_outcome(config, str(error)) from error
    if video.status in UNSUCCESSFUL:
        # A task that fails at once has no output yet, so moderation can only have rejected its input.
        kind = config.codec.failure_kind(video.failure) if video.failure else ErrorKind.TASK_FAILED
        raise config.task_failure(video, ErrorKind.MODERATION_INPUT if kind is ErrorKind.MODERATION_OUTPUT else kind)
    document = request.document or {}
    return video if video.model else replace(video, model=str(document.get("model") or "") or None)


def without_files(order: Order) -> Order:
    """Replace local files by URLs, so that the rules can be checked before any upload."""
    if isinstance(order, UpscaleRequest):
        return order if local_path(order.url) is None else replace(order, url=_PLACEHOLDER_URL)
    references = (
        reference if local_path(reference.url) is None else replace(reference, url=_PLACEHOLDER_URL)
        for reference in order.references
    )
    return replace(order, references=tuple(references))


def _with_uploads(config: ClientConfig, order: Order) -> Flow[Order]:
    """Replace every `file:` reference by the URL of its upload, or by a data: URI."""
    if isinstance(order, UpscaleRequest):
        video = yield from _resolve_file(config, Reference(MediaKind.VIDEO, order.url), "url")
        return replace(order, url=video.url)
    references = []
    for index, reference in enumerate(order.references):
        references.append((yield from _resolve_file(config, reference, f"references[{index}]")))
    return replace(order, references=tuple(references))


def _resolve_file(config: ClientConfig, reference: Reference, field: str) -> Flow[Reference]:
    path = local_path(reference.url)
    if path is None:
        return reference
    if not config.local_files:
        allowed = "a URL, or Client(local_files=True)"
        raise ValidationError(f"{field} is a local file; allowed: {allowed}", field=field, allowed=allowed)
    as_data = config.codec.takes_data_uris
    if as_data and reference.kind is MediaKind.VIDEO:
        allowed = "a URL for a video"
        message = f"{field} is a local video; {config.upstream} takes {allowed}"
        raise ValidationError(message, field=field, allowed=allowed)
    upload = yield from read_local_file(config, path, reference.kind, field)
    url = data_uri(upload) if as_data else (yield from upload_file(config, upload))
    return replace(reference, url=url)


def read_local_file(config: ClientConfig, path: Path, kind: MediaKind, field: str = "file") -> Flow[Upload]:
    """Read a local file within the upstream's limits. Raises ValidationError."""
    limits = [limit for limit in config.codec.contract.limits if (limit.kind, limit.quantity) == (kind, "size_bytes")]
    max_size = min((limit.high for limit in limits if limit.high is not None), default=_DEFAULT_MAX_FILE_SIZE)
    try:
        upload: Upload = yield RunBlocking(partial(read_upload, path, max_size))
    except (OSError, ValueError) as error:
        allowed = "a readable file"
        raise ValidationError(f"{field}: {error}", field=field, allowed=allowed, upstream=config.upstream) from error
    return upload


def upload_file(config: ClientConfig, upload: Upload) -> Flow[str]:
    """Upload a file; return its public URL."""
    account = config.account
    return (yield from call(config, account.upload(upload), account.read_upload))
