"""A request and its response without secrets and media, written as one line of JSON and read from it.

Journals, recorders and checks share this format. Knows no role and no upstream.
"""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, to_builtins

from .enums import MediaKind
from .errors import InvalidExchange
from .facts import MediaFacts
from .mp4 import CONTENT_TYPES, iso_format

# Logs that showed a key are a known accident of mock servers (aimock, until 1.38). `token` is the header of a vendor's
# own pages.
SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "token",
        "x-api-key",
        "api-key",
        "x-mock-token",
        "x-mock-key",
    }
)
"""Names of headers whose values are hidden, in lower case."""
REDACTED = "***"
# Large bodies crashed another mock server's journal (aimock#308).
MAX_BODY_BYTES = 4096
"""Bytes of a body that a journal stores."""
MAX_CHECKED_BYTES = 1 << 20
"""Bytes of a body that are stored for checks, which parse it: a list of assets exceeds what a journal stores."""
MAX_URL_USER_BYTES = 2048
"""Bytes of a user and a password in a URL that are recognized as such."""
_BASE64 = b";base64,"
_ESCAPED_AT = re.compile(rb"\\u0040|%40", re.IGNORECASE)
# JSON may escape any character, and a query does; a character outside a URL ends the search.
_COLON, _SLASH, _AT = rb"(?::|\\u003a|%3a)", rb"(?:/|\\/|\\\\|\\u002f|\\u005c|%2f|%5c)", rb"(?:@|\\u0040|%40)"
_COLON_FORMS, _AT_FORMS = re.compile(_COLON, re.IGNORECASE), re.compile(_AT, re.IGNORECASE)
_SEPARATOR = re.compile(rb"%b%b{2}" % (_COLON, _SLASH), re.IGNORECASE)
_USER = re.compile(rb"(?:[^/\s\"?#&\\]|\\u[0-9a-f]{4}|\\\\)*+", re.IGNORECASE)
"""The characters that a user and a password may have, an @ among them: it may be part of a password."""
_KIND_BYTES = 4096
_HEAD_BYTES = 8192
"""Bytes of a form's part in which its headers end, if it is one of the files that are known."""
_MAGIC = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
)

Headers = tuple[tuple[str, str], ...]


class Request(Struct, frozen=True):
    """A request. `url` is absolute, or begins with the path where the host is not known."""

    method: str
    url: str
    headers: Headers = ()
    body: str = ""


class Response(Struct, frozen=True):
    """A response; status 0 means that none was received."""

    status: int
    headers: Headers = ()
    body: str = ""
    media: MediaFacts | None = None
    """Properties of the clip in the body, which is not stored itself."""


class Exchange(Struct, frozen=True):
    """A request and its response. `operation` is empty for a request to an unknown endpoint.

    `caller` is a pseudonym of the API key: two keys have two. `at` is the end of the response in epoch seconds.
    """

    operation: str
    request: Request
    response: Response
    caller: str = ""
    at: float = 0.0

    def to_json(self) -> str:
        """Write the exchange as one line of JSON, without a newline."""
        return json.dumps(to_builtins(self), separators=(",", ":"))


def parse_exchange(line: str) -> Exchange:
    """Parse an exchange from its line, hiding values of secret headers. Raises InvalidExchange."""
    try:
        row = json.loads(line)
        request = Request(**_fields(row["request"]))
        response = Response(**_fields(row["response"]))
        return Exchange(
            _text(row["operation"]), request, response, _text(row.get("caller", "")), float(row.get("at", 0))
        )
    except (ValueError, TypeError, KeyError) as error:
        expected = '{"operation": ..., "request": {"method", "url"}, "response": {"status"}}'
        raise InvalidExchange(f"{line[:80]!r} is not an exchange ({error}); expected {expected}") from error


def _fields(values: Any) -> dict[str, Any]:
    part = dict(values)
    part["headers"] = redact_headers((_text(name), _text(value)) for name, value in part.get("headers", ()))
    for name, value in part.items():
        if name == "status":
            if type(value) is not int:
                raise TypeError(f"status is {value!r}; expected a whole number")
        elif name == "media":
            part["media"] = None if value is None else MediaFacts(**{**value, "kind": MediaKind(value["kind"])})
        elif name != "headers":
            _text(value)
    return part


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value


def redact_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """Hide the values of headers that authenticate."""
    return tuple((name, REDACTED if name.lower() in SECRET_HEADERS else value) for name, value in headers)


def hide_url_users(text: bytes) -> bytes:
    """Replace the user and the password of each URL by ***, as they are, or escaped as in JSON or in a query.

    A URL with a password keeps the form of one, so that checks see what was sent.
    """
    # Looked for as bytes first: nearly no text has an @, and each exchange is searched three times.
    if b"@" not in text and (b"40" not in text or not _ESCAPED_AT.search(text)):
        return text
    at_signs = [match.start() for match in _AT_FORMS.finditer(text)]
    pieces: list[bytes] = []
    done = end_of_user = 0
    # Not one pattern for all of it: it would read on from each of many separators, and 108 kB of them took 65 s.
    for separator in _SEPARATOR.finditer(text):
        start = separator.end()
        if separator.start() < done:  # part of what is hidden
            continue
        if start >= end_of_user and (match := _USER.match(text, start)):
            end_of_user = match.end()
        last = bisect_right(at_signs, min(end_of_user, start + MAX_URL_USER_BYTES)) - 1
        if last >= 0 and at_signs[last] > start:
            pieces += (text[done:start], _hidden(text[start : at_signs[last]]))
            done = at_signs[last]
    return b"".join((*pieces, text[done:]))


