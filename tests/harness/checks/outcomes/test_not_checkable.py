"""Lists of facts that no check can cover: each fact once, with a reason, and covered by no check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.results.not_checkable import NEEDS, NEVER, not_checkable

UPSTREAMS = ("opeai", "apimodels")
FATES = (
    "failed",
    "moderated what=audio",
    "expired raw_status=cancelled",
    "content_late by=9s",
    "completed_without_url",
)


@pytest.mark.parametrize("name", UPSTREAMS)
def test_each_fact_is_listed_once_with_a_reason(name: str) -> None:
    tables = not_checkable(name)
    assert set(tables) <= {*NEVER, *NEEDS}
    rows = [row for table in tables.values() for row in table.items()]
    ids = [id_ for id_, _ in rows]
    assert len(ids) == len(set(ids))
    assert set(ids) - {fact.id for fact in get_contract(name).facts()} == set()
    assert [id_ for id_, reason in rows if not reason.endswith(".")] == []


@pytest.mark.parametrize("name", UPSTREAMS)
def test_no_check_covers_a_fact_listed_as_not_checkable(start_emulator: Callable[..., Any], name: str) -> None:
    emulator = start_emulator(name)
    driver = emulator.driver
    for fate in FATES:
        order = driver.call(Operation.CREATE, driver.contract.example(Operation.CREATE), headers={"x-mock-fate": fate})
        driver.sleep(60.0)
        params = {"task_id": order.created_id}
        response = driver.call(Operation.QUERY, params if name == "apimodels" else None, params=params)
        if response.links:
            driver.fetch(response.links[0])
        elif name == "opeai":
            driver.call(Operation.CONTENT, params=params)
    fact_ids = {result.fact.id for entry in emulator.interactions for _, result in entry.results}
    assert fact_ids & not_checkable(name)["fact"].keys() == set()
