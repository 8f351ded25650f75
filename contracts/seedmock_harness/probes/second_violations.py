"""Second violations: changes that make a request invalid, so that an order is rejected even if a rule has changed.

A question may cost money if its only reason for refusal is one that the upstream does not know. So each free one rests
on a documented reason. Assumed and observed reasons come only beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import values_at
from seedmock_contracts.enums import BILLABLE, ORDERS, Basis, MediaKind, Operation
from seedmock_contracts.facts import MISSING, Document
from seedmock_contracts.generation import Reference, first_frame, last_frame
from seedmock_contracts.rules.boundaries import sample_reference
from seedmock_contracts.rules.fields import JsonType, NumberRange, OneOf
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import get_contract
from seedmock_contracts.validation import condition, violations

from ..driver.sample_media import image_uri, sound_uri
from .base_documents import base_documents

SHORT_SOUND, SMALL_IMAGE = sound_uri(0.1), image_uri(1, 1)
# Of the documented form, so that it is looked up; in 2020 there were no such assets.
UNKNOWN_CLIP = "asset://asset-20200101000000-zzzzz"
INVALID_MEDIA = {SHORT_SOUND: (MediaKind.AUDIO, "seconds"), SMALL_IMAGE: (MediaKind.IMAGE, "side")}
"""Media below a limit, with the kind and the quantity of that limit."""
ADDED_MEDIA = {
    "an additional short sound": (sample_reference(MediaKind.IMAGE), Reference(MediaKind.AUDIO, SHORT_SOUND)),
    "an additional small image": (Reference(MediaKind.IMAGE, SMALL_IMAGE),),
    "an additional small first frame": (first_frame(SMALL_IMAGE),),
    "an additional small last frame": (last_frame(SMALL_IMAGE),),
}


# If one rule has changed, the other reason still keeps the order from being accepted.
MIN_REASONS = 2


class SecondViolation(Struct, frozen=True):
    """A change of a base document, as the changed documents; or a replacement of the sample URLs that end in a suffix.

    `position`: index of the broken rule among the rules of the operation; their number if it is none of them.
    """

    name: str
    position: int
    documents: tuple[Document | None, ...] = ()
    url_suffix: str = ""
    replacement: str = ""

    @property
    def is_about_media(self) -> bool:
        """True if only an upstream that reads references notices it."""
        return bool(self.url_suffix) or self.name in ADDED_MEDIA

    def value_count(self, rule: Rule) -> int:
        """Number of values that it has itself at the field of a rule about list items: they can hide a probed one."""
        if "[]" not in rule.field:
            return 0
        document = next((document for document in self.documents if document is not None), {})
        return len({repr(value) for _, value in values_at(document, rule.field)})

    def apply(self, document: Document, base: Document, index: int) -> dict[str, Any] | None:
        """Add it to a document made from the base with this index; None if that is not possible."""
        if self.url_suffix:
            changed = replace_sample_urls(document, self.url_suffix, self.replacement)
            return None if changed == document else changed
        other = self.documents[index]
        return None if other is None else merge_changes(document, other, base)


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


def second_violations(
    contract: Contract, operation: Operation, rule: Rule, *, documented: bool = True
) -> Iterator[tuple[SecondViolation, ...]]:
    """Second violations to combine with violations of a rule, each with alternatives, the most useful first.

    The order in which an upstream checks a request is unknown. A violation that it probably finds last shows most.
    `documented`: only violations of documented rules, so that the question is free. Otherwise of unusable media, or
    unknown ids, which an upstream may not look at.
    """
    rules = contract.rules[operation]
    if operation not in BILLABLE or (not documented and operation not in ORDERS):
        yield (SecondViolation("", len(rules), base_documents(contract.name, operation)),)
        return
    if not documented:
        yield from ((violation,) for violation in _media_violations(contract.name, operation))
        return
    position = rules.index(rule) if rule in rules else -1
    indices = (*reversed(range(position + 1, len(rules))), *range(max(position, 0)))
    for index in indices:
        if is_reason(contract, operation, rules[index]):
            yield _rule_violations(contract.name, operation, index)


@cache
def _rule_violations(upstream: str, operation: Operation, index: int) -> tuple[SecondViolation, ...]:
    """The gross violation of a rule, first together with invalid media, so that no order succeeds without the rule."""
    contract, bases = get_contract(upstream), base_documents(upstream, operation)
    rule = contract.rules[operation][index]
    single = [_gross_violation(contract, operation, rule, base) for base in bases]
    combinations: list[list[Document | None]] = [single]
    for media in _media_violations(upstream, operation) if operation in ORDERS else ():
        combined = [
            _apply_cleanly(contract, operation, rule, media, document, at) for at, document in enumerate(single)
        ]
        combinations.insert(-1, combined)
    named = rule.fact.id
    return tuple(SecondViolation(named, index, tuple(documents)) for documents in combinations if any(documents))


def _gross_violation(contract: Contract, operation: Operation, rule: Rule, base: Document) -> Document | None:
    """The gross violation of a rule, if it breaks no other one."""
    case = next((case for case in rule.boundary_cases(base, contract.request.layout) if case.gross), None)
    if case is None or broken_facts(contract, operation, case.document) != {rule.fact.id}:
        return None
    return case.document


def _apply_cleanly(
    contract: Contract,
    operation: Operation,
    rule: Rule,
    violation: SecondViolation,
    document: Document | None,
    index: int,
) -> Document | None:
    """Apply a violation to a document that breaks a rule; None if it then breaks another rule."""
    if document is None:
        return None
    changed = violation.apply(document, base_documents(contract.name, operation)[index], index)
    is_clean = changed is not None and broken_facts(contract, operation, changed) == {rule.fact.id}
    return changed if is_clean else None


@cache
def _media_violations(upstream: str, operation: Operation) -> tuple[SecondViolation, ...]:
    """Media beyond the documented limits, in the place of the document's references or in addition to them."""
    contract, end = get_contract(upstream), len(get_contract(upstream).rules[operation])
    unknown_clip = SecondViolation("unknown clips", end, url_suffix=".mp4", replacement=UNKNOWN_CLIP)
    if operation is not Operation.CREATE:
        return (unknown_clip,)
    limited = [url for url, (kind, quantity) in INVALID_MEDIA.items() if _has_lower_limit(contract, kind, quantity)]
    replacements = (
        SecondViolation("short sounds", end, url_suffix=".mp3", replacement=SHORT_SOUND),
        SecondViolation("small last frames", end, url_suffix="last_frame.png", replacement=SMALL_IMAGE),
        SecondViolation("small images", end, url_suffix=".png", replacement=SMALL_IMAGE),
    )
    additions = (
        SecondViolation(name, end, _place_references(contract, operation, references))
        for name, references in ADDED_MEDIA.items()
        if references[-1].url in limited
    )
    return (*(one for one in replacements if one.replacement in limited), *additions, unknown_clip)


