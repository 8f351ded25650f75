"""Fetching a finished video: a flow that resumes, follows redirects by hand and trusts nothing. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from seedmock_contracts.enums import ErrorKind, TaskStatus
from seedmock_contracts.errors import InvalidMovie
from seedmock_contracts.mp4 import Movie

from .context import ClientConfig, ask
from .effects import Flow, HttpRequest, HttpResponse, Send, Sleep, WireError, Work
from .error_envelopes import document, text
from .errors import DownloadError, LinkExpiredError, NotFoundError, NotReadyError, SeedmockError, UpstreamError
from .files import PartFile
from .models import Video
from .retry import backoff

MOST_REDIRECTS = 5
LINK_TRIES = 4
"""How many pauses a 404 on a result link gets: storage follows the task by a few seconds."""
DEAD = (401, 403, 404, 410)


@dataclass(slots=True)
class Fetch:
    """What is known of a download under way."""

    setup: ClientConfig
    video: Video
    sink: PartFile
    started: float
    races: Iterator[float]
    now: float = 0.0
    best: int = 0
    fruitless: int = 0
    renewed: bool = False
    damaged: bool = False
    last: SeedmockError | None = field(default=None, repr=False)

    @property
    def left(self) -> float:
        return self.started + self.setup.patience.download_seconds - self.now

    def error(self, message: str) -> DownloadError:
        said = f"the video of task {self.video.task_id} {message}"
        return DownloadError(said, upstream=self.setup.upstream, task_id=self.video.task_id, retryable=True)

    def broken(self, error: SeedmockError, asked: float | None = None) -> float:
        """Count a try that brought nothing new, and give the pause before the next. Raises when there were enough."""
        progress = self.sink.size > self.best
        self.best = max(self.best, self.sink.size)
        self.fruitless = 0 if progress else self.fruitless + 1
        if self.fruitless >= self.setup.patience.download_tries:
            raise error
        return self.within(backoff(self.fruitless) if asked is None else asked, error)

    def raced(self, error: SeedmockError) -> float:
        """The pause before asking again for content that should be there. Raises when there were enough."""
        pause = next(self.races, None)
        if pause is None:
            raise error
        return self.within(pause if error.retry_after is None else max(pause, error.retry_after), error)

    def within(self, pause: float, error: SeedmockError) -> float:
        if pause >= self.left:
            raise self.error(f"did not come within {self.now - self.started:.0f} s: {error.message}") from error
        return pause


def download(setup: ClientConfig, video: Video, path: Path) -> Flow[tuple[int, Movie]]:
    """Bring a finished video to a file, whole or not at all; gives its bytes and measures.

    Raises NotReadyError, NotFoundError, LinkExpiredError, DownloadError and what a failed task stands for.
    """
    if video.status is TaskStatus.FAILURE:
        raise setup.failed(video)
    if video.status is not TaskStatus.SUCCESS:
        message = f"task {video.task_id} is {video.word or 'without a status'}, not finished"
        raise NotReadyError(message, upstream=setup.upstream, task_id=video.task_id, kind=ErrorKind.NOT_READY)
    sink: PartFile | None = None
    try:
        sink = yield Work(partial(PartFile, path))
        assert sink is not None
        movie = yield from _fill(setup, video, sink)
        yield Work(sink.keep)
        return sink.size, movie
    except OSError as error:
        message = f"the video of task {video.task_id} cannot be written: {error}"
        raise DownloadError(message, upstream=setup.upstream, task_id=video.task_id) from error
    finally:
        if sink is not None:
            sink.discard()


def _fill(setup: ClientConfig, video: Video, sink: PartFile) -> Flow[Movie]:
    started = yield Sleep(0)
    pacing = setup.patience.content_pacing
    races = iter(pacing if _is_keyed(setup, video) else pacing[:LINK_TRIES])
    fetch = Fetch(setup, video, sink, started, races, started)
    while True:
        pause = yield from _try(fetch)
        if pause is None:
            movie = yield from _checked(fetch)
            if movie is not None:
                return movie
            pause = fetch.within(1.0, fetch.error("is damaged"))
        fetch.now = yield Sleep(pause)


def _is_keyed(setup: ClientConfig, video: Video) -> bool:
    request = setup.dialect.content(video)
    return request is not None and request.keyed


def _try(fetch: Fetch) -> Flow[float | None]:
    """One try: None when every byte is there, else the pause before the next. Raises what is final."""
    sink = fetch.sink
    request = fetch.setup.dialect.content(fetch.video)
    if request is None:
        raise UpstreamError(
            f"task {fetch.video.task_id} has no result link", upstream=fetch.setup.upstream, task_id=fetch.video.task_id
        )
    try:
        request, answer = yield from _follow(fetch, request)
    except WireError as error:
        fetch.now = error.at
        return fetch.broken(fetch.error(f"broke off after {sink.size} bytes: {error.reason}"))
    fetch.now = answer.at
    if sink.taken:
        return _measured(fetch)
    if answer.status == 416 and sink.total is not None and sink.size == sink.total:
        return None
    if answer.status in (200, 206, 416):
        sink.clear()
        return fetch.broken(fetch.error(f"came as {answer.status} {answer.headers.get('content-type', '')}".rstrip()))
    return (yield from _refused(fetch, request, answer))


def _measured(fetch: Fetch) -> float | None:
    sink = fetch.sink
    if sink.total is None or sink.size == sink.total:
        return None
    error = fetch.error(f"has {sink.size} bytes where {sink.total} were announced")
    pause = fetch.broken(error)
    if sink.size > (sink.total or 0):
        sink.clear()
    return pause


def _follow(fetch: Fetch, request: HttpRequest) -> Flow[tuple[HttpRequest, HttpResponse]]:
    """Send, and follow redirects by hand: bounded, http(s) only, the key never beyond its origin."""
    for _ in range(MOST_REDIRECTS + 1):
        fetch.sink.taken = False
        seconds = max(1.0, fetch.left)
        answer: HttpResponse = yield Send(_ranged(request, fetch.sink), seconds, fetch.sink)
        link = _link(answer)
        if not link:
            return request, answer
        target = _joined(answer.url, link)
        if not target:
            raise fetch.error(f"was redirected to {link[:80]!r}, which is no web address")
        request = replace(request, url=target, keyed=request.keyed and _origin(target) == _origin(answer.url))
    raise fetch.error(f"was redirected more than {MOST_REDIRECTS} times")


def _ranged(request: HttpRequest, sink: PartFile) -> HttpRequest:
    headers = {**request.headers, "accept-encoding": "identity"}
    if sink.size and (sink.validator or sink.total is not None):
        headers["range"] = f"bytes={sink.size}-"
        if sink.validator:
            headers["if-range"] = sink.validator
    return replace(request, headers=headers)


def _link(answer: HttpResponse) -> str:
    """Where an answer sends us: a Location, or (some platforms) a link in a JSON body."""
    if answer.status in (301, 302, 303, 307, 308):
        return answer.headers.get("location", "")
    body = document(answer) if answer.status == 200 and answer.body else None
    if body is None:
        return ""
    data = body.get("data")
    places = (body, data) if isinstance(data, dict) else (body,)
    return next((link for place in places for key in ("url", "video_url") if (link := text(place.get(key)))), "")


def _joined(url: str, link: str) -> str:
    """Where a link leads from an address; nothing if that is no web address."""
    try:
        target = urljoin(url, link)
        return target if urlsplit(target).scheme in ("http", "https") and _origin(target)[1] else ""
    except ValueError:
        return ""


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _refused(fetch: Fetch, request: HttpRequest, answer: HttpResponse) -> Flow[float]:
    """Survive a refusal and give the pause before the next try, or raise it."""
    task_id = fetch.video.task_id
    error = fetch.setup.refusal(request, answer, task_id)
    if error is None:
        raise fetch.error(f"was answered {answer.status}")
    if answer.status == 429 or (answer.status >= 500 and not isinstance(error, LinkExpiredError)):
        return fetch.broken(error, error.retry_after)
    if not request.keyed and answer.status in DEAD:
        return (yield from _dead(fetch, request, answer.status))
    if answer.status >= 500:
        return fetch.broken(error)
    if isinstance(error, NotReadyError) or (isinstance(error, NotFoundError) and answer.status == 404):
        return fetch.raced(error)
    raise error


def _dead(fetch: Fetch, request: HttpRequest, status: int) -> Flow[float]:
    """A result link that is dead: look once for a fresh one, at the task or at who sent us here; a 404 may be early."""
    task_id = fetch.video.task_id
    error = LinkExpiredError(
        f"the result link of task {task_id} answers {status}",
        upstream=fetch.setup.upstream, task_id=task_id, kind=ErrorKind.LINK_EXPIRED, status=status,
    )  # fmt: skip
    if not fetch.renewed:
        fetch.renewed = True
        dialect = fetch.setup.dialect
        fresh = yield from ask(fetch.setup, dialect.query(task_id), dialect.read_video, task_id)
        place = dialect.content(fresh)
        if place is not None and place.url != request.url:
            fetch.video = replace(fresh, task_id=task_id)
            fetch.sink.clear()
            return 0.0
    if status != 404:
        raise error
    return fetch.raced(error)


def _checked(fetch: Fetch) -> Flow[Movie | None]:
    """Measure the file; None when it is damaged for the first time and is to come again."""
    try:
        movie: Movie = yield Work(fetch.sink.check)
    except InvalidMovie as error:
        if fetch.damaged:
            raise fetch.error(f"is no whole MP4: {error}") from error
        fetch.damaged = True
        fetch.sink.clear()
        fetch.best = 0
        return None
    return movie
