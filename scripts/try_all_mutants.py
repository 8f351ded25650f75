"""Try every free mutant by all free steps, and every seed by all steps: what the tests do in parts.

Prints mutants that are missed, facts reported that no mutation explains, and findings in unchanged upstreams.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mutation_trials.mutants import read_mutants
from mutation_trials.trial import all_steps, run_steps, try_mutant
from seedmock_contracts.upstreams import contracts

SEEDS = range(1, 21)


def problems_of_mutants(clips: Path) -> Iterator[str]:
    for mutant in (mutant for mutant in read_mutants() if mutant.is_free):
        result = try_mutant(mutant, clips, with_all_free_steps=True)
        if mutant.fact not in result.contradicted:
            yield f"{mutant.upstream}: {mutant.name}: missed"
        for fact in result.contradicted:
            if not mutant.explains(fact):
                yield f"{mutant.upstream}: {mutant.name}: unexplained finding {fact}"
        if result.unexpected_task:
            yield f"{mutant.upstream}: {mutant.name}: created task {result.unexpected_task}"


def problems_of_seeds(clips: Path) -> Iterator[str]:
    for contract in contracts():
        for seed in SEEDS:
            for fact in run_steps(contract, all_steps(contract), clips, seed=seed).contradicted:
                yield f"{contract.name}: seed {seed}: false finding {fact}"


def main() -> int:
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for problems in (problems_of_mutants, problems_of_seeds):
            for problem in problems(Path(folder)):
                count += 1
                sys.stdout.write(f"{problem}\n")
    return 1 if count else 0


if __name__ == "__main__":
    raise SystemExit(main())
