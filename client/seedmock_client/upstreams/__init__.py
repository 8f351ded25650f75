"""One module an upstream, named as its contract is: a new upstream is a new file here and no edit elsewhere."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import cast

from seedmock_contracts.upstreams import NAMES, portions

from ..errors import UsageError
from .protocol import UpstreamCodec

__path__ = portions(__name__, list(__path__))


@cache
def get_codec(name: str) -> UpstreamCodec:
    """The dialect of an upstream by name. Raises UsageError, naming those that there are."""
    if name not in NAMES:
        raise UsageError(f"unknown upstream {name!r}; known: {', '.join(NAMES)}")
    return cast("UpstreamCodec", import_module(f"{__name__}.{name}").CODEC)
