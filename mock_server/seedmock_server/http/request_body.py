"""What a request says: its body as bytes and as JSON. Hostile input ends in one of four exceptions.

Knows no upstream.
"""

import asyncio
import json
import re
import types
from collections.abc import Awaitable, Callable, Generator, Mapping
from functools import partial
from typing import Any, Final, Literal, NoReturn

import msgspec

from ..errors import SeedmockServerError

DEPTH: Final = 64
DIGITS: Final = 100
NAME: Final = 200
JSON: Final = b"application/json"

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
    """The client hung up before its body was complete: there is nobody to answer."""


class MalformedBody(SeedmockServerError):
    """The body cannot be read; `message` says where and what was expected."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


async def read_body(receive: Receive, *, limit: int, seconds: float, declared: bytes = b"") -> bytes:
    """The whole body, which must arrive within `seconds` and hold at most `limit` bytes.

    `declared` is its Content-Length: one over the limit is refused before reading, one that is no number is not heeded.
    Raises BodyTooLarge, BodyTooSlow, ClientDisconnected.
    """
    if declared.isdigit() and (len(declared) > DIGITS or int(declared) > limit):
        raise BodyTooLarge(limit)
    # A timer costs more than the read, and the body of nearly every request has come with its head: look first.
    waiting = receive().__await__()
    try:
        pending = next(waiting)
    except StopIteration as arrived:
        chunk, more = _chunk(arrived.value, limit, limit)
        if not more:
            return chunk
        first = None
    else:
        chunk, first = b"", _resume(waiting, pending)
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
    """The bytes of one ASGI message and whether more will follow."""
    if message["type"] != "http.request":
        raise ClientDisconnected
    chunk = message.get("body", b"")
    if len(chunk) > room:
        raise BodyTooLarge(limit)
    return chunk, message.get("more_body", False)


@types.coroutine
def _resume(waiting: Any, pending: object) -> Generator[Any, Any, Any]:
    """Go on awaiting what has been begun and waits for `pending`."""
    while True:
        try:
            step = partial(waiting.send, (yield pending))
        except BaseException as error:
            step = partial(waiting.throw, error)
        try:
            pending = step()
        except StopIteration as arrived:
            return arrived.value


def content_kind(header: bytes | None) -> Literal["json", "form", "other"]:
    """What Content-Type announces; a missing header counts as JSON."""
    if header == JSON:
        return "json"
    kind = (header or b"").partition(b";")[0].strip().lower()
    if kind in (b"", JSON) or (kind.startswith(b"application/") and kind.endswith(b"+json")):
        return "json"
    return "form" if kind == b"multipart/form-data" else "other"


# --- JSON ---


class _Objection(Exception):
    """Raised by the decoder's hooks, which know that something is wrong but not where."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _Objection
    return document


def _whole(digits: str) -> int | float:
    """Whole numbers beyond 64 bits become floats, as in JavaScript and Go: whatever is read can be written again."""
    if len(digits) > DIGITS:
        raise _Objection
    number = int(digits)
    return number if _fits(number) else float(number)


def _fraction(digits: str) -> float:
    if len(digits) > DIGITS or (number := float(digits)) in (float("inf"), float("-inf")):
        raise _Objection
    return number


def _constant(word: str) -> NoReturn:
    raise _Objection


def _fits(number: int) -> bool:
    return -(2**63) <= number < 2**64


_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_whole, parse_float=_fraction, parse_constant=_constant
)
_QUICK: Final = msgspec.json.Decoder()
_TOKEN: Final = re.compile(r'("(?:[^"\\]++|\\.)*+")([ \t\n\r]*:)?|[{}\[\]]|[-+.\w]++', re.DOTALL)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(body: bytes) -> object:
    """Parse strict RFC 8259 JSON in UTF-8. Raises MalformedBody, which names line and column.

    Rejected are a byte order mark, NaN, infinities, duplicate keys, lone surrogates, more than 64 levels, and numbers
    of more than 100 characters.
    """
    if b"\\" not in body and body.count(b"[") + body.count(b"{") <= DEPTH:
        try:
            document = _QUICK.decode(body)
            # Without escapes every string of the text has two quotes, so a duplicate key leaves a string missing.
            if 2 * _strings(document) == body.count(b'"'):
                return document
        except (msgspec.DecodeError, UnicodeDecodeError, _Objection):
            pass
    return _parse_strictly(_text(body))


def _strings(document: object) -> int:
    """How many strings a document holds, keys included; raises _Objection at an integer beyond 64 bits."""
    count, pending = 0, [document]
    for value in pending:
        kind = type(value)
        if kind is str:
            count += 1
        elif kind is dict:
            count += len(value)  # type: ignore[arg-type]
            pending.extend(value.values())  # type: ignore[attr-defined]
        elif kind is list:
            pending.extend(value)  # type: ignore[arg-type]
        elif kind is int and not _fits(value):  # type: ignore[arg-type]
            raise _Objection
    return count


def _text(body: bytes) -> str:
    if not body.strip():
        raise MalformedBody("the body is empty: expected a JSON document")
    if body.startswith(b"\xef\xbb\xbf"):
        raise MalformedBody("line 1, column 1: a byte order mark: expected JSON in UTF-8 without one")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("utf-8")
        raise _malformed(before, len(before), f"byte 0x{body[error.start]:02x}: expected UTF-8") from None


def _parse_strictly(text: str) -> object:
    if text.count("[") + text.count("{") > DEPTH:
        _complain(text, only_depth=True)
    try:
        document = _STRICT.decode(text)
    except json.JSONDecodeError as error:
        raise _malformed(text, error.pos, error.msg[:1].lower() + error.msg[1:]) from None
    except _Objection:
        _complain(text)
        raise MalformedBody("the body is not strict JSON") from None
    if _SURROGATE.search(text):
        _complain(text)
    return document


def _malformed(text: str, position: int, trouble: str) -> MalformedBody:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return MalformedBody(f"line {line}, column {column}: {trouble}")


def _complain(text: str, *, only_depth: bool = False) -> None:
    """Raise MalformedBody at the first thing that the grammar allows and this reader does not."""
    keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in "{[":
            keys.append(set())
            if len(keys) > DEPTH:
                raise _malformed(text, token.start(), f"more than {DEPTH} levels: expected a flatter document")
        elif word in "}]":
            del keys[-1:]
        elif not only_depth and (trouble := _trouble(token, keys)):
            raise _malformed(text, token.start(), trouble) from None


def _trouble(token: re.Match[str], keys: list[set[str]]) -> str | None:
    """What is wrong with a string or a number, if anything; a key joins the keys of its object.

    The text is grammatical as far as this is asked to look: the decoder that objected has read it.
    """
    word, quoted, colon = token.group(0, 1, 2)
    try:
        content = _STRICT.decode(quoted or word)
        if quoted is not None:
            content.encode()
    except _Objection:
        return f"{word[:24]}: expected a finite number of at most {DIGITS} characters"
    except UnicodeEncodeError:
        return "half a surrogate pair: expected both halves"
    if colon and keys:
        if content in keys[-1]:
            return f"duplicate key {quoted[:NAME]}: expected each key once"
        keys[-1].add(content)
    return None
