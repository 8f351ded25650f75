"""The lists of what cannot be seen: each fact once, each with a sentence that says why; and no check looks at one."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import get_contract

FIXTURES = Path(__file__).parents[4] / "fixtures"
UPSTREAMS = ("opeai", "apimodels")
FATES = ("failed", "moderated what=audio", "expired word=cancelled", "content_late by=9s", "completed_without_url")


def listed(name: str) -> dict[str, list[dict[str, str]]]:
    tables: dict[str, list[dict[str, str]]] = tomllib.loads((FIXTURES / name / "not-checkable.toml").read_text("utf-8"))
    return tables


@pytest.mark.parametrize("name", UPSTREAMS)
def test_each_fact_is_listed_once_and_with_a_reason(name: str) -> None:
    tables = listed(name)
    assert set(tables) == {"fact", "unprovoked"}
    rows = [row for table in tables.values() for row in table]
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids))
    assert set(ids) - {fact.id for fact in get_contract(name).facts()} == set()
    assert [row for row in rows if set(row) != {"id", "reason"} or not row["reason"].endswith(".")] == []


@pytest.mark.parametrize("name", UPSTREAMS)
def test_no_check_looks_at_what_is_said_to_be_invisible(emulated: Callable[..., Any], name: str) -> None:
    stage = emulated(name)
    speaker = stage.speaker
    for fate in FATES:
        made = speaker.call(Operation.CREATE, speaker.contract.example(Operation.CREATE), headers={"x-mock-fate": fate})
        speaker.sleep(60.0)
        params = {"task_id": made.created_id}
        told = speaker.call(Operation.QUERY, params if name == "apimodels" else None, params=params)
        if told.links:
            speaker.fetch(told.links[0])
        elif name == "opeai":
            speaker.call(Operation.CONTENT, params=params)
    seen = {look.fact.id for said in stage.heard for _, look in said.results}
    assert seen & {row["id"] for row in listed(name)["fact"]} == set()
