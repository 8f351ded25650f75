"""The exceptions of the server package: one base class, and a tree that names them all."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import seedmock_server
from seedmock_server import errors
from seedmock_server.errors import SeedmockServerError

EXTRAS = ("seedmock_server.storage.redis",)
"""Modules that need an optional library."""


def public_exceptions() -> list[type[BaseException]]:
    """All but private ones, which are caught in the module that raises them."""
    names = [module.name for module in pkgutil.walk_packages(seedmock_server.__path__, "seedmock_server.")]
    modules = [import_module(name) for name in names if name not in EXTRAS and not name.endswith("__main__")]
    return [
        member
        for module in modules
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, BaseException)
        if member.__module__ == module.__name__ and not member.__name__.startswith("_")
    ]


def test_all_exceptions_share_the_base_class() -> None:
    assert len(public_exceptions()) > 15
    assert [error for error in public_exceptions() if not issubclass(error, SeedmockServerError)] == []


def test_the_tree_in_the_module_s_docstring_is_complete() -> None:
    names = {error.__name__ for error in public_exceptions()}
    tree = (errors.__doc__ or "").replace(",", " ").split()
    assert names - set(tree) == set()
