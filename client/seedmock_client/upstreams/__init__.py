"""Codecs, one module for each upstream, found by the name of its contract: a new upstream needs no edit elsewhere."""

from __future__ import annotations

from functools import cache
from typing import cast

from seedmock_contracts.upstreams import NAMES, import_part, portions

from ..errors import UsageError
from .protocol import UpstreamCodec

__path__ = portions(__name__, list(__path__))


@cache
def get_codec(name: str) -> UpstreamCodec:
    """Get the codec of an upstream. Raises UsageError with the known names."""
    if name not in NAMES:
        raise UsageError(f"unknown upstream {name!r}; available: {', '.join(NAMES)}")
    return cast("UpstreamCodec", import_part(__name__, name, "CODEC"))
