"""Orders for the tests of the plugin. Imports what pytester would import anew in each test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import seedmock_client.clients
import seedmock_client.transport  # noqa: F401
import seedmock_server.control.app
import seedmock_server.testing.host_redirect
import seedmock_server.testing.upstreams  # noqa: F401
from seedmock_client import GenerationRequest

BOAT = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4"}


@pytest.fixture
def usual_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP clients find their authorities as they do for a user of the plugin."""
    monkeypatch.delenv("SSL_CERT_FILE")


@pytest.fixture
def boat() -> dict[str, str]:
    """JSON body of an order at opeai."""
    return dict(BOAT)


@pytest.fixture
def order() -> Callable[..., GenerationRequest]:
    """Order of the reference client."""

    def make(prompt: str = "A paper boat", **changes: Any) -> GenerationRequest:
        return GenerationRequest(prompt=prompt, size="1280x720", seconds=4, **changes)

    return make


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run a file of tests as another project would."""

    def run(tests: str | dict[str, str], *options: str, ini: str = "", subprocess: bool = False) -> pytest.RunResult:
        pytester.makeini(f"[pytest]\naddopts = --strict-markers -p no:cacheprovider\nfilterwarnings = error\n{ini}")
        pytester.makepyfile(**tests) if isinstance(tests, dict) else pytester.makepyfile(tests)
        run_pytest = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        return run_pytest("-p", "no:randomly", *options)

    return run
