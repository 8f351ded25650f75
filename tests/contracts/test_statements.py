"""The vendors' pages against the contracts, both ways: `fixtures/<upstream>/statements.toml` holds each statement.

What a page says must stand in the contract as documented; what stands there as documented, the page must say.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis, TaskStatus
from seedmock_contracts.facts import Fact, Model
from seedmock_contracts.rules.fields import JsonType
from seedmock_contracts.upstreams import get_contract

FIXTURES = Path(__file__).parents[2] / "fixtures"
UPSTREAMS = ("apimodels", "opeai")

# Attributes in the house's own words, which no page could confirm.
HOUSE = {"id", "evidence", "tier", "upscales", "operation", "mode", "roles", "kind", "quantity", "context", "variant"}
HOUSE |= {"description", "fact", "field", "role", "media", "resolution_by_name", "option", "beside", "style"}
HOUSE |= {"operations", "utc_offset"}


def statements(upstream: str) -> list[dict[str, Any]]:
    return tomllib.loads((FIXTURES / upstream / "statements.toml").read_text(encoding="utf-8"))["statement"]


def spoken(upstream: str) -> list[Any]:
    return [pytest.param(upstream, said, id=f"{upstream}-{at}") for at, said in enumerate(statements(upstream), 1)]


EVERY = [case for upstream in UPSTREAMS for case in spoken(upstream)]


def by_id(contract: Contract) -> dict[str, list[Any]]:
    """Each fact's id with what it stands on: the fact, and the rules that carry it (its type apart)."""
    found: dict[str, list[Any]] = {fact.id: [fact] for fact in contract.facts()}
    every = [rule for rules in contract.rules.values() for rule in rules]
    for rule in (*every, *contract.advice):
        if not isinstance(rule, JsonType):
            found[rule.fact.id].append(rule)
    return found


def plain(value: Any) -> Any:
    """A value as a TOML file can say it."""
    if isinstance(value, Model):
        return value.name
    if isinstance(value, Decimal | TaskStatus):
        return str(value)
    if isinstance(value, Mapping):
        return list(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def attributes(holders: list[Any]) -> Iterator[tuple[str, Any]]:
    """What a fact or a rule claims beyond being there: attributes that are set and are not in the house's words."""
    for holder in holders:
        for field in fields(holder):
            value = getattr(holder, field.name)
            if field.name not in HOUSE and value is not None and value not in ("", ()):
                yield field.name, value


@pytest.mark.parametrize(("upstream", "statement"), EVERY)
def test_every_statement_of_a_page_stands_in_the_contract_as_documented(
    upstream: str, statement: dict[str, Any]
) -> None:
    known = by_id(get_contract(upstream))
    assert statement["facts"], "a statement is carried by at least one fact"
    for id_ in statement["facts"]:
        assert id_ in known, f"no fact {id_}"
        assert known[id_][0].basis is Basis.DOCUMENTED, f"{id_} is graded {known[id_][0].basis}"


@pytest.mark.parametrize(("upstream", "statement"), [case for case in EVERY if case.values[1].get("value")])
def test_the_contract_has_the_value_that_the_page_gives(upstream: str, statement: dict[str, Any]) -> None:
    holders = by_id(get_contract(upstream))[statement["facts"][0]]
    claimed = {name: plain(value) for holder in holders for name, value in _every_attribute(holder)}
    for name, expected in statement["value"].items():
        partly = name in statement.get("elsewhere", {})
        assert (claimed[name][: len(expected)] if partly else claimed[name]) == expected


def _every_attribute(holder: Any) -> Iterator[tuple[str, Any]]:
    return ((field.name, getattr(holder, field.name)) for field in fields(holder))


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_nothing_is_called_documented_that_no_statement_names(upstream: str) -> None:
    named = {id_ for statement in statements(upstream) for id_ in statement["facts"]}
    documented = {fact.id for fact in get_contract(upstream).facts() if fact.basis is Basis.DOCUMENTED}
    assert documented - named == set()


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_every_figure_of_a_documented_fact_is_confirmed_or_owned_up_to(upstream: str) -> None:
    confirmed: dict[str, set[str]] = defaultdict(set)
    for statement in statements(upstream):
        confirmed[statement["facts"][0]] |= {*statement.get("value", {}), *statement.get("elsewhere", {})}
    unconfirmed = [
        (id_, name, value)
        for id_, holders in by_id(get_contract(upstream)).items()
        if holders[0].basis is Basis.DOCUMENTED
        for name, value in attributes(holders)
        if name not in confirmed[id_]
    ]
    assert unconfirmed == []


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_what_a_page_leaves_out_rests_on_a_fact_of_lower_basis(upstream: str) -> None:
    known: dict[str, Fact] = {fact.id: fact for fact in get_contract(upstream).facts()}
    owned = {
        id_: known[id_].basis for statement in statements(upstream) for id_ in statement.get("elsewhere", {}).values()
    }
    assert owned
    assert Basis.DOCUMENTED not in owned.values()


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_statements_are_sentences_that_no_other_repeats(upstream: str) -> None:
    said = [(statement["section"], statement["text"]) for statement in statements(upstream)]
    assert all(says.endswith(".") for _, says in said)
    assert len(set(said)) == len(said)
