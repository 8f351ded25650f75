"""Waiting for a task: a flow that looks at it until it ends, and gives up at a deadline. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from seedmock_contracts.enums import TaskStatus

from .context import ClientConfig
from .effects import Flow, HttpResponse, Send, Sleep, WireError
from .error_envelopes import document
from .errors import SeedmockError, UnknownStatusError, UpstreamError, WaitTimeoutError
from .models import Progress, Video
from .retry import backoff, retry_after
from .upstreams.protocol import Unreadable

Report = Callable[[Progress], None]

LAST_LOOK = 5.0
"""The seconds that a look at the very deadline gets."""


@dataclass(slots=True)
class Watch:
    """What is known of a task while it is waited for."""

    setup: ClientConfig
    task_id: str
    started: float
    report: Report | None = None
    seen: list[str] = field(default_factory=list)
    video: Video | None = None
    note: str = ""
    polls: int = 0
    refusals: int = 0
    limited: int = 0
    linkless: int = 0
    now: float = 0.0

    @property
    def left(self) -> float:
        return self.started + self.setup.patience.wait_seconds - self.now

    def saw(self, video: Video) -> None:
        """Take in a good look."""
        self.video = video
        word = str(video.status or video.word or "no status")
        if not self.seen or self.seen[-1] != word:
            self.seen.append(word)
        strange = f"unknown status {video.word!r}" if video.word else "no status in the answer"
        self.note = "" if video.status else f"{strange}, taken as still running"

    def tell(self) -> None:
        """Report the state of things to whoever listens."""
        if self.report is None:
            return
        video = self.video
        self.report(
            Progress(
                task_id=self.task_id,
                word=video.word if video else "",
                status=video.status if video else None,
                elapsed=self.now - self.started,
                polls=self.polls,
                percent=video.progress if video else "",
                note=self.note,
            )
        )

    def pause(self, pause: float, asked: float | None) -> float:
        """How long to sleep now: never less than was asked. Raises when that is past the deadline."""
        if self.left <= 0 or (asked is not None and asked > self.left):
            raise self.gave_up(asked)
        return max(asked or 0.0, min(pause, self.left))

    def gave_up(self, asked: float | None = None) -> WaitTimeoutError:
        """The error for a deadline that has passed, or that the upstream asks to wait beyond."""
        class_, word = WaitTimeoutError, self.video.word if self.video else ""
        said = f"was {word}" if word else "showed no status"
        if word and self.video is not None and self.video.status is None:
            class_, said = UnknownStatusError, f"was {word!r}, a status that nobody knows,"
        message = f"task {self.task_id} {said} after {self.now - self.started:.0f} s and {self.polls} looks"
        if asked is not None and asked > self.left > 0:
            message += f"; the upstream asks to wait {asked:g} s more, past the deadline"
        if self.note and class_ is WaitTimeoutError:
            message += f"; last: {self.note}"
        where = {"upstream": self.setup.upstream, "task_id": self.task_id}
        return class_(message, word=word, seen=tuple(self.seen), retryable=True, **where)


def wait(
    setup: ClientConfig, task_id: str, report: Report | None = None, created: Video | None = None
) -> Flow[tuple[Video, tuple[str, ...]]]:
    """Look at a task until it succeeds; gives the video and the states seen.

    Survives broken answers until the deadline and refusals for a while. Raises what a failed task stands for,
    AuthenticationError at once, NotFoundError when it persists, WaitTimeoutError at the deadline.
    """
    watch = Watch(setup, task_id, (yield Sleep(0)), report)
    watch.now = watch.started
    pauses = setup.patience.pauses()
    if created is not None:
        watch.saw(created)
        watch.tell()
        watch.now = yield Sleep(watch.pause(next(pauses), None))
    while True:
        asked = yield from _look(watch)
        watch.tell()
        if watch.video is not None and _done(watch, watch.video):
            return watch.video, tuple(watch.seen)
        watch.now = yield Sleep(watch.pause(next(pauses), asked))


def _look(watch: Watch) -> Flow[float | None]:
    """Look once; gives the seconds that the upstream asks to wait, if it does."""
    setup, patience = watch.setup, watch.setup.patience
    request = setup.dialect.query(watch.task_id)
    watch.polls += 1
    try:
        answer = yield Send(request, min(patience.request_seconds, max(watch.left, LAST_LOOK)))
    except WireError as lost:
        watch.now, watch.note = lost.at, f"no answer: {lost.reason}"
        return None
    watch.now = answer.at
    error = setup.refusal(request, answer, watch.task_id)
    if error is not None:
        return _refused(watch, error)
    watch.refusals = watch.limited = 0
    _read(watch, answer)
    return retry_after(answer.headers, answer.received)


def _read(watch: Watch, answer: HttpResponse) -> None:
    body = document(answer)
    try:
        if body is None:
            raise Unreadable("no JSON object in the answer")
        watch.saw(replace(watch.setup.dialect.read_video(body), task_id=watch.task_id))
    except Unreadable as error:
        watch.note = str(error)


def _refused(watch: Watch, error: SeedmockError) -> float | None:
    """Survive a refusal, or raise it: a bad key at once, other refusals when they persist, a broken upstream never."""
    status = error.status or 0
    watch.note = error.message
    if status in (401, 403):
        raise error
    if status == 429:
        watch.limited += 1
        return error.retry_after if error.retry_after is not None else backoff(watch.limited, first=2.0, most=60.0)
    if status < 500 and status != 408:
        watch.refusals += 1
        if watch.refusals >= watch.setup.patience.missing_polls:
            raise error
    return error.retry_after


def _done(watch: Watch, video: Video) -> bool:
    """Whether the last good look was the end. Raises what a failure stands for."""
    if video.status is TaskStatus.FAILURE:
        raise watch.setup.failed(video)
    if video.status is not TaskStatus.SUCCESS:
        return False
    if watch.setup.dialect.content(video) is not None:
        return True
    watch.linkless += 1
    watch.note = "completed without a result link"
    if watch.linkless > watch.setup.patience.linkless_polls:
        message = f"task {watch.task_id} is {video.word} but has no result link after {watch.linkless} looks"
        raise UpstreamError(message, upstream=watch.setup.upstream, task_id=watch.task_id, retryable=True)
    return False
