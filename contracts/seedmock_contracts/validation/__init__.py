"""Validate documents against the rules of a contract: the emulator's 4xx, the client's preflight and the audit use it.

Knows no role: it reports violations, and the caller decides what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from ..contract import Contract
from ..documents.paths import PathReader
from ..enums import Operation
from ..facts import Document, Violation
from ..rules.cross_field import MutuallyExclusive
from ..rules.fields import RequiredField, UnsupportedField
from ..rules.rule import Rule, ValueRule
from ..rules.urls import ReachableHost, ReachableReferences, WebUrl
from ..upstreams import get_contract
from .document_shapes import ShapeSet, Traits, shape_of, traits_of
from .unread import reads_whole


class Verdict(NamedTuple):
    """Violations of every rule that a document breaks, in the order in which the upstream checks them.

    `is_read_whole`: no rule is broken, and the upstream reads each of its fields, and uses each of its references.
    """

    violations: tuple[Violation, ...]
    is_read_whole: bool


def judge(
    upstream: str, operation: Operation, document: Document, variants: Mapping[str, str] | None = None
) -> Verdict:
    """Judge a document by all rules of an operation.

    `variants` maps the id of a variant to the option in force; others have their default.
    """
    inputs = _inputs(upstream, operation)
    if inputs is None:
        return Verdict((), False)
    names, defaults = inputs.variants, inputs.defaults
    options = tuple(map(variants.get, names, defaults)) if variants else defaults
    shape = shape_of(document, inputs.traits)
    if shape is not None and inputs.sound.includes(options, shape):
        return _SOUND
    broken = tuple(_violations(upstream, operation, document, dict(zip(names, options, strict=True))))
    is_read_whole = not broken and reads_whole(upstream, operation, document)
    # Sound ones alone: a violation quotes values, which documents of one shape do not share.
    if shape is not None and is_read_whole:
        inputs.sound.add(options, shape)
    return Verdict(broken, is_read_whole)


def violations(
    upstream: str, operation: Operation, document: Document, variants: Mapping[str, str] | None = None
) -> list[Violation]:
    """Violations of every rule that the document breaks, in the order in which the upstream checks them.

    `variants` is as for `judge`.
    """
    return list(judge(upstream, operation, document, variants).violations)


def _violations(
    upstream: str, operation: Operation, document: Document, selected: Mapping[str, str]
) -> list[Violation]:
    references = get_contract(upstream).request.layout.find(document)
    reader = PathReader(document)
    result = []
    for check_value, check_values, rule, field, needs, only in _plan(upstream, operation, bool(references)):
        if only is not None and selected[only[0]] != only[1]:
            continue
        if needs is _Needs.FIELD and field not in document:
            continue
        if check_value is not None:
            value = document.get(field)
            violation = check_value(field, value) if value is not None or needs is _Needs.NOTHING else None
        elif check_values is not None:
            violation = check_values(reader.values_at(rule.field))
        else:
            violation = rule.check(document, references)
        if violation is not None:
            result.append(violation)
    return result


_Texts = tuple[str, ...]
_SOUND = Verdict((), True)


class _Inputs(NamedTuple):
    """Variants and their defaults, on which a verdict depends, and the shapes of documents that keep every rule."""

    variants: _Texts
    defaults: _Texts
    traits: Traits
    sound: ShapeSet


@cache
def _inputs(upstream: str, operation: Operation) -> _Inputs | None:
    """Variants and shapes on which an operation's verdicts depend; None without any rules."""
    contract = get_contract(upstream)
    rules = contract.rules.get(operation)
    if rules is None:
        return None
    names = tuple(dict(only for rule in rules if (only := condition(rule)) is not None))
    return _Inputs(names, tuple(contract.defaults[name] for name in names), traits_of(rules), ShapeSet())


# Validation is on the path of every request: a plan made once skips the rules that cannot apply.
class _Needs(Enum):
    """Part of a document without which a rule cannot be broken; most documents leave most fields out."""

    NOTHING = 0
    FIELD = 1
    REFERENCES = 2


_CheckValue = Callable[[str, Any], Violation | None]
_CheckValues = Callable[[list[tuple[str, Any]]], Violation | None]


class _Step(NamedTuple):
    """A rule, with its shortcut for a top-level field or for a path, if it judges values one by one."""

    check_value: _CheckValue | None
    check_values: _CheckValues | None
    rule: Rule
    top_field: str
    needs: _Needs
    condition: tuple[str, str] | None


@cache
def _plan(upstream: str, operation: Operation, references: bool) -> tuple[_Step, ...]:
    """Steps for a document with references or without."""
    steps = (_step(rule) for rule in get_contract(upstream).rules.get(operation, ()))
    return tuple(step for step in steps if references or step.needs is not _Needs.REFERENCES)


def _step(rule: Rule) -> _Step:
    needs = _Needs.REFERENCES if rule.depends_on == "references" else _Needs.NOTHING
    needs = _Needs.FIELD if rule.needs_field else needs
    check_value, check_values = None, None
    if isinstance(rule, ValueRule) or (isinstance(rule, RequiredField) and not rule.unless):
        is_flat = rule.top_field == rule.field
        check_value, check_values = (rule.check_value, None) if is_flat else (None, rule.check_values)
    return _Step(check_value, check_values, rule, rule.top_field, needs, condition(rule))


def condition(rule: Rule) -> tuple[str, str] | None:
    """Variant and option under which a rule applies; None if it always does."""
    if isinstance(rule, MutuallyExclusive | UnsupportedField | WebUrl | ReachableHost | ReachableReferences):
        return (rule.variant, rule.option) if rule.variant else None
    return None


def rules_in_force(contract: Contract, operation: Operation, variants: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules of an operation that apply under these options of variants, or the defaults."""
    options = {**contract.defaults, **variants}
    conditions = [(rule, condition(rule)) for rule in contract.rules.get(operation, ())]
    return tuple(rule for rule, only in conditions if only is None or options[only[0]] == only[1])


def notices(upstream: str, document: Document) -> list[Violation]:
    """Violations of advice: the upstream accepts the order, but it is advised against, or cannot end well."""
    contract = get_contract(upstream)
    references = contract.request.layout.find(document)
    rules = [rule for field, rule in _advice_by_field(upstream) if references or field in document]
    return [violation for rule in rules if (violation := rule.check(document, references))]


@cache
def _advice_by_field(upstream: str) -> tuple[tuple[str, Rule], ...]:
    return tuple((rule.top_field, rule) for rule in get_contract(upstream).advice)
