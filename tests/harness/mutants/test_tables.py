"""The tables under contracts/ are those that looking and lying make, and they have no gap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.upstreams import NAMES, get_contract

PAGES = Path(__file__).parents[3] / "contracts"


@pytest.fixture(scope="module")
def made(trial: Any, tables: Any, honest: dict[str, Any], held: Callable[[Any], Any]) -> dict[str, str]:
    return dict(tables.written(honest, trial.mutants(), held))


@pytest.mark.parametrize("name", ["facts-and-checks.md", "checks-and-lies.md", "mutants.md"])
def test_a_table_is_up_to_date(made: dict[str, str], name: str) -> None:
    kept = (PAGES / name).read_text(encoding="utf-8")
    assert kept.splitlines() == made[name].splitlines(), "run python tests/harness/mutants/tables.py"


@pytest.mark.parametrize("name", ["facts-and-checks.md", "checks-and-lies.md", "mutants.md"])
def test_a_table_is_complete(made: dict[str, str], name: str) -> None:
    gaps = [line for line in made[name].splitlines() if "**nobody**" in line or "**none**" in line]
    assert gaps == []


@pytest.mark.parametrize("upstream", NAMES)
def test_no_fact_is_both_looked_at_and_listed_as_not_checkable(
    upstream: str, tables: Any, honest: dict[str, Any]
) -> None:
    looked, listed = honest[upstream].looked, tables.not_checkable(get_contract(upstream))
    assert sorted(set(looked) & set(listed)) == []
