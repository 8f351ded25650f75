"""One module an upstream, found by its place: a new upstream is a new file here and no edit anywhere."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from ..contract import Contract

NAMES: tuple[str, ...] = tuple(
    sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
)


@cache
def get_contract(name: str) -> Contract:
    """The contract of an upstream by name. Raises LookupError, naming those that there are."""
    if name not in NAMES:
        raise LookupError(f"unknown upstream {name!r}; known: {', '.join(NAMES)}")
    found = import_module(f"{__name__}.{name}").CONTRACT
    assert isinstance(found, Contract)
    return found


def contracts() -> tuple[Contract, ...]:
    """Every upstream's contract, by name."""
    return tuple(get_contract(name) for name in NAMES)
