"""Emulations of the upstreams, one module each, named as its contract is: a new upstream needs no edit here."""

from __future__ import annotations

from seedmock_contracts.upstreams import NAMES, import_part, portions

from .context import UpstreamContext
from .protocol import Upstream

__path__ = portions(__name__, list(__path__))


def upstreams(context: UpstreamContext) -> dict[str, Upstream]:
    """The emulation of every upstream that has a contract, by name."""
    return {name: import_part(__name__, name, "API")(context) for name in NAMES}
