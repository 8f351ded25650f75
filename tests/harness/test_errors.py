"""The exceptions of the harness: one base class, and a tree that names them all."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import seedmock_harness
from seedmock_harness import errors
from seedmock_harness.errors import HarnessError


def public_exceptions() -> list[type[BaseException]]:
    """Return all exceptions of the package but private ones."""
    names = [module.name for module in pkgutil.walk_packages(seedmock_harness.__path__, "seedmock_harness.")]
    return [
        member
        for module in map(import_module, names)
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, BaseException)
        if member.__module__ == module.__name__ and not member.__name__.startswith("_")
    ]


def test_all_exceptions_share_the_base_class() -> None:
    assert len(public_exceptions()) > 15
    assert [error for error in public_exceptions() if not issubclass(error, HarnessError)] == []


def test_the_tree_in_the_module_docstring_is_complete() -> None:
    names = {error.__name__ for error in public_exceptions()}
    tree = (errors.__doc__ or "").replace(",", " ").split()
    assert names - set(tree) == set()
