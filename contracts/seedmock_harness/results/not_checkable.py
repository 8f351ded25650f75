"""Facts that a verification cannot look at, with the reasons: beside the contract of each upstream."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

NEVER = ("fact", "unprovoked")
"""Tables of facts that no verification can look at, whatever its options."""
NEEDS = {
    "deep": "--deep",
    "second_key": "--second-api-key",
    "clock": "a clock that can be advanced",
    "video": "a reference video",
}
"""Tables of facts that need an option of the verification, or an emulator as its target."""


@cache
def not_checkable(upstream: str) -> Mapping[str, Mapping[str, str]]:
    """Read the tables of an upstream: the reason for each fact, by its id. Empty for an upstream without the file."""
    path = files("seedmock_contracts.upstreams").joinpath(upstream, "not-checkable.toml")
    if not path.is_file():
        return {}
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: {row["id"]: row["reason"] for row in rows} for name, rows in tables.items()}


def unreachable_facts(upstream: str) -> dict[str, str]:
    """Facts that no verification can look at, with the reasons."""
    tables = not_checkable(upstream)
    return {id_: reason for name in NEVER for id_, reason in tables.get(name, {}).items()}


def facts_that_need(upstream: str, need: str) -> dict[str, str]:
    """Facts that need one of NEEDS, with what they need as the reason."""
    return {id_: f"needs {NEEDS[need]}: {reason}" for id_, reason in not_checkable(upstream).get(need, {}).items()}
