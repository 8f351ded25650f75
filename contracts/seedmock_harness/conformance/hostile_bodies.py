"""Hostile request bodies and ids: malformed, oversized, deeply nested or misleading. Data only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from seedmock_contracts.facts import Document

# Python's own json raises a RecursionError at this depth.
NESTING, LONG_TEXT = 20_000, 300_000
"""Levels of nested arrays or objects, and characters: beyond the recursion limit and the body limit of many servers."""
JSON_TYPE = "application/json"
ODD_TEXT = "\x00\x01\x1b[31m\x7f\u202etxet\u2066\u200b\ufeff\ufffe\U000e0041\u0301\u0301\U0010ffff 👩‍👩‍👧 İıß"
INJECTED_HEADERS = "x\r\nX-Injected: yes\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"

UNKNOWN_IDS = (
    "no-such-id",
    "0",
    "-1",
    "null",
    "cgt-19700101000000-aaaaa",
    "../../etc/passwd",
    "%00",
    "a/b?c=d&e#f",
    "' OR 1=1 --",
    "风筝",
    "\r\nX-Injected: yes",
    "x" * 2000,
)
"""Ids that no upstream has created."""


class HostileBody(Struct, frozen=True):
    """A body that must do no harm. `readable`: it is a JSON object, to be checked like any other request."""

    title: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": JSON_TYPE})
    readable: bool = False


Build = Callable[[Document], bytes]


def _dump(document: Mapping[str, Any] | list[Any]) -> bytes:
    return json.dumps(document if isinstance(document, list) else dict(document)).encode()


def _with_text(document: Document, value: Any) -> bytes:
    """Replace the first text of a document, or add a field if it has none."""
    texts = (name for name, inner in document.items() if isinstance(inner, str) and name != "model")
    return _dump({**document, next(texts, "extra"): value})


def _with_number(document: Document, literal: str) -> bytes:
    """Add a field whose value is this JSON literal, also an invalid one."""
    return _dump({**document, "seed": "@"}).replace(b'"@"', literal.encode())


def _with_duplicate_key(document: Document) -> bytes:
    rest = _dump(document)
    name = json.dumps(next(iter(document), "a"))
    return b"{" + f'{name}: "first"'.encode() + (b", " if document else b"") + rest[1:]


_READABLE: tuple[tuple[str, Build], ...] = (
    ("unusual characters", lambda document: _with_text(document, ODD_TEXT)),
    (
        "unusual characters without escapes",
        lambda document: json.dumps({**document, "extra": ODD_TEXT}, ensure_ascii=False).encode(),
    ),
    ("line breaks in values", lambda document: _with_text(document, INJECTED_HEADERS)),
    ("a huge text", lambda document: _with_text(document, "x" * LONG_TEXT)),
    ("ten thousand fields", lambda document: _dump({**document, **{f"n{n}": n for n in range(10_000)}})),
    ("special keys of languages", lambda document: _dump({**document, "__proto__": {}, "__class__": [], "": None})),
    ("an array in every field", lambda document: _dump({name: [] for name in document})),
    ("an object in every field", lambda document: _dump({name: {} for name in document})),
    ("a space in every field", lambda document: _dump(dict.fromkeys(document, " "))),
    ("null in every field", lambda document: _dump(dict.fromkeys(document))),
    ("true in every field", lambda document: _dump(dict.fromkeys(document, True))),
    ("an empty object", lambda document: b"{}"),
)
_UNREADABLE: tuple[tuple[str, Build], ...] = (
    ("an empty body", lambda document: b""),
    ("whitespace", lambda document: b" \r\n\t "),
    ("an array", lambda document: _dump([dict(document)])),
    ("a string", lambda document: b'"kite"'),
    ("a number", lambda document: b"4"),
    ("null", lambda document: b"null"),
    ("an unclosed object", lambda document: _dump(document)[:-1]),
    ("a trailing comma", lambda document: _dump(document)[:-1] + b",}"),
    ("single quotes", lambda document: repr(dict(document)).encode("utf-8", "replace")),
    ("two objects", lambda document: _dump(document) * 2),
    ("a comment", lambda document: b"/* kite */" + _dump(document)),
    ("a byte order mark", lambda document: b"\xef\xbb\xbf" + _dump(document)),
    ("UTF-16", lambda document: json.dumps(dict(document)).encode("utf-16")),
    ("invalid UTF-8", lambda document: _with_text(document, "@").replace(b'"@"', b'"\xff\xfe\xc0\xaf"')),
    ("a lone surrogate", lambda document: _with_text(document, "\ud800")),
    ("an unescaped NUL", lambda document: _with_text(document, "@").replace(b'"@"', b'"a\x00b"')),
    ("a number beyond a double", lambda document: _with_number(document, "1e999")),
    # CPython converts 4300 digits at most, and raises a ValueError for more.
    ("five thousand digits", lambda document: _with_number(document, "9" * 5000)),
    ("NaN", lambda document: _with_number(document, "NaN")),
    ("-Infinity", lambda document: _with_number(document, "-Infinity")),
    ("a duplicate key", _with_duplicate_key),
    ("unclosed arrays", lambda document: b'{"prompt": ' + b"[" * NESTING),
    ("nested arrays", lambda document: _with_number(document, "[" * NESTING + "]" * NESTING)),
    ("nested objects", lambda document: _with_number(document, '{"a":' * NESTING + "1" + "}" * NESTING)),
    ("form fields labelled as JSON", lambda document: b"model=a&prompt=b"),
    ("all bytes", lambda document: bytes(range(256)) * 4),
)
_OTHER_HEADERS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("JSON labelled as XML", {"content-type": "application/xml"}),
    ("a form without a boundary", {"content-type": "multipart/form-data"}),
    ("a form whose boundary is missing", {"content-type": "multipart/form-data; boundary=never"}),
)


def hostile_bodies(document: Document) -> tuple[HostileBody, ...]:
    """All hostile bodies made from a document, the least harmful first."""
    bodies = [HostileBody(title, build(document), readable=True) for title, build in _READABLE]
    bodies += [HostileBody(title, build(document)) for title, build in _UNREADABLE]
    bodies += [HostileBody(title, _dump(document), headers) for title, headers in _OTHER_HEADERS]
    return tuple(bodies)


TITLES: tuple[str, ...] = tuple(hostile.title for hostile in hostile_bodies({}))


def hostile_body(document: Document, title: str) -> HostileBody:
    """The hostile body with this title; builds no other one."""
    for readable, table in ((True, _READABLE), (False, _UNREADABLE)):
        for name, build in table:
            if name == title:
                return HostileBody(title, build(document), readable=readable)
    headers = next(headers for name, headers in _OTHER_HEADERS if name == title)
    return HostileBody(title, _dump(document), headers)