def _hidden(user: bytes) -> bytes:
    colon = _COLON_FORMS.search(user)
    return b"***" if colon is None else b"***%b***" % colon[0]


def summarize_body(
    body: bytes,
    limit: int = MAX_BODY_BYTES,
    *,
    digests: bool = False,
    files: Mapping[int, int] = MappingProxyType({}),
) -> bytes:
    """Shorten a body for people: data: URIs and media become their type and size, the rest is cut at `limit` bytes.

    With `digests`, files and data: URIs get the beginning of their SHA-256 too: equal summaries mean equal files.
    Users and passwords in URLs are hidden. `files` are the ends of a form's files by their beginnings, as far as they
    are known: the others are searched for.
    """
    if body[:2] == b"--" and b"\r\n" in body[:200]:
        body = _without_files(body, limit, digests, files)
    if not _is_text(body[:limit]):
        return f"<{len(body)} bytes of {_kind(body)}>".encode()
    # Hidden before the cut: a password whose end is cut off would not be recognized.
    has_data = body.find(_BASE64, 0, limit + len(_BASE64)) >= 0  # further on it is cut off
    text = _without_data(body, limit, digests) if has_data else body
    return hide_url_users(text[: limit + MAX_URL_USER_BYTES])[:limit]


def _without_data(body: bytes, limit: int, digests: bool) -> bytes:
    """Replace the content of `data:image/png;base64,iVBOR...` by its size: `data:image/png;base64,<1234 bytes>`."""
    pieces, at, length = [], 0, 0
    # Not a regular expression: bodies have megabytes, and most of them is one data: URI.
    while length < limit and (marker := body.find(_BASE64, at)) >= 0:
        start = marker + len(_BASE64)
        if body[start : start + 1] == b"<":  # a body that was shortened before: its summary is no base64
            pieces.append(body[at:start])
            length, at = length + start - at, start
            continue
        end = _end_of_base64(body, start)
        size = (end - start - body.count(b"=", max(start, end - 2), end)) * 3 // 4
        digest = _digest(body[start:end]) if digests else ""
        pieces.append(body[at:start] + f"<{size} bytes{digest}>".encode())
        length += len(pieces[-1])
        at = end
    return b"".join([*pieces, body[at : at + limit]])


def _end_of_base64(body: bytes, start: int) -> int:
    quote = body.find(b'"', start)
    # The quote is escaped in an error message that quotes the JSON of a request.
    end = len(body) if quote < 0 else quote - (body[quote - 1 : quote] == b"\\")
    line = body.find(b"\r\n", start, end)
    return end if line < 0 else line


def _without_files(body: bytes, limit: int, digests: bool, files: Mapping[int, int]) -> bytes:
    """Replace the binary parts of a multipart body by their type and size, and perhaps their digest."""
    boundary = body[: body.index(b"\r\n")]
    # By position: files have megabytes, and to split the body would copy each of them twice.
    delimiter, parts, length, at = b"\r\n" + boundary, list[bytes](), 0, 0
    while at <= len(body) and length <= limit:
        blank = body.find(b"\r\n\r\n", at, at + _HEAD_BYTES) if files else -1
        end = files.get(blank + 4) if blank >= 0 else None
        if end is None:
            end = body.find(delimiter, at)
            end = len(body) if end < 0 else end
            blank = body.find(b"\r\n\r\n", at, end)
        start = end if blank < 0 else blank + 4
        parts.append(body[at:start] + _shown_content(body, start, end, digests) if start < end else body[at:end])
        length += len(parts[-1])
        at = end + len(delimiter)
    return delimiter.join(parts)


def _shown_content(body: bytes, start: int, end: int, digests: bool) -> bytes:
    # A null byte is in the beginning of nearly every file, which then need not be copied.
    is_binary = body.find(b"\0", start, end) >= 0
    content = body[start : min(end, start + _KIND_BYTES) if is_binary and not digests else end]
    if not is_binary and _is_text(content):
        return content
    return f"<{end - start} bytes of {_kind(content)}{_digest(content) if digests else ''}>".encode()


def _digest(content: bytes) -> str:
    return f", sha256 {hashlib.sha256(content).hexdigest()[:16]}"


def _is_text(body: bytes) -> bool:
    if b"\0" in body:  # in the first bytes of nearly every file
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"  # `limit` may cut a character of several bytes in two
    return True


def _kind(body: bytes) -> str:
    name = iso_format(body)
    if name is not None:
        return CONTENT_TYPES[name]
    if body[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(body[8:12], "application/octet-stream")
    return next((kind for magic, kind in _MAGIC if body.startswith(magic)), "application/octet-stream")
