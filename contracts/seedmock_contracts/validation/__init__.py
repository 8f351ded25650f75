"""Validate documents against the rules of a contract: the emulator's 4xx, the client's preflight and the audit use it.

Knows no role: it reports violations, and the caller decides what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache, lru_cache
from typing import Any, NamedTuple

from ..documents.paths import PathReader
from ..enums import Operation
from ..facts import Document, Violation
from ..rules.cross_field import MutuallyExclusive
from ..rules.fields import JsonType, RequiredField, UnsupportedField
from ..rules.rule import Rule, ValueRule
from ..rules.urls import ReachableHost, ReachableReferences, WebUrl
from ..upstreams import get_contract


def violations(
    upstream: str, operation: Operation, document: Document, variants: Mapping[str, str] | None = None
) -> list[Violation]:
    """Violations of every rule that the document breaks, in the order in which the upstream checks them.

    `variants` maps the id of a variant to the option in force; others have their default.
    """
    inputs = _inputs(upstream, operation)
    if inputs is None:
        return []
    names, defaults, free_texts = inputs
    options = tuple(map(variants.get, names, defaults)) if variants else defaults
    key = _cache_key(document, free_texts)
    if key is not None:
        return list(_cached_violations(upstream, operation, key, names, options))
    return _violations(upstream, operation, document, dict(zip(names, options, strict=True)))


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


_CacheKey = tuple[Any, ...]
_Texts = tuple[str, ...]
# Longer texts and documents are not cached: they rarely come twice, and the cache would hold on to them.
_MAX_CACHED_LENGTH = 80
_ANY_TEXT = "any text"


def _cache_key(document: Document, free_texts: frozenset[str]) -> _CacheKey | None:
    """Key under which the verdict on a flat document is cached; None for a nested or large document.

    It is name, value and type of each field, in one tuple: one for each would take longer to hash. Types are part of it
    because True equals 1 in a dictionary. Texts without a rule on their content, such as a prompt, share one value.
    """
    if len(document) > _MAX_CACHED_LENGTH:
        return None
    key: list[Any] = []
    for name, value in document.items():
        kind = type(value)
        if kind is str:
            if name in free_texts and value.strip():
                value = _ANY_TEXT
            elif len(value) > _MAX_CACHED_LENGTH:
                return None
        elif kind not in _SCALARS:
            return None
        key += name, value, kind
    return tuple(key)


_SCALARS = frozenset({int, float, bool, type(None)})


@lru_cache(maxsize=4096)
def _cached_violations(
    upstream: str, operation: Operation, key: _CacheKey, names: _Texts, options: _Texts
) -> tuple[Violation, ...]:
    document, selected = dict(zip(key[::3], key[1::3], strict=True)), dict(zip(names, options, strict=True))
    return tuple(_violations(upstream, operation, document, selected))


@cache
def _inputs(upstream: str, operation: Operation) -> tuple[_Texts, _Texts, frozenset[str]] | None:
    """Variants, their defaults, and fields of free text, on which a verdict depends; None without any rules."""
    contract = get_contract(upstream)
    rules = contract.rules.get(operation)
    if rules is None:
        return None
    conditions = [only for rule in rules if (only := condition(rule)) is not None]
    texts = {rule.field for rule in rules if isinstance(rule, JsonType) and rule.types == ("string",)}
    free_texts = texts - {rule.top_field for rule in rules if not isinstance(rule, JsonType | RequiredField)}
    names = tuple(dict(conditions))
    return names, tuple(contract.defaults[name] for name in names), frozenset(free_texts)


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


def notices(upstream: str, document: Document) -> list[Violation]:
    """Violations of advice: the upstream accepts the order, but it is advised against, or cannot end well."""
    contract = get_contract(upstream)
    references = contract.request.layout.find(document)
    rules = (rule for rule in contract.advice if references or rule.top_field in document)
    return [violation for rule in rules if (violation := rule.check(document, references))]
