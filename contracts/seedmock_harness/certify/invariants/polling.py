"""Invariants of polling: it ends, it pauses, it understands every status, and it stops at a final one.

Pure functions from the evidence of a trial to sentences about what is wrong. A client that misreads a status does
several wrong things at once; only the misread status is reported then.
"""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.enums import Operation, TaskStatus
from seedmock_contracts.lifecycle import UNSUCCESSFUL

from ..evidence import CLOCK_TOLERANCE, RecordedCall, TrialEvidence

TIMEOUT = "timeout"
RUNNING = (TaskStatus.QUEUED, TaskStatus.IN_PROGRESS)
LATE_SHARE = 0.8
"""Share of its timeout after which a client that gives up is taken to do so for the timeout."""
POLLS_IN_A_ROW = 10
MIN_PAUSE_SHARE = 0.5
"""Share of SEEDMOCK_POLL_SECONDS that the average pause in a row of polls must reach."""


def bounded_wait(evidence: TrialEvidence) -> Iterator[str]:
    """The client ends in time, and reports a timeout if that is the reason."""
    limit = f"timeout_seconds is {evidence.scenario.seconds:g}, and a download may take half as long again"
    if evidence.run.stopped:
        yield f"it was stopped after {evidence.duration:.1f} s; {limit}"
    elif evidence.duration > evidence.allowed_seconds:
        yield f"it ended after {evidence.duration:.1f} s; {limit}"
    last, outcome = evidence.last_poll, evidence.outcome
    if last is not None and last.status in RUNNING and _gave_up(evidence) and _is_late(evidence) and outcome:
        yield f"it timed out while the task was {last.raw_status}: expected outcome {TIMEOUT}, got {outcome}"


def paced_polls(evidence: TrialEvidence) -> Iterator[str]:
    """Polls pause; measured over a row of them, since one may be late and the next one early."""
    arrivals = [poll.call.arrived_at for poll in evidence.calls_of(Operation.QUERY)]
    minimum = POLLS_IN_A_ROW * evidence.poll_seconds * MIN_PAUSE_SHARE
    for first, last in zip(arrivals, arrivals[POLLS_IN_A_ROW:], strict=False):
        if last - first < minimum:
            pause = (last - first) / POLLS_IN_A_ROW * 1000
            expected = f"expected {evidence.poll_seconds:g} s"
            yield f"{POLLS_IN_A_ROW + 1} polls in a row with {pause:.0f} ms between them; {expected}"
            return


def retry_after(evidence: TrialEvidence) -> Iterator[str]:
    """An operation is not called again before the time in Retry-After."""
    for call in evidence.calls:
        retry_at = call.retry_at
        if retry_at is None:
            continue
        same = (later for later in evidence.calls if later.operation == call.operation)
        following = next((later for later in same if later.call.arrived_at >= call.ended_at), None)
        if following is not None and following.call.arrived_at < retry_at - CLOCK_TOLERANCE:
            delay = following.call.arrived_at - call.ended_at
            response = f"{call.call.status} with Retry-After: {call.call.response_header('retry-after')}"
            yield f"{call.operation} got {response}, and was called again {delay:.2f} s later"
            return


def no_poll_after_end(evidence: TrialEvidence) -> Iterator[str]:
    """A final status ends the polling, unless it was not understood or the clip could not be downloaded."""
    polls = _polls_after_end(evidence)
    if polls and _understood_end(evidence) and evidence.final_poll is not None:
        count = "was 1 more poll" if len(polls) == 1 else f"were {len(polls)} more polls"
        yield f"after {evidence.final_poll.raw_status} there {count}"


def status_spellings(evidence: TrialEvidence) -> Iterator[str]:
    """The client acts on the meaning of every known spelling."""
    yield from _misread_running(evidence)
    yield from _misread_end(evidence)
    for content in evidence.early_contents[:1]:  # once content was requested too early, later statuses prove nothing
        last = evidence.last_poll_before(content)
        if last is not None and last.status in RUNNING and not evidence.is_documented_spelling(last.raw_status):
            yield f"the content was requested after {last.raw_status}, which means {last.status}"


