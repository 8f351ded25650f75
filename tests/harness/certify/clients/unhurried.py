"""A correct client that ignores SEEDMOCK_POLL_SECONDS: it looks every second, as its makers like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import stdlib

POLL_SECONDS = 1.0


def generate(
    order: dict[str, Any], upstream: str, url: str, key: str, out: Path, poll_seconds: float
) -> dict[str, Any]:
    return stdlib.generate(order, upstream, url, key, out, POLL_SECONDS)
