"""What the tests of the contracts share: both contracts, and every rule of every operation."""

from __future__ import annotations

import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.upstreams import contracts


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `said` runs for each upstream; one that asks for `spoken_rule`, for each of its rules."""
    if "contract" in metafunc.fixturenames:
        metafunc.parametrize("contract", contracts(), ids=lambda contract: contract.name)
    if "spoken_rule" in metafunc.fixturenames:
        every = [(contract, operation, rule) for contract in contracts() for operation, rule in rules_of(contract)]
        names = [f"{operation}-{type(rule).__name__}-{rule.fact.id}" for _, operation, rule in every]
        metafunc.parametrize("spoken_rule", every, ids=names)


def rules_of(contract: Contract):
    return [(operation, rule) for operation, rules in contract.rules.items() for rule in rules]
