"""Every upstream under the same names in every package, and exports that are sorted and whole."""

from __future__ import annotations

import ast
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import seedmock_client.upstreams
import seedmock_contracts.upstreams
import seedmock_server.upstreams
from seedmock_client.upstreams.protocol import UpstreamCodec
from seedmock_contracts.contract import Contract
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_server.upstreams.protocol import Upstream

from .source_files import SourceFile, SyntaxTree

HOMES = [seedmock_contracts.upstreams, seedmock_server.upstreams, seedmock_client.upstreams]
SHARED = {"context", "protocol"}
"""Modules beside those of the upstreams: what each of them implements, and what it is given."""


def upstream_modules(home: ModuleType) -> dict[str, ModuleType]:
    """The modules of upstreams in a package, by name. A leading underscore marks what several of them share."""
    names = [module.name for module in pkgutil.iter_modules(home.__path__)]
    own = [name for name in names if name not in SHARED and not name.startswith("_")]
    return {name: import_module(f"{home.__name__}.{name}") for name in own}


def public_names(value: Any) -> set[str]:
    return {name for name in dir(value) if not name.startswith("_")}


def protocol_members(protocol: type) -> set[str]:
    return {name for name in (*vars(protocol), *protocol.__annotations__) if not name.startswith("_")}


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.__name__)
def test_each_package_has_one_module_for_each_upstream_and_no_other(home: ModuleType) -> None:
    assert tuple(sorted(upstream_modules(home))) == NAMES
    assert len(NAMES) == 2


def test_a_contract_is_the_same_record_for_each_upstream() -> None:
    for name, module in upstream_modules(seedmock_contracts.upstreams).items():
        assert isinstance(module.CONTRACT, Contract)
        assert module.CONTRACT is get_contract(name)
        assert module.CONTRACT.name == name
        assert public_names(module.CONTRACT) == public_names(get_contract(NAMES[0]))
        assert type(module.CONTRACT) is Contract


def test_the_client_s_codecs_have_the_same_names() -> None:
    for module in upstream_modules(seedmock_client.upstreams).values():
        assert public_names(module.CODEC) == protocol_members(UpstreamCodec)


def test_the_server_s_upstreams_have_a_handler_for_each_operation_and_the_same_names_besides() -> None:
    for name, module in upstream_modules(seedmock_server.upstreams).items():
        operations = {endpoint.operation.value for endpoint in get_contract(name).endpoints}
        assert operations <= public_names(module.API)
        assert public_names(module.API) - operations <= protocol_members(Upstream)


def spelled_names(tree: SyntaxTree) -> Iterator[tuple[int, str]]:
    """Identifiers and strings of a module with their lines; docstrings may show an example."""
    docstrings = {id(node.value) for node in tree.nodes(ast.Expr)}
    for node in tree.all_nodes:
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield node.lineno, text
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name


def test_no_module_outside_upstreams_spells_an_upstream_s_name(package_sources: tuple[SourceFile, ...]) -> None:
    offenders = [
        source.at(line, text)
        for source in package_sources
        if "/upstreams/" not in source.path
        for line, text in spelled_names(source.tree)
        if any(name in text.lower() for name in NAMES)
    ]
    assert not offenders, "\n".join(offenders)


COMMON_NAMES = {
    *("asset_type", "asset_url", "callback_url", "generate_audio", "group_name", "page_size", "web_search"),
    *("created_at", "group_id", "task_id"),
}
"""Parts of requests and responses by seedmock's own names, which contracts map to fields; keys of seedmock's own JSON.

A vendor may have a field of the same name.
"""
TOLERANT_READERS = {
    # Any proxy on the way may answer in the form of another service: all known forms are read for every upstream.
    "seedmock_client/downloads.py": {"video_url"},
    # Values that tempt an implementation, whatever upstream accepts them.
    "seedmock_contracts/rules/boundaries.py": {"audio_url", "image_url", "video_url"},
}


def vendor_names() -> set[str]:
    """Names of the upstreams' fields that no other field would have by chance: `taskId`, `input_reference`."""
    contracts = [get_contract(name) for name in NAMES]
    texts = [field.path for contract in contracts for field in contract.fields]
    texts += [field.path for contract in contracts for field in contract.response_fields]
    texts += [parameter for contract in contracts for row in contract.endpoints for parameter in row.parameters]
    names = {word for text in texts for word in re.findall(r"\w+", text)}
    return {name for name in names if "_" in name or re.search("[a-z][A-Z]", name)}


