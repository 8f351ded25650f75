"""Split multipart/form-data into its parts, each copied once: boundaries are searched for, not read byte by byte.

Knows no field. The reference is python-multipart, whose state machine takes three times as long for a file; a property
test compares the two.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from .request_body import MalformedBody

MAX_PARTS: Final = 1000
MAX_HEADERS: Final = 8
MAX_HEAD_BYTES: Final = 4096
"""Bytes of a part's headers. As in python-multipart, as is the number of headers and the length of a boundary."""
MAX_BOUNDARY_BYTES: Final = 256
_HEADER: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_LINE: Final = b"\r\n"

Part: TypeAlias = tuple[dict[bytes, bytes], bytes, int]
"""Headers by their names in lower case, the content, and its position in the body."""


def split_parts(boundary: bytes, body: bytes) -> list[Part]:
    """Split a form. What follows its end is ignored. Raises MalformedBody."""
    if len(boundary) > MAX_BOUNDARY_BYTES:
        raise _unreadable(f"its boundary has more than {MAX_BOUNDARY_BYTES} bytes")
    delimiter = b"--" + boundary
    at = len(body) - len(body.lstrip(_LINE)) if body[:1] in (b"\r", b"\n") else 0
    if not body.startswith(delimiter, at):
        if delimiter.startswith(body[at : at + len(delimiter)]):
            raise _unfinished()
        raise _unreadable("it does not begin with its boundary")
    parts: list[Part] = []
    at += len(delimiter)
    while not body.startswith(b"--", at):
        if not body.startswith(_LINE, at):
            raise _unfinished() if at + 2 > len(body) else _unreadable("a boundary is followed by neither CRLF nor --")
        if len(parts) == MAX_PARTS:
            raise MalformedBody(f"the form has more than {MAX_PARTS} parts")
        headers, start = _headers(body, at + 2)
        end = _end_of_part(body, _LINE + delimiter, start)
        parts.append((headers, body[start:end], start))
        at = end + len(_LINE) + len(delimiter)
    return parts


def _headers(body: bytes, start: int) -> tuple[dict[bytes, bytes], int]:
    """Return the headers of a part, and where its content begins."""
    if body.startswith(_LINE, start):
        return {}, start + 2
    end = body.find(b"\r\n\r\n", start, start + MAX_HEAD_BYTES)
    if end < 0:
        is_long = len(body) - start >= MAX_HEAD_BYTES
        raise _unreadable(f"the headers of a part have more than {MAX_HEAD_BYTES} bytes") if is_long else _unfinished()
    lines = body[start:end].split(_LINE)
    if len(lines) > MAX_HEADERS:
        raise _unreadable(f"a part has more than {MAX_HEADERS} headers")
    matches = [_HEADER.fullmatch(line) for line in lines]
    if None in matches:
        raise _unreadable("a header of a part is malformed")
    return {match[1].lower(): match[2] for match in matches if match is not None}, end + 4


def _end_of_part(body: bytes, delimiter: bytes, start: int) -> int:
    """Return where the content of a part ends. A delimiter that goes on is content: boundaries may begin alike."""
    end = body.find(delimiter, start)
    while end >= 0 and body[end + len(delimiter) : end + len(delimiter) + 2] not in (_LINE, b"--"):
        end = body.find(delimiter, end + 1)
    if end < 0:
        raise _unfinished()
    return end


def _unreadable(problem: str) -> MalformedBody:
    return MalformedBody(f"the form cannot be read: {problem}")


def _unfinished() -> MalformedBody:
    return MalformedBody("the form ends before its closing boundary")
