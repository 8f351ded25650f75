"""Both upstreams under the same names everywhere, and exports that are sorted and whole."""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import seedmock_client.upstreams
import seedmock_contracts.upstreams
import seedmock_server.upstreams
from seedmock_client.upstreams.protocol import UpstreamCodec
from seedmock_contracts.contract import Contract
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_server.upstreams.protocol import Upstream

HOMES = [seedmock_contracts.upstreams, seedmock_server.upstreams, seedmock_client.upstreams]


def found(home: ModuleType) -> dict[str, ModuleType]:
    """The modules that stand in a package, by name."""
    names = [module.name for module in pkgutil.iter_modules(home.__path__)]
    return {name: import_module(f"{home.__name__}.{name}") for name in names}


def face(thing: Any) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def members(protocol: type) -> set[str]:
    return {name for name in (*vars(protocol), *protocol.__annotations__) if not name.startswith("_")}


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.__name__)
def test_each_package_has_one_module_for_each_upstream_and_no_other(home: ModuleType) -> None:
    assert tuple(sorted(found(home))) == NAMES
    assert len(NAMES) == 2


def test_a_contract_is_the_same_record_for_each_upstream() -> None:
    for name, module in found(seedmock_contracts.upstreams).items():
        assert isinstance(module.CONTRACT, Contract)
        assert module.CONTRACT is get_contract(name)
        assert module.CONTRACT.name == name
        assert face(module.CONTRACT) == face(get_contract(NAMES[0]))
        assert set(vars(module.CONTRACT)) >= {field.name for field in fields(Contract)}


def test_the_client_reads_each_upstream_by_the_same_names() -> None:
    for module in found(seedmock_client.upstreams).values():
        assert face(module.CODEC) == members(UpstreamCodec)


def test_the_server_speaks_each_upstream_by_its_operations_and_the_same_names() -> None:
    for name, module in found(seedmock_server.upstreams).items():
        operations = {endpoint.operation.value for endpoint in get_contract(name).endpoints}
        assert operations <= face(module.API)
        assert face(module.API) - operations <= members(Upstream)


def exporting(every_module: tuple[Any, ...]) -> Iterator[tuple[Any, list[str]]]:
    for module in every_module:
        exports = getattr(import_module(module.name), "__all__", None) if "__all__" in module.text else None
        if exports is not None:
            yield module, list(exports)


def test_exports_are_sorted_and_there(every_module: tuple[Any, ...]) -> None:
    seen = [module.place for module, _ in exporting(every_module)]
    assert {"seedmock_client/__init__.py", "seedmock_server/__init__.py"} <= set(seen)
    for module, exports in exporting(every_module):
        assert exports == sorted(exports), module.place
        assert len(exports) == len(set(exports))
        loaded = import_module(module.name)
        assert all(hasattr(loaded, name) for name in exports), module.place
        assert not any(name.startswith("_") and name != "__version__" for name in exports)


def test_exports_are_whole(every_module: tuple[Any, ...]) -> None:
    for module, exports in exporting(every_module):
        assert not module.is_package or public(module) <= set(exports), module.place
    client = import_module("seedmock_client")
    assert sorted(name for names in client._PLACES.values() for name in names) == client.__all__


def public(module: Any) -> set[str]:
    """Public functions and classes that a module defines."""
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in module.tree.body if isinstance(node, defined) and not node.name.startswith("_")}


def test_every_error_of_the_client_can_be_caught_by_its_name() -> None:
    errors = import_module("seedmock_client.errors")
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    raised = {value.__name__ for value in classes if issubclass(value, errors.SeedmockError)}
    assert raised
    assert raised <= set(import_module("seedmock_client").__all__)
