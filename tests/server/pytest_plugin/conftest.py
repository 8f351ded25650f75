"""Orders for the tests of the plugin, and what is imported before pytester begins: it forgets what it has imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import seedmock_server.testing.host_redirect
import seedmock_server.testing.upstreams  # noqa: F401
from seedmock_client import GenerationRequest

BOAT = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4"}


@pytest.fixture
def boat() -> dict[str, str]:
    """An order of B as its guide has them."""
    return dict(BOAT)


@pytest.fixture
def order() -> Callable[..., GenerationRequest]:
    """An order in the house's words."""

    def make(prompt: str = "A paper boat", **more: Any) -> GenerationRequest:
        return GenerationRequest(prompt=prompt, size="1280x720", seconds=4, **more)

    return make


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Runs a file of tests as another project would have it."""

    def run(tests: str, *options: str, ini: str = "", apart: bool = False) -> pytest.RunResult:
        pytester.makeini(f"[pytest]\naddopts = --strict-markers -p no:cacheprovider\nfilterwarnings = error\n{ini}")
        pytester.makepyfile(tests)
        how = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
        return how("-p", "no:randomly", *options)

    return run
