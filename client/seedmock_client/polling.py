"""Wait for a task: a flow that polls it until it ends or a deadline passes. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from seedmock_contracts.enums import TaskStatus
from seedmock_contracts.lifecycle import UNSUCCESSFUL

from .context import ClientConfig
from .effects import Flow, HttpResponse, PerformRequest, Sleep, TransportError
from .error_envelopes import json_object
from .errors import SeedmockError, UnknownStatusError, UpstreamError, WaitTimeoutError
from .models import Progress, Video
from .retry import backoff, retry_after
from .upstreams.protocol import DecodeError

ProgressCallback = Callable[[Progress], None]

LAST_POLL_SECONDS = 5.0
"""Minimum timeout of a poll: one that starts at the deadline can still find the finished task."""


@dataclass(slots=True)
class PollState:
    """State of one wait."""

    config: ClientConfig
    task_id: str
    started: float
    on_progress: ProgressCallback | None = None
    statuses: list[str] = field(default_factory=list)
    video: Video | None = None
    note: str = ""
    polls: int = 0
    errors_in_a_row: int = 0
    rate_limited: int = 0
    linkless: int = 0
    now: float = 0.0

    @property
    def left(self) -> float:
        return self.started + self.config.retry_policy.wait_seconds - self.now

    def update(self, video: Video) -> None:
        """Store the task of a success response."""
        self.video = video
        state = str(video.status or video.raw_status or "no status")
        if not self.statuses or self.statuses[-1] != state:
            self.statuses.append(state)
        # An unknown status is no end: gateways report words that no page has, such as NOT_START or "running"
        # (ArcReel#410, new-api#5045), and a client that takes them for a failure loses a paid clip.
        problem = f"unknown status {video.raw_status!r}" if video.raw_status else "no status in the response"
        self.note = "" if video.status else f"{problem}, taken as still running"

    def report(self) -> None:
        """Call the progress callback, if there is one."""
        if self.on_progress is None:
            return
        video = self.video
        self.on_progress(
            Progress(
                task_id=self.task_id,
                raw_status=video.raw_status if video else "",
                status=video.status if video else None,
                elapsed=self.now - self.started,
                polls=self.polls,
                percent=video.progress if video else "",
                note=self.note,
            )
        )

    # Every wait has a deadline: endless ones are frequently reported of such clients (huggingface_hub#4164).
    def pause(self, pause: float, retry_after: float | None) -> float:
        """Seconds to sleep, at least `retry_after`. Raises if the deadline has passed, or would pass meanwhile."""
        if self.left <= 0 or (retry_after is not None and retry_after > self.left):
            raise self.timeout_error(retry_after)
        return max(retry_after or 0.0, min(pause, self.left))

    def timeout_error(self, retry_after: float | None = None) -> WaitTimeoutError:
        """Build the exception for a passed deadline, or for a `retry_after` beyond it."""
        class_, raw_status = WaitTimeoutError, self.video.raw_status if self.video else ""
        state = f"was {raw_status}" if raw_status else "reported no status"
        if raw_status and self.video is not None and self.video.status is None:
            class_, state = UnknownStatusError, f"had the unknown status {raw_status!r}"
        message = f"task {self.task_id} {state} after {self.now - self.started:.0f} s and {self.polls} polls"
        if retry_after is not None and retry_after > self.left > 0:
            message += f"; the upstream asks to wait {retry_after:g} s more, past the deadline"
        if self.note and class_ is WaitTimeoutError:
            message += f"; last: {self.note}"
        return class_(
            message,
            raw_status=raw_status,
            statuses=tuple(self.statuses),
            retryable=True,
            upstream=self.config.upstream,
            task_id=self.task_id,
        )


def wait(
    config: ClientConfig, task_id: str, on_progress: ProgressCallback | None = None, created: Video | None = None
) -> Flow[tuple[Video, tuple[str, ...]]]:
    """Poll a task until it succeeds; return it with the states that the polls reported.

    Ignores unreadable responses until the deadline, and errors for a while. Raises the exception of a failed task,
    AuthenticationError at once, NotFoundError when it persists, WaitTimeoutError at the deadline.
    """
    state = PollState(config, task_id, (yield Sleep(0)), on_progress)
    state.now = state.started
    pauses = config.retry_policy.pauses()
    # The create has named the first status; polling at once would ask for it again.
    if created is not None:
        state.update(created)
        state.report()
        state.now = yield Sleep(state.pause(next(pauses), None))
    while True:
        seconds = yield from _poll(state)
        state.report()
        if state.video is not None and _is_done(state, state.video):
            return state.video, tuple(state.statuses)
        state.now = yield Sleep(state.pause(next(pauses), seconds))


def _poll(state: PollState) -> Flow[float | None]:
    """Poll once; return the Retry-After of the response, if it has one."""
    config, policy = state.config, state.config.retry_policy
    request = config.codec.query(state.task_id)
    state.polls += 1
    try:
        response = yield PerformRequest(request, min(policy.request_seconds, max(state.left, LAST_POLL_SECONDS)))
    except TransportError as failure:
        state.now, state.note = failure.at, f"no response: {failure.reason}"
        return None
    state.now = response.at
    error = config.error_in(request, response, state.task_id)
    if error is not None:
        return _handle_error(state, error)
    # Only errors in a row end a wait: a gateway that fails now and then must not cost a paid clip.
    state.errors_in_a_row = state.rate_limited = 0
    _read(state, response)
    return retry_after(response.headers, response.received)


def _read(state: PollState, response: HttpResponse) -> None:
    body = json_object(response)
    try:
        if body is None:
            raise DecodeError("no JSON object in the response")
        state.update(replace(state.config.codec.read_video(body), task_id=state.task_id))
    except DecodeError as error:
        state.note = str(error)


def _handle_error(state: PollState, error: SeedmockError) -> float | None:
    """Return the seconds to wait after an error, or raise it: 401 and 403 at once, 5xx never, others if repeated."""
    status = error.status or 0
    state.note = error.message
    if status in (401, 403):  # waiting cannot repair a key
        raise error
    if status == 429:
        state.rate_limited += 1
        # Apart from the poll's own pacing: a limit a minute is not over after three seconds.
        pause = backoff(state.rate_limited, first=2.0, longest=60.0)
        return pause if error.retry_after is None else error.retry_after
    # A create can answer before its task can be queried, so a 404 is not final at first. 5xx says nothing of the task.
    if status < 500 and status != 408:
        state.errors_in_a_row += 1
        if state.errors_in_a_row >= state.config.retry_policy.missing_polls:
            raise error
    return error.retry_after


def _is_done(state: PollState, video: Video) -> bool:
    """Test if the task has ended. Raises the exception of a failed task."""
    if video.status in UNSUCCESSFUL:
        raise state.config.task_failure(video)
    if video.status is not TaskStatus.SUCCESS:
        return False
    if state.config.codec.content(video) is not None:
        return True
    # Some upstreams report success some seconds before the link; others never have one.
    state.linkless += 1
    state.note = "completed without a result link"
    if state.linkless > state.config.retry_policy.linkless_polls:
        message = f"task {state.task_id} is {video.raw_status} but has no result link after {state.linkless} polls"
        raise UpstreamError(message, upstream=state.config.upstream, task_id=state.task_id, retryable=True)
    return False