def _has_lower_limit(contract: Contract, kind: MediaKind, quantity: str) -> bool:
    return any((limit.kind, limit.quantity) == (kind, quantity) and limit.low for limit in contract.limits)


def _place_references(
    contract: Contract, operation: Operation, references: Iterable[Reference]
) -> tuple[Document | None, ...]:
    """Each base document with these references; None if the layout cannot express them."""
    documents: list[Document | None] = []
    for base in base_documents(contract.name, operation):
        try:
            documents.append(contract.request.layout.place(base, references))
        except ValueError:
            documents.append(None)
    return tuple(documents)


def broken_facts(contract: Contract, operation: Operation, document: Document, rule: Rule | None = None) -> set[str]:
    """Ids of the facts of the rules that a document breaks, under the option in which `rule` applies."""
    only = condition(rule) if rule is not None else None
    options = {**contract.defaults, **dict([only])} if only else contract.defaults
    return {violation.fact.id for violation in violations(contract.name, operation, document, options)}


def merge_changes(first: Document, second: Document, base: Document) -> dict[str, Any] | None:
    """Merge two changed copies of a base document, appending lists; None if they conflict."""
    merged = dict(first)
    for name in dict.fromkeys((*base, *second)):
        before, in_second, in_first = (document.get(name, MISSING) for document in (base, second, first))
        if in_second == before:
            continue
        value = in_second if in_first == before else _merge_values(in_first, in_second, before)
        if value is None:
            return None
        merged.pop(name, None)
        if value is not MISSING:
            merged[name] = value
    return merged


def _merge_values(first: Any, second: Any, base: Any) -> Any:
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *second]
    if isinstance(first, dict) and isinstance(second, dict):
        return merge_changes(first, second, base if isinstance(base, dict) else {})
    return None


def replace_sample_urls(value: Any, suffix: str, replacement: str) -> Any:
    """Replace each sample URL with this suffix in a JSON value."""
    if isinstance(value, str):
        return replacement if value.startswith("https://example.com/") and value.endswith(suffix) else value
    if isinstance(value, list):
        return [replace_sample_urls(item, suffix, replacement) for item in value]
    if isinstance(value, dict):
        return {name: replace_sample_urls(item, suffix, replacement) for name, item in value.items()}
    return value
