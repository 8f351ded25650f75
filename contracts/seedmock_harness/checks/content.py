"""Checks of downloads: content is available after success, is an MP4 clip, and stays the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seedmock_contracts.enums import ErrorKind, Operation, TaskStatus

from ..conversation.history import Interaction, TaskHistory
from ..results.checks import CheckResult, Severity, compare, failed, passed
from .variants import check_option

DAY = 86400.0
CLOCK_SKEW = 60.0
"""Seconds by which the clocks of upstream and caller may differ."""
# Reports name a window of 5 to 15 s (F3 in the catalogue of scenarios).
LATE_SECONDS = 15.0
"""Seconds after success in which content may still be missing: the longest delay that clients report."""
NEVER_SECONDS = 60.0
"""Seconds after success from which on missing content counts as lost."""
_BYTES = re.compile(r"<\d+ bytes of [^<>]*>")
_MAX_AGE = re.compile(r"max-age=(\d+)")
# 0 stands for no response. After any of these the clip may still be there at the next try.
_TRANSIENT = frozenset({0, 408, 429})
_CONDITIONAL = frozenset({"range", "if-range", "if-match", "if-none-match"})
_INCONCLUSIVE = frozenset({401, 403, 408, 429})
_EXPECTED_BEFORE_SUCCESS = "an error until SUCCESS"


def content_is_available_on_success(interaction: Interaction) -> Iterator[CheckResult]:
    """Content is an error until the task has succeeded, and available soon afterwards."""
    task = interaction.task
    if task is None or interaction.find("content.unfinished") is None:
        return
    if interaction.operation is Operation.QUERY:
        yield from _check_earlier_content(interaction, task)
    elif interaction.operation is Operation.CONTENT and interaction.caller == task.caller:
        final_poll = task.final_poll
        if final_poll is not None and final_poll.status is TaskStatus.SUCCESS:
            yield from _check_content_after_success(interaction, interaction.at - final_poll.at)
        else:
            yield from _check_content_before_success(interaction, task)


def clips_can_be_downloaded(interaction: Interaction) -> Iterator[CheckResult]:
    """The clip of a successful task, which is paid for, can be downloaded: at the second try at the latest."""
    task = interaction.task
    if task is None or task.final_poll is None or task.final_poll.status is not TaskStatus.SUCCESS:
        return
    if not _is_plain_download(interaction) or may_be_expired(interaction, task):
        return
    fact = interaction.find("content.binary") or interaction.fact("content.format")
    if is_full_content(interaction):
        yield passed(fact, str(interaction.status_code))
    elif interaction.status_code == 206:
        yield failed(fact, "a part is sent where the whole clip was requested", 200, 206, Severity.BREAKING)
    elif interaction.is_error and interaction.status_code not in _TRANSIENT and _has_failed_before(interaction, task):
        observed = f"{interaction.status_code} after {interaction.at - task.final_poll.at:.0f} s, for the second time"
        yield failed(fact, "a paid clip cannot be downloaded", "the clip", observed, Severity.BREAKING)


def _is_plain_download(interaction: Interaction) -> bool:
    """True for a GET of the whole content by a caller that may have it."""
    task, is_link = interaction.task, interaction.url in interaction.history.links
    is_get = interaction.operation is Operation.CONTENT and interaction.method == "GET"
    is_allowed = is_link or (task is not None and interaction.caller == task.caller)
    return is_get and is_allowed and not interaction.request_headers.keys() & _CONDITIONAL


def may_be_expired(interaction: Interaction, task: TaskHistory) -> bool:
    """True from the time on at which the links to a task's results may have expired."""
    days = interaction.contract.result_days
    lifetime = DAY if days is None else float(days.value) * DAY
    # From the creation, the earliest time from which the days of a link can count.
    return interaction.at >= task.created.at + lifetime - CLOCK_SKEW


def _has_failed_before(interaction: Interaction, task: TaskHistory) -> bool:
    """True if the clip is late, and an earlier download of it after success failed, too."""
    final_poll = task.final_poll
    if final_poll is None or interaction.at <= final_poll.at + LATE_SECONDS:
        return False
    earlier = (other for other in interaction.history.interactions if other.url == interaction.url)
    return any(other.is_error and _is_plain_download(other) and other.at >= final_poll.at for other in earlier)


def content_is_video(interaction: Interaction) -> Iterator[CheckResult]:
    """Content is the clip itself: an MP4 file with H.264 video, and the content type of one."""
    if not is_full_content(interaction):
        return
    if interaction.task is None and interaction.contract.response.link_paths:
        return  # a link can lead to an uploaded image
    clip, body, binary = interaction.media, interaction.text[:80], interaction.find("content.binary")
    if binary is not None and (clip is not None or _BYTES.fullmatch(body)):
        yield passed(binary)
    elif binary is not None:
        yield failed(binary, "content is not a clip", "the bytes of the clip", body)
    if clip is None:
        yield failed(interaction.fact("content.format"), "content is not a complete MP4 file", "an MP4 file", body)
        return
    yield passed(interaction.fact("content.format"), "mp4")
    yield compare(interaction.fact("content.codec"), "the clip has another codec", "avc1", clip.codec)
    media_type = interaction.headers.get("content-type", "").partition(";")[0].strip().lower()
    yield compare(interaction.fact("content.type"), "content has another media type", "video/mp4", media_type)


