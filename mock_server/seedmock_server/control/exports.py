"""Formats of the journal for other tools: curl commands that repeat a call, and JSON Lines of a recording."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from urllib.parse import quote

from seedmock_contracts.exchange import MAX_BODY_BYTES, REDACTED, Exchange, Request, Response

from ..journal import JournalEntry

NumberedEntries = Sequence[tuple[int, JournalEntry]]
Pairs = tuple[tuple[bytes, bytes], ...]
KEY_VARIABLE = "$SEEDMOCK_API_KEY"
CURL_SETS = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})
"""Headers that curl sets by itself, or that are wrong for a repeated call."""
PATH_CHARS = "/:@!$&'()*+,;=~"
QUERY_CHARS = PATH_CHARS + "?%"


def to_curl(entries: NumberedEntries) -> str:
    """Convert to curl commands that take the API key from the environment."""
    return "".join(_curl_command(number, entry) + "\n" for number, entry in entries)


def to_jsonl(entries: NumberedEntries) -> str:
    """Convert to the lines of a recording."""
    return "".join(to_exchange(entry).to_json() + "\n" for _, entry in entries)


def to_exchange(entry: JournalEntry) -> Exchange:
    request = Request(entry.method, url_of(entry), _text_pairs(entry.request_headers), to_text(entry.request_body))
    response = Response(entry.status, _text_pairs(entry.response_headers), to_text(entry.response_body))
    return Exchange(entry.operation, request, response)


def url_of(entry: JournalEntry) -> str:
    """Rebuild the URL of a request; the path is quoted again, the query is as it came."""
    host = next((to_text(value) for name, value in entry.request_headers if name == b"host"), "127.0.0.1")
    query = f"?{quote(entry.query, safe=QUERY_CHARS)}" if entry.query else ""
    return f"http://{host}{quote(entry.path, safe=PATH_CHARS)}{query}"


def _curl_command(number: int, entry: JournalEntry) -> str:
    parts = [f"curl -X {shlex.quote(entry.method)} {shlex.quote(url_of(entry))}"]
    for name, value in _text_pairs(entry.request_headers):
        hidden = value == REDACTED
        if name.lower() in CURL_SETS or (hidden and name.lower() != "authorization"):
            continue
        parts.append(f'-H "{name}: Bearer {KEY_VARIABLE}"' if hidden else f"-H {shlex.quote(f'{name}: {value}')}")
    comment = f"# {number}: {entry.upstream} {entry.operation or 'unknown'}, {entry.kind} {entry.status}"
    if entry.request_body and not has_whole_body(entry):
        length = request_length(entry)
        comment += f"\n# the journal has only a part of the body ({length} bytes): it is too large or not text"
    elif entry.request_body:
        parts.append(f"--data-raw {shlex.quote(to_text(entry.request_body))}")
    return comment + "\n" + " \\\n  ".join(parts)


def has_whole_body(entry: JournalEntry) -> bool:
    """Tell whether the journal has the whole request body."""
    declared = header_of(entry.request_headers, b"content-length")
    size = len(entry.request_body)
    return size == int(declared) if declared.isdigit() else size < MAX_BODY_BYTES


def request_length(entry: JournalEntry) -> int:
    declared = header_of(entry.request_headers, b"content-length")
    return int(declared) if declared.isdigit() and len(declared) < 16 else len(entry.request_body)


def _text_pairs(headers: Pairs) -> tuple[tuple[str, str], ...]:
    return tuple((to_text(name), to_text(value)) for name, value in headers)


def header_of(headers: Pairs, name: bytes) -> str:
    return next((to_text(value) for key, value in headers if key.lower() == name), "")


def to_text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
