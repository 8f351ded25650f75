"""A correct client that ignores SEEDMOCK_POLL_SECONDS and polls once a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import stdlib  # type: ignore[import-not-found]  # a sibling: this folder is on sys.path

POLL_SECONDS = 1.0


def generate(
    order: dict[str, Any], upstream: str, base_url: str, api_key: str, out: Path, poll_seconds: float
) -> dict[str, Any]:
    return stdlib.generate(order, upstream, base_url, api_key, out, POLL_SECONDS)
