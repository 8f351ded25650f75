"""Contracts of the emulated services, one module each. A new upstream is discovered by its place, without an edit here.

A module may also lie outside this distribution, as `seedmock_contracts/upstreams/NAME.py` below any folder of the
import path. Names with a leading underscore are shared parts, not upstreams.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import import_module, invalidate_caches
from importlib.util import find_spec
from typing import Any

from ..contract import Contract
from ..enums import Capability
from ..errors import InvalidContract
from ._completeness import check_contract


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


class UpstreamNames(Sequence[str]):
    """Names of the upstreams on the import path as it is now: tests add folders to it after the first import."""

    def __getitem__(self, index: Any) -> Any:
        return _names_on(tuple(sys.path))[index]

    def __len__(self) -> int:
        return len(_names_on(tuple(sys.path)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


@lru_cache(maxsize=8)
def _names_on(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the upstreams below the folders of an import path, sorted."""
    __path__[:] = portions(__name__, list(__path__))
    # Modules with an underscore, such as _ark, are no upstreams but what several share.
    return tuple(sorted({module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")}))


NAMES = UpstreamNames()


def import_part(package: str, name: str, attribute: str) -> Any:
    """Import the part of an upstream that a package's module for it exports. Raises InvalidContract without one."""
    module = f"{package}.{name}"
    if find_spec(module) is None:  # the folder may be newer than the package, whose path was read when it was imported
        parent = sys.modules[package]
        parent.__path__ = portions(package, list(parent.__path__))
        invalidate_caches()
    if find_spec(module) is None:
        raise InvalidContract(name, [f"no module {module}; it stands as {module.replace('.', '/')}.py on the path"])
    part = getattr(import_module(module), attribute, None)
    if part is None:
        raise InvalidContract(name, [f"{module} has no {attribute}"])
    return part


@cache
def get_contract(name: str) -> Contract:
    """The contract of an upstream. Raises LookupError for an unknown name, listing the available ones.

    Raises InvalidContract, when it is first asked for, for one that lacks a part.
    """
    if name not in NAMES:
        raise LookupError(f"unknown upstream {name!r}; available: {', '.join(NAMES)}")
    contract = import_part(__name__, name, "CONTRACT")
    if not isinstance(contract, Contract):
        raise InvalidContract(name, [f"CONTRACT is of type {type(contract).__name__}; expected Contract"])
    check_contract(contract, name)
    return contract


def contracts() -> tuple[Contract, ...]:
    """The contracts of all upstreams, sorted by name."""
    return tuple(get_contract(name) for name in NAMES)


def contracts_with(capability: Capability) -> tuple[Contract, ...]:
    """The contracts of the upstreams that have a capability, sorted by name."""
    return tuple(contract for contract in contracts() if capability in contract.capabilities)
