"""Exchanges in forms that others read: HAR 1.2, curl commands that repeat a call, and lines of a recording."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

from seedmock_contracts import __version__
from seedmock_contracts.exchange import BODY_BYTES, HIDDEN, Exchange, Request, Response

from ..journal import Entry

KEY = "$SEEDMOCK_API_KEY"
LEFT_OUT = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})
"""What curl says by itself, or must not say."""
PATH = "/:@!$&'()*+,;=~"
QUERY = PATH + "?%"


def har(pairs: list[tuple[int, Entry]]) -> dict[str, Any]:
    """A log of exchanges (http://www.softwareishard.com/blog/har-12-spec/)."""
    creator = {"name": "seedmock", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_entry(*pair) for pair in pairs]}}


def curl(pairs: list[tuple[int, Entry]]) -> str:
    """A command for each exchange, with the key taken from the environment."""
    return "\n".join(_command(number, entry) for number, entry in pairs) + ("\n" if pairs else "")


def lines(pairs: list[tuple[int, Entry]]) -> str:
    """A line of JSON for each exchange, in the form of recordings."""
    return "".join(exchange(entry).line() + "\n" for _, entry in pairs)


def exchange(entry: Entry) -> Exchange:
    """An entry as the record that every judge of exchanges reads."""
    request = Request(entry.method, url(entry), _pairs(entry.sent_headers), _text(entry.sent))
    response = Response(entry.status, _pairs(entry.answered_headers), _text(entry.answered))
    return Exchange(entry.operation, request, response)


def url(entry: Entry) -> str:
    """Where an exchange was asked; the path is quoted again, the query is as it came."""
    host = next((_text(value) for name, value in entry.sent_headers if name == b"host"), "127.0.0.1")
    query = f"?{quote(entry.query, safe=QUERY)}" if entry.query else ""
    return f"http://{host}{quote(entry.path, safe=PATH)}{query}"


def _entry(number: int, entry: Entry) -> dict[str, Any]:
    response_type = _header(entry.answered_headers, b"content-type") or "application/json"
    sent, answered = _text(entry.sent), _text(entry.answered)
    request: dict[str, Any] = {
        "method": entry.method,
        "url": url(entry),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _rows(entry.sent_headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(entry.query, True)],
        "headersSize": -1,
        "bodySize": _length(entry),
    }
    if entry.sent:
        kind = _header(entry.sent_headers, b"content-type") or "application/octet-stream"
        request["postData"] = {"mimeType": kind, "params": [], "text": sent}
    return {
        "startedDateTime": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds"),
        "time": 0,
        "request": request,
        "response": {
            "status": entry.status,
            "statusText": HTTPStatus(entry.status).phrase if entry.status in tuple(HTTPStatus) else "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _rows(entry.answered_headers),
            "content": {"size": len(entry.answered), "mimeType": response_type, "text": answered},
            "redirectURL": _header(entry.answered_headers, b"location"),
            "headersSize": -1,
            "bodySize": len(entry.answered),
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": f"number {number}, {entry.upstream} {entry.operation or 'unknown'}, {entry.kind}",
    }


def _command(number: int, entry: Entry) -> str:
    lines = [f"curl -X {shlex.quote(entry.method)} {shlex.quote(url(entry))}"]
    for name, value in entry.sent_headers:
        said = _text(name)
        if said.lower() in LEFT_OUT or (said.lower() != "authorization" and value == HIDDEN.encode()):
            continue
        header = f"{said}: {_text(value)}"
        lines.append(f'-H "{said}: Bearer {KEY}"' if value == HIDDEN.encode() else f"-H {shlex.quote(header)}")
    head = f"# {number}: {entry.upstream} {entry.operation or 'unknown'}, {entry.kind} {entry.status}"
    if entry.sent and not is_whole(entry):
        head += f"\n# its body ({_length(entry)} bytes) was too large or no text: the journal does not have it whole"
    elif entry.sent:
        lines.append(f"--data-raw {shlex.quote(_text(entry.sent))}")
    return head + "\n" + " \\\n  ".join(lines)


def is_whole(entry: Entry) -> bool:
    """Whether the journal has all that was sent."""
    said = _header(entry.sent_headers, b"content-length")
    return len(entry.sent) == int(said) if said.isdigit() else len(entry.sent) < BODY_BYTES


def _length(entry: Entry) -> int:
    said = _header(entry.sent_headers, b"content-length")
    return int(said) if said.isdigit() and len(said) < 16 else len(entry.sent)


def _pairs(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((_text(name), _text(value)) for name, value in headers)


def _rows(headers: tuple[tuple[bytes, bytes], ...]) -> list[dict[str, str]]:
    return [{"name": _text(name), "value": _text(value)} for name, value in headers]


def _header(headers: tuple[tuple[bytes, bytes], ...], wanted: bytes) -> str:
    return next((_text(value) for name, value in headers if name.lower() == wanted), "")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
