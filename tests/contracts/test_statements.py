"""The vendors' pages against the contracts, both ways: `fixtures/<upstream>/statements.toml` holds each statement.

What a page says must stand in the contract as documented; what stands there as documented, the page must say.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict

from seedmock_contracts.enums import Basis, TaskStatus
from seedmock_contracts.facts import Fact, Model
from seedmock_contracts.rules.fields import JsonType
from seedmock_contracts.upstreams import get_contract

from ..each_case import each_case

FIXTURES = Path(__file__).parents[2] / "fixtures"
UPSTREAMS = ("apimodels", "opeai")

# Attributes that no page can confirm: identifiers, classifications and descriptions of our own.
OWN_ATTRIBUTES = {
    "id",
    "evidence",
    "tier",
    "upscales",
    "operation",
    "mode",
    "roles",
    "kind",
    "quantity",
    "context",
    "variant",
}
OWN_ATTRIBUTES |= {"description", "fact", "field", "role", "media", "resolution_by_name", "option", "beside", "style"}
OWN_ATTRIBUTES |= {"operations", "utc_offset"}


def statements(upstream: str) -> list[dict[str, Any]]:
    return tomllib.loads((FIXTURES / upstream / "statements.toml").read_text(encoding="utf-8"))["statement"]


CASES = [(upstream, statement) for upstream in UPSTREAMS for statement in statements(upstream)]


@cache
def by_id(upstream: str) -> dict[str, list[Any]]:
    """Map each fact's id to the fact and the rules with this fact, except for type rules."""
    contract = get_contract(upstream)
    records: dict[str, list[Any]] = {fact.id: [fact] for fact in contract.facts()}
    rules = [rule for rules in contract.rules.values() for rule in rules]
    for rule in (*rules, *contract.advice):
        if not isinstance(rule, JsonType):
            records[rule.fact.id].append(rule)
    return records


def plain(value: Any) -> Any:
    """Convert a value to one that TOML can express."""
    if isinstance(value, Model):
        return value.name
    if isinstance(value, Decimal | TaskStatus):
        return str(value)
    if isinstance(value, Mapping):
        return list(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def attributes(records: list[Any]) -> Iterator[tuple[str, Any]]:
    """Attributes of a fact and its rules that are set and that a page can confirm."""
    for record in records:
        for name, value in asdict(record).items():
            if name not in OWN_ATTRIBUTES and value is not None and value not in ("", ()):
                yield name, value


@each_case("upstream, statement", CASES)
def test_every_statement_of_a_page_is_a_documented_fact(upstream: str, statement: dict[str, Any]) -> None:
    facts = by_id(upstream)
    assert statement["facts"], "a statement is carried by at least one fact"
    for id_ in statement["facts"]:
        assert id_ in facts, f"no fact {id_}"
        assert facts[id_][0].basis is Basis.DOCUMENTED, f"{id_} is graded {facts[id_][0].basis}"


@each_case("upstream, statement", [case for case in CASES if case[1].get("value")])
def test_the_contract_has_the_value_that_the_page_gives(upstream: str, statement: dict[str, Any]) -> None:
    records = by_id(upstream)[statement["facts"][0]]
    values = {name: plain(value) for record in records for name, value in _all_attributes(record)}
    for name, expected in statement["value"].items():
        partly = name in statement.get("elsewhere", {})
        assert (values[name][: len(expected)] if partly else values[name]) == expected


def _all_attributes(record: Any) -> Iterable[tuple[str, Any]]:
    return asdict(record).items()


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_every_documented_fact_has_a_statement(upstream: str) -> None:
    named = {id_ for statement in statements(upstream) for id_ in statement["facts"]}
    documented = {fact.id for fact in get_contract(upstream).facts() if fact.basis is Basis.DOCUMENTED}
    assert documented - named == set()


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_every_value_of_a_documented_fact_is_confirmed_or_attributed(upstream: str) -> None:
    confirmed: dict[str, set[str]] = defaultdict(set)
    for statement in statements(upstream):
        confirmed[statement["facts"][0]] |= {*statement.get("value", {}), *statement.get("elsewhere", {})}
    unconfirmed = [
        (id_, name, value)
        for id_, records in by_id(upstream).items()
        if records[0].basis is Basis.DOCUMENTED
        for name, value in attributes(records)
        if name not in confirmed[id_]
    ]
    assert unconfirmed == []


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_values_that_a_page_leaves_out_are_attributed_to_undocumented_facts(upstream: str) -> None:
    facts: dict[str, Fact] = {fact.id: fact for fact in get_contract(upstream).facts()}
    bases = {
        id_: facts[id_].basis for statement in statements(upstream) for id_ in statement.get("elsewhere", {}).values()
    }
    assert bases
    assert Basis.DOCUMENTED not in bases.values()


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_statements_are_unique_sentences(upstream: str) -> None:
    texts = [(statement["section"], statement["text"]) for statement in statements(upstream)]
    assert all(text.endswith(".") for _, text in texts)
    assert len(set(texts)) == len(texts)
