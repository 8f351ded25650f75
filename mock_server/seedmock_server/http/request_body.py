"""Read a request body over ASGI, and parse it as strict JSON. Hostile input raises one of four exceptions.

Knows no upstream.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal, NoReturn

import msgspec

from ..errors import SeedmockServerError
from .coroutines import resume

MAX_DEPTH: Final = 64
MAX_NUMBER_CHARS: Final = 100
MAX_NAME_CHARS: Final = 200
MAX_EXAMINED_QUOTES: Final = 5000
BACKSLASH: Final = ord("\\")
LONG_RUN: Final = b"\\" * 100
JSON_TYPE: Final = b"application/json"

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class BodyTooLarge(SeedmockServerError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is too large; allowed: at most {limit} bytes")
        self.limit = limit


class BodyTooSlow(SeedmockServerError):
    def __init__(self, seconds: float) -> None:
        super().__init__(f"the body did not arrive within {seconds:g} seconds")
        self.seconds = seconds


class ClientDisconnected(SeedmockServerError):
    """The client disconnected before its body was complete; no response can reach it."""


class MalformedBody(SeedmockServerError):
    """The body cannot be parsed; `message` names the place and what was expected."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


async def read_body(receive: Receive, *, limit: int, seconds: float, content_length: bytes = b"") -> bytes:
    """Read the whole body, which must arrive within `seconds` and have at most `limit` bytes.

    `content_length` is the header: a value over the limit is rejected before reading, one that is not a number is
    ignored. Raises BodyTooLarge, BodyTooSlow, ClientDisconnected.
    """
    if content_length.isdigit() and (len(content_length) > MAX_NUMBER_CHARS or int(content_length) > limit):
        raise BodyTooLarge(limit)
    take_body = getattr(receive, "take_body", None)
    body: bytes | None = take_body() if take_body is not None else None
    if body is not None:
        if len(body) > limit:
            raise BodyTooLarge(limit)
        return body
    # Setting a timer costs more than reading, and nearly every body has arrived with its head: try without one first.
    waiting = receive().__await__()
    try:
        pending = next(waiting)
    except StopIteration as result:
        chunk, more = _chunk(result.value, limit, limit)
        if not more:
            return chunk
        first = None
    else:
        chunk, first = b"", resume(waiting, pending)
    try:
        async with asyncio.timeout(seconds):
            return await _read_rest(receive, first, chunk, limit)
    except TimeoutError:
        raise BodyTooSlow(seconds) from None


async def _read_rest(receive: Receive, first: Awaitable[Any] | None, head: bytes, limit: int) -> bytes:
    chunks, size, more = [head], len(head), True
    while more:
        message = await (first or receive())
        first = None
        chunk, more = _chunk(message, limit - size, limit)
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def _chunk(message: Mapping[str, Any], room: int, limit: int) -> tuple[bytes, bool]:
    """Return the bytes of one ASGI message and the flag that more will follow."""
    if message["type"] != "http.request":
        raise ClientDisconnected
    chunk = message.get("body", b"")
    if len(chunk) > room:
        raise BodyTooLarge(limit)
    return chunk, message.get("more_body", False)


def content_kind(header: bytes | None) -> Literal["json", "form", "other"]:
    """Classify a Content-Type; a missing header counts as JSON."""
    if header == JSON_TYPE:  # the exact bytes that nearly every client sends
        return "json"
    kind = (header or b"").partition(b";")[0].strip().lower()
    if kind in (b"", JSON_TYPE) or (kind.startswith(b"application/") and kind.endswith(b"+json")):
        return "json"
    return "form" if kind == b"multipart/form-data" else "other"


# --- JSON ---


class _Rejected(SeedmockServerError):
    """Raised by the hooks of the decoder, which know that something is wrong but not where."""


def _object_of_unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _Rejected
    return document


def _integer(digits: str) -> int | float:
    """Integers beyond 64 bits become floats, as in JavaScript and Go, so that msgspec can write them again."""
    if len(digits) > MAX_NUMBER_CHARS:
        raise _Rejected
    number = int(digits)
    return number if _fits(number) else float(number)


def _float(digits: str) -> float:
    if len(digits) > MAX_NUMBER_CHARS or (number := float(digits)) in (float("inf"), float("-inf")):
        raise _Rejected
    return number


def _constant(name: str) -> NoReturn:
    raise _Rejected


def _fits(number: int) -> bool:
    return -(2**63) <= number < 2**64


