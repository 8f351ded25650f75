"""Each mutated upstream is found, by the right fact; an unchanged one gives no finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from mutation_trials.extra_steps import extra_steps
from mutation_trials.mutants import Mutant
from mutation_trials.trial import TrialResult, all_steps, run_steps
from seedmock_contracts.upstreams import NAMES, contracts, get_contract

SEEDS = range(1, 21)
ONE_UPSTREAM_FAMILIES = {
    "price changed",
    "asset statuses",
    "extra field, or fields reordered",
    "header missing",
}
"""Families that only one upstream can have a mutant of."""


@pytest.mark.slow
def test_a_mutant_is_found_by_its_fact_and_by_nothing_that_it_does_not_explain(
    mutant: Mutant, trial_of: Callable[[Mutant], TrialResult]
) -> None:
    result = trial_of(mutant)
    assert mutant.fact in result.contradicted
    assert [fact for fact in result.contradicted if not mutant.explains(fact)] == []
    assert bool(result.drifted) is not mutant.settles


@pytest.mark.slow
def test_the_steps_of_the_mutants_find_nothing_in_unchanged_upstreams(mutants: tuple[Mutant, ...], clips: Path) -> None:
    for contract in contracts():
        names = {step for mutant in mutants if mutant.upstream == contract.name for step in mutant.steps}
        steps = [step for step in (*all_steps(contract, deep=True), *extra_steps(contract)) if step.name in names]
        assert len(steps) == len(names)
        assert run_steps(contract, steps, clips).contradicted == {}


def test_there_are_mutants_of_every_family_of_both_upstreams(mutants: tuple[Mutant, ...]) -> None:
    assert len(mutants) >= 60
    assert len({mutant.key for mutant in mutants}) == len(mutants)
    families = Counter(family for _, family in {(mutant.upstream, mutant.family) for mutant in mutants})
    assert {family for family, upstreams in families.items() if upstreams < len(NAMES)} <= ONE_UPSTREAM_FAMILIES


@pytest.mark.slow
def test_a_mutant_that_needs_no_task_is_found_by_free_steps(
    mutants: tuple[Mutant, ...], trial_of: Callable[[Mutant], TrialResult]
) -> None:
    free = [mutant for mutant in mutants if mutant.is_free]
    assert len(free) >= 60
    assert [mutant.name for mutant in free if trial_of(mutant).unexpected_task] == []


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_an_unchanged_upstream_gives_no_finding(upstream: str, unchanged: dict[str, TrialResult]) -> None:
    result = unchanged[upstream]
    assert {fact: sorted(checks) for fact, checks in result.contradicted.items()} == {}
    assert result.unexpected_task == ""


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("upstream", NAMES)
def test_no_seed_gives_a_finding(upstream: str, seed: int, clips: Path) -> None:
    """Each seed takes a part of the free steps and the first orders; scripts/try_all_mutants.py takes all with each."""
    contract = get_contract(upstream)
    steps = [
        step
        for number, step in enumerate(all_steps(contract))
        if step.name in ("text", "asset") or (not step.price and number % len(SEEDS) == seed - 1)
    ]
    assert len(steps) > 2
    assert run_steps(contract, steps, clips, seed=seed).contradicted == {}
