"""An upstream that looks at a request in another order than the page: less is learnt of it, and nothing wrong."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import Violation
from seedmock_contracts.upstreams import get_contract


def places(name: str) -> dict[str, int]:
    every = [rule.fact.id for rules in get_contract(name).rules.values() for rule in rules]
    return {fact: place for place, fact in enumerate(every)}


def backwards(name: str) -> Callable[[Violation], Any]:
    place_of = places(name)
    return lambda violation: -place_of[violation.fact.id]


def shuffled(seed: int) -> Callable[[str], Callable[[Violation], Any]]:
    return lambda name: lambda violation: blake2b(f"{seed} {violation.fact.id}".encode()).digest()


@pytest.mark.slow
@pytest.mark.parametrize("order", [backwards, shuffled(1)], ids=["back", "shuffled"])
def test_no_order_makes_a_finding(name: str, order: Any, run_ladder: Any, reordered: Any) -> None:
    reordered(order(name))
    run = run_ladder(name, only=["free.", "rule", "refusals."])
    assert not run.created_id
    assert run.failed == {}
    rules = {rule.fact.id for rule in get_contract(name).rules[Operation.CREATE]}
    assert len(rules & run.passed) > 0.6 * len(rules)
