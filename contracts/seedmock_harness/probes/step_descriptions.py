"""Descriptions of steps about rules and limits: one line of a terminal each, in the words of the contract."""

from __future__ import annotations

from textwrap import shorten

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import MediaFormats, MediaLimit
from seedmock_contracts.rules.rule import Rule

MAX_CHARS = 90
"""Characters of the allowed values in a step's description, which is one line of a terminal."""


def describe_rule(contract: Contract, operation: Operation, rule: Rule) -> str:
    """Return field and allowed values of a rule, in the words of its own violation."""
    layout = contract.request.layout
    document = rule.violating_document(contract.example(operation, rule), layout)
    violation = rule.check(document, layout.find(document))
    allowed = violation.allowed if violation is not None else ""
    subject = f"{operation.replace('_', ' ')}: {rule.field}"
    return f"{subject}: {shorten(allowed, MAX_CHARS)}" if allowed else subject


def describe_limit(limit: MediaLimit | MediaFormats) -> str:
    """Return the quantity and the bounds, or the formats."""
    if isinstance(limit, MediaFormats):
        return f"{limit.quantity.replace('_', ' ')}s {', '.join(limit.formats)}"
    comparisons = (("at least", limit.low), ("at most", limit.high))
    bounds = [f"{comparison} {bound:,.10g}" for comparison, bound in comparisons if bound]
    return f"{limit.quantity} {' and '.join(bounds)}"
