"""What the tests of certification share: the clients on trial, which stand beside as programs would."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CLIENTS = Path(__file__).parent / "clients"


@pytest.fixture(scope="session")
def client_named() -> Iterator[Callable[[str], ModuleType]]:
    """A client's module by its name."""
    sys.path.insert(0, str(CLIENTS))
    yield importlib.import_module
    sys.path.remove(str(CLIENTS))


@pytest.fixture
def making(client_named: Callable[[str], ModuleType]) -> Iterator[Callable[..., Any]]:
    """What makes a client: a module's `generate`, or the plain one with a defect, which ends with the test."""
    stop = threading.Event()

    def make(name: str, defect: str | None = None) -> Callable[[Any], Callable[[Any], Any]]:
        module = client_named(name)

        def made(where: Any) -> Callable[[Any], Any]:
            told = (where.upstream, where.base_url, where.api_key, where.out, where.poll_seconds)
            if name == "plain":
                return module.Plain(*told, defect or "", stop=stop)
            return lambda order: module.generate(order, *told)

        made.__qualname__ = f"{name} {defect or ''}".strip()
        return made

    yield make
    stop.set()


@pytest.fixture
def clients() -> Path:
    """Where the clients stand."""
    return CLIENTS
