"""Strategies: valid documents break no rule, violating ones exactly one, and every field and size is drawn."""

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
from seedmock_harness.conformance.invalid_strategies import hostile_body_strategy, violating_documents
from seedmock_harness.conformance.strategies import valid_documents
from seedmock_harness.conversation.order_parser import parse_order
from seedmock_server.http.request_body import MalformedBody, parse_json

from ...each_case import each_case

SEARCH = settings(max_examples=5000, database=None, derandomize=True, phases=[Phase.generate])

OPERATIONS = [(contract, operation) for contract in contracts() for operation in contract.rules]
RULES = [(contract, operation, rule) for contract, operation in OPERATIONS for rule in contract.rules[operation]]
each_operation = pytest.mark.parametrize(
    ("contract", "operation"), OPERATIONS, ids=[f"{contract.name}-{operation}" for contract, operation in OPERATIONS]
)
assert settings.default is not None
RULE_EXAMPLES = max(10, settings.default.max_examples // 5)


@each_operation
def test_a_valid_document_breaks_no_rule(contract: Contract, operation: Operation) -> None:
    @given(document=valid_documents(contract, operation))
    def breaks_no_rule(document: dict[str, Any]) -> None:
        assert violations(contract.name, operation, document) == []

    breaks_no_rule()


@pytest.mark.slow
@each_operation
@given(data=st.data())
def test_a_valid_document_breaks_no_rule_under_its_options(
    contract: Contract, operation: Operation, data: st.DataObject
) -> None:
    options = {variant.id: data.draw(st.sampled_from(variant.options)) for variant in contract.variants}
    document = data.draw(valid_documents(contract, operation, variants=options))
    assert violations(contract.name, operation, document, options) == []


@pytest.mark.slow
@each_case("contract, operation, rule", RULES)
def test_a_violating_document_breaks_its_rule_and_no_other(
    contract: Contract, operation: Operation, rule: Rule
) -> None:
    only = condition(rule)

    @settings(max_examples=RULE_EXAMPLES)
    @given(document=violating_documents(contract, operation, rule))
    def breaks_only_its_rule(document: dict[str, Any]) -> None:
        broken = violations(contract.name, operation, document, dict([only]) if only else None)
        assert [violation.fact.id for violation in broken] == [rule.fact.id]

    breaks_only_its_rule()


@pytest.mark.parametrize("options", [{}, {"opeai.seed": "reject"}])
def test_a_rule_is_broken_by_several_values(options: dict[str, str]) -> None:
    contract = get_contract("opeai")
    seconds = next(rule for rule in contract.rules[Operation.CREATE] if rule.fact.id == "opeai.create.seconds.range")
    documents = violating_documents(contract, Operation.CREATE, seconds, variants=options)
    values: tuple[int | str, ...] = (3, 16, "3", "16")
    for value in values:

        def has_value(document: dict[str, Any], value: int | str = value) -> bool:
            return bool(document["seconds"] == value)

        assert find(documents, has_value, settings=SEARCH)


def draw_many(strategy: st.SearchStrategy[dict[str, Any]], examples: int = 400) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = []

    @settings(max_examples=examples, derandomize=True, database=None, phases=[Phase.generate], deadline=None)
    @given(document=strategy)
    def collect(document: dict[str, Any]) -> None:
        documents.append(document)

    collect()
    return documents


@each_operation
def test_each_field_is_drawn_and_an_optional_one_also_left_out(contract: Contract, operation: Operation) -> None:
    undrawn = {"no document"}
    for examples in (50, 400):  # most need few; an unlucky start is no failure
        undrawn = undrawn and undrawn_fields(contract, operation, examples)
    assert undrawn == set()


def undrawn_fields(contract: Contract, operation: Operation, examples: int) -> set[str]:
    """Fields without a value in any document, and optional ones that are never absent or never null."""
    documents = draw_many(valid_documents(contract, operation), examples)
    required = {"model", *(rule.field for rule in contract.rules[operation] if isinstance(rule, RequiredField))}
    names = {f.path.partition(".")[0] for f in contract.fields if f.operation is operation and "[" not in f.path}
    undrawn = {f"a value of {name}" for name in names if all(document.get(name) is None for document in documents)}
    for name in names - required:
        undrawn |= {f"no {name}"} if all(name in document for document in documents) else set()
        undrawn |= {f"{name} null"} if all(document.get(name, "") is not None for document in documents) else set()
    return undrawn


@pytest.mark.slow
@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.name)
def test_every_size_of_every_model_and_every_mode_is_drawn(contract: Contract) -> None:
    documents = draw_many(valid_documents(contract, Operation.CREATE), 2500)
    parsed = (parse_order(contract, Operation.CREATE, document) for document in documents)
    orders = [order for order in parsed if order is not None]
    models = [model for model in contract.models if not model.upscales]
    sizes = {
        (model.name, size.text) for model in models for size in contract.sizes if size.resolution in model.resolutions
    }
    assert sizes <= {(order.model.name, order.size.text) for order in orders if order.size is not None}
    assert {4, 15} <= {order.seconds for order in orders}
    assert {True, False} == {order.audio for order in orders}
    roles = {frozenset(located.reference.role for located in order.references) for order in orders}
    assert roles >= {frozenset(mode.roles) for mode in contract.modes}
    for rule in contract.rules[Operation.CREATE]:
        if isinstance(rule, MaxReferences) and rule.role is Role.REFERENCE:
            counts = [[located.reference.kind for located in order.references].count(rule.media) for order in orders]
            assert max(counts) == rule.limit


def test_a_hostile_body_is_readable_if_it_is_a_strict_json_object() -> None:
    for contract in contracts():
        for hostile in hostile_bodies(dict(contract.example(Operation.CREATE))):
            assert hostile == hostile_body(dict(contract.example(Operation.CREATE)), hostile.title)
            try:
                value = parse_json(hostile.body)
            except MalformedBody:
                value = None
            is_json = hostile.headers == {"content-type": "application/json"}
            assert hostile.readable == (isinstance(value, dict) and is_json), hostile.title


@given(hostile=st.sampled_from(OPERATIONS).flatmap(lambda pair: hostile_body_strategy(*pair)))
def test_a_drawn_hostile_body_is_a_listed_one_or_random_bytes(hostile: HostileBody) -> None:
    assert hostile.title in {*TITLES, "random bytes"}
