"""Documents that are drawn: right ones keep every rule, broken ones break exactly one, and each rule is broken."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation, Role
from seedmock_contracts.rules.cross_field import MaxReferences
from seedmock_contracts.rules.fields import RequiredField
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_contracts.validation import condition, violations
from seedmock_harness.conformance.hostile_bodies import TITLES, HostileBody, hostile_bodies, hostile_body
from seedmock_harness.conformance.strategies import documents, hostile_body_strategy, violating_documents
from seedmock_harness.conversation.order_parser import parse_order
from seedmock_server.http.request_body import MalformedBody, parse_json

SEARCH = settings(max_examples=5000, database=None, derandomize=True, phases=[Phase.generate])

OPERATIONS = [(said, operation) for said in contracts() for operation in said.rules]
RULES = [(said, operation, rule) for said, operation in OPERATIONS for rule in said.rules[operation]]
each_operation = pytest.mark.parametrize(
    ("contract", "operation"), OPERATIONS, ids=[f"{said.name}-{operation}" for said, operation in OPERATIONS]
)


@each_operation
@given(data=st.data())
def test_a_document_that_is_drawn_keeps_every_rule(
    contract: Contract, operation: Operation, data: st.DataObject
) -> None:
    assert violations(contract.name, operation, data.draw(documents(contract, operation))) == []


@each_operation
@given(data=st.data())
def test_a_document_keeps_the_rules_under_any_options(
    contract: Contract, operation: Operation, data: st.DataObject
) -> None:
    options = {variant.id: data.draw(st.sampled_from(variant.options)) for variant in contract.variants}
    drawn = data.draw(documents(contract, operation, variants=options))
    assert violations(contract.name, operation, drawn, options) == []


@pytest.mark.parametrize(("contract", "operation", "rule"), RULES, ids=[rule.fact.id for _, _, rule in RULES])
@settings(max_examples=max(10, settings.default.max_examples // 5))
@given(data=st.data())
def test_a_document_breaks_one_rule_and_no_other(
    contract: Contract, operation: Operation, rule: Rule, data: st.DataObject
) -> None:
    only = condition(rule)
    drawn = data.draw(violating_documents(contract, operation, rule))
    found = violations(contract.name, operation, drawn, dict([only]) if only else None)
    assert [violation.fact.id for violation in found] == [rule.fact.id]


@pytest.mark.parametrize("options", [{}, {"opeai.seed": "reject"}])
def test_a_rule_is_broken_in_more_than_one_way(options: dict[str, str]) -> None:
    contract = get_contract("opeai")
    seconds = next(rule for rule in contract.rules[Operation.CREATE] if rule.fact.id == "opeai.create.seconds.range")
    for value in (3, 16, "3", "16"):
        wanted = violating_documents(contract, Operation.CREATE, seconds, variants=options)
        assert find(wanted, lambda document, value=value: document["seconds"] == value, settings=SEARCH)


def many(drawn: st.SearchStrategy[dict[str, Any]], examples: int = 400) -> list[dict[str, Any]]:
    """Documents as they are drawn, without any that is sought for."""
    seen: list[dict[str, Any]] = []

    @settings(max_examples=examples, derandomize=True, database=None, phases=[Phase.generate], deadline=None)
    @given(document=drawn)
    def collect(document: dict[str, Any]) -> None:
        seen.append(document)

    collect()
    return seen


@each_operation
def test_each_field_is_there_at_times_and_left_out_where_it_may_be(contract: Contract, operation: Operation) -> None:
    seen = many(documents(contract, operation))
    needed = {"model", *(rule.field for rule in contract.rules[operation] if isinstance(rule, RequiredField))}
    for name in {f.path.partition(".")[0] for f in contract.fields if f.operation is operation and "[" not in f.path}:
        assert any(document.get(name) is not None for document in seen), name
        assert name in needed or any(name not in document for document in seen), name
        assert name in needed or any(document.get(name, "") is None for document in seen), name


@pytest.mark.slow
@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.name)
def test_every_size_of_every_model_and_every_mode_is_drawn(contract: Contract) -> None:
    seen = many(documents(contract, Operation.CREATE), 2500)
    orders = [order for document in seen if (order := parse_order(contract, Operation.CREATE, document)) is not None]
    makers = [model for model in contract.models if not model.upscales]
    sizes = {
        (model.name, size.text) for model in makers for size in contract.sizes if size.resolution in model.resolutions
    }
    assert sizes <= {(order.model.name, order.size.text) for order in orders if order.size is not None}
    assert {4, 15} <= {order.seconds for order in orders}
    assert {True, False} == {order.audio for order in orders}
    roles = {frozenset(found.reference.role for found in order.references) for order in orders}
    assert roles >= {frozenset(mode.roles) for mode in contract.modes}
    for rule in contract.rules[Operation.CREATE]:
        if isinstance(rule, MaxReferences) and rule.role is Role.REFERENCE:
            kinds = [[found.reference.kind for found in order.references].count(rule.media) for order in orders]
            assert max(kinds) == rule.limit


def test_a_hostile_body_is_readable_exactly_if_it_is_one_strict_object() -> None:
    for contract in contracts():
        for evil in hostile_bodies(dict(contract.example(Operation.CREATE))):
            assert evil == hostile_body(dict(contract.example(Operation.CREATE)), evil.title)
            try:
                read = parse_json(evil.body)
            except MalformedBody:
                read = None
            plain = evil.headers == {"content-type": "application/json"}
            assert evil.readable == (isinstance(read, dict) and plain), evil.title


@given(evil=st.sampled_from([(s, o) for s, o in OPERATIONS]).flatmap(lambda pair: hostile_body_strategy(*pair)))
def test_hostile_bodies_are_drawn_of_every_sort(evil: HostileBody) -> None:
    assert evil.title in {*TITLES, "any bytes"}
