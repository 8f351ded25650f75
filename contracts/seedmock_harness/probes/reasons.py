"""Documented reasons for refusal, on which every free question about an order rests.

A question may cost money if its only reason for refusal is one that the upstream does not know. So each rests on a
documented reason that this target was seen to know a moment before. Assumed and observed reasons come only beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import BILLABLE, Basis, Operation
from seedmock_contracts.facts import Document
from seedmock_contracts.rules.fields import JsonType, NumberRange, OneOf
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.validation import condition

from ..checks.error_responses import UNRELATED_TO_REQUEST
from ..conversation.history import Interaction
from ..driver.client import Driver

MIN_REASONS = 2
RECENT_INTERACTIONS = 30
"""A reason that was confirmed longer ago is confirmed again: another instance of the upstream may answer by now."""


def is_reason(contract: Contract, operation: Operation, rule: Rule) -> bool:
    """True if breaking a rule is a documented reason for refusal.

    Not so for a JSON type: that a field is documented as text does not say that a number is refused.
    """
    is_selected = condition(rule) is not None or _selects_operation(contract, operation, rule)
    return rule.fact.basis is Basis.DOCUMENTED and not is_selected and not isinstance(rule, JsonType)


def _selects_operation(contract: Contract, operation: Operation, rule: Rule) -> bool:
    """True for the model of an upscale: without it, the request is for another operation."""
    return operation is Operation.UPSCALE and rule.field == contract.request.path("model")


def refused_document(contract: Contract, operation: Operation) -> Document:
    """A document that is refused for two documented reasons at least, if the operation has as many: almost empty."""
    rules = [rule for rule in contract.rules.get(operation, ()) if is_reason(contract, operation, rule)]
    document: dict[str, Any] = {}
    for rule in rules:
        if isinstance(rule, OneOf | NumberRange) and rule.field == rule.top_field:
            if sum(broken.check(document, ()) is not None for broken in rules) >= MIN_REASONS:
                break
            document[rule.field] = next(iter(rule.invalid_values(None)))
    return document


def is_confirmed(driver: Driver, operation: Operation, document: Document | None) -> bool:
    """Send a document that breaks a documented rule, unless it was refused a moment ago; True if it is refused.

    True without a request where no reason is needed, since the operation costs nothing.
    """
    if document is None or operation not in BILLABLE:
        return True
    if any(interaction.document == document for interaction in _recent_refusals(driver, operation)):
        return True
    texts = {name: value for name, value in document.items() if isinstance(value, str)}
    return _is_refusal(driver.call(operation, document, params=texts))


def _recent_refusals(driver: Driver, operation: Operation) -> Iterator[Interaction]:
    recent = driver.history.interactions[-RECENT_INTERACTIONS:]
    asked = (entry for entry in recent if entry.operation is operation and entry.caller == "first")
    return (entry for entry in asked if _is_refusal(entry))


def _is_refusal(interaction: Interaction) -> bool:
    """True for an error response that is about the request itself."""
    is_about_request = not interaction.error_kinds & UNRELATED_TO_REQUEST
    return interaction.is_error and 0 < interaction.status_code < 500 and is_about_request