def spelled_strings(tree: SyntaxTree) -> Iterator[tuple[int, str]]:
    """Strings of a module with their lines, but for docstrings."""
    docstrings = {id(node.value) for node in tree.nodes(ast.Expr)}
    for node in tree.nodes(ast.Constant):
        if isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def test_no_module_outside_upstreams_spells_a_field_of_an_upstream(package_sources: tuple[SourceFile, ...]) -> None:
    names = vendor_names()
    assert {"taskId", "input_reference", "modelType", "publicUrl", "task_id"} <= names
    offenders = [
        source.at(line, text)
        for source in package_sources
        if "/upstreams/" not in source.path
        for line, text in spelled_strings(source.tree)
        if (names & {*re.findall(r"\w+", text)}) - COMMON_NAMES - TOLERANT_READERS.get(source.place, set())
    ]
    assert not offenders, "\n".join(offenders)


def exporting_modules(sources: tuple[SourceFile, ...]) -> Iterator[tuple[SourceFile, list[str]]]:
    for source in sources:
        exports = getattr(import_module(source.module), "__all__", None) if "__all__" in source.text else None
        if exports is not None:
            yield source, list(exports)


def export_problems(exports: list[str], module: object) -> list[str]:
    """Sentences on what is wrong with the exports of a module."""
    return [
        *(["not sorted"] if exports != sorted(exports) else []),
        *(f"{name} occurs twice" for name, count in Counter(exports).items() if count > 1),
        *(f"{name} is missing" for name in exports if not hasattr(module, name)),
        *(f"{name} is private" for name in exports if name.startswith("_") and name != "__version__"),
    ]


def test_exports_are_sorted_and_importable(package_sources: tuple[SourceFile, ...]) -> None:
    exporting = list(exporting_modules(package_sources))
    assert {"seedmock_client/__init__.py", "seedmock_server/__init__.py"} <= {source.place for source, _ in exporting}
    offenders = [
        source.at(1, problem)
        for source, exports in exporting
        for problem in export_problems(exports, import_module(source.module))
    ]
    assert not offenders, "\n".join(offenders)


@pytest.mark.parametrize(("exports", "problem"), [
    (["beta", "alpha"], "not sorted"), (["alpha", "alpha", "beta"], "alpha occurs twice"),
    (["alpha", "gamma"], "gamma is missing"), (["_delta", "alpha"], "_delta is private"),
])  # fmt: skip
def test_the_rule_for_exports_reports_an_offender(exports: list[str], problem: str) -> None:
    module = SimpleNamespace(alpha=1, beta=2, _delta=3)
    assert export_problems(exports, module) == [problem]
    assert export_problems(["__version__", "alpha", "beta"], SimpleNamespace(alpha=1, beta=2, __version__="1")) == []


@pytest.mark.parametrize("offender", [
    'HOST = "opeai.example"', "def send(opeai): ...", "send(apimodels=1)", "class OpeaiSender: ...", "x = client.opeai",
    'def send():\n    """Send it."""\n    return "apimodels"',
])  # fmt: skip
def test_the_rule_for_vendor_names_reports_an_offender_and_no_docstring(offender: str) -> None:
    tree = SyntaxTree(f'"""Send to apimodels and opeai."""\n{offender}\n')
    spelled = [text for _, text in spelled_names(tree) if any(name in text.lower() for name in NAMES)]
    assert len(spelled) == 1


def test_exports_are_whole(package_sources: tuple[SourceFile, ...]) -> None:
    for source, exports in exporting_modules(package_sources):
        assert not source.is_package or public_definitions(source) <= set(exports), source.path
    client = import_module("seedmock_client")
    assert sorted(name for names in client._NAMES_BY_MODULE.values() for name in names) == client.__all__


def public_definitions(source: SourceFile) -> set[str]:
    """Names of the functions and classes that a module defines for others."""
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {
        node.name for node in source.tree.module.body if isinstance(node, defined) and not node.name.startswith("_")
    }


def test_every_error_of_the_client_can_be_caught_by_its_name() -> None:
    errors = import_module("seedmock_client.errors")
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    names = {class_.__name__ for class_ in classes if issubclass(class_, errors.SeedmockError)}
    assert names
    assert names <= set(import_module("seedmock_client").__all__)
