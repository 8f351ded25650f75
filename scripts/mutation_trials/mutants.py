"""The table of mutants: upstreams that break one fact of their contract, and how each is found."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("mutants.toml")


@dataclass(frozen=True, kw_only=True, eq=False)
class Mutant:
    """An upstream that breaks `fact`. `companions` are facts that may be reported besides.

    A companion that ends in a dot stands for all facts that begin with it. `steps` are those that find the mutant.
    """

    name: str
    family: str
    upstream: str
    mutations: tuple[Mapping[str, Any], ...]
    """Fault rules, as in a scenario."""
    fact: str
    steps: tuple[str, ...]
    companions: tuple[str, ...] = ()
    settles: bool = False
    """Finding the fact otherwise is information, and no drift: it is assumed, or nothing relies on it."""
    fate: str = ""
    """Fate of every order, if not success."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the emulator that differ from those of every trial."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.upstream, self.name, self.fact

    @property
    def is_free(self) -> bool:
        """True if no task is needed to find it."""
        return all(step.startswith("free.") for step in self.steps)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Fault kinds of the mutations."""
        return tuple(str(mutation["fault"]).split()[0] for mutation in self.mutations)

    def explains(self, fact: str) -> bool:
        """True if the mutation may make a check report this fact."""
        prefixes = tuple(companion for companion in self.companions if companion.endswith("."))
        return fact in (self.fact, *self.companions) or fact.startswith(prefixes)


def read_mutants() -> tuple[Mutant, ...]:
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["mutants"]
    return tuple(Mutant(**{name: _as_tuple(value) for name, value in row.items()}) for row in rows)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
