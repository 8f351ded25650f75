"""What is judged of watching a task: an end to it, pauses, every word understood, no look too many.

Pure functions from the evidence of a trial to what is wrong with it, in sentences. A client that misreads a word does
several wrong things at once; each is blamed on what it misread, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.enums import Operation, TaskStatus

from ..evidence import SLACK, Evidence, Heard

TIMEOUT = "timeout"
LATE = 0.8
"""From this share of its time on, a client that gives up does so because of the time."""
RUN_OF_POLLS = 10
LEAST_PAUSE = 0.5
"""The share of SEEDMOCK_POLL_SECONDS that a pause must have, on an average of a run of polls."""


def bounded_wait(seen: Evidence) -> Iterator[str]:
    """The client ends in time, and says that the time was up if that is why."""
    allowed = f"timeout_seconds is {seen.scenario.seconds:g}, and a download may take half as long again"
    if seen.run.stopped:
        yield f"it was stopped after {seen.waited:.1f} s; {allowed}"
    elif seen.waited > seen.allowed:
        yield f"it ended after {seen.waited:.1f} s; {allowed}"
    last = seen.last_told
    if last is not None and last.status in RUNNING and _gave_up(seen) and _is_late(seen) and seen.outcome:
        yield f"the time was up while the task was {last.word}: the outcome is {seen.outcome}, {TIMEOUT} is expected"


RUNNING = (TaskStatus.QUEUED, TaskStatus.IN_PROGRESS)


def paced_polls(seen: Evidence) -> Iterator[str]:
    """Between polls there are pauses; a run of them is looked at, for one may be late and the next one early."""
    arrivals = [heard.call.arrived for heard in seen.of(Operation.QUERY)]
    least = RUN_OF_POLLS * seen.poll_seconds * LEAST_PAUSE
    for first, last in zip(arrivals, arrivals[RUN_OF_POLLS:], strict=False):
        if last - first < least:
            gap = (last - first) / RUN_OF_POLLS
            asked = f"asked for were {seen.poll_seconds:g} s"
            yield f"{RUN_OF_POLLS + 1} polls in a row with {gap * 1000:.0f} ms between them; {asked}"
            return


def retry_after(seen: Evidence) -> Iterator[str]:
    """The same is not asked again before the moment that an answer named."""
    for heard in seen.heard:
        due = heard.due
        if due is None:
            continue
        later = (one for one in seen.heard if one.operation == heard.operation and one.call.arrived >= heard.ended)
        following = next(later, None)
        if following is not None and following.call.arrived < due - SLACK:
            came = following.call.arrived - heard.ended
            said = f"{heard.call.status} with Retry-After: {heard.call.header('retry-after')}"
            yield f"{heard.operation} was answered {said}, and came again {came:.2f} s later"
            return


def no_poll_after_end(seen: Evidence) -> Iterator[str]:
    """A task whose end was told and understood is not asked about again, unless its clip is missing."""
    more = _polls_after_end(seen)
    if more and _understood(seen) and seen.end is not None:
        yield f"after {seen.end.word} there {'was 1 more poll' if len(more) == 1 else f'were {len(more)} more polls'}"


def status_words(seen: Evidence) -> Iterator[str]:
    """What a known word means is what the client does."""
    yield from _of_running(seen)
    yield from _of_end(seen)
    for heard in seen.early_contents[:1]:  # who has begun to ask goes on, whatever is said
        last = seen.before(heard)
        if last is not None and last.status in RUNNING and not seen.is_usual(last.word):
            yield f"the content was asked for after {last.word}, which means {last.status}"


def unknown_is_not_success(seen: Evidence) -> Iterator[str]:
    """A word that nobody knows is waited out: it is neither success nor any other end."""
    for heard in seen.early_contents[:1]:
        last = seen.before(heard)
        if last is not None and last.status is None:
            yield f"the content was asked for after {_shown(last)}, a status that nobody knows"
            return
    last = seen.last_told
    if last is None or last.status is not None or seen.outcome is None or seen.early_contents:
        return
    if seen.outcome.ok:
        yield f"the last status was {_shown(last)}, which nobody knows, and the outcome is {seen.outcome}"
    elif _gave_up(seen):
        said = f"the outcome is {seen.outcome}, {TIMEOUT} is expected"
        yield f"the status {_shown(last)}, which nobody knows, was taken for an end: {said}"


# --- what a client made of what it was told ---


def _of_running(seen: Evidence) -> Iterator[str]:
    last = seen.last_told
    if last is not None and last.status in RUNNING and _gave_up(seen) and not _is_late(seen):
        yield f"the last status was {last.word}, which means {last.status}, and the outcome is {seen.outcome}"


def _of_end(seen: Evidence) -> Iterator[str]:
    end, outcome = seen.end, seen.outcome
    if end is None or _came_late(seen, end):
        return
    if end.status is TaskStatus.FAILURE and outcome is not None and outcome.ok:
        yield f"the task was {end.word}, which means {end.status}, and the outcome is {outcome}"
    elif not _understood(seen) and not (end.status is TaskStatus.SUCCESS and seen.contents) and _has_link(seen, end):
        said = outcome or "none: it was stopped"
        if outcome is not None or seen.run.stopped:
            yield f"the task was {end.word}, which means {end.status}, and the outcome is {said}"


def _understood(seen: Evidence) -> bool:
    """Whether what the client did fits the end that it was told of."""
    if seen.outcome is None or seen.end is None:
        return False
    if seen.end.status is TaskStatus.SUCCESS:
        return seen.outcome.ok or bool(seen.contents)
    return not seen.outcome.ok and seen.outcome.kind != TIMEOUT


def _polls_after_end(seen: Evidence) -> list[Heard]:
    end = seen.end
    if end is None or not _has_link(seen, end):
        return []
    more = [heard for heard in seen.polls if heard.call.came > end.told]
    broken = [heard.call.came for heard in seen.contents if not _brought(heard)]
    return [heard for heard in more if not any(place < heard.call.came for place in broken)]


def _brought(heard: Heard) -> bool:
    return heard.is_whole and heard.call.status in (200, 206)


def _has_link(seen: Evidence, end: Heard) -> bool:
    """Whether the answer that told of an end led to a clip, if it was to."""
    return end.status is not TaskStatus.SUCCESS or not seen.contract.response.link_paths or bool(end.turn.links)


def _gave_up(seen: Evidence) -> bool:
    """Whether the client ended of its own will, with another word than that the time was up."""
    outcome = seen.outcome
    return outcome is not None and not outcome.ok and outcome.kind != TIMEOUT and not seen.early_contents


def _is_late(seen: Evidence) -> bool:
    return seen.waited >= LATE * seen.scenario.seconds


def _came_late(seen: Evidence, end: Heard) -> bool:
    """Whether an end was told only when the client's time was nearly up."""
    return end.ended - seen.heard[0].call.arrived >= LATE * seen.scenario.seconds


def _shown(heard: Heard) -> str:
    return repr(heard.word) if heard.word is not None else "no status at all"
