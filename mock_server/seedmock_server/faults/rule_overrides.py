"""Rules and media limits that the fault `other_limit` enforces otherwise than the page. Pure: reads contracts only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import MISSING, MediaFormats, MediaLimit, Violation
from seedmock_contracts.rules.cross_field import MaxReferences, ModelResolutions, MutuallyExclusive
from seedmock_contracts.rules.fields import JsonType, MaxLength, NumberRange, OneOf, UrlScheme
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.rules.urls import NoPassword, ReachableHost, ReachableReferences, WebUrl
from seedmock_contracts.upstreams import contracts

Values = Mapping[str, Any]
BOUNDS: Mapping[type[Rule], Mapping[str, str]] = {
    NumberRange: {"low": "low", "high": "high"},
    MaxLength: {"high": "limit"},
    MaxReferences: {"high": "limit"},
}
"""Fields of a rule that the bounds replace, by type of rule."""
LISTS: Mapping[type[Rule], str] = {OneOf: "allowed", JsonType: "types", UrlScheme: "schemes", ModelResolutions: "model"}
"""Field of a rule that lists what it accepts, by type of rule."""
URL_RULES = (UrlScheme, WebUrl, ReachableHost, ReachableReferences, NoPassword)
FEASIBLE = (NumberRange, MaxLength, MaxReferences, MutuallyExclusive, *URL_RULES)
"""Rules that an order can violate and still be carried out as it stands."""


def override_problem(values: Values) -> str:
    """Return what is wrong with the parameters of an override, and what is allowed; empty if nothing is."""
    rule = next((rule for rules in _rules().values() for rule in rules if rule.fact.id == values["fact"]), None)
    limit = next((limit for contract in contracts() for limit in contract.limits if limit.id == values["fact"]), None)
    has_formats = any(values["fact"] == formats.id for contract in contracts() for formats in contract.formats)
    if rule is None and limit is None and not has_formats:
        return f"fact is {values['fact']!r}; allowed: the id of the fact of a rule"
    bounds = next((names for kind, names in BOUNDS.items() if isinstance(rule, kind)), {})
    if limit is not None:
        bounds = {name: name for name in ("low", "high") if getattr(limit, name) is not None}
    lists = ("allow", "deny") if has_formats or any(isinstance(rule, kind) for kind in LISTS) else ()
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


MediaFact = TypeVar("MediaFact", MediaLimit, MediaFormats)


def limits_with(
    contract: Contract, document: Mapping[str, Any], limits: Sequence[MediaLimit] | None, values: Values
) -> tuple[MediaLimit, ...] | None:
    """Return the media limits with one of them overridden; `limits` themselves if the document has no such media.

    None stands for the contract's limits.
    """

    def bounded(limit: MediaLimit) -> MediaLimit:
        bounds: dict[str, Any] = {name: float(value) for name, value in values.items() if name != "fact"}
        return replace(limit, **bounds)

    return _with_override(contract, document, contract.limits, limits, values, bounded)


def formats_with(
    contract: Contract, document: Mapping[str, Any], formats: Sequence[MediaFormats] | None, values: Values
) -> tuple[MediaFormats, ...] | None:
    """Return the accepted formats with those of one kind overridden; `formats` if the document has no such media.

    None stands for the contract's formats.
    """
    return _with_override(
        contract, document, contract.formats, formats, values,
        lambda accepted: replace(accepted, formats=_relisted(accepted.formats, values)),
    )  # fmt: skip


def _with_override(
    contract: Contract,
    document: Mapping[str, Any],
    documented: Sequence[MediaFact],
    own: Sequence[MediaFact] | None,
    values: Values,
    override: Callable[[MediaFact], MediaFact],
) -> tuple[MediaFact, ...] | None:
    """Return what is in force with one of it overridden, or without it if `values` has no more than its fact."""
    in_force = documented if own is None else own
    overridden = next((entry for entry in in_force if entry.id == values["fact"]), None)
    references = contract.request.layout.find(document)
    if overridden is None or all(located.reference.kind is not overridden.kind for located in references):
        return None if own is None else tuple(own)
    replacement = () if set(values) == {"fact"} else (override(overridden),)
    return tuple(result for entry in in_force for result in (replacement if entry is overridden else (entry,)))


def overridden_rule(rule: Rule, values: Values) -> Rule | None:
    """Return the rule with other bounds or values; None for one that is not enforced at all."""
    if set(values) == {"fact"}:
        return None
    for kind, names in BOUNDS.items():
        if isinstance(rule, kind):
            return replace(rule, **{names[name]: value for name, value in values.items() if name in names})
    if isinstance(rule, ModelResolutions):
        model = replace(rule.model, resolutions=_relisted(rule.model.resolutions, values))
        return replace(rule, model=model)
    name = next(name for kind, name in LISTS.items() if isinstance(rule, kind))
    changed: dict[str, Any] = {name: _relisted(getattr(rule, name), values)}
    return replace(rule, **changed)


def violations_with(
    contract: Contract,
    operation: Operation,
    document: Mapping[str, Any],
    violations: Sequence[Violation],
    values: Values,
) -> list[Violation]:
    """Return a document's violations with one rule overridden, in the order of the page."""
    rules = contract.rules.get(operation, ())
    order = {rule.fact.id: number for number, rule in enumerate(rules)}
    rule = next((rule for rule in rules if rule.fact.id == values["fact"]), None)
    if rule is None:
        return list(violations)
    overridden = [violation for violation in violations if violation.fact.id != values["fact"]]
    override = overridden_rule(rule, values)
    if override is not None and (not override.needs_field or override.top_field in document):
        violation = override.check(document, contract.request.layout.find(document))
        overridden += [violation] if violation else []
    return sorted(overridden, key=lambda violation: order.get(violation.fact.id, -1))


def repaired(
    contract: Contract, operation: Operation, document: Mapping[str, Any], ignored: Sequence[Violation]
) -> dict[str, Any]:
    """Return the document that is carried out: fields whose violation is ignored are as in the page's example."""
    changed = dict(document)
    rules = {rule.fact.id: rule for rule in contract.rules[operation]}
    for violation in ignored:
        rule = rules[violation.fact.id]
        if isinstance(rule, FEASIBLE) or rule.depends_on == "references" or "[]" in rule.field:
            continue  # the search for references passes over what is odd about them
        example = contract.example(operation, rule)
        changed = {**example, **changed}
        for name in {rule.top_field, violation.field.partition(".")[0].partition("[")[0]}:
            changed[name] = example.get(name, MISSING)
    return {name: value for name, value in changed.items() if value is not MISSING}


def _relisted(values: tuple[str, ...], change: Values) -> tuple[str, ...]:
    denied = change.get("deny", "").split(",")
    allowed = [value for value in change.get("allow", "").split(",") if value]
    return (*(value for value in values if value not in denied), *allowed)


@cache
def _rules() -> Mapping[tuple[str, Operation], tuple[Rule, ...]]:
    return {
        (contract.name, operation): rules for contract in contracts() for operation, rules in contract.rules.items()
    }
