"""What one can do with a task: create, query, generate, collect, as generators over Send / Sleep / Work.

No I/O and no clock in here, and always a deadline. A create is repeated only while it cannot have been received or was
refused with 429: there is no idempotency key, and a second task is a second bill.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from pathlib import Path

from seedmock_contracts.enums import ErrorKind, MediaKind, TaskStatus
from seedmock_contracts.generation import Reference, UpscaleRequest
from seedmock_contracts.mp4 import Movie
from seedmock_contracts.pricing import Quote, quote

from .clip_check import differences
from .context import ClientConfig, ask, named
from .downloads import download
from .effects import Flow, HttpRequest, HttpResponse, Lost, NotSent, Send, Sleep, Upload, Work
from .error_envelopes import ErrorBody, document, error_of
from .errors import ConnectionFailedError, SeedmockError, SubmissionUnknownError, UsageError, ValidationError
from .files import data_uri, local_path, read_upload, writable
from .models import Clip, Order, Video
from .polling import Report, wait
from .retry import backoff
from .upstreams.protocol import Unreadable

_BROKEN = (ErrorKind.UPSTREAM_FAILED, ErrorKind.OVERLOADED, ErrorKind.REQUEST_TIMEOUT)
_STAND_IN = "https://local.invalid/file"


def priced(setup: ClientConfig, order: Order) -> Quote:
    """What an order costs if it succeeds. Raises ValidationError for what has no price."""
    try:
        return quote(setup.upstream, order)
    except (ValueError, LookupError) as error:
        raise ValidationError(str(error), upstream=setup.upstream, kind=ErrorKind.INVALID_PARAMETER) from None


def encoded(setup: ClientConfig, order: Order) -> HttpRequest:
    """The request that an order becomes."""
    dialect = setup.dialect
    return dialect.upscale(order) if isinstance(order, UpscaleRequest) else dialect.create(order)


def create(setup: ClientConfig, order: Order) -> Flow[Video]:
    """Order a video. Raises ValidationError before anything is sent, and what a refusal stands for.

    SubmissionUnknownError means that the answer was lost: the task may exist and may be charged.
    """
    setup.check(encoded(setup, without_files(order)))
    request = encoded(setup, (yield from _localized(setup, order)))
    setup.check(request)
    answer = yield from submit(setup, request)
    return replace(_accepted(setup, request, answer), order=order)


def query(setup: ClientConfig, task_id: str) -> Flow[Video]:
    """Look at a task once."""
    named(task_id, "a task id")
    dialect = setup.dialect
    video = yield from ask(setup, dialect.query(task_id), dialect.read_video, task_id)
    return replace(video, task_id=task_id)


def generate(setup: ClientConfig, order: Order, path: Path, report: Report | None = None) -> Flow[Clip]:
    """Create, wait and download. The file's place is tried before anything is bought."""
    yield from place(path)
    created = yield from create(setup, order)
    return (yield from _finish(setup, created.task_id, path, report, created))


def collect(setup: ClientConfig, task_id: str, path: Path, report: Report | None = None) -> Flow[Clip]:
    """Wait for a task that exists and download it."""
    named(task_id, "a task id")
    yield from place(path)
    return (yield from _finish(setup, task_id, path, report, None))


def fetch(setup: ClientConfig, task: Video | str, path: Path) -> Flow[Clip]:
    """Download a finished task, looking at it first if only its id is known."""
    yield from place(path)
    video = task if isinstance(task, Video) else (yield from query(setup, task))
    return (yield from _downloaded(setup, video, path, ()))


def _finish(setup: ClientConfig, task_id: str, path: Path, report: Report | None, created: Video | None) -> Flow[Clip]:
    video, seen = yield from wait(setup, task_id, report, created)
    if created is not None:
        video = replace(video, model=video.model or created.model, order=created.order)
    return (yield from _downloaded(setup, video, path, seen))


def _downloaded(setup: ClientConfig, video: Video, path: Path, seen: tuple[str, ...]) -> Flow[Clip]:
    """Bring a video home, and say what it should cost and in what it is not as ordered, if the order is known."""
    size, movie = yield from download(setup, video, path)
    clip = Clip(path=path, bytes=size, movie=movie, video=video, states_seen=seen)
    if video.order is None:
        return clip
    differs = differences(setup.dialect.contract, video.order, movie)
    return replace(clip, quote=_cost(setup, video.order, movie), differs=differs)


def _cost(setup: ClientConfig, order: Order, movie: Movie) -> Quote | None:
    """What a finished order costs; None where there is no price, for the video is there all the same."""
    if isinstance(order, UpscaleRequest):
        order = replace(order, seconds=order.seconds or movie.seconds)
    with contextlib.suppress(ValidationError):
        return priced(setup, order)
    return None


def place(path: Path) -> Flow[None]:
    """Make sure that a file can be written before a cent is spent on it."""
    try:
        yield Work(partial(writable, path))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error}", advice="Choose another output file.") from error