def content_length_matches_the_body(interaction: Interaction) -> Iterator[CheckResult]:
    """Content-Length, if there is one, is the number of received bytes."""
    if interaction.operation is not Operation.CONTENT or interaction.is_error or interaction.method != "GET":
        return
    length, size = interaction.headers.get("content-length", ""), interaction.body_size
    # Of an encoded body the length is that of the encoded bytes, and the body is kept decoded.
    if length.isdecimal() and size is not None and "content-encoding" not in interaction.headers:
        title = "Content-Length is not the number of bytes"
        yield compare(interaction.fact("content.length"), title, int(length), size)


def content_is_stable(interaction: Interaction) -> Iterator[CheckResult]:
    """Every download of a task's content has the same bytes."""
    clip = interaction.media
    if not is_full_content(interaction) or interaction.task is None or clip is None or not clip.digest:
        return
    earlier = (download.media for download in interaction.task.contents)
    first = next((media for media in earlier if media is not None and media.digest), None)
    if first is not None:
        yield compare(interaction.fact("content.same"), "content has changed", first.digest, clip.digest)


def content_is_cacheable(interaction: Interaction) -> Iterator[CheckResult]:
    """Content has a Cache-Control header with a max-age."""
    fact = interaction.find("content.cached")
    if fact is None or not is_full_content(interaction):
        return
    header, amount = interaction.headers.get("cache-control", ""), interaction.amount("content.max_age")
    max_age = _MAX_AGE.search(header)
    if max_age is None or int(max_age[1]) == 0:
        yield failed(fact, "content is not cacheable", "Cache-Control with a max-age", header or "none")
        return
    yield passed(fact, header)
    yield compare(amount, "content is cacheable for another time", int(amount.value), int(max_age[1]))


def is_full_content(interaction: Interaction) -> bool:
    """True for a GET of content with the complete file as its response."""
    is_get = interaction.operation is Operation.CONTENT and interaction.method == "GET"
    # An entry of a journal has no headers, and may not have the whole body.
    return is_get and interaction.status_code == 200 and bool(interaction.headers) and not interaction.is_error


def _check_earlier_content(interaction: Interaction, task: TaskHistory) -> Iterator[CheckResult]:
    """A query can show that an earlier download came before the success of its task."""
    if interaction.is_error or interaction.status in (None, TaskStatus.SUCCESS):
        return
    succeeded = any(earlier.status is TaskStatus.SUCCESS for earlier in (task.created, *task.polls))
    if not succeeded and any(download.status_code == 200 for download in task.contents):
        fact, observed = interaction.fact("content.unfinished"), f"content, then {interaction.raw_status}"
        yield failed(fact, "content is available before success", _EXPECTED_BEFORE_SUCCESS, observed)


def _check_content_before_success(interaction: Interaction, task: TaskHistory) -> Iterator[CheckResult]:
    fact = interaction.fact("content.unfinished")
    if interaction.is_error:
        if 400 <= interaction.status_code < 500 and interaction.status_code not in _INCONCLUSIVE:
            yield passed(fact, str(interaction.status_code))
        return
    last = next((poll for poll in reversed(task.polls) if poll.status is not None), None)
    # The task may have succeeded since its last poll, unless that was at the same moment.
    at_once = last is not None and 0 < interaction.at == last.at
    if last is not None and (at_once or last.status is TaskStatus.FAILURE):
        observed = f"content of a task {last.raw_status}"
        yield failed(fact, "content is available without success", _EXPECTED_BEFORE_SUCCESS, observed)


def _check_content_after_success(interaction: Interaction, seconds: float) -> Iterator[CheckResult]:
    status_code = interaction.status_code
    if not interaction.is_error or status_code < 400 or status_code in _INCONCLUSIVE:
        return
    late, is_not_ready = interaction.fact("content.late"), ErrorKind.NOT_READY in interaction.error_kinds
    if status_code >= 500:
        lost = interaction.variant("no_content")
        if isinstance(interaction.body, dict) and str(status_code) == lost.default:
            yield check_option(interaction, lost, str(status_code))
    elif seconds > LATE_SECONDS:
        fact = late if is_not_ready else interaction.fact("content.binary")
        title, observed = "content is missing after success", f"{status_code} after {seconds:.0f} s"
        yield failed(fact, title, f"content within {LATE_SECONDS:.0f} s", observed)
        if is_not_ready and seconds > NEVER_SECONDS:
            yield check_option(interaction, interaction.variant("no_content"), str(status_code))
    elif is_not_ready:
        yield passed(late, f"{seconds:.0f} s")


CHECKS = (
    content_is_available_on_success,
    clips_can_be_downloaded,
    content_is_video,
    content_length_matches_the_body,
    content_is_stable,
    content_is_cacheable,
)
