"""Shared parts of the endpoints for fate rules and for fault rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..matching.rules import InvalidRule, RuleSet
from .context import ControlContext
from .errors import ControlError
from .models import RemovalResponse


def resolve_key(context: ControlContext, match: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the API key in a match by its account. Raises InvalidRule, and ControlError for an invalid key."""
    resolved = dict(match)
    key = resolved.pop("key", None)
    if key is None:
        return resolved
    if not isinstance(key, str) or resolved.get("account") is not None:
        raise InvalidRule("match has a key that is not a string, or an account beside it; allowed: one of key, account")
    return {**resolved, "account": context.account(key)}


def remove_rule(rules: RuleSet[Any], kind: str, rule_id: str) -> RemovalResponse:
    """Remove a rule by its id. Raises ControlError 404."""
    if not rules.remove(rule_id):
        ids = [counter.label for counter, _ in rules.rules]
        message = f"unknown {kind} rule {rule_id[:100]!r}; available: {', '.join(ids) or 'none'}"
        raise ControlError(message, status=404, allowed=ids)
    return RemovalResponse(removed=1)
