"""Fixtures for the tests of certification: the clients in the folder `clients`, as programs and as callables."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from seedmock_harness.certify.adapters import ClientEnvironment, ClientFactory

CLIENTS = Path(__file__).parent / "clients"
MakeClient = Callable[..., ClientFactory]


@pytest.fixture(scope="session")
def import_client() -> Iterator[Callable[[str], ModuleType]]:
    """Import a client by the name of its module."""
    sys.path.insert(0, str(CLIENTS))
    yield importlib.import_module
    sys.path.remove(str(CLIENTS))


@pytest.fixture
def make_client(import_client: Callable[[str], ModuleType]) -> Iterator[MakeClient]:
    """Return a factory of a client; `plain` can have a defect, and is stopped with the test."""
    stop = threading.Event()

    def make(name: str, defect: str = "") -> ClientFactory:
        module = import_client(name)

        def factory(environment: ClientEnvironment) -> Callable[[Any], Any]:
            base_url, api_key = environment.base_url, environment.api_key
            options = (environment.upstream, base_url, api_key, environment.out, environment.poll_seconds)
            if name == "plain":
                client: Callable[[Any], Any] = module.PlainClient(*options, defect, stop=stop)
                return client
            return lambda order: module.generate(order, *options)

        factory.__qualname__ = f"{name} {defect}".strip()
        return factory

    yield make
    stop.set()


@pytest.fixture
def clients() -> Path:
    """The folder of the clients."""
    return CLIENTS
