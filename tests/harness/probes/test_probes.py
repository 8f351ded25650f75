"""The questions of the free ladder: each is wrong in a second way, so that none makes anything."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.rules.boundaries import BoundaryCase
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import contracts
from seedmock_contracts.validation import violations
from seedmock_harness.driver.sample_media import image_uri, sound_uri
from seedmock_harness.probes.base_documents import UNKNOWN_ID, UNKNOWN_NUMBER, base_documents
from seedmock_harness.probes.boundary_probes import probes_for
from seedmock_harness.probes.free_steps import free_steps
from seedmock_harness.probes.paid_steps import paid_steps
from seedmock_harness.probes.second_violations import merge_changes

from ...each_case import each_case

RULES = [
    (contract, operation, rule)
    for contract in contracts()
    for operation, rules in contract.rules.items()
    for rule in rules
]
UNUSABLE = (image_uri(1, 1), sound_uri(0.1), "asset://asset-20200101000000-zzzzz")


def others(contract: Contract, operation: Operation, rule: Rule, case: BoundaryCase) -> set[str]:
    """Violations of a document besides the probed one: other rules, and references that cannot be used."""
    broken = {violation.fact.id for violation in violations(contract.name, operation, case.document)} - {rule.fact.id}
    return broken | {text[:20] for text in UNUSABLE if text in repr(case.document) and text != case.value}


@pytest.mark.slow
@each_case("contract, operation, rule", RULES)
def test_every_question_about_an_order_is_wrong_in_a_second_way(
    contract: Contract, operation: Operation, rule: Rule
) -> None:
    for probe in islice(probes_for(contract, operation, rule), 8):
        for case in (*probe.conforming, *probe.violating):
            if operation in ORDERS:
                assert others(contract, operation, rule, case), case.document
            else:
                assert operation in (Operation.GROUP_CREATE, Operation.ASSET_LIST) or _names_nobody(case.document)


def _names_nobody(document: Any) -> bool:
    """Return if no id in a document belongs to anything; what is not an id belongs to nothing either."""
    ids = [value for name, value in document.items() if name.endswith("id")]
    return all(
        value in (UNKNOWN_ID, UNKNOWN_NUMBER, str(UNKNOWN_NUMBER))
        or not isinstance(value, int)
        or value is True
        or value == 7
        for value in ids
    )


@pytest.mark.slow
@each_case("contract, operation, rule", RULES)
def test_the_second_fault_is_the_same_beside_every_edge(contract: Contract, operation: Operation, rule: Rule) -> None:
    for probe in islice(probes_for(contract, operation, rule), 4):
        cases = [case for case in (*probe.conforming, *probe.violating) if case.value not in UNUSABLE]
        violation_sets = {frozenset(others(contract, operation, rule, case)) for case in cases}
        assert len(violation_sets) == 1 or operation not in ORDERS
        assert probe.violating[0].gross


def test_bases_keep_every_rule_and_name_nobody() -> None:
    for contract in contracts():
        for operation in contract.rules:
            for base in base_documents(contract.name, operation):
                assert violations(contract.name, operation, base) == []
                assert _names_nobody(base)


def test_what_two_made_of_one_base_is_put_together_or_is_at_odds() -> None:
    base = {"a": 1, "b": {"c": [1]}, "d": 4}
    assert merge_changes({"a": 2, "b": {"c": [1]}, "d": 4}, {"a": 1, "b": {"c": [1]}, "e": 5}, base) == {
        "a": 2,
        "b": {"c": [1]},
        "e": 5,
    }
    assert merge_changes({"b": {"c": [2]}}, {"b": {"c": [3]}}, {}) == {"b": {"c": [2, 3]}}
    assert merge_changes({"a": 2}, {"a": 3}, {"a": 1}) is None


def test_steps_have_names_of_their_own_and_cost_nothing() -> None:
    for contract in contracts():
        steps = free_steps(contract)
        assert len({step.name for step in steps}) == len(steps)
        assert all(step.name.startswith("free.") and not step.price and step.description for step in steps)
        assert [step.name for step in steps[:3]] == ["free.auth", "free.unknown", "free.paths"]


def test_each_step_about_a_rule_says_what_the_rule_allows() -> None:
    steps = [step for contract in contracts() for step in (*free_steps(contract), *paid_steps(contract))]
    descriptions = {step.name: step.description for step in steps if step.name.startswith(("free.", "rule."))}
    assert descriptions["free.create.seconds.range"] == "create: seconds: 4 to 15"
    assert descriptions["free.groups.create.name.length"] == "group create: name: at most 64 characters"
    assert descriptions["rule.limit.image.side"].startswith("image: side at least 300 and at most 6,000")
    assert all(len(description) <= 160 and "limits of" not in description for description in descriptions.values())
