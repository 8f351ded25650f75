"""The bytes of a result: when they come, that they are a clip, how they are sent, and that they stay the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seedmock_contracts.enums import ErrorKind, Operation, TaskStatus

from ..conversation.history import Interaction, TaskHistory
from ..results.checks import CheckResult, compare, failed, passed
from .variants import chosen

LATE_SECONDS = 15.0
"""How long after success content may still say that it is not there: the most that clients report."""
NEVER_SECONDS = 60.0
"""How long after success content that is not there is taken not to come any more."""
_BYTES = re.compile(r"<\d+ bytes of [^<>]*>")
_MAX_AGE = re.compile(r"max-age=(\d+)")
_WEATHER = frozenset({401, 403, 408, 429})


def content_is_available_on_success(interaction: Interaction) -> Iterator[CheckResult]:
    """Content of a task that has not succeeded is an error, and comes soon after success."""
    task = interaction.task
    if task is None or interaction.contract.find(f"{interaction.contract.name}.content.unfinished") is None:
        return
    if interaction.operation is Operation.QUERY:
        yield from _given_too_early(interaction, task)
    elif interaction.operation is Operation.CONTENT and interaction.exchange.caller == task.caller:
        ended = task.final_poll
        if ended is not None and ended.status is TaskStatus.SUCCESS:
            yield from _late(interaction, interaction.exchange.at - ended.exchange.at)
        else:
            yield from _unfinished(interaction, task)


def content_is_video(interaction: Interaction) -> Iterator[CheckResult]:
    """What is delivered is the clip's own bytes: an MP4 file, H.264, and called so."""
    if not delivered(interaction) or (interaction.task is None and interaction.contract.response.link_paths):
        return  # a link may lead to a posted picture
    contract, body = interaction.contract, interaction.exchange.response.body[:80]
    clip, binary = interaction.exchange.response.media, contract.find(f"{contract.name}.content.binary")
    if binary is not None:
        as_bytes = clip is not None or _BYTES.fullmatch(body)
        yield passed(binary) if as_bytes else failed(binary, "content is no clip", "the clip's own bytes", body)
    format_ = contract.fact(f"{contract.name}.content.format")
    yield passed(format_, "mp4") if clip else failed(format_, "content is no whole MP4 file", "an MP4 file", body)
    if clip is not None:
        yield compare(contract.fact(f"{contract.name}.content.codec"), "the clip has another codec", "avc1", clip.codec)
        kind = interaction.headers.get("content-type", "").partition(";")[0].strip().lower()
        yield compare(contract.fact(f"{contract.name}.content.type"), "content has another type", "video/mp4", kind)


def content_length_matches_the_body(interaction: Interaction) -> Iterator[CheckResult]:
    """Content-Length, where it is told, is the number of bytes that came."""
    told, size = interaction.headers.get("content-length", ""), interaction.body_size
    if (
        interaction.operation is not Operation.CONTENT
        or interaction.is_error
        or interaction.exchange.request.method != "GET"
    ):
        return
    if told.isdecimal() and size is not None and "content-encoding" not in interaction.headers:
        fact = interaction.contract.fact(f"{interaction.contract.name}.content.length")
        yield compare(fact, "Content-Length is not the number of bytes", int(told), size)


def content_is_stable(interaction: Interaction) -> Iterator[CheckResult]:
    """A second look at content finds the bytes of the first."""
    clip = interaction.exchange.response.media
    if not delivered(interaction) or interaction.task is None or clip is None or not clip.digest:
        return
    before = (earlier.exchange.response.media for earlier in interaction.task.contents)
    first = next((media for media in before if media is not None and media.digest), None)
    if first is not None:
        fact = interaction.contract.fact(f"{interaction.contract.name}.content.same")
        yield compare(fact, "content has changed", first.digest, clip.digest)


def content_is_cacheable(interaction: Interaction) -> Iterator[CheckResult]:
    """Completed content carries cache headers."""
    cached = interaction.contract.find(f"{interaction.contract.name}.content.cached")
    if cached is None or not delivered(interaction):
        return
    told = interaction.headers.get("cache-control", "")
    age, amount = _MAX_AGE.search(told), interaction.contract.amount(f"{interaction.contract.name}.content.max_age")
    if age is None or int(age[1]) == 0:
        yield failed(cached, "content may not be cached", "Cache-Control with a max-age", told or "none")
        return
    yield passed(cached, told)
    yield compare(amount, "content may be cached for another time", int(amount.value), int(age[1]))


def delivered(interaction: Interaction) -> bool:
    """Whether a turn is content that came whole; what a journal does not keep has no headers."""
    asked = interaction.operation is Operation.CONTENT and interaction.exchange.request.method == "GET"
    return asked and interaction.status_code == 200 and bool(interaction.headers) and not interaction.is_error


def _given_too_early(interaction: Interaction, task: TaskHistory) -> Iterator[CheckResult]:
    """A query tells after the fact that content was given of a task that had not succeeded."""
    told = (told for told in (task.created, *task.polls) if told.status is TaskStatus.SUCCESS)
    given = next((content for content in task.contents if content.status_code == 200), None)
    if (
        given is None
        or interaction.is_error
        or interaction.status in (None, TaskStatus.SUCCESS)
        or next(told, None) is not None
    ):
        return
    fact = interaction.contract.fact(f"{interaction.contract.name}.content.unfinished")
    yield failed(
        fact, "content came before success", "an error until SUCCESS", f"content, then {interaction.raw_status}"
    )


def _unfinished(interaction: Interaction, task: TaskHistory) -> Iterator[CheckResult]:
    fact = interaction.contract.fact(f"{interaction.contract.name}.content.unfinished")
    if interaction.is_error:
        if 400 <= interaction.status_code < 500 and interaction.status_code not in _WEATHER:
            yield passed(fact, str(interaction.status_code))
        return
    last = next((told for told in reversed(task.polls) if told.status is not None), None)
    at_once = last is not None and 0 < interaction.exchange.at == last.exchange.at
    if last is not None and (at_once or last.status is TaskStatus.FAILURE):
        yield failed(
            fact, "content came without success", "an error until SUCCESS", f"content of a task {last.raw_status}"
        )


def _late(interaction: Interaction, seconds: float) -> Iterator[CheckResult]:
    if not interaction.is_error or interaction.status_code < 400 or interaction.status_code in _WEATHER:
        return
    waiting = any(case.kind is ErrorKind.NOT_READY for case in interaction.error_cases)
    late, never = (
        interaction.contract.fact(f"{interaction.contract.name}.content.late"),
        f"{interaction.contract.name}.no_content",
    )
    if interaction.status_code >= 500:
        if isinstance(interaction.body, dict) and str(interaction.status_code) == interaction.contract.defaults[never]:
            yield chosen(interaction, never, str(interaction.status_code))
    elif seconds > LATE_SECONDS:
        fact = late if waiting else interaction.contract.fact(f"{interaction.contract.name}.content.binary")
        title, observed = "content is missing after success", f"{interaction.status_code} after {seconds:.0f} s"
        yield failed(fact, title, f"content within {LATE_SECONDS:.0f} s", observed)
        if waiting and seconds > NEVER_SECONDS:
            yield chosen(interaction, never, str(interaction.status_code))
    elif waiting:
        yield passed(late, f"{seconds:.0f} s")


CHECKS = (
    content_is_available_on_success,
    content_is_video,
    content_length_matches_the_body,
    content_is_stable,
    content_is_cacheable,
)
