"""Checks of partial content and of conditions: Range, If-Range, If-Match and HEAD, by RFC 9110.

An upstream may ignore Range. Where the contract has a variant for that, the response shows its option.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Fact

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, compare, failed, passed
from .variants import check_option

# At most 15 digits: int() raises a ValueError for more than 4300.
_RANGE = re.compile(r"bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*", re.IGNORECASE)
_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)")
_NO_HEADER = "no Content-Range"


class _FullContent(Struct, frozen=True):
    """The complete content at the same URL, as an earlier GET returned it. `is_partial`: a GET also returned a part."""

    size: int
    etag: str
    is_partial: bool


def ranges_are_served(interaction: Interaction) -> Iterator[CheckResult]:
    """A satisfiable range gets 206 with its bytes, if the upstream serves ranges."""
    requested, full = _requested_range(interaction), _full_content(interaction)
    if requested is None or full is None or _is_stale(interaction, full) is not False:
        return
    fact, expected = interaction.fact("range.part"), _resolve_range(requested, full.size)
    if expected is None:
        return
    if interaction.status_code == 206:
        yield from _check_part(interaction, fact, expected, full.size)
        yield from _check_range_option(interaction, "on")
    elif interaction.status_code == 200 and interaction.find("range") is not None:
        yield from _check_range_option(interaction, "off")
    elif interaction.status_code == 200:
        yield failed(fact, "a range is ignored", "206 and the range", 200, Severity.WARNING)
    elif interaction.status_code == 416:
        yield failed(fact, "a satisfiable range is rejected", f"206 of {full.size} bytes", 416)


def compare_part(interaction: Interaction, part: bytes, whole: bytes) -> Iterator[CheckResult]:
    """Compare the bytes of a part with those of the whole, at the place that its Content-Range names.

    Not a check of an interaction, since a history does not keep the bytes of clips.
    """
    match = _CONTENT_RANGE.fullmatch(interaction.headers.get("content-range", ""))
    fact, title = interaction.find("range.part"), "a range has other bytes than the same place of the whole"
    if fact is None or interaction.status_code != 206 or match is None:
        return
    expected = whole[int(match[1]) : int(match[2]) + 1]
    if part == expected:
        yield passed(fact, f"{len(part)} bytes as in the whole")
    else:
        first, second = (f"{len(content)} bytes {content[:8].hex()}..." for content in (expected, part))
        yield failed(fact, title, first, second)


def unsatisfiable_ranges_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """A range beyond the end gets 416 with the size of the clip, if the upstream serves ranges."""
    requested, full = _requested_range(interaction), _full_content(interaction)
    if requested is None or full is None or "if-range" in interaction.request_headers:
        return
    if _resolve_range(requested, full.size) is not None:
        return
    case, status_code = interaction.contract.error_case(ErrorKind.RANGE_NOT_SATISFIABLE), interaction.status_code
    if status_code == 416:
        header = interaction.headers.get("content-range", _NO_HEADER)
        yield compare(case, "a 416 does not have the size", f"bytes */{full.size}", header)
    elif status_code == 206 or (status_code == 200 and full.is_partial):
        yield failed(case, "a range beyond the end is served", f"416 and bytes */{full.size}", status_code)


def stale_if_range_gets_the_full_body(interaction: Interaction) -> Iterator[CheckResult]:
    """If-Range with another ETag than the clip's gets the complete clip."""
    requested, full = _requested_range(interaction), _full_content(interaction)
    if requested is None or full is None or _resolve_range(requested, full.size) is None:
        return
    if not _is_stale(interaction, full):
        return
    fact, status_code = interaction.fact("range.condition"), interaction.status_code
    if status_code == 206:
        yield failed(fact, "If-Range with another ETag gets a part", "200 and the complete clip", status_code)
    elif status_code == 200 and full.is_partial:
        yield compare(fact, "If-Range with another ETag gets an incomplete clip", full.size, interaction.body_size)


def false_preconditions_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """If-Match with another ETag than the clip's gets 412, and no clip."""
    condition, full = interaction.request_headers.get("if-match", ""), _full_content(interaction)
    if full is None or not full.etag or not condition.startswith('"') or condition == full.etag:
        return
    if interaction.status_code < 500 and interaction.status_code != 429:
        case = interaction.contract.error_case(ErrorKind.PRECONDITION_FAILED)
        yield compare(case, "If-Match with another ETag is not rejected", 412, interaction.status_code)


