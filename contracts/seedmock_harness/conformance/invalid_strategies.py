"""Strategies for invalid request bodies: documents that break one rule, and hostile bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import with_value
from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import Document
from seedmock_contracts.rules.fields import (
    JsonType,
    MaxLength,
    NumberRange,
    OneOf,
    RequiredField,
    UrlScheme,
    WholeNumber,
)
from seedmock_contracts.rules.rule import Rule, ValueRule
from seedmock_contracts.validation import condition, violations

from .hostile_bodies import TITLES, HostileBody, hostile_body
from .strategies import OPEN_RANGE, ReferenceUrls, valid_documents

WRONG_TYPES: tuple[Any, ...] = (7, "seven", {"unexpected": True}, [7], True, 7.5, [], {}, -(2**63))
BLANKS = (None, "", " ", "\t\n", "\u3000")
WRONG_SCHEMES = (
    "ftp://example.com/x",
    "javascript:alert(1)",
    "//example.com/x",
    "example.com/x",
    "file:///etc/passwd",
    "",
)
# \u0664 is an Arabic 4, which int() and \d take.
NOT_WHOLE = (4.5, "4.5", "four", "4s", "0x4", "\u0664", "4.0000001", " ")


def violating_documents(
    contract: Contract,
    operation: Operation,
    rule: Rule,
    *,
    media: ReferenceUrls | None = None,
    variants: Mapping[str, str] | None = None,
) -> st.SearchStrategy[dict[str, Any]]:
    """Documents that break this rule of an operation and no other.

    A rule that applies only under an option of a variant is broken under that option.
    """
    only = condition(rule)
    options = {**(variants or {}), **(dict([only]) if only else {})}
    # Prepared here: in the function that draws, it would be prepared for each document.
    valid_ones = valid_documents(contract, operation, media=media, variants=options)
    return _violating_documents(contract, operation, rule, options, valid_ones, _invalid_values(rule))


@st.composite
def _violating_documents(
    draw: st.DrawFn,
    contract: Contract,
    operation: Operation,
    rule: Rule,
    options: Mapping[str, str],
    valid_ones: st.SearchStrategy[dict[str, Any]],
    invalid_values: Sequence[tuple[Any, ...]],
) -> dict[str, Any]:
    valid = draw(valid_ones)

    def breaks_only_this(document: Document) -> bool:
        broken = violations(contract.name, operation, document, options)
        return [violation.fact.id for violation in broken] == [rule.fact.id]

    typical = rule.violating_document(valid, contract.request.layout)
    if invalid_value := draw(st.sampled_from([*invalid_values, ()])):
        document = with_value(typical, rule.field, invalid_value[0])
        if breaks_only_this(document):
            return document
    if breaks_only_this(typical):
        return typical
    simplest = rule.violating_document(contract.example(operation, rule), contract.request.layout)
    for name, value in valid.items():
        if name not in simplest and breaks_only_this({**simplest, name: value}):
            simplest[name] = value
    return simplest


def _invalid_values(rule: Rule) -> list[tuple[Any, ...]]:
    """Values that break a rule, each in a tuple of its own, since None is one of them."""
    if isinstance(rule, RequiredField):
        return [(value,) for value in BLANKS]
    if not isinstance(rule, ValueRule):
        return []
    return [(value,) for value in _candidate_values(rule) if rule.check_value(rule.field, value) is not None]


def _candidate_values(rule: ValueRule) -> Sequence[Any]:
    if isinstance(rule, JsonType):
        return WRONG_TYPES
    if isinstance(rule, OneOf):
        first = rule.allowed[0]
        return (first.swapcase(), f" {first}", f"{first}\n", f"{first}0", "", "null")
    if isinstance(rule, NumberRange):
        high = rule.low - OPEN_RANGE if rule.high is None else rule.high + 1
        return (rule.low - 1, high, str(rule.low - 1), str(high), 2**63 - 1, -(2**63), float(high))
    if isinstance(rule, MaxLength):
        return ("n" * (rule.limit + 1), "名" * (rule.limit + 1), "👩" * 10 * rule.limit)
    return {WholeNumber: NOT_WHOLE, UrlScheme: WRONG_SCHEMES}.get(type(rule), ())


def hostile_body_strategy(contract: Contract, operation: Operation) -> st.SearchStrategy[HostileBody]:
    """Hostile bodies for an operation, and random bytes."""
    documents = valid_documents(contract, operation) if operation in contract.request.examples else st.just({})
    listed = st.builds(hostile_body, documents, st.sampled_from(TITLES))
    return listed | st.binary(max_size=60).map(lambda body: HostileBody("random bytes", body))
