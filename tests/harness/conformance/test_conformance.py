"""The emulator keeps both contracts, whatever is said to it and by whatever door."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings

from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_harness.conformance.runner import run_conformance

KEYS = {"first": "sk_conformance_first", "second": "sk_conformance_second", "wrong": "sk_conformance_wrong"}


@pytest.fixture
def conversations(request: pytest.FixtureRequest) -> settings:
    """A fifth of the examples that the profile in force asks for, the same each time unless it is `deep`."""
    most = settings.default.max_examples
    return settings(max_examples=max(5, most // 5), derandomize=most < 1000, database=None)


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_the_emulator_keeps_the_contract(target: Any, upstream: str, conversations: settings) -> None:
    run_conformance(
        upstream,
        target.send,
        clock=target.clock,
        keys=KEYS,
        options=get_contract(upstream).defaults,
        begin=target.begin,
        settings=conversations,
    )
