"""The generated pages on checks are up to date, and have no gap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mutation_trials.mutants import Mutant
from mutation_trials.trial import TrialResult
from reference_pages import checks
from seedmock_contracts.upstreams import NAMES, get_contract

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def pages(
    mutants: tuple[Mutant, ...], unchanged: dict[str, TrialResult], trial_of: Callable[[Mutant], TrialResult]
) -> dict[str, str]:
    return checks.render_pages_from(unchanged, mutants, {mutant.key: trial_of(mutant) for mutant in mutants})


@pytest.mark.slow
@pytest.mark.parametrize("path", checks.PATHS)
def test_a_page_is_up_to_date(pages: dict[str, str], path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text.splitlines() == pages[path].splitlines(), "run python scripts/generate_docs.py checks"


@pytest.mark.slow
@pytest.mark.parametrize("path", checks.PATHS)
def test_a_page_has_no_gap(pages: dict[str, str], path: str) -> None:
    assert [line for line in pages[path].splitlines() if checks.GAP in line] == []


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_no_fact_is_both_checked_and_listed_as_not_checkable(upstream: str, unchanged: dict[str, TrialResult]) -> None:
    uncheckable = checks.uncheckable_facts(get_contract(upstream))
    assert sorted(set(unchanged[upstream].examined) & set(uncheckable)) == []
