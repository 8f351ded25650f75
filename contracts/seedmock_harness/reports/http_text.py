"""An exchange as text to read: the head, a blank line and the body, laid out if it is JSON. Nothing is escaped here."""

from __future__ import annotations

import json

from seedmock_contracts.exchange import Exchange, Headers
from seedmock_contracts.facts import MediaFacts

MOST = 20_000
"""Characters of a body that a page shows; the JSON report has all that was kept."""


def asked(exchange: Exchange) -> str:
    """The request."""
    request = exchange.request
    return _message(f"{request.method} {request.url}", request.headers, request.body)


def answered(exchange: Exchange) -> str:
    """The answer; one that never came says so."""
    answer = exchange.response
    if answer.status == 0:
        return "no answer"
    body = answer.body if answer.media is None else f"<{measured(answer.media)}>"
    return _message(f"HTTP {answer.status}", answer.headers, body)


def measured(media: MediaFacts) -> str:
    """What a clip was measured to be, as far as that was: `mp4, avc1, 864x496, 4.00 s, 96 frames, no sound, ...`."""
    parts = (
        media.format,
        media.codec,
        f"{media.width}x{media.height}" if media.width and media.height else "",
        f"{media.seconds:.2f} s" if media.seconds is not None else "",
        f"{media.frames} frames" if media.frames is not None else "",
        (media.audio_codec or "sound") if media.has_audio else "no sound",
        f"{media.size_bytes} bytes",
    )
    return ", ".join(filter(None, parts))


def shortened(text: str, most: int = MOST) -> str:
    """A text, or its beginning and how much more there is."""
    return text if len(text) <= most else f"{text[:most]}\n... {len(text) - most} more characters"


def _message(first: str, headers: Headers, body: str) -> str:
    head = "\n".join([first, *(f"{name}: {value}" for name, value in headers)])
    return f"{head}\n\n{shortened(_laid_out(body))}" if body else head


def _laid_out(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body
