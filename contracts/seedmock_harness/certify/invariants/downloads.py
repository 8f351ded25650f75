"""Invariants of downloads: content is requested after success, and saved as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.lifecycle import UNSUCCESSFUL

from ..evidence import RecordedCall, TrialEvidence
from .polling import TIMEOUT

MIN_LEAD = 0.01
"""Seconds by which a download must precede the client's end: a later one may have been cut off by it."""


def content_after_success(evidence: TrialEvidence) -> Iterator[str]:
    """Content is requested only after success was reported; a misread status is another invariant's violation."""
    for content in evidence.early_contents[:1]:
        last = evidence.last_poll_before(content)
        if last is None or last.status in UNSUCCESSFUL or evidence.is_documented_spelling(last.raw_status):
            when = f"after {last.raw_status}" if last is not None else "before any poll"
            yield f"the content was requested {when}, before success was reported"


def whole_file_or_none(evidence: TrialEvidence) -> Iterator[str]:
    """The file is a whole clip or missing, as the outcome says."""
    outcome, saved = evidence.outcome, evidence.saved_file
    if saved is not None and saved not in evidence.clips.values():
        clips = ", ".join(f"{len(clip)} bytes" for clip in evidence.clips.values()) or "no clip"
        yield f"the file has {len(saved)} bytes and is not the clip ({clips})"
    elif saved is None and outcome is not None and outcome.ok:
        yield "the outcome is ok, but there is no file"
    elif saved is None and outcome is not None and outcome.kind != TIMEOUT and _was_delivered(evidence):
        yield f"the whole clip was sent, but the outcome is {outcome}"


def _was_delivered(evidence: TrialEvidence) -> bool:
    end = evidence.run.ended_at - MIN_LEAD
    return any(_is_whole_clip(content) and content.ended_at < end for content in evidence.contents)


def _is_whole_clip(content: RecordedCall) -> bool:
    return content.call.method == "GET" and content.call.status == 200 and content.is_complete and not content.faults
