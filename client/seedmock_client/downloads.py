"""Download a finished video: a flow that resumes, follows redirects itself and validates the file. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from seedmock_contracts.enums import ErrorKind, TaskStatus
from seedmock_contracts.errors import InvalidMovie
from seedmock_contracts.lifecycle import UNSUCCESSFUL
from seedmock_contracts.mp4 import Movie

from .context import ClientConfig, call
from .effects import Flow, HttpRequest, HttpResponse, PerformRequest, RunBlocking, Sleep, TransportError
from .error_envelopes import json_object, scalar_text
from .errors import DownloadError, LinkExpiredError, NotFoundError, NotReadyError, SeedmockError, UpstreamError
from .files import PartFile
from .models import Video
from .retry import backoff

MAX_REDIRECTS = 5
LINK_TRIES = 4
"""Number of pauses after a 404 of a result link: the storage can lag behind the task by some seconds."""
# A client of apimodels takes the last three for an expired link (moku-labs/ai); no page says which it is.
DEAD_LINK_STATUSES = (401, 403, 404, 410)


@dataclass(slots=True)
class DownloadState:
    """State of one download. `not_ready_pauses` are left for content that does not exist yet."""

    config: ClientConfig
    video: Video
    part: PartFile
    started: float
    not_ready_pauses: Iterator[float]
    now: float = 0.0
    largest_size: int = 0
    tries_without_progress: int = 0
    link_renewed: bool = False
    damaged_once: bool = False

    @property
    def left(self) -> float:
        return self.started + self.config.retry_policy.download_seconds - self.now

    def error(self, problem: str) -> DownloadError:
        message = f"the video of task {self.video.task_id} {problem}"
        return DownloadError(message, upstream=self.config.upstream, task_id=self.video.task_id, retryable=True)

    def pause_after_failure(self, error: SeedmockError, retry_after: float | None = None) -> float:
        """Pause before the next try; progress resets their number. Raises `error` after the last one."""
        # A finished clip is paid for: one broken connection must not discard it (gflow-cli#895).
        progress = self.part.size > self.largest_size
        self.largest_size = max(self.largest_size, self.part.size)
        self.tries_without_progress = 0 if progress else self.tries_without_progress + 1
        if self.tries_without_progress >= self.config.retry_policy.download_tries:
            raise error
        return self.before_deadline(backoff(self.tries_without_progress) if retry_after is None else retry_after, error)

    def pause_until_ready(self, error: SeedmockError) -> float:
        """Pause before asking again for content that should exist by now. Raises `error` after the last one."""
        pause = next(self.not_ready_pauses, None)
        if pause is None:
            raise error
        return self.before_deadline(pause if error.retry_after is None else max(pause, error.retry_after), error)

    def before_deadline(self, pause: float, error: SeedmockError) -> float:
        if pause >= self.left:  # a Retry-After beyond the deadline: waiting for it is pointless
            problem = f"did not arrive within {self.now - self.started:.0f} s: {error.message}"
            raise self.error(problem) from error
        return pause


def download(config: ClientConfig, video: Video, path: Path) -> Flow[tuple[int, Movie]]:
    """Download a finished video to a file, whole or not at all; return its size in bytes and its properties.

    Raises NotReadyError, NotFoundError, LinkExpiredError, DownloadError and the exception of a failed task.
    """
    if video.status in UNSUCCESSFUL:
        raise config.task_failure(video)
    if video.status is not TaskStatus.SUCCESS:
        message = f"task {video.task_id} is {video.raw_status or 'without a status'}, not finished"
        raise NotReadyError(message, upstream=config.upstream, task_id=video.task_id, kind=ErrorKind.NOT_READY)
    part: PartFile | None = None
    try:
        part = yield RunBlocking(partial(PartFile, path))
        assert part is not None
        movie = yield from _fill(config, video, part)
        yield RunBlocking(part.commit)
        return part.size, movie
    except OSError as error:
        message = f"the video of task {video.task_id} cannot be written: {error}"
        raise DownloadError(message, upstream=config.upstream, task_id=video.task_id) from error
    finally:
        if part is not None:
            part.discard()


def _fill(config: ClientConfig, video: Video, part: PartFile) -> Flow[Movie]:
    started = yield Sleep(0)
    pacing = config.retry_policy.content_pacing
    pauses = iter(pacing if _is_keyed(config, video) else pacing[:LINK_TRIES])
    state = DownloadState(config, video, part, started, pauses, started)
    while True:
        pause = yield from _try(state)
        if pause is None:
            movie = yield from _validate(state)
            if movie is not None:
                return movie
            pause = state.before_deadline(1.0, state.error("is damaged"))
        state.now = yield Sleep(pause)


def _is_keyed(config: ClientConfig, video: Video) -> bool:
    request = config.codec.content(video)
    return request is not None and request.keyed


def _try(state: DownloadState) -> Flow[float | None]:
    """Request the rest of the file; return None if it is complete, else the pause before the next try."""
    part, config, task_id = state.part, state.config, state.video.task_id
    request = config.codec.content(state.video)
    if request is None:
        raise UpstreamError(f"task {task_id} has no result link", upstream=config.upstream, task_id=task_id)
    try:
        request, response = yield from _follow_redirects(state, request)
    except TransportError as error:
        state.now = error.at
        return state.pause_after_failure(state.error(f"broke off after {part.size} bytes: {error.reason}"))
    state.now = response.at
    if part.accepted:
        return _check_length(state)
    # All bytes are here already, and the range asked for those after the last one.
    if response.status == 416 and part.total is not None and part.size == part.total:
        return None
    if response.status in (200, 206, 416):  # a web page, or a range that does not continue the part
        part.clear()
        content_type = response.headers.get("content-type", "")
        return state.pause_after_failure(state.error(f"came as {response.status} {content_type}".rstrip()))
    return (yield from _handle_error(state, request, response))


def _check_length(state: DownloadState) -> float | None:
    part = state.part
    if part.total is None or part.size == part.total:
        return None
    pause = state.pause_after_failure(state.error(f"has {part.size} bytes where {part.total} were announced"))
    # A short file is continued; one that is too long may have wrong bytes anywhere.
    if part.size > part.total:
        part.clear()
    return pause


def _follow_redirects(state: DownloadState, request: HttpRequest) -> Flow[tuple[HttpRequest, HttpResponse]]:
    """Send a request and follow its redirects, to http and https only; the key never leaves its origin."""
    for _ in range(MAX_REDIRECTS + 1):
        state.part.accepted = False
        seconds = max(1.0, state.left)
        response: HttpResponse = yield PerformRequest(_with_range(request, state.part), seconds, state.part)
        link = _redirect_link(response)
        if not link:
            return request, response
        target = _resolve(response.url, link)
        if not target:
            raise state.error(f"was redirected to {link[:80]!r}, which is not an http(s) URL")
        # A key that has left its origin once does not return: the other origin chose this target.
        request = replace(request, url=target, keyed=request.keyed and _origin(target) == _origin(response.url))
    raise state.error(f"was redirected more than {MAX_REDIRECTS} times")


def _with_range(request: HttpRequest, part: PartFile) -> HttpRequest:
    headers = {**request.headers, "accept-encoding": "identity"}  # byte ranges of a compressed body cannot be joined
    # Without either, the rest of another file could be appended unnoticed.
    if part.size and (part.validator or part.total is not None):
        headers["range"] = f"bytes={part.size}-"
        if part.validator:
            headers["if-range"] = part.validator
    return replace(request, headers=headers)


def _redirect_link(response: HttpResponse) -> str:
    """Target of a redirect: the Location, or (on some platforms) a link in a JSON body."""
    if response.status in (301, 302, 303, 307, 308):
        return response.headers.get("location", "")
    body = json_object(response) if response.status == 200 and response.body else None
    if body is None:
        return ""
    data = body.get("data")
    levels = (body, data) if isinstance(data, dict) else (body,)
    keys = ("url", "video_url")
    return next((link for level in levels for key in keys if (link := scalar_text(level.get(key)))), "")


def _resolve(url: str, link: str) -> str:
    """URL of a link on a page; empty if it is not an http(s) URL."""
    try:
        target = urljoin(url, link)
        return target if urlsplit(target).scheme in ("http", "https") and _origin(target)[1] else ""
    except ValueError:
        return ""


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _handle_error(state: DownloadState, request: HttpRequest, response: HttpResponse) -> Flow[float]:
    """Return the pause before the next try after an error response, or raise its exception."""
    error = state.config.error_in(request, response, state.video.task_id)
    if error is None:
        raise state.error(f"was answered with status {response.status}")
    if response.status == 429 or (response.status >= 500 and not isinstance(error, LinkExpiredError)):
        return state.pause_after_failure(error, error.retry_after)
    if not request.keyed and response.status in DEAD_LINK_STATUSES:
        return (yield from _renew_link(state, request, response.status))
    if response.status >= 500:
        return state.pause_after_failure(error)
    if isinstance(error, NotReadyError) or (isinstance(error, NotFoundError) and response.status == 404):
        return state.pause_until_ready(error)
    raise error


def _renew_link(state: DownloadState, request: HttpRequest, status: int) -> Flow[float]:
    """Query the task once for another result link; without one, wait after a 404 and raise after any other status."""
    config, task_id = state.config, state.video.task_id
    error = LinkExpiredError(
        f"the result link of task {task_id} answers {status}",
        upstream=config.upstream, task_id=task_id, kind=ErrorKind.LINK_EXPIRED, status=status,
    )  # fmt: skip
    # Links expire after some days; the task may have a fresh one.
    if not state.link_renewed:
        state.link_renewed = True
        fresh = yield from call(config, config.codec.query(task_id), config.codec.read_video, task_id)
        renewed = config.codec.content(fresh)
        if renewed is not None and renewed.url != request.url:
            state.video = replace(fresh, task_id=task_id)
            state.part.clear()
            return 0.0
    if status != 404:
        raise error
    return state.pause_until_ready(error)


def _validate(state: DownloadState) -> Flow[Movie | None]:
    """Measure the file; return None if it is damaged for the first time, so that it is downloaded again."""
    try:
        movie: Movie = yield RunBlocking(state.part.measure)
    except InvalidMovie as error:
        if state.damaged_once:
            raise state.error(f"is not a whole MP4: {error}") from error
        state.damaged_once = True
        state.part.clear()
        # Else the second download would count as tries without progress until it is as long.
        state.largest_size = 0
        return None
    return movie
