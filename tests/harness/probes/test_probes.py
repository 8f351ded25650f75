"""The questions of the free ladder: each is wrong in a second way, so that none makes anything."""

from __future__ import annotations

from itertools import islice
from typing import Any

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
from seedmock_harness.probes.second_violations import merge_changes

Spoken = tuple[Contract, Operation, Rule]
UNUSABLE = (image_uri(1, 1), sound_uri(0.1), "asset://asset-20200101000000-zzzzz")


def others(contract: Contract, operation: Operation, rule: Rule, edge: BoundaryCase) -> set[str]:
    """What is wrong with a document besides what is tried: rules that it breaks, and references that can't be used."""
    broken = {violation.fact.id for violation in violations(contract.name, operation, edge.document)} - {rule.fact.id}
    return broken | {text[:20] for text in UNUSABLE if text in repr(edge.document) and text != edge.value}


def test_every_question_about_an_order_is_wrong_in_a_second_way(spoken_rule: Spoken) -> None:
    said, operation, rule = spoken_rule
    for trial in islice(probes_for(said, operation, rule), 8):
        for edge in (*trial.conforming, *trial.violating):
            if operation in ORDERS:
                assert others(said, operation, rule, edge), edge.document
            else:
                assert operation in (Operation.GROUP_CREATE, Operation.ASSET_LIST) or _names_nobody(edge.document)


def _names_nobody(document: Any) -> bool:
    """Whether the ids that a document names, if any, are nobody's; one that is no id at all names nobody either."""
    ids = [value for name, value in document.items() if name.endswith("id")]
    return all(
        value in (UNKNOWN_ID, UNKNOWN_NUMBER, str(UNKNOWN_NUMBER))
        or not isinstance(value, int)
        or value is True
        or value == 7
        for value in ids
    )


def test_the_second_fault_is_the_same_beside_every_edge(spoken_rule: Spoken) -> None:
    said, operation, rule = spoken_rule
    for trial in islice(probes_for(said, operation, rule), 4):
        edges = [edge for edge in (*trial.conforming, *trial.violating) if edge.value not in UNUSABLE]
        found = {frozenset(others(said, operation, rule, edge)) for edge in edges}
        assert len(found) == 1 or operation not in ORDERS
        assert trial.violating[0].gross


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
