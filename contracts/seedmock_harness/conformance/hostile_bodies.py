"""What nobody should send: bodies that are no document, or one that only an enemy would write. Data only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seedmock_contracts.facts import Document

DEEP, LONG = 20_000, 300_000
JSON = "application/json"
ODD = "\x00\x01\x1b[31m\x7f\u202etxet\u2066\u200b\ufeff\ufffe\U000e0041\u0301\u0301\U0010ffff 👩‍👩‍👧 İıß"
INJECTED = "x\r\nX-Injected: yes\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"

IDS = (
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
"""Ids that no upstream gave out."""


@dataclass(frozen=True, slots=True)
class HostileBody:
    """A body that should do no harm. `readable`: it is one JSON object, to be judged like any other request."""

    title: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": JSON})
    readable: bool = False


def _said(document: Mapping[str, Any] | list[Any]) -> bytes:
    return json.dumps(document if isinstance(document, list) else dict(document)).encode()


def _with(document: Document, value: Any) -> bytes:
    """The document with its first text, or a new field, replaced."""
    name = next((name for name, held in document.items() if isinstance(held, str) and name != "model"), "extra")
    return _said({**document, name: value})


def _number(document: Document, digits: str) -> bytes:
    """The document with a number in it, as it was written."""
    return _said({**document, "seed": "@"}).replace(b'"@"', digits.encode())


def _doubled(document: Document) -> bytes:
    rest = _said(document)
    name = json.dumps(next(iter(document), "a"))
    return b"{" + f'{name}: "first"'.encode() + (b", " if document else b"") + rest[1:]


_READABLE: tuple[tuple[str, Callable[[Document], bytes]], ...] = (
    ("odd signs", lambda document: _with(document, ODD)),
    ("odd signs as they are", lambda document: json.dumps({**document, "extra": ODD}, ensure_ascii=False).encode()),
    ("ends of lines in values", lambda document: _with(document, INJECTED)),
    ("a huge text", lambda document: _with(document, "x" * LONG)),
    ("ten thousand fields", lambda document: _said({**document, **{f"n{n}": n for n in range(10_000)}})),
    ("keys of the language's own", lambda document: _said({**document, "__proto__": {}, "__class__": [], "": None})),
    ("a list in every field", lambda document: _said({name: [] for name in document})),
    ("an object in every field", lambda document: _said({name: {} for name in document})),
    ("a blank in every field", lambda document: _said(dict.fromkeys(document, " "))),
    ("nothing in every field", lambda document: _said(dict.fromkeys(document))),
    ("true in every field", lambda document: _said(dict.fromkeys(document, True))),
    ("an empty object", lambda document: b"{}"),
)
_UNREADABLE: tuple[tuple[str, Callable[[Document], bytes]], ...] = (
    ("nothing", lambda document: b""),
    ("blanks", lambda document: b" \r\n\t "),
    ("a list for an object", lambda document: _said([dict(document)])),
    ("a text", lambda document: b'"kite"'),
    ("a number", lambda document: b"4"),
    ("null", lambda document: b"null"),
    ("an object that does not end", lambda document: _said(document)[:-1]),
    ("a comma too many", lambda document: _said(document)[:-1] + b",}"),
    ("single quotes", lambda document: repr(dict(document)).encode("utf-8", "replace")),
    ("two documents", lambda document: _said(document) * 2),
    ("a comment", lambda document: b"/* kite */" + _said(document)),
    ("a byte order mark", lambda document: b"\xef\xbb\xbf" + _said(document)),
    ("UTF-16", lambda document: json.dumps(dict(document)).encode("utf-16")),
    ("bytes that are no UTF-8", lambda document: _with(document, "@").replace(b'"@"', b'"\xff\xfe\xc0\xaf"')),
    ("half a surrogate pair", lambda document: _with(document, "\ud800")),
    ("a bare NUL in a text", lambda document: _with(document, "@").replace(b'"@"', b'"a\x00b"')),
    ("a number beyond a double", lambda document: _number(document, "1e999")),
    ("five thousand digits", lambda document: _number(document, "9" * 5000)),
    ("not a number", lambda document: _number(document, "NaN")),
    ("infinity", lambda document: _number(document, "-Infinity")),
    ("a key twice", _doubled),
    ("lists without end", lambda document: b'{"prompt": ' + b"[" * DEEP),
    ("deep lists", lambda document: _number(document, "[" * DEEP + "]" * DEEP)),
    ("deep objects", lambda document: _number(document, '{"a":' * DEEP + "1" + "}" * DEEP)),
    ("a form's fields under another name", lambda document: b"model=a&prompt=b"),
    ("random bytes", lambda document: bytes(range(256)) * 4),
)
_HEADERS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("the type of another language", {"content-type": "application/xml"}),
    ("a form without a boundary", {"content-type": "multipart/form-data"}),
    ("a form with a boundary that never comes", {"content-type": "multipart/form-data; boundary=never"}),
)


def hostile_bodies(document: Document) -> tuple[HostileBody, ...]:
    """Everything that is done to a document, the mildest first."""
    bodies = [HostileBody(title, make(document), readable=True) for title, make in _READABLE]
    bodies += [HostileBody(title, make(document)) for title, make in _UNREADABLE]
    bodies += [HostileBody(title, _said(document), headers) for title, headers in _HEADERS]
    return tuple(bodies)


TITLES: tuple[str, ...] = tuple(hostile.title for hostile in hostile_bodies({}))


def hostile_body(document: Document, title: str) -> HostileBody:
    """One of them by its title, without making the others."""
    for readable, table in ((True, _READABLE), (False, _UNREADABLE)):
        for name, make in table:
            if name == title:
                return HostileBody(title, make(document), readable=readable)
    headers = next(headers for name, headers in _HEADERS if name == title)
    return HostileBody(title, _said(document), headers)