def head_matches_get(interaction: Interaction) -> Iterator[CheckResult]:
    """HEAD has the headers of GET, and no body."""
    full = _full_content(interaction)
    if interaction.method != "HEAD" or full is None or not interaction.headers:
        return
    fact, status_code = interaction.fact("content.head"), interaction.status_code
    if status_code in (404, 405, 501):
        yield failed(fact, "content has no HEAD", "200 without a body", status_code)
    elif status_code == 200:
        length = interaction.headers.get("content-length", str(full.size))
        body = f"{interaction.body_size} bytes" if interaction.body_size else "no body"
        expected, observed = f"no body, of {full.size} bytes", f"{body}, of {length} bytes"
        # That there is a HEAD is assumed. One that is answered and contradicts its GET is wrong by RFC 9110, 8.6.
        yield compare(fact, "HEAD differs from GET", expected, observed, Severity.WARNING)


def accept_ranges_matches_behaviour(interaction: Interaction) -> Iterator[CheckResult]:
    """Accept-Ranges, if there is one, says whether the upstream serves ranges."""
    requested, full = _requested_range(interaction), _full_content(interaction)
    header = interaction.headers.get("accept-ranges", "").lower()
    if not header or requested is None or full is None or _resolve_range(requested, full.size) is None:
        return
    if _is_stale(interaction, full) is not False or interaction.status_code not in (200, 206):
        return
    expected = {206: "bytes", 200: "none"}[interaction.status_code]
    yield compare(interaction.fact("range.offered"), "Accept-Ranges contradicts the response", expected, header)


def _requested_range(interaction: Interaction) -> tuple[str, str] | None:
    """First and last position in the Range header, either of which may be empty; None if it has no single range."""
    if interaction.operation is not Operation.CONTENT or interaction.method != "GET":
        return None
    match = _RANGE.fullmatch(interaction.request_headers.get("range", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    return None if first and last and int(last) < int(first) else (first, last)


def _resolve_range(requested: tuple[str, str], size: int) -> tuple[int, int] | None:
    """Positions of the first and the last byte; None for an unsatisfiable range."""
    first, last = requested
    start = int(first) if first else max(0, size - int(last))
    end = size - 1 if not (first and last) else min(int(last), size - 1)
    return (start, end) if start <= end else None


def _full_content(interaction: Interaction) -> _FullContent | None:
    task = interaction.task
    if interaction.operation is not Operation.CONTENT or task is None:
        return None
    earlier = [download for download in task.contents if download.url == interaction.url]
    full = next((download for download in earlier if download.status_code == 200 and download.body_size), None)
    if full is None or full.media is None or full.body_size is None:
        return None
    is_partial = any(download.status_code == 206 for download in earlier)
    return _FullContent(full.body_size, full.headers.get("etag", ""), is_partial)


def _is_stale(interaction: Interaction, full: _FullContent) -> bool | None:
    """True if If-Range has another ETag than the clip; None if that cannot be told."""
    condition = interaction.request_headers.get("if-range")
    if condition is None:
        return False
    return None if not full.etag or not condition.startswith('"') else condition != full.etag


def _check_part(interaction: Interaction, fact: Fact, expected: tuple[int, int], size: int) -> Iterator[CheckResult]:
    start, end = expected
    header = interaction.headers.get("content-range", _NO_HEADER)
    match = _CONTENT_RANGE.fullmatch(header)
    if match is None or (int(match[1]), int(match[2])) != expected or match[3] not in ("*", str(size)):
        yield failed(
            fact, "the response has another range than the requested one", f"bytes {start}-{end}/{size}", header
        )
    elif interaction.body_size is not None:
        length, observed = f"{end - start + 1} bytes", f"{interaction.body_size} bytes"
        yield compare(fact, "a range has another number of bytes", length, observed)


def _check_range_option(interaction: Interaction, option: str) -> Iterator[CheckResult]:
    if interaction.find("range") is not None:
        yield check_option(interaction, interaction.variant("range"), option)


CHECKS = (
    ranges_are_served,
    unsatisfiable_ranges_are_rejected,
    stale_if_range_gets_the_full_body,
    false_preconditions_are_rejected,
    head_matches_get,
    accept_ranges_matches_behaviour,
)
