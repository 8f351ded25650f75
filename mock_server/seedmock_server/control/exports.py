"""Formats of the journal for other tools: HAR 1.2, curl commands that repeat a call, and JSON Lines of a recording."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

from seedmock_contracts import __version__
from seedmock_contracts.exchange import MAX_BODY_BYTES, REDACTED, Exchange, Request, Response

from ..journal import JournalEntry

NumberedEntries = list[tuple[int, JournalEntry]]
Headers = tuple[tuple[bytes, bytes], ...]
KEY_VARIABLE = "$SEEDMOCK_API_KEY"
CURL_SETS = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})
"""Headers that curl sets by itself, or that are wrong for a repeated call."""
PATH_CHARS = "/:@!$&'()*+,;=~"
QUERY_CHARS = PATH_CHARS + "?%"


def to_har(entries: NumberedEntries) -> dict[str, Any]:
    """Convert to HTTP Archive 1.2 (http://www.softwareishard.com/blog/har-12-spec/)."""
    creator = {"name": "seedmock", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_har_entry(*pair) for pair in entries]}}


def to_curl(entries: NumberedEntries) -> str:
    """Convert to curl commands that take the API key from the environment."""
    return "".join(_curl_command(number, entry) + "\n" for number, entry in entries)


def to_jsonl(entries: NumberedEntries) -> str:
    """Convert to the lines of a recording."""
    return "".join(to_exchange(entry).to_json() + "\n" for _, entry in entries)


def to_exchange(entry: JournalEntry) -> Exchange:
    request = Request(entry.method, url_of(entry), _text_pairs(entry.request_headers), _text(entry.request_body))
    response = Response(entry.status, _text_pairs(entry.response_headers), _text(entry.response_body))
    return Exchange(entry.operation, request, response)


def url_of(entry: JournalEntry) -> str:
    """Rebuild the URL of a request; the path is quoted again, the query is as it came."""
    host = next((_text(value) for name, value in entry.request_headers if name == b"host"), "127.0.0.1")
    query = f"?{quote(entry.query, safe=QUERY_CHARS)}" if entry.query else ""
    return f"http://{host}{quote(entry.path, safe=PATH_CHARS)}{query}"


def _har_entry(number: int, entry: JournalEntry) -> dict[str, Any]:
    return {
        "startedDateTime": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds"),
        "time": 0,
        "request": _har_request(entry),
        "response": _har_response(entry),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": f"number {number}, {entry.upstream} {entry.operation or 'unknown'}, {entry.kind}",
    }


def _har_request(entry: JournalEntry) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": entry.method,
        "url": url_of(entry),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _name_value_pairs(entry.request_headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(entry.query, True)],
        "headersSize": -1,
        "bodySize": _request_length(entry),
    }
    if entry.request_body:
        mime_type = _header(entry.request_headers, b"content-type") or "application/octet-stream"
        request["postData"] = {"mimeType": mime_type, "params": [], "text": _text(entry.request_body)}
    return request


def _har_response(entry: JournalEntry) -> dict[str, Any]:
    mime_type = _header(entry.response_headers, b"content-type") or "application/json"
    size, text = len(entry.response_body), _text(entry.response_body)
    return {
        "status": entry.status,
        "statusText": HTTPStatus(entry.status).phrase if entry.status in tuple(HTTPStatus) else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _name_value_pairs(entry.response_headers),
        "content": {"size": size, "mimeType": mime_type, "text": text},
        "redirectURL": _header(entry.response_headers, b"location"),
        "headersSize": -1,
        "bodySize": size,
    }


def _curl_command(number: int, entry: JournalEntry) -> str:
    parts = [f"curl -X {shlex.quote(entry.method)} {shlex.quote(url_of(entry))}"]
    for name, value in _text_pairs(entry.request_headers):
        hidden = value == REDACTED
        if name.lower() in CURL_SETS or (hidden and name.lower() != "authorization"):
            continue
        parts.append(f'-H "{name}: Bearer {KEY_VARIABLE}"' if hidden else f"-H {shlex.quote(f'{name}: {value}')}")
    comment = f"# {number}: {entry.upstream} {entry.operation or 'unknown'}, {entry.kind} {entry.status}"
    if entry.request_body and not has_whole_body(entry):
        length = _request_length(entry)
        comment += f"\n# the journal has only a part of the body ({length} bytes): it is too large or not text"
    elif entry.request_body:
        parts.append(f"--data-raw {shlex.quote(_text(entry.request_body))}")
    return comment + "\n" + " \\\n  ".join(parts)


def has_whole_body(entry: JournalEntry) -> bool:
    """Tell whether the journal has the whole request body."""
    declared = _header(entry.request_headers, b"content-length")
    size = len(entry.request_body)
    return size == int(declared) if declared.isdigit() else size < MAX_BODY_BYTES


def _request_length(entry: JournalEntry) -> int:
    declared = _header(entry.request_headers, b"content-length")
    return int(declared) if declared.isdigit() and len(declared) < 16 else len(entry.request_body)


def _text_pairs(headers: Headers) -> tuple[tuple[str, str], ...]:
    return tuple((_text(name), _text(value)) for name, value in headers)


def _name_value_pairs(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in _text_pairs(headers)]


def _header(headers: Headers, name: bytes) -> str:
    return next((_text(value) for key, value in headers if key.lower() == name), "")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