_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_object_of_unique_keys, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
_FAST: Final = msgspec.json.Decoder()
_TOKEN: Final = re.compile(r'("(?:[^"\\]++|\\.)*+")([ \t\n\r]*:)?|[{}\[\]]|[-+.\w]++', re.DOTALL)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(body: bytes) -> object:
    """Parse strict RFC 8259 JSON in UTF-8. Raises MalformedBody, which names line and column.

    Rejected are a byte order mark, NaN, infinities, duplicate keys, lone surrogates, more than 64 levels, and numbers
    of more than 100 characters.
    """
    try:
        document = _FAST.decode(body)
        # msgspec drops duplicate keys: each string has two quotes, so that a dropped key changes the count.
        if 2 * _count_strings(document) == _count_quotes(body):
            return document
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _Rejected):
        pass
    return _parse_strictly(_text(body))


def _count_quotes(body: bytes) -> int:
    """Count the quotes of a JSON text that begin or end a string."""
    count = body.count(b'"')
    if b"\\" not in body:
        return count
    if count <= MAX_EXAMINED_QUOTES and LONG_RUN not in body:
        return _count_unescaped(body)
    # Backslashes in pairs are characters of a string; one that remains before a quote makes it a character too.
    unpaired = body.replace(rb"\\", b"") if rb"\\" in body else body
    return count - unpaired.count(rb"\"")


def _count_unescaped(body: bytes) -> int:
    """Look at each quote: an order has few, and a script in its prompt has a backslash in each of its lines."""
    count, at = 0, body.find(b'"')
    while at >= 0:
        before = at
        while before and body[before - 1] == BACKSLASH:
            before -= 1
        count += (at - before) % 2 == 0
        at = body.find(b'"', at + 1)
    return count


def _count_strings(document: object) -> int:
    """Count the strings of a document, keys included.

    Raises _Rejected at an integer beyond 64 bits, and for more than MAX_DEPTH containers, which may be nested too deep.
    """
    count, containers, pending = 0, 0, [document]
    for value in pending:
        kind = type(value)
        if kind is str:
            count += 1
        elif kind is dict or kind is list:
            containers += 1
            if containers > MAX_DEPTH:
                raise _Rejected
            count += len(value) if kind is dict else 0  # type: ignore[arg-type]
            pending.extend(value.values() if kind is dict else value)  # type: ignore[arg-type, attr-defined]
        elif kind is int and not -(2**63) <= value < 2**64:  # type: ignore[operator]
            raise _Rejected
    return count


def _text(body: bytes) -> str:
    if not body or body.isspace():
        raise MalformedBody("the body is empty: expected a JSON document")
    if body.startswith(b"\xef\xbb\xbf"):
        raise MalformedBody("line 1, column 1: a byte order mark: expected JSON in UTF-8 without one")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("utf-8")
        raise _malformed(before, len(before), f"byte 0x{body[error.start]:02x}: expected UTF-8") from None


def _parse_strictly(text: str) -> object:
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _raise_first_rejection(text, only_depth=True)
    try:
        document = _STRICT.decode(text)
    except json.JSONDecodeError as error:
        raise _malformed(text, error.pos, error.msg[:1].lower() + error.msg[1:]) from None
    except _Rejected:
        _raise_first_rejection(text)
        raise MalformedBody("the body is not strict JSON") from None
    if _SURROGATE.search(text):
        _raise_first_rejection(text)
    return document


def _malformed(text: str, position: int, problem: str) -> MalformedBody:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return MalformedBody(f"line {line}, column {column}: {problem}")


def _raise_first_rejection(text: str, *, only_depth: bool = False) -> None:
    """Raise MalformedBody at the first construct that JSON's grammar allows and this parser rejects."""
    keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        raw = token.group()
        if raw in "{[":
            keys.append(set())
            if len(keys) > MAX_DEPTH:
                raise _malformed(text, token.start(), f"more than {MAX_DEPTH} levels: expected a flatter document")
        elif raw in "}]":
            del keys[-1:]
        elif not only_depth and (problem := _problem(token, keys)):
            raise _malformed(text, token.start(), problem) from None


def _problem(token: re.Match[str], keys: list[set[str]]) -> str | None:
    """Describe the problem of a string or a number, if it has one; add a key to the keys of its object.

    The text is grammatical up to this token: the decoder has read it.
    """
    raw, quoted, colon = token.group(0, 1, 2)
    try:
        content = _STRICT.decode(quoted or raw)
        if quoted is not None:
            content.encode()
    except _Rejected:
        return f"{raw[:24]}: expected a finite number of at most {MAX_NUMBER_CHARS} characters"
    except UnicodeEncodeError:
        return "half a surrogate pair: expected both halves"
    if colon and keys:
        if content in keys[-1]:
            return f"duplicate key {quoted[:MAX_NAME_CHARS]}: expected each key once"
        keys[-1].add(content)
    return None
