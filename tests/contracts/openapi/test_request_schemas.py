"""Request schemas of the OpenAPI documents against the rules that they restate: the same verdict on every boundary."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jsonschema_rs import Draft202012Validator, meta
from tests.each_case import each_case

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.openapi.request_schemas import IN_WORDS, request_schema
from seedmock_contracts.rules.boundaries import BoundaryCase
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_contracts.validation import condition, rules_in_force, violations

OPERATIONS = [(name, operation) for name in NAMES for operation in get_contract(name).rules]
OTHER_OPTIONS = [
    (name, variant.id, option)
    for name in NAMES
    for variant in get_contract(name).variants
    if any((condition(rule) or "")[:1] == (variant.id,) for rule in get_contract(name).rules[Operation.CREATE])
    for option in variant.options
]


def boundary_cases(contract: Contract, operation: Operation, options: dict[str, str]) -> Iterator[BoundaryCase]:
    layout = contract.request.layout
    for rule in rules_in_force(contract, operation, options):
        for example in contract.request.examples[operation]:
            yield from rule.boundary_cases(contract.example(operation, rule) or example, layout)


def verdicts_differ(contract: Contract, operation: Operation, options: dict[str, str]) -> list[str]:
    schema = request_schema(contract, operation, {**contract.defaults, **options})
    validator = Draft202012Validator(schema)
    sayable = {rule.fact.id for rule in contract.rules[operation] if not isinstance(rule, IN_WORDS)}
    problems = []
    for case in boundary_cases(contract, operation, options):
        broken = [violation.fact.id for violation in violations(contract.name, operation, case.document, options)]
        is_valid = validator.is_valid(case.document)
        if is_valid and sayable & {*broken}:
            problems.append(f"accepts what breaks {broken}: {case.document}")
        if not is_valid and not broken:
            errors = [error.message[:200] for error in validator.iter_errors(case.document)]
            problems.append(f"refuses what breaks no rule: {case.document}: {errors}")
    return problems


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_schema_and_rules_agree_at_every_boundary(name: str, operation: Operation) -> None:
    contract = get_contract(name)
    meta.validate(request_schema(contract, operation, contract.defaults))
    assert verdicts_differ(contract, operation, {}) == []
    assert len(list(boundary_cases(contract, operation, {}))) >= 3


@each_case("name, variant, option", OTHER_OPTIONS)
def test_schema_and_rules_agree_under_every_option(name: str, variant: str, option: str) -> None:
    assert verdicts_differ(get_contract(name), Operation.CREATE, {variant: option}) == []
