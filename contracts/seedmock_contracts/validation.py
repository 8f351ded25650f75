"""Whether a document keeps the rules of an operation: the same for a server that refuses and a client that asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from .documents.values import format_value
from .enums import ErrorKind, MediaKind, Operation
from .facts import Document, MediaFacts, MediaLimit, Violation
from .rules.cross_field import MutuallyExclusive
from .rules.fields import JsonType, RequiredField, UnsupportedField
from .rules.rule import Rule, ValueRule
from .upstreams import get_contract

_UNITS = {"size_bytes": " bytes", "seconds": " s", "total_seconds": " s", "side": " pixels", "ratio": ""}


def violations(
    upstream: str, operation: Operation, document: Document, variants: Mapping[str, str] | None = None
) -> list[Violation]:
    """Every rule that the document breaks, in the order in which the upstream looks.

    `variants` maps a variant's id to the option in force; those left out are at their defaults.
    """
    heeded = _heeded(upstream, operation)
    if heeded is None:
        return []
    defaults, free = heeded
    chosen = variants or {}
    options = tuple([(name, chosen.get(name, default)) for name, default in defaults])
    form = _form(document, free)
    if form is not None:
        return list(_remembered(upstream, operation, form, options))
    return _violations(upstream, operation, document, options)


def _violations(upstream: str, operation: Operation, document: Document, options: _Options) -> list[Violation]:
    chosen = dict(options)
    found = get_contract(upstream).layout.find(document)
    broken = []
    for ask, rule, field, needs, only in _plan(upstream, operation, bool(found)):
        if only is not None and chosen[only[0]] != only[1]:
            continue
        if ask is not None:
            value = document.get(field)
            violation = ask(field, value) if value is not None or needs is _Needs.NOTHING else None
        elif needs is _Needs.FIELD and field not in document:
            continue
        else:
            violation = rule.check(document, found)
        if violation is not None:
            broken.append(violation)
    return broken


_Form = tuple[tuple[str, Any, type], ...]
_Options = tuple[tuple[str, str], ...]
SHORT, ANY_TEXT = 80, "any text"


def _form(document: Document, free: frozenset[str]) -> _Form | None:
    """What the verdict on a flat document rests on, so that it need be found but once; None for one that is not flat.

    Types stand beside values because True is 1 to a dictionary. Texts that are free, such as a prompt, count as one.
    """
    form = []
    for name, value in document.items():
        kind = type(value)
        if kind is str:
            if name in free and value.strip():
                value = ANY_TEXT
            elif len(value) > SHORT:
                return None
        elif kind not in _SCALARS:
            return None
        form.append((name, value, kind))
    return tuple(form) if len(form) <= SHORT else None


_SCALARS = frozenset({int, float, bool, type(None)})


@lru_cache(maxsize=4096)
def _remembered(upstream: str, operation: Operation, form: _Form, options: _Options) -> tuple[Violation, ...]:
    return tuple(_violations(upstream, operation, {name: value for name, value, _ in form}, options))


@cache
def _heeded(upstream: str, operation: Operation) -> tuple[_Options, frozenset[str]] | None:
    """What a verdict rests on beside the document, None for an operation that has no rules: the variants that matter,
    with their defaults; and the fields of which nothing is asked but that they are there, and are texts.
    """
    contract = get_contract(upstream)
    rules = contract.rules.get(operation)
    if rules is None:
        return None
    conditions = [only for rule in rules if (only := condition(rule)) is not None]
    texts = {rule.field for rule in rules if isinstance(rule, JsonType) and rule.types == ("string",)}
    free = texts - {rule.top_field for rule in rules if not isinstance(rule, JsonType | RequiredField)}
    return tuple((name, contract.defaults[name]) for name in dict(conditions)), frozenset(free)


class _Needs(Enum):
    """What must be there for a rule to be worth asking: most documents leave most fields out."""

    NOTHING = 0
    FIELD = 1
    REFERENCES = 2


_Ask = Callable[[str, Any], Violation | None]
_Step = tuple[_Ask | None, Rule, str, _Needs, tuple[str, str] | None]


@cache
def _plan(upstream: str, operation: Operation, references: bool) -> tuple[_Step, ...]:
    """The rules to ask of a document that has references, or has none: (short way, rule, field, needs, condition)."""
    steps = (_step(rule) for rule in get_contract(upstream).rules.get(operation, ()))
    return tuple(step for step in steps if references or step[3] is not _Needs.REFERENCES)


def _step(rule: Rule) -> _Step:
    presence = isinstance(rule, RequiredField) and not rule.unless
    short = rule.top_field == rule.field and (presence or isinstance(rule, ValueRule))
    ask = rule.check_value if short and isinstance(rule, RequiredField | ValueRule) else None
    needs = _Needs.REFERENCES if rule.depends_on == "references" else _Needs.NOTHING
    return ask, rule, rule.top_field, _Needs.FIELD if rule.needs_field else needs, condition(rule)


def condition(rule: Rule) -> tuple[str, str] | None:
    """The variant and the option under which a rule holds; None for one that always does."""
    if isinstance(rule, MutuallyExclusive | UnsupportedField) and rule.variant:
        return rule.variant, rule.option
    return None


def notices(upstream: str, document: Document) -> list[Violation]:
    """What the upstream accepts, though its page advises against it."""
    contract = get_contract(upstream)
    return [
        violation for rule in contract.advice if rule.top_field in document and (violation := rule.check(document, ()))
    ]


def unknown_fields(upstream: str, operation: Operation, document: Document) -> list[str]:
    """Top-level fields that the upstream's page does not name for this operation."""
    known = _known_fields(upstream, operation)
    return [] if document.keys() <= known else [name for name in document if name not in known]


