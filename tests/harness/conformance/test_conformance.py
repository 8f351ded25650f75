"""The emulator conforms to both contracts, in process and on a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_harness.conformance.runner import run_conformance

if TYPE_CHECKING:
    from .conftest import Target

KEYS = {"first": "sk_conformance_first", "second": "sk_conformance_second", "wrong": "sk_conformance_wrong"}


@pytest.fixture
def run_settings() -> settings:
    """A fifth of the examples of the profile, the same each time except under `deep`."""
    assert settings.default is not None
    examples = settings.default.max_examples
    return settings(max_examples=max(5, examples // 5), derandomize=examples < 1000, database=None)


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_the_emulator_conforms(target: Target, upstream: str, run_settings: settings) -> None:
    run_conformance(
        upstream,
        target.send,
        clock=target.clock,
        keys=KEYS,
        options=get_contract(upstream).defaults,
        begin=target.begin,
        settings=run_settings,
    )
