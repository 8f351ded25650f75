"""What rules of fates and of faults have in common: a match that may name a key, and how one is taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..matching.rules import InvalidRule, RuleSet
from .context import ControlContext
from .errors import ControlError
from .models import RemovalResponse


def match_with_account(world: ControlContext, match: Mapping[str, Any]) -> dict[str, Any]:
    """A match whose `key` has become the account. Raises InvalidRule, and Trouble for a key that cannot be."""
    told = dict(match)
    key = told.pop("key", None)
    if key is None:
        return told
    if not isinstance(key, str) or told.get("account") is not None:
        raise InvalidRule("match has a key that is no text, or an account beside it; allowed: one of key, account")
    return {**told, "account": world.account(key)}


def without(book: RuleSet[Any], sort: str, label: str) -> RemovalResponse:
    """Take a rule of this sort away by its label. Raises Trouble 404."""
    if not book.remove(label):
        there = [counter.label for counter, _ in book.rules]
        said = f"no rule of {sort} is called {label[:100]!r}; there are: {', '.join(there) or 'none'}"
        raise ControlError(said, status=404, allowed=there)
    return RemovalResponse(removed=1)
