"""Parts of content: what Range, If-Range and HEAD get, by RFC 9110.

Where a Range is not answered at all, an upstream with a variant for it is settled, and one without is contradicted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Fact

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, compare, failed
from .variants import chosen

_ASKED = re.compile(r"bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*", re.IGNORECASE)
_TOLD = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)")
_OUTSIDE = re.compile(r"bytes \*/(\d{1,15})")


@dataclass(frozen=True, slots=True)
class _Whole:
    """What was seen before of the content that a part is asked of."""

    size: int
    tag: str
    parted: bool


def ranges_are_served(interaction: Interaction) -> Iterator[CheckResult]:
    """A range within the clip is answered with 206 and its bytes, where ranges are answered."""
    part, whole = _part(interaction), _whole(interaction)
    if part is None or whole is None or _is_stale(interaction, whole) is not False:
        return
    fact, wanted = interaction.fact("range.part"), _resolved(part, whole.size)
    if wanted is None:
        return
    if interaction.status_code == 206:
        yield from _answered(interaction, fact, wanted, whole.size)
        yield from _switched(interaction, "on")
    elif interaction.status_code == 200 and interaction.contract.find(f"{interaction.contract.name}.range") is not None:
        yield from _switched(interaction, "off")
    elif interaction.status_code == 200:
        yield failed(fact, "a range is ignored", "206 and the range", 200, Severity.WARNING)
    elif interaction.status_code == 416:
        yield failed(fact, "a range within the clip is refused", f"206 of {whole.size} bytes", 416)


def unsatisfiable_ranges_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """A range beyond the clip's end is answered with 416 and the clip's size, where ranges are answered."""
    part, whole = _part(interaction), _whole(interaction)
    if (
        part is None
        or whole is None
        or _resolved(part, whole.size) is not None
        or "if-range" in interaction.request_headers
    ):
        return
    fact = interaction.contract.error_case(ErrorKind.RANGE_NOT_SATISFIABLE)
    if interaction.status_code == 416:
        told = _OUTSIDE.fullmatch(interaction.headers.get("content-range", ""))
        size = told[0] if told else interaction.headers.get("content-range", "no Content-Range")
        yield compare(fact, "a range beyond the end does not tell the size", f"bytes */{whole.size}", size)
    elif interaction.status_code == 206 or (interaction.status_code == 200 and whole.parted):
        yield failed(
            fact, "a range beyond the end is answered", f"416 and bytes */{whole.size}", interaction.status_code
        )


def stale_if_range_gets_the_full_body(interaction: Interaction) -> Iterator[CheckResult]:
    """If-Range with the clip's own validator lets the range through, with another gets the whole clip."""
    part, whole = _part(interaction), _whole(interaction)
    if part is None or whole is None or _resolved(part, whole.size) is None or not _is_stale(interaction, whole):
        return
    fact, code = interaction.fact("range.condition"), interaction.status_code
    if code == 206:
        yield failed(fact, "a part of another clip is given", "200 and the whole clip", code)
    elif code == 200 and whole.parted:
        yield compare(fact, "not the whole clip is given", whole.size, interaction.body_size)


def head_matches_get(interaction: Interaction) -> Iterator[CheckResult]:
    """HEAD has GET's headers and no body."""
    whole = _whole(interaction)
    if interaction.exchange.request.method != "HEAD" or whole is None or not interaction.headers:
        return
    fact, code = interaction.fact("content.head"), interaction.status_code
    told = interaction.headers.get("content-length", str(whole.size))
    if code in (404, 405, 501):
        yield failed(fact, "content has no HEAD", "200 without a body", code)
    elif code == 200:
        expected = f"no body, of {whole.size} bytes"
        observed = f"{'no body' if not interaction.body_size else f'{interaction.body_size} bytes'}, of {told} bytes"
        yield compare(fact, "HEAD tells something else than GET", expected, observed)


def accept_ranges_matches_behaviour(interaction: Interaction) -> Iterator[CheckResult]:
    """Accept-Ranges says of content whether ranges are answered."""
    told, part, whole = interaction.headers.get("accept-ranges", "").lower(), _part(interaction), _whole(interaction)
    if not told or part is None or whole is None or _resolved(part, whole.size) is None:
        return
    if _is_stale(interaction, whole) is not False or interaction.status_code not in (200, 206):
        return
    expected = {206: "bytes", 200: "none"}[interaction.status_code]
    fact = interaction.fact("range.offered")
    yield compare(fact, "Accept-Ranges and what is done are two things", expected, told)


def _part(interaction: Interaction) -> tuple[str, str] | None:
    """The first and last byte of the one range that is asked for; None for no range, several, or an unreadable one."""
    if interaction.operation is not Operation.CONTENT or interaction.exchange.request.method != "GET":
        return None
    found = _ASKED.fullmatch(interaction.request_headers.get("range", ""))
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    return None if first and last and int(last) < int(first) else (first, last)


def _resolved(part: tuple[str, str], size: int) -> tuple[int, int] | None:
    """The bytes from and to, the latter inclusive; None for a range that no byte of the clip lies in."""
    first, last = part
    start = int(first) if first else max(0, size - int(last))
    end = size - 1 if not (first and last) else min(int(last), size - 1)
    return (start, end) if start <= end else None


def _whole(interaction: Interaction) -> _Whole | None:
    """The whole clip as an earlier GET got it."""
    task = interaction.task
    if interaction.operation is not Operation.CONTENT or task is None:
        return None
    before = [content for content in task.contents if content.exchange.request.url == interaction.exchange.request.url]
    whole = next((content for content in before if content.status_code == 200 and content.body_size), None)
    if whole is None or whole.exchange.response.media is None or whole.body_size is None:
        return None
    parted = any(content.status_code == 206 for content in before)
    return _Whole(whole.body_size, whole.headers.get("etag", ""), parted)


def _is_stale(interaction: Interaction, whole: _Whole) -> bool | None:
    """Whether If-Range names another clip; None where that is not known."""
    condition = interaction.request_headers.get("if-range")
    if condition is None:
        return False
    return None if not whole.tag or not condition.startswith('"') else condition != whole.tag


def _answered(interaction: Interaction, fact: Fact, wanted: tuple[int, int], size: int) -> Iterator[CheckResult]:
    start, end = wanted
    expected = f"bytes {start}-{end}/{size}"
    told = interaction.headers.get("content-range", "no Content-Range")
    found = _TOLD.fullmatch(told)
    right = found is not None and (int(found[1]), int(found[2])) == wanted and found[3] in ("*", str(size))
    if not right:
        yield failed(fact, "another range is told than was asked for", expected, told)
    elif interaction.body_size is not None:
        length = end - start + 1
        yield compare(fact, "a range has another number of bytes", f"{length} bytes", f"{interaction.body_size} bytes")


def _switched(interaction: Interaction, option: str) -> Iterator[CheckResult]:
    if interaction.contract.find(f"{interaction.contract.name}.range") is not None:
        yield chosen(interaction, f"{interaction.contract.name}.range", option)


CHECKS = (
    ranges_are_served,
    unsatisfiable_ranges_are_rejected,
    stale_if_range_gets_the_full_body,
    head_matches_get,
    accept_ranges_matches_behaviour,
)