@cache
def _known_fields(upstream: str, operation: Operation) -> frozenset[str]:
    fields = get_contract(upstream).fields
    return frozenset(
        field.path.partition(".")[0].removesuffix("[]") for field in fields if field.operation is operation
    )


def media_violations(
    upstream: str, measured: Sequence[tuple[str, MediaFacts]], limits: Sequence[MediaLimit] | None = None
) -> list[Violation]:
    """Every limit that references break, given the (path, facts) of those that were measured.

    `limits` are other ones than the upstream's.
    """
    found: list[Violation] = []
    limits = get_contract(upstream).limits if limits is None else limits
    for limit in limits if measured else ():
        fitting = [(path, facts) for path, facts in measured if facts.kind is limit.kind]
        for path, value in _quantities(limit, fitting):
            if not _within(limit, value):
                allowed = _allowed(limit)
                said = f"{path}: {limit.quantity} is {_figure(value)}; allowed: {allowed}"
                found.append(Violation(limit, ErrorKind.INVALID_PARAMETER, path, value, allowed, said))
    return found


def kind_violation(path: str, expected: MediaKind, facts: MediaFacts, limit: MediaLimit) -> Violation | None:
    """A reference that is of another kind than its field says, reported with the first limit of the kind expected."""
    if facts.kind is expected:
        return None
    said = f"{path} is {format_value(facts.format)}, of kind {facts.kind}; allowed: {expected}"
    return Violation(limit, ErrorKind.INVALID_PARAMETER, path, facts.kind.value, expected.value, said)


def _quantities(limit: MediaLimit, fitting: Sequence[tuple[str, MediaFacts]]) -> list[tuple[str, float]]:
    if limit.quantity == "total_seconds":
        total = sum(facts.seconds or 0.0 for _, facts in fitting)
        return [(fitting[-1][0], total)] if fitting else []
    return [(path, value) for path, facts in fitting for value in _measures(limit.quantity, facts)]


def _measures(quantity: str, facts: MediaFacts) -> list[float]:
    if quantity == "size_bytes":
        return [facts.size_bytes]
    if quantity == "seconds":
        return [] if facts.seconds is None else [facts.seconds]
    if not facts.width or not facts.height:
        return []
    return [facts.width, facts.height] if quantity == "side" else [facts.width / facts.height]


def _within(limit: MediaLimit, value: float) -> bool:
    # Containers round a clip's length to their own ticks: 15.04 s of a 15 s clip is no breach.
    slack = 0.1 if limit.quantity.endswith("seconds") else 0.0
    if limit.strict:
        return (limit.low is None or value > limit.low) and (limit.high is None or value < limit.high)
    return (limit.low is None or value >= limit.low - slack) and (limit.high is None or value <= limit.high + slack)


def _allowed(limit: MediaLimit) -> str:
    unit, edge = _UNITS[limit.quantity], " (bounds excluded)" if limit.strict else ""
    if limit.low is None:
        return f"{'less than' if limit.strict else 'at most'} {_figure(limit.high)}{unit}"
    return f"{_figure(limit.low)} to {_figure(limit.high)}{unit}{edge}"


def _figure(value: float | None) -> str:
    """A figure as people write it: 15728640 and 15.2, not 1.57286e+07."""
    return "any" if value is None else str(int(value)) if value == int(value) else f"{value:.4g}"
