"""Trials of mutants, each run once for all workers: several tests read their results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mutation_trials.mutants import Mutant, read_mutants
from mutation_trials.trial import TrialResult, try_mutant
from reference_pages.checks import verify_unchanged

from ...shared_results import make_once

MUTANTS = read_mutants()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each mutant of the table."""
    if "mutant" in metafunc.fixturenames:
        ids = [f"{mutant.upstream}-{mutant.name}".replace(" ", "-") for mutant in MUTANTS]
        metafunc.parametrize("mutant", MUTANTS, ids=ids)


@pytest.fixture(scope="session")
def mutants() -> tuple[Mutant, ...]:
    return MUTANTS


@pytest.fixture(scope="session")
def trial_of(clips: Path, run_folder: Path) -> Callable[[Mutant], TrialResult]:
    """Runs a mutant's trial, or gives its result again."""
    results: dict[tuple[str, str, str], TrialResult] = {}

    def run(mutant: Mutant) -> TrialResult:
        if mutant.key not in results:
            results[mutant.key] = make_once(run_folder, f"trial {mutant.key}", lambda: try_mutant(mutant, clips))
        return results[mutant.key]

    return run


@pytest.fixture(scope="session")
def unchanged(clips: Path, run_folder: Path) -> dict[str, TrialResult]:
    """Every step against each upstream without mutations, by the upstream's name."""
    return make_once(run_folder, "unchanged upstreams", lambda: verify_unchanged(clips))