def submit(setup: ClientConfig, request: HttpRequest) -> Flow[HttpResponse]:
    """Send what buys something; gives a good answer. Repeats only what cannot have been received, or a 429."""
    patience = setup.patience
    until = (yield Sleep(0)) + patience.create_seconds
    for attempt in range(patience.create_tries):
        final = attempt + 1 == patience.create_tries
        try:
            answer: HttpResponse = yield Send(request, patience.request_seconds)
        except NotSent as unsent:
            message = f"no connection to {setup.upstream}, nothing was sent: {unsent.reason}"
            error: SeedmockError = ConnectionFailedError(message, upstream=setup.upstream, retryable=True)
            now, pause = unsent.at, backoff(attempt)
        except Lost as lost:
            raise unknown(setup, f"the answer was lost: {lost.reason}") from lost
        else:
            found = setup.dialect.complaint(answer)
            if found is None:
                return answer
            error = _refusal(setup, request, answer, found)
            now, pause = answer.at, backoff(attempt) if found.retry_after is None else found.retry_after
            final = final or found.status != 429
        if final or now + pause >= until:
            raise error
        yield Sleep(pause)
    raise AssertionError("the last try returns or raises")


def _refusal(setup: ClientConfig, request: HttpRequest, answer: HttpResponse, found: ErrorBody) -> SeedmockError:
    kind = setup.dialect.kind(found, request.operation)
    if 300 <= answer.status < 400:
        message = f"{setup.upstream} redirects to {answer.headers.get('location', 'elsewhere')[:120]}"
        return UsageError(message, upstream=setup.upstream, advice="Check the base URL; orders follow no redirect.")
    if found.status != 429 and kind in _BROKEN:
        return unknown(setup, f"{found.status}: {found.message}", found)
    return error_of(kind, found, setup.upstream)


def unknown(setup: ClientConfig, why: str, found: ErrorBody | None = None) -> SubmissionUnknownError:
    """The error for an order that may have been taken."""
    details = {"status": found.status, "code": found.code or None} if found else {}
    return SubmissionUnknownError(
        f"{setup.upstream} gave no clear answer to the order ({why}); what was ordered may exist and may be charged",
        upstream=setup.upstream,
        **details,  # type: ignore[arg-type]
    )


def _accepted(setup: ClientConfig, request: HttpRequest, answer: HttpResponse) -> Video:
    """The task that a good answer names. One that is born failed is a refusal with a task id."""
    body = document(answer)
    try:
        if body is None:
            raise Unreadable("no JSON object in the answer")
        video = setup.dialect.read_video(body)
    except Unreadable as error:
        raise unknown(setup, str(error)) from error
    if video.status is TaskStatus.FAILURE:
        kind = setup.dialect.kind_of_failure(video.failure) if video.failure else ErrorKind.TASK_FAILED
        raise setup.failed(video, ErrorKind.MODERATION_INPUT if kind is ErrorKind.MODERATION_OUTPUT else kind)
    sent = request.document or {}
    return video if video.model else replace(video, model=str(sent.get("model") or "") or None)


def without_files(order: Order) -> Order:
    """The order with web addresses in place of local files, so that its rules can be checked before any upload."""
    if isinstance(order, UpscaleRequest):
        return order if local_path(order.url) is None else replace(order, url=_STAND_IN)
    swapped = (r if local_path(r.url) is None else replace(r, url=_STAND_IN) for r in order.references)
    return replace(order, references=tuple(swapped))


def _localized(setup: ClientConfig, order: Order) -> Flow[Order]:
    """The order with every `file:` reference uploaded, or written into it as a data: URI."""
    if isinstance(order, UpscaleRequest):
        sent = yield from _sent(setup, Reference(MediaKind.VIDEO, order.url), "url")
        return replace(order, url=sent.url)
    references = []
    for index, reference in enumerate(order.references):
        references.append((yield from _sent(setup, reference, f"references[{index}]")))
    return replace(order, references=tuple(references))


def _sent(setup: ClientConfig, reference: Reference, field: str) -> Flow[Reference]:
    path = local_path(reference.url)
    if path is None:
        return reference
    if not setup.local_files:
        allowed = "a web address, or Client(local_files=True)"
        raise ValidationError(f"{field} is a local file; allowed: {allowed}", field=field, allowed=allowed)
    as_data = setup.dialect.takes_data_uris
    if as_data and reference.kind is MediaKind.VIDEO:
        allowed = "a web address for a video"
        raise ValidationError(
            f"{field} is a local video; {setup.upstream} takes {allowed}", field=field, allowed=allowed
        )
    upload = yield from local(setup, path, reference.kind, field)
    url = data_uri(upload) if as_data else (yield from put(setup, upload))
    return replace(reference, url=url)


def local(setup: ClientConfig, path: Path, kind: MediaKind, field: str = "file") -> Flow[Upload]:
    """Read a local file that an upstream would take. Raises ValidationError."""
    limits = [limit for limit in setup.dialect.contract.limits if (limit.kind, limit.quantity) == (kind, "size_bytes")]
    most = min((limit.high for limit in limits if limit.high is not None), default=50.0 * 1024 * 1024)
    try:
        upload: Upload = yield Work(partial(read_upload, path, most))
    except (OSError, ValueError) as error:
        allowed = "a readable file"
        raise ValidationError(f"{field}: {error}", field=field, allowed=allowed, upstream=setup.upstream) from error
    return upload


def put(setup: ClientConfig, upload: Upload) -> Flow[str]:
    """Upload a file to the upstream; gives its public address."""
    account = setup.account
    return (yield from ask(setup, account.upload(upload), account.read_upload))
