"""Preflights of browsers that no permission answers: the API refuses them like any other unknown method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

ORIGIN: Final = b"origin"
REQUEST_METHOD: Final = b"access-control-request-method"
# The origin stands twice in a note of the journal, and its sender chooses its length.
MAX_ORIGIN_CHARS: Final = 200


def unmet_preflight(headers: Mapping[bytes, bytes], origins: Sequence[str]) -> list[str]:
    """Return the journal's note on a preflight that comes from none of these origins; nothing for another request."""
    if ORIGIN not in headers or REQUEST_METHOD not in headers:
        return []
    origin = headers[ORIGIN].decode("latin-1")[:MAX_ORIGIN_CHARS]
    allowed = f"allowed: {', '.join(origins)}" if origins else "no origin is allowed, as at the real service"
    return [f"a browser's preflight from {origin} met no permission; {allowed}; `--cors {origin}` allows it"]
