"""Tests of many cases in one: every failing case is reported, fixtures are passed on, and no case is a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.facts import Fact
from seedmock_contracts.upstreams import contracts

from ..each_case import each_case


@each_case("number, word", [(1, "one"), (2, "two"), (3, "three")])
def compare(tmp_path: Path, number: int, word: str) -> None:
    assert tmp_path.name == "folder"
    assert len(word) == 3 or number == 3, word


@each_case("number", [])
def compare_nothing(number: int) -> None: ...


@each_case("number", [1, 2, 3])
def compare_odd(number: int) -> None:
    if number % 2:
        raise LookupError(number)


def test_a_property_that_holds_for_each_case_passes() -> None:
    compare(tmp_path=Path("folder"))


def test_every_failing_case_is_reported() -> None:
    with pytest.raises(ExceptionGroup, match="2 of 3 cases") as caught:
        compare_odd()
    assert [error.__notes__ for error in caught.value.exceptions] == [["case: 1"], ["case: 3"]]


CONTRACT = contracts()[0]
FACT = next(iter(CONTRACT.facts()))


@each_case("contract, fact", [(CONTRACT, FACT)])
def compare_fact(contract: Contract, fact: Fact) -> None:
    assert contract.name == fact.id


def test_records_of_a_contract_are_named_by_their_ids() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        compare_fact()
    assert caught.value.exceptions[0].__notes__ == [f"case: {CONTRACT.name}, {FACT.id}"]


def test_no_case_is_a_failure() -> None:
    with pytest.raises(AssertionError, match="no case"):
        compare_nothing()


@each_case("number", range(3))
def test_fixtures_are_requested_as_by_any_test(tmp_path: Path, number: int) -> None:
    (tmp_path / str(number)).touch(exist_ok=False)
    assert len(list(tmp_path.iterdir())) == number + 1
