"""One request and its answer, as they are kept: without secrets and without media. To and from one line of JSON.

Knows no role: an emulator's journal, a client's recorder and a judge of recordings read the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from .enums import MediaKind
from .errors import InvalidExchange
from .facts import MediaFacts

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
"""The headers that authenticate, in lower case."""
REDACTED = "***"
MAX_BODY_BYTES = 4096
MAX_CHECKED_BYTES = 1 << 20
"""Bytes of a body that are kept where it is to be judged."""
_BASE64 = b";base64,"
_MAGIC = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
)

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked. `url` is whole, or begins with the path where the host is not known."""

    method: str
    url: str
    headers: Headers = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """What was answered; a status of 0 stands for an answer that never came."""

    status: int
    headers: Headers = ()
    body: str = ""
    media: MediaFacts | None = None
    """What a body that is a clip was measured to be, in its place."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer. `operation` is empty where the request was for none that there is.

    `caller` is a word for who asked, never a key: the same word is the same key. `at` is the end of the answer, in
    seconds since the epoch by the asker's clock.
    """

    operation: str
    request: Request
    response: Response
    caller: str = ""
    at: float = 0.0

    def to_json(self) -> str:
        """The exchange as one line of JSON, without the line's end."""
        return json.dumps(asdict(self), separators=(",", ":"))


def parse_exchange(line: str) -> Exchange:
    """An exchange from its line; what authenticates is hidden also if the line shows it. Raises InvalidExchange."""
    try:
        said = json.loads(line)
        request = Request(**_part(said["request"], Request))
        response = Response(**_part(said["response"], Response))
        return Exchange(
            _text(said["operation"]), request, response, _text(said.get("caller", "")), float(said.get("at", 0))
        )
    except (ValueError, TypeError, KeyError) as error:
        expected = '{"operation": ..., "request": {"method", "url"}, "response": {"status"}}'
        raise InvalidExchange(f"{line[:80]!r} is no exchange ({error}); expected {expected}") from error


def _part(values: Any, kind: type) -> dict[str, Any]:
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
        raise TypeError(f"{value!r} is no text")
    return value


def redact_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers with the values of those that authenticate hidden."""
    return tuple((name, REDACTED if name.lower() in SECRET_HEADERS else value) for name, value in headers)


def summarize_body(body: bytes, limit: int = MAX_BODY_BYTES) -> bytes:
    """A body to read: data: URIs and media stand as their kind and size; what is left is cut after `limit` bytes."""
    if body[:2] == b"--" and b"\r\n" in body[:200]:
        body = _without_files(body, limit)
    if not _is_text(body[:limit]):
        return f"<{len(body)} bytes of {_kind(body)}>".encode()
    return _without_data(body, limit)[:limit] if _BASE64 in body else body[:limit]


def _without_data(body: bytes, limit: int) -> bytes:
    """`data:image/png;base64,iVBOR...` becomes `data:image/png;base64,<1234 bytes>`."""
    pieces, at, length = [], 0, 0
    while length < limit and (found := body.find(_BASE64, at)) >= 0:
        start = found + len(_BASE64)
        end = _end_of_base64(body, start)
        size = (end - start - body.count(b"=", max(start, end - 2), end)) * 3 // 4
        pieces.append(body[at:start] + b"<%d bytes>" % size)
        length += len(pieces[-1])
        at = end
    return b"".join([*pieces, body[at : at + limit]])


def _end_of_base64(body: bytes, start: int) -> int:
    quote = body.find(b'"', start)
    end = len(body) if quote < 0 else quote - (body[quote - 1 : quote] == b"\\")
    line = body.find(b"\r\n", start, end)
    return end if line < 0 else line


def _without_files(body: bytes, limit: int) -> bytes:
    """A form whose parts that are no text are told by kind and size."""
    boundary = body.partition(b"\r\n")[0]
    parts, length = [], 0
    for part in body.split(b"\r\n" + boundary):
        head, blank, content = part.partition(b"\r\n\r\n")
        if blank and not _is_text(content):
            content = f"<{len(content)} bytes of {_kind(content)}>".encode()
        parts.append(head + blank + content)
        length += len(parts[-1])
        if length > limit:
            break
    return (b"\r\n" + boundary).join(parts)


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and b"\0" not in body
    return b"\0" not in body


def _kind(body: bytes) -> str:
    if body[4:8] == b"ftyp":
        return "video/mp4"
    if body[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(body[8:12], "application/octet-stream")
    return next((kind for magic, kind in _MAGIC if body.startswith(magic)), "application/octet-stream")
