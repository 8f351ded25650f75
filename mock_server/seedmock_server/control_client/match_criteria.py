"""Keyword arguments that say which calls a fate or fault rule matches."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypedDict

from .transport import RequestRejected

KEY_CRITERIA = frozenset({"key", "account"})


class CommonCriteria(TypedDict, total=False):
    """Criteria for calls. `prompt` and `reference` are regular expressions that are searched for.

    `nth`: only the nth call that matches, from 1; `times`: at most so many calls; `probability`: a share of the calls,
    drawn from the seed.
    """

    upstream: str
    operation: str
    key: str
    account: str
    model: str
    prompt: str
    reference: str
    resolution: str
    nth: int
    times: int
    probability: float


class MatchCriteria(CommonCriteria, total=False):
    """All criteria: `seconds`, the ordered length, is left out where a fault has a parameter of this name."""

    seconds: int


def match_table(
    criteria: Mapping[str, Any], key: str | None, method: str, parameters: Collection[str]
) -> dict[str, Any]:
    """Return the match of a rule, narrowed to `key` if there is one. Raises RequestRejected for an unknown name."""
    names = [name for name in MatchCriteria.__annotations__ if key is None or name not in KEY_CRITERIA]
    for name in criteria:
        if name not in names:
            available = ", ".join((*parameters, *names))
            raise RequestRejected(f"unknown argument {name!r} of {method}; available: {available}")
    table = {name: value for name, value in criteria.items() if value is not None}
    return table if key is None else {**table, "key": key}
