"""What is judged of the clip: asked for when it is there, and saved whole or not at all. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.enums import TaskStatus

from ..evidence import Evidence, Heard
from .polling import TIMEOUT

MOMENT = 0.01
"""The seconds that a clip must have been there: what ended with the client may have been cut off by it."""


def content_after_success(seen: Evidence) -> Iterator[str]:
    """The content is asked for once success was told. A misread word is blamed elsewhere."""
    for heard in seen.early_contents[:1]:
        last = seen.before(heard)
        if last is None or last.status is TaskStatus.FAILURE or seen.is_usual(last.word):
            after = f"after {last.word}" if last is not None else "before any poll"
            yield f"the content was asked for {after}, and success had not been told"


def whole_file_or_none(seen: Evidence) -> Iterator[str]:
    """What stands in the file is a whole clip; if there is an outcome that says so, there is one."""
    outcome = seen.outcome
    if seen.saved is not None and seen.saved not in seen.clips.values():
        whole = ", ".join(f"{len(clip)} bytes" for clip in seen.clips.values()) or "no clip"
        yield f"the file has {len(seen.saved)} bytes, and is not the clip ({whole})"
    elif seen.saved is None and outcome is not None and outcome.ok:
        yield "the outcome is ok, and there is no file"
    elif seen.saved is None and outcome is not None and outcome.kind != TIMEOUT and _came_whole(seen):
        yield f"the whole clip was sent, and the outcome is {outcome}"


def _came_whole(seen: Evidence) -> bool:
    return any(_is_clip(heard) and heard.ended < seen.run.ended - MOMENT for heard in seen.contents)


def _is_clip(heard: Heard) -> bool:
    return heard.call.method == "GET" and heard.call.status == 200 and heard.is_whole and not heard.faults
