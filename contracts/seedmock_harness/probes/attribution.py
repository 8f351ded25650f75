"""Attribute a rejection to one of two violations by comparing responses, without knowing an upstream's messages.

A boundary probe has a second violation that is always rejected. If the response at a boundary differs from the one
where the rule is kept, the rejection is attributed to the rule.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.values import format_value
from seedmock_contracts.enums import BILLABLE, Operation
from seedmock_contracts.facts import Document
from seedmock_contracts.rules.boundaries import BoundaryCase
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.validation import condition

from ..checks.error_responses import UNRELATED_TO_REQUEST
from ..conversation.history import Interaction
from ..driver.client import Driver
from .base_documents import UNKNOWN_ID
from .boundary_probes import BoundaryProbe

MAX_CONFORMING_CASES = 3
"""Conforming cases that are sent to learn the response to the second violation alone."""
MAX_SHOWN_CHARS = 400
RECENT_INTERACTIONS = 30
"""A reason that was confirmed longer ago is confirmed again: another instance of the upstream may answer by now."""
_ID = re.compile(r"\b(?=\w*\d)[\w-]{16,}")
_NUMBER = re.compile(r"(?<![A-Za-z_])\d+(\.\d+)?")

Signature: TypeAlias = tuple[Any, ...]
"""A response without what changes from one to the next."""


def signature(interaction: Interaction) -> Signature:
    """Status and texts of an error response, without ids and numbers; all successes are the same."""
    if not interaction.is_error:
        return ("accepted",)
    body = interaction.body if interaction.body is not None else interaction.text[:MAX_SHOWN_CHARS]
    return (interaction.status_code, *_texts(body))


def _texts(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        # No client may rely on the order of keys.
        for name in sorted(value):
            yield from _texts(value[name], f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, f"{path}[]")
    elif not (isinstance(value, int | float) and abs(value) > 1e9):  # a timestamp
        yield f"{path}={_NUMBER.sub('#', _ID.sub('#', str(value)))}"


def normalized(signature: Signature, *values: Any) -> Signature:
    """A signature without the values that were sent, which messages may repeat."""
    sent = [value for value in values if value is not None and not isinstance(value, bool)]
    texts = sorted({text for value in sent for text in (str(value), format_value(value))}, key=len, reverse=True)
    if not texts:
        return signature
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(text) for text in texts if text)})(?!\w)")
    return tuple(pattern.sub("#", part) if isinstance(part, str) else part for part in signature)


def is_uninformative(interaction: Interaction, rule: Rule | None = None) -> bool:
    """True for a response that says nothing about the request, such as a rate limit."""
    kind = rule.kind if rule is not None else None
    if interaction.status_code == 0:
        return True
    return kind not in interaction.error_kinds and bool(interaction.error_kinds & UNRELATED_TO_REQUEST)


class Calibration(Struct, frozen=True):
    """Responses to a probe whose rule is grossly violated, and kept."""

    probe: BoundaryProbe
    violating: Signature
    conforming: Signature
    interactions: tuple[tuple[BoundaryCase, Interaction], ...]

    def find(self, case: BoundaryCase) -> Interaction | None:
        """The interaction of a boundary case that was sent for the calibration."""
        return next((interaction for sent, interaction in self.interactions if sent is case), None)

    def is_attributed(self, interaction: Interaction) -> bool:
        """True if the response is attributed to the rule of the probe."""
        return signature(interaction) != self.conforming


def send_document(driver: Driver, operation: Operation, document: Document) -> Interaction:
    """Send a document, and its texts as parameters of the path; an id that it lacks is one that does not exist."""
    endpoint = driver.contract.endpoint(operation)
    unknown = dict.fromkeys(endpoint.parameters if endpoint is not None else (), UNKNOWN_ID)
    texts = {name: value for name, value in document.items() if isinstance(value, str)}
    return driver.call(operation, document, params={**unknown, **texts})


def is_confirmed(driver: Driver, operation: Operation, document: Document | None) -> bool:
    """Send a document that breaks a documented rule, unless it was refused a moment ago; True if it is refused.

    True without a request where no reason is needed, since the operation costs nothing.
    """
    if document is None or operation not in BILLABLE:
        return True
    if any(interaction.document == document for interaction in _recent_refusals(driver, operation)):
        return True
    return _is_refusal(send_document(driver, operation, document))


def _recent_refusals(driver: Driver, operation: Operation) -> Iterator[Interaction]:
    recent = driver.history.interactions[-RECENT_INTERACTIONS:]
    of_operation = (entry for entry in recent if entry.operation is operation and entry.caller == "first")
    return (entry for entry in of_operation if _is_refusal(entry))


def _is_refusal(interaction: Interaction) -> bool:
    """True for an error response that is about the request itself."""
    is_about_request = not interaction.error_kinds & UNRELATED_TO_REQUEST
    return interaction.is_error and 0 < interaction.status_code < 500 and is_about_request


def calibrate(driver: Driver, probe: BoundaryProbe) -> Calibration | None:
    """Send the gross violation and conforming cases of a probe; None if their responses do not differ.

    None as well if the reason that the probe rests on is not confirmed.
    """
    if not is_confirmed(driver, probe.operation, probe.reason):
        return None
    first = probe.violating[0]
    interaction = send_document(driver, probe.operation, first.document)
    if is_uninformative(interaction, probe.rule):
        return None
    violating = signature(interaction)
    values = [case.value for case in (*probe.conforming, *probe.violating)]
    conforming: Counter[Signature] = Counter()
    interactions = [(first, interaction)]
    for case in _certain_cases(driver.contract, probe):
        interaction = send_document(driver, probe.operation, case.document)
        interactions.append((case, interaction))
        other = signature(interaction)
        differs = other != violating and normalized(other, *values) != normalized(violating, *values)
        if differs and not is_uninformative(interaction):
            # Seen twice, it is that of the second violation: a rule is blamed only where that stays the same.
            conforming[other] += 1
            if conforming[other] > 1:
                break
    if not conforming:
        return None
    driver.attributed.add(probe.rule.fact.id)
    return Calibration(probe, violating, conforming.most_common(1)[0][0], tuple(interactions))


def _certain_cases(contract: Contract, probe: BoundaryProbe) -> tuple[BoundaryCase, ...]:
    """Conforming cases that break no rule under any option of a variant, or all if there is none."""
    certain = tuple(case for case in probe.conforming if disputed_option(contract, probe.operation, case) is None)
    return (certain or probe.conforming)[:MAX_CONFORMING_CASES]


def disputed_option(contract: Contract, operation: Operation, case: BoundaryCase) -> tuple[str, str] | None:
    """Variant and option, other than the default, under which a case would break a rule."""
    located = contract.request.layout.find(case.document)
    for rule in contract.rules[operation]:
        only = condition(rule)
        if only is None or contract.defaults[only[0]] == only[1]:
            continue
        if rule.check(case.document, located) is not None:
            return only
    return None
