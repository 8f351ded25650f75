"""Trials of mutants, each held once a session: what they saw is asked for by several tests."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent


def loaded(name: str) -> ModuleType:
    """A module that stands beside this one."""
    known = f"mutants_{name}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, HERE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[known] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[known]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each mutant of the table."""
    if "mutant" in metafunc.fixturenames:
        rows = loaded("trial").mutants()
        metafunc.parametrize("mutant", rows, ids=[f"{row.upstream}-{row.name}".replace(" ", "-") for row in rows])


@pytest.fixture(scope="session")
def trial() -> ModuleType:
    return loaded("trial")


@pytest.fixture(scope="session")
def tables() -> ModuleType:
    return loaded("tables")


@pytest.fixture(scope="session")
def held(trial: ModuleType, clips: Path) -> Callable[[Any], Any]:
    """What the trial of a mutant saw."""
    seen: dict[Any, Any] = {}

    def of(mutant: Any) -> Any:
        if mutant.key not in seen:
            seen[mutant.key] = trial.tried(mutant, clips)
        return seen[mutant.key]

    return of


@pytest.fixture(scope="session")
def honest(trial: ModuleType, clips: Path) -> dict[str, Any]:
    """What every step of both ladders saw of each upstream as it is."""
    return {
        contract.name: trial.looked_at(contract, trial.whole(contract, deep=True), clips)
        for contract in trial.contracts()
    }
