"""Rules that are held otherwise than the page says: what a lie about a limit makes of a rule, a verdict and a call.

Pure: reads the contracts, and knows neither faults nor wire.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import MISSING, MediaLimit, Violation
from seedmock_contracts.rules.cross_field import MaxReferences, ModelResolutions, MutuallyExclusive
from seedmock_contracts.rules.fields import JsonType, MaxLength, NumberRange, OneOf, UrlScheme
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import contracts

Values = Mapping[str, Any]
BOUNDS: Mapping[type[Rule], Mapping[str, str]] = {
    NumberRange: {"low": "low", "high": "high"},
    MaxLength: {"high": "limit"},
    MaxReferences: {"high": "limit"},
}
"""By kind of rule, which of its fields each bound is."""
LISTS: Mapping[type[Rule], str] = {OneOf: "allowed", JsonType: "types", UrlScheme: "schemes", ModelResolutions: "model"}
"""By kind of rule, the list of what it takes."""
HARMLESS = (NumberRange, MaxLength, MaxReferences, UrlScheme, MutuallyExclusive)
"""The rules that can be broken by an order that can still be carried out as it stands."""


def trouble_of(values: Values) -> str:
    """What is wrong with the parameters of a lie about a rule, and what is allowed; empty if nothing is."""
    rule = next((rule for rules in _rules().values() for rule in rules if rule.fact.id == values["fact"]), None)
    limit = next((limit for contract in contracts() for limit in contract.limits if limit.id == values["fact"]), None)
    if rule is None and limit is None:
        return f"fact is {values['fact']!r}; allowed: the id of the fact of a rule"
    bounds = next((names for kind, names in BOUNDS.items() if isinstance(rule, kind)), {})
    if limit is not None:
        bounds = {name: name for name in ("low", "high") if getattr(limit, name) is not None}
    lists = ("allow", "deny") if any(isinstance(rule, kind) for kind in LISTS) else ()
    allowed = ("fact", *bounds, *lists)
    for name in values:
        if name not in allowed:
            return f"{values['fact']} has no {name}; allowed: {', '.join(allowed)}"
        if limit is None and name in bounds and isinstance(values[name], str):
            return f"{name} is {values[name]}; allowed: a whole number"
    low, high = values.get("low"), values.get("high")
    if low is not None and high is not None and float(low) > float(high):
        return f"low is {low} and high {high}; allowed: high no less than low"
    return ""


def measured(
    contract: Contract, document: Mapping[str, Any], held: Sequence[MediaLimit] | None, values: Values
) -> tuple[MediaLimit, ...] | None:
    """The limits on media where one of them is held otherwise; `held` for a document that it makes no difference to."""
    limits = contract.limits if held is None else held
    limit = next((limit for limit in limits if limit.id == values["fact"]), None)
    if limit is None or all(found.reference.kind is not limit.kind for found in contract.request.layout.find(document)):
        return None if held is None else tuple(held)
    moved: dict[str, Any] = {name: float(value) for name, value in values.items() if name != "fact"}
    other = (replace(limit, **moved),) if moved else ()
    return tuple(one for each in limits for one in (other if each is limit else (each,)))


def altered(rule: Rule, values: Values) -> Rule | None:
    """The rule as it is held; None for one that is not held at all."""
    if set(values) == {"fact"}:
        return None
    for kind, names in BOUNDS.items():
        if isinstance(rule, kind):
            return replace(rule, **{names[name]: value for name, value in values.items() if name in names})
    if isinstance(rule, ModelResolutions):
        model = replace(rule.model, resolutions=_listed(rule.model.resolutions, values))
        return replace(rule, model=model)
    name = next(name for kind, name in LISTS.items() if isinstance(rule, kind))
    changed: dict[str, Any] = {name: _listed(getattr(rule, name), values)}
    return replace(rule, **changed)


def judged(
    contract: Contract, operation: Operation, document: Mapping[str, Any], broken: Sequence[Violation], values: Values
) -> list[Violation]:
    """The rules that a document breaks where one of them is held otherwise, in the order of the page."""
    rules = contract.rules.get(operation, ())
    order = {rule.fact.id: number for number, rule in enumerate(rules)}
    rule = next((rule for rule in rules if rule.fact.id == values["fact"]), None)
    if rule is None:
        return list(broken)
    found = [violation for violation in broken if violation.fact.id != values["fact"]]
    held = altered(rule, values)
    there = held is not None and (not held.needs_field or held.top_field in document)
    violation = held.check(document, contract.request.layout.find(document)) if held is not None and there else None
    return sorted([*found, *([violation] if violation else [])], key=lambda one: order.get(one.fact.id, -1))


def mended(
    contract: Contract, operation: Operation, document: Mapping[str, Any], forgiven: Sequence[Violation]
) -> dict[str, Any]:
    """The document as it is carried out: what was let in and cannot be carried out is as in the page's example."""
    changed = dict(document)
    rules = {rule.fact.id: rule for rule in contract.rules[operation]}
    for violation in forgiven:
        rule = rules[violation.fact.id]
        if isinstance(rule, HARMLESS) or rule.depends_on == "references" or "[]" in rule.field:
            continue  # what is odd about references is passed over by who looks for them
        example = contract.example(operation, rule)
        changed = {**example, **changed}
        for name in {rule.top_field, violation.field.partition(".")[0].partition("[")[0]}:
            changed[name] = example.get(name, MISSING)
    return {name: value for name, value in changed.items() if value is not MISSING}


def _listed(values: tuple[str, ...], change: Values) -> tuple[str, ...]:
    gone = change.get("deny", "").split(",")
    more = [value for value in change.get("allow", "").split(",") if value]
    return (*(value for value in values if value not in gone), *more)


@cache
def _rules() -> Mapping[tuple[str, Operation], tuple[Rule, ...]]:
    return {
        (contract.name, operation): rules for contract in contracts() for operation, rules in contract.rules.items()
    }
