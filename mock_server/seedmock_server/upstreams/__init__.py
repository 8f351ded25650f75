"""One module an upstream, found by its place: the words and shapes of that vendor's answers, and nothing else."""

from __future__ import annotations

from importlib import import_module

from seedmock_contracts.upstreams import NAMES

from .context import UpstreamContext
from .protocol import Upstream


def upstreams(rooms: UpstreamContext) -> dict[str, Upstream]:
    """Every upstream that the contracts name, by name."""
    return {name: import_module(f"{__name__}.{name}").API(rooms) for name in NAMES}
