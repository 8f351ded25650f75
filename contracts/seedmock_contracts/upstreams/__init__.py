"""Contracts of the emulated services, one module each. A new upstream is discovered by its place, without an edit here.

A module may also lie outside this distribution, as `seedmock_contracts/upstreams/NAME.py` below any folder of the
import path. Names with a leading underscore are shared parts, not upstreams.
"""

from __future__ import annotations

import pkgutil
import sys
from functools import cache
from importlib import import_module

from ..contract import Contract
from ..enums import Capability


def portions(package: str, own: list[str]) -> list[str]:
    """The folders in which modules of a package lie: its own first, then one below each entry of the import path."""
    folders = list(sys.path)
    for name in package.split("."):
        folders = [location for folder in folders for location in _locations(folder, name)]
    return list(dict.fromkeys([*own, *folders]))


def _locations(folder: str, name: str) -> list[str]:
    finder = pkgutil.get_importer(folder)
    spec = finder.find_spec(name) if finder is not None else None
    return list(spec.submodule_search_locations or ()) if spec is not None else []


__path__ = portions(__name__, list(__path__))

NAMES: tuple[str, ...] = tuple(
    sorted({module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")})
)


@cache
def get_contract(name: str) -> Contract:
    """The contract of an upstream. Raises LookupError for an unknown name, listing the available ones."""
    if name not in NAMES:
        raise LookupError(f"unknown upstream {name!r}; available: {', '.join(NAMES)}")
    contract = import_module(f"{__name__}.{name}").CONTRACT
    assert isinstance(contract, Contract)
    return contract


def contracts() -> tuple[Contract, ...]:
    """The contracts of all upstreams, sorted by name."""
    return tuple(get_contract(name) for name in NAMES)


def contracts_with(capability: Capability) -> tuple[Contract, ...]:
    """The contracts of the upstreams that have a capability, sorted by name."""
    return tuple(contract for contract in contracts() if capability in contract.capabilities)
