"""One module an upstream, found by its place: a new upstream is a new file here and no edit anywhere."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import cast

from ..dialect import Dialect
from ..errors import UsageError

NAMES: tuple[str, ...] = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


@cache
def dialect(name: str) -> Dialect:
    """The dialect of an upstream by name. Raises UsageError, naming those that there are."""
    if name not in NAMES:
        raise UsageError(f"unknown upstream {name!r}; known: {', '.join(NAMES)}")
    return cast("Dialect", import_module(f"{__name__}.{name}").DIALECT)
