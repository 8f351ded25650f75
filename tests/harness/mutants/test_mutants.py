"""Each mutated upstream is found, by the right fact; an unchanged one gives no finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SEEDS = range(1, 21)


def test_a_mutant_is_found_by_its_fact_and_by_nothing_that_it_does_not_explain(
    mutant: Any, held: Callable[[Any], Any]
) -> None:
    seen = held(mutant)
    assert mutant.fact in seen.broken
    assert [fact for fact in seen.broken if not mutant.explains(fact)] == []
    assert bool(seen.reds) is not mutant.settles


def test_a_mutant_without_its_lies_is_not_found(trial: Any, clips: Path) -> None:
    for contract in trial.contracts():
        steps = {step for mutant in trial.mutants() if mutant.upstream == contract.name for step in mutant.steps}
        chosen = [step for step in (*trial.whole(contract, deep=True), *trial.errands(contract)) if step.name in steps]
        assert len(chosen) == len(steps)
        assert trial.looked_at(contract, chosen, clips).broken == {}


def test_there_are_mutants_of_every_family_of_both_upstreams(trial: Any) -> None:
    rows = trial.mutants()
    assert len(rows) >= 60
    assert len({row.key for row in rows}) == len(rows)
    families = Counter(row.family for row in rows)
    both = {family for family in families if len({row.upstream for row in rows if row.family == family}) == 2}
    assert set(families) - both <= {
        "price changed",
        "life of an asset",
        "field more, or in another order",
        "header gone",
    }


def test_a_mutant_that_needs_no_task_is_found_by_free_steps(trial: Any, held: Callable[[Any], Any]) -> None:
    free = [row for row in trial.mutants() if row.free]
    assert len(free) >= 60
    assert [row.name for row in free if held(row).made] == []


@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_an_unchanged_upstream_gives_no_finding(upstream: str, honest: dict[str, Any]) -> None:
    seen = honest[upstream]
    assert {fact: sorted(checks) for fact, checks in seen.broken.items()} == {}
    assert seen.made == ""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_no_seed_gives_a_finding(upstream: str, seed: int, trial: Any, clips: Path) -> None:
    """Each seed takes a part of the free ladder and the first orders; `tables.py` takes every step with each."""
    said = trial.get_contract(upstream)
    chosen = [
        step
        for number, step in enumerate(trial.whole(said))
        if step.name in ("text", "asset") or (not step.price and number % len(SEEDS) == seed - 1)
    ]
    assert len(chosen) > 2
    assert trial.looked_at(said, chosen, clips, seed=seed).broken == {}