def unknown_is_not_success(evidence: TrialEvidence) -> Iterator[str]:
    """An unknown status is neither success nor any other end: the client polls on until its timeout."""
    for content in evidence.early_contents[:1]:
        last = evidence.last_poll_before(content)
        if last is not None and last.status is None:
            yield f"the content was requested while the status was {_describe_status(last)}"
            return
    last, outcome = evidence.last_poll, evidence.outcome
    if last is None or last.status is not None or outcome is None or evidence.early_contents:
        return
    status = f"the last status was {_describe_status(last)}"
    if outcome.ok:
        yield f"{status}, but the outcome is {outcome}"
    elif _gave_up(evidence):
        yield f"{status}: expected outcome {TIMEOUT}, got {outcome}"


# --- how the client interpreted the responses ---


def _misread_running(evidence: TrialEvidence) -> Iterator[str]:
    last = evidence.last_poll
    if last is not None and last.status in RUNNING and _gave_up(evidence) and not _is_late(evidence):
        yield f"the last status was {last.raw_status}, which means {last.status}, but the outcome is {evidence.outcome}"


def _misread_end(evidence: TrialEvidence) -> Iterator[str]:
    final, outcome = evidence.final_poll, evidence.outcome
    if final is None or _came_late(evidence, final):
        return
    task = f"the task was {final.raw_status}, which means {final.status}"
    if final.status in UNSUCCESSFUL and outcome is not None and outcome.ok:
        yield f"{task}, but the outcome is {outcome}"
        return
    if _understood_end(evidence) or _started_download(evidence, final) or not _has_link(evidence, final):
        return
    if outcome is not None or evidence.run.stopped:
        yield f"{task}, but the outcome is {outcome or 'none: the client was stopped'}"


def _started_download(evidence: TrialEvidence, final: RecordedCall) -> bool:
    return final.status is TaskStatus.SUCCESS and bool(evidence.contents)


def _understood_end(evidence: TrialEvidence) -> bool:
    """Return True if the outcome fits the final status that the client received."""
    outcome, final = evidence.outcome, evidence.final_poll
    if outcome is None or final is None:
        return False
    if final.status is TaskStatus.SUCCESS:
        return outcome.ok or bool(evidence.contents)
    return not outcome.ok and outcome.kind != TIMEOUT


def _polls_after_end(evidence: TrialEvidence) -> list[RecordedCall]:
    """Return the polls after the final status, without those that follow a failed download."""
    final = evidence.final_poll
    if final is None or not _has_link(evidence, final):
        return []
    polls = [poll for poll in evidence.polls if poll.call.sequence > final.response_sequence]
    failed = [content.call.sequence for content in evidence.contents if not _is_downloaded(content)]
    return [poll for poll in polls if not any(sequence < poll.call.sequence for sequence in failed)]


def _is_downloaded(content: RecordedCall) -> bool:
    return content.is_complete and content.call.status in (200, 206)


def _has_link(evidence: TrialEvidence, final: RecordedCall) -> bool:
    """Return True unless success came without the link that this upstream sends."""
    if final.status is not TaskStatus.SUCCESS or not evidence.contract.response.link_paths:
        return True
    return bool(final.interaction.links)


def _gave_up(evidence: TrialEvidence) -> bool:
    """Return True if the client ended by itself, with another error than a timeout."""
    outcome = evidence.outcome
    return outcome is not None and not outcome.ok and outcome.kind != TIMEOUT and not evidence.early_contents


def _is_late(evidence: TrialEvidence) -> bool:
    return evidence.duration >= LATE_SHARE * evidence.scenario.seconds


def _came_late(evidence: TrialEvidence, final: RecordedCall) -> bool:
    """Return True if the final status arrived when the client's timeout was near."""
    return final.ended_at - evidence.first_call_at >= LATE_SHARE * evidence.scenario.seconds


def _describe_status(poll: RecordedCall) -> str:
    return f"{poll.raw_status!r}, which is unknown" if poll.raw_status is not None else "missing"
