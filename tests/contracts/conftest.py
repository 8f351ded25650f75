"""Parameters of the contracts' tests: every contract, and every rule of every operation."""

from __future__ import annotations

import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import contracts


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests with the argument `contract` for each upstream, and those with `rule_case` for each of its rules."""
    if "contract" in metafunc.fixturenames:
        metafunc.parametrize("contract", contracts(), ids=lambda contract: contract.name)
    if "rule_case" in metafunc.fixturenames:
        cases = [(contract, operation, rule) for contract in contracts() for operation, rule in rules_of(contract)]
        names = [f"{operation}-{type(rule).__name__}-{rule.fact.id}" for _, operation, rule in cases]
        metafunc.parametrize("rule_case", cases, ids=names)


def rules_of(contract: Contract) -> list[tuple[Operation, Rule]]:
    return [(operation, rule) for operation, rules in contract.rules.items() for rule in rules]
