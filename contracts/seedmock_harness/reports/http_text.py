"""Exchanges as readable text: first line, headers, blank line, and the body, indented if it is JSON.

Escapes nothing; that is up to the format of the report.
"""

from __future__ import annotations

import json

from seedmock_contracts.exchange import Exchange, Headers
from seedmock_contracts.facts import MediaFacts

MAX_CHARACTERS = 20_000
"""Characters of a body on a page; the JSON report has the whole recorded body."""


def format_request(exchange: Exchange) -> str:
    """Return the request as text."""
    request = exchange.request
    return _format_message(f"{request.method} {request.url}", request.headers, request.body)


def format_response(exchange: Exchange) -> str:
    """Return the response as text; `no response` without one."""
    response = exchange.response
    if response.status == 0:
        return "no response"
    body = response.body if response.media is None else f"<{describe_media(response.media)}>"
    return _format_message(f"HTTP {response.status}", response.headers, body)


def describe_media(media: MediaFacts) -> str:
    """Return the known properties of a clip: `mp4, avc1, 864x496, 4.00 s, 96 frames, no audio, ...`."""
    parts = (
        media.format,
        media.codec,
        f"{media.width}x{media.height}" if media.width and media.height else "",
        f"{media.seconds:.2f} s" if media.seconds is not None else "",
        f"{media.frames} frames" if media.frames is not None else "",
        (media.audio_codec or "audio") if media.has_audio else "no audio",
        f"{media.size_bytes} bytes",
    )
    return ", ".join(filter(None, parts))


def truncate(text: str, limit: int = MAX_CHARACTERS) -> str:
    """Return a text, or its beginning and the number of characters left out."""
    return text if len(text) <= limit else f"{text[:limit]}\n... {len(text) - limit} more characters"


def _format_message(first_line: str, headers: Headers, body: str) -> str:
    head = "\n".join([first_line, *(f"{name}: {value}" for name, value in headers)])
    return f"{head}\n\n{truncate(_indent_json(body))}" if body else head


def _indent_json(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body
