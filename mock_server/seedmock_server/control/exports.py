"""Exchanges in forms that others read: HAR 1.2, curl commands that repeat a call, and lines of a recording."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

from seedmock_contracts import __version__
from seedmock_contracts.exchange import MAX_BODY_BYTES, REDACTED, Exchange, Request, Response

from ..journal import JournalEntry

KEY = "$SEEDMOCK_API_KEY"
LEFT_OUT = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})
"""What curl says by itself, or must not say."""
PATH = "/:@!$&'()*+,;=~"
QUERY = PATH + "?%"


def har(pairs: list[tuple[int, JournalEntry]]) -> dict[str, Any]:
    """A log of exchanges (http://www.softwareishard.com/blog/har-12-spec/)."""
    creator = {"name": "seedmock", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_entry(*pair) for pair in pairs]}}


def curl(pairs: list[tuple[int, JournalEntry]]) -> str:
    """A command for each exchange, with the key taken from the environment."""
    return "\n".join(_command(number, entry) for number, entry in pairs) + ("\n" if pairs else "")


def lines(pairs: list[tuple[int, JournalEntry]]) -> str:
    """A line of JSON for each exchange, in the form of recordings."""
    return "".join(exchange(entry).to_json() + "\n" for _, entry in pairs)


def exchange(entry: JournalEntry) -> Exchange:
    """An entry as the record that every judge of exchanges reads."""
    request = Request(entry.method, url(entry), _pairs(entry.request_headers), _text(entry.request_body))
    response = Response(entry.status, _pairs(entry.response_headers), _text(entry.response_body))
    return Exchange(entry.operation, request, response)


def url(entry: JournalEntry) -> str:
    """Where an exchange was asked; the path is quoted again, the query is as it came."""
    host = next((_text(value) for name, value in entry.request_headers if name == b"host"), "127.0.0.1")
    query = f"?{quote(entry.query, safe=QUERY)}" if entry.query else ""
    return f"http://{host}{quote(entry.path, safe=PATH)}{query}"


def _entry(number: int, entry: JournalEntry) -> dict[str, Any]:
    response_type = _header(entry.response_headers, b"content-type") or "application/json"
    sent, answered = _text(entry.request_body), _text(entry.response_body)
    request: dict[str, Any] = {
        "method": entry.method,
        "url": url(entry),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _rows(entry.request_headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(entry.query, True)],
        "headersSize": -1,
        "bodySize": _length(entry),
    }
    if entry.request_body:
        kind = _header(entry.request_headers, b"content-type") or "application/octet-stream"
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
            "headers": _rows(entry.response_headers),
            "content": {"size": len(entry.response_body), "mimeType": response_type, "text": answered},
            "redirectURL": _header(entry.response_headers, b"location"),
            "headersSize": -1,
            "bodySize": len(entry.response_body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": f"number {number}, {entry.upstream} {entry.operation or 'unknown'}, {entry.kind}",
    }


def _command(number: int, entry: JournalEntry) -> str:
    lines = [f"curl -X {shlex.quote(entry.method)} {shlex.quote(url(entry))}"]
    for name, value in entry.request_headers:
        said = _text(name)
        if said.lower() in LEFT_OUT or (said.lower() != "authorization" and value == REDACTED.encode()):
            continue
        header = f"{said}: {_text(value)}"
        lines.append(f'-H "{said}: Bearer {KEY}"' if value == REDACTED.encode() else f"-H {shlex.quote(header)}")
    head = f"# {number}: {entry.upstream} {entry.operation or 'unknown'}, {entry.kind} {entry.status}"
    if entry.request_body and not is_whole(entry):
        head += f"\n# its body ({_length(entry)} bytes) was too large or no text: the journal does not have it whole"
    elif entry.request_body:
        lines.append(f"--data-raw {shlex.quote(_text(entry.request_body))}")
    return head + "\n" + " \\\n  ".join(lines)


def is_whole(entry: JournalEntry) -> bool:
    """Whether the journal has all that was sent."""
    said = _header(entry.request_headers, b"content-length")
    return len(entry.request_body) == int(said) if said.isdigit() else len(entry.request_body) < MAX_BODY_BYTES


def _length(entry: JournalEntry) -> int:
    said = _header(entry.request_headers, b"content-length")
    return int(said) if said.isdigit() and len(said) < 16 else len(entry.request_body)


def _pairs(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((_text(name), _text(value)) for name, value in headers)


def _rows(headers: tuple[tuple[bytes, bytes], ...]) -> list[dict[str, str]]:
    return [{"name": _text(name), "value": _text(value)} for name, value in headers]


def _header(headers: tuple[tuple[bytes, bytes], ...], wanted: bytes) -> str:
    return next((_text(value) for name, value in headers if name.lower() == wanted), "")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
