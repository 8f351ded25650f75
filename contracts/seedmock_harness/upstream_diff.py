"""Differences between two upstreams, derived from their contracts, and a page of them in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import with_value
from seedmock_contracts.documents.values import to_text
from seedmock_contracts.enums import Operation, StatusContext
from seedmock_contracts.facts import Fact
from seedmock_contracts.rules.cross_field import (
    AtLeastOneOf,
    MaxReferences,
    ModelResolutions,
    MutuallyExclusive,
    RequiresField,
    RequiresOtherMedia,
)
from seedmock_contracts.rules.fields import (
    JsonType,
    KnownModel,
    MaxLength,
    NumberRange,
    OneOf,
    RequiredField,
    UnsupportedField,
    UrlScheme,
    WholeNumber,
)
from seedmock_contracts.rules.rule import Rule

NOTHING = "-"
Statements: TypeAlias = Mapping[str, tuple[str, tuple[Fact, ...]]]
"""Statements of one upstream by subject, each with the facts that it relies on."""


class UpstreamDifference(Struct, frozen=True):
    """Statements of two upstreams on one subject, `-` if one has none. `facts`: ids of the facts of both."""

    topic: str
    subject: str
    left: str
    right: str
    facts: tuple[str, ...]


def upstream_differences(left: Contract, right: Contract) -> tuple[UpstreamDifference, ...]:
    """Find all subjects on which two contracts differ, by topic and in the order of their documentation."""
    differences: list[UpstreamDifference] = []
    for topic, describe in TOPICS.items():
        of_left, of_right = describe(left), describe(right)
        for subject in dict.fromkeys((*of_left, *of_right)):
            left_text, left_facts = of_left.get(subject, (NOTHING, ()))
            right_text, right_facts = of_right.get(subject, (NOTHING, ()))
            if left_text != right_text:
                facts = tuple(dict.fromkeys(fact.id for fact in (*left_facts, *right_facts)))
                differences.append(UpstreamDifference(topic, subject, left_text, right_text, facts))
    return tuple(differences)


def _by_subject(rows: Iterable[tuple[str, str, Fact]]) -> Statements:
    """Rows of subject, text and fact by subject; those on the same subject are joined."""
    statements: dict[str, tuple[str, tuple[Fact, ...]]] = {}
    for subject, text, fact in rows:
        before, facts = statements.get(subject, ("", ()))
        statements[subject] = (f"{before}, {text}" if before else text, (*facts, fact))
    return statements


def _endpoints(contract: Contract) -> Statements:
    hosts = [("host", f"{base.host}{base.prefix}", base) for base in contract.bases[:1]]
    endpoints = [(e.operation.replace("_", " "), f"{e.method} {e.path}", e) for e in contract.endpoints]
    return _by_subject([*hosts, *endpoints])


def _models(contract: Contract) -> Statements:
    names = [(model.tier, model.name, model) for model in contract.models]
    resolutions = [(f"{model.tier}: resolutions", ", ".join(model.resolutions), model) for model in contract.models]
    return _by_subject([*names, *resolutions])


def _modes(contract: Contract) -> Statements:
    return _by_subject((mode.mode.replace("_", " "), "yes", mode) for mode in contract.modes)


def _sizes(contract: Contract) -> Statements:
    return _by_subject((f"{size.resolution} {size.ratio}", size.text, size) for size in contract.sizes)


def _fields(contract: Contract) -> Statements:
    rows = []
    for field in (field for field in contract.fields if field.operation is Operation.CREATE):
        default = "" if field.default is None else f" = {to_text(field.default)}"
        subject = _common_names(contract).get(field.path, field.path)
        rows.append((subject, f"{field.path}: {' or '.join(field.types)}{default}", field))
    return _by_subject(rows)


def _rules(contract: Contract) -> Statements:
    rules = [rule for rule in contract.rules[Operation.CREATE] if not isinstance(rule, JsonType)]
    statements = _by_subject((*_describe_rule(contract, rule), rule.fact) for rule in rules)
    # Several rules can state the same of a subject.
    return {
        subject: (", ".join(dict.fromkeys(text.split(", "))), facts) for subject, (text, facts) in statements.items()
    }


def _describe_rule(contract: Contract, rule: Rule) -> tuple[str, str]:
    """Subject and text of a rule, by common field names; a kind without a description has its own name."""
    for kind, describe in RULE_DESCRIPTIONS.items():
        if isinstance(rule, kind):
            return describe(contract, rule)
    name = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(rule).__name__)
    return name.strip(), "yes"


def _common_name(contract: Contract, rule: Rule) -> str:
    return _common_names(contract).get(rule.field, rule.field)


def _common_names(contract: Contract) -> dict[str, str]:
    """Common name of each field that the upstream names otherwise."""
    return {path: name for name, path in contract.request.paths.items() if "." not in name}


def _describe_schemes(contract: Contract, rule: UrlScheme) -> tuple[str, str]:
    document = with_value(rule.violating_document({}, contract.request.layout), rule.field, "https://example.com/a")
    # All fields of references have the same schemes.
    subject = "references" if contract.request.layout.find(document) else _common_name(contract, rule)
    return f"{subject}: schemes", ", ".join(scheme.partition(":")[0] for scheme in rule.schemes)


def _describe_required(contract: Contract, rule: RequiredField) -> tuple[str, str]:
    kinds = " or ".join(rule.unless)
    return f"{_common_name(contract, rule)}: required", f"unless there is a reference {kinds}" if kinds else "yes"


RULE_DESCRIPTIONS: Mapping[type[Rule], Callable[[Contract, Any], tuple[str, str]]] = {
    KnownModel: lambda contract, rule: ("model: values", ", ".join(rule.allowed)),
    OneOf: lambda contract, rule: (f"{_common_name(contract, rule)}: values", ", ".join(rule.allowed)),
    NumberRange: lambda contract, rule: (f"{_common_name(contract, rule)}: range", f"{rule.low} to {rule.high}"),
    WholeNumber: lambda contract, rule: (f"{_common_name(contract, rule)}: whole number", "yes"),
    MaxLength: lambda contract, rule: (f"{_common_name(contract, rule)}: length", f"at most {rule.limit}"),
    UnsupportedField: lambda contract, rule: (
        f"{_common_name(contract, rule)}: rejected",
        f"under {rule.variant} = {rule.option}",
    ),
    RequiredField: _describe_required,
    UrlScheme: _describe_schemes,
    MaxReferences: lambda contract, rule: (
        f"{rule.role} {rule.media}: count".replace("_", " "),
        f"at most {rule.limit}",
    ),
    RequiresOtherMedia: lambda contract, rule: (f"{rule.media} alone", f"rejected: needs {' or '.join(rule.anchors)}"),
    ModelResolutions: lambda contract, rule: (f"{rule.model.tier}: renders", ", ".join(rule.model.resolutions)),
    AtLeastOneOf: lambda contract, rule: ("size: required", " or ".join(" + ".join(group) for group in rule.groups)),
    MutuallyExclusive: lambda contract, rule: (f"{rule.field} with {' + '.join(rule.others)}", "rejected"),
    RequiresField: lambda contract, rule: (f"{rule.field} without {rule.partner}", "rejected"),
}


def _limits(contract: Contract) -> Statements:
    def describe(low: float | None, high: float | None, strict: bool) -> str:
        comparisons = ("more than", "less than") if strict else ("at least", "at most")
        bounds = zip(comparisons, (low, high), strict=True)
        return " and ".join(f"{comparison} {bound:,.10g}" for comparison, bound in bounds if bound is not None)

    limits = [
        (f"{limit.kind}: {limit.quantity}".replace("_", " "), describe(limit.low, limit.high, limit.strict), limit)
        for limit in contract.limits
    ]
    formats = [
        (f"{row.kind}: {row.quantity}s".replace("_", " "), ", ".join(row.formats), row) for row in contract.formats
    ]
    return _by_subject([*formats, *limits])


def _status_spellings(contract: Contract) -> Statements:
    rows = [row for row in contract.status_spellings if row.context is not StatusContext.ALIAS and not row.variant]
    return _by_subject((f"{row.status} at {row.context}", row.spelling, row) for row in rows)


def _response_paths(contract: Contract) -> Statements:
    envelope, response = contract.find_own("envelope") or contract.bases[0], contract.response
    paths = {"id": response.id_paths, "status": response.status_paths, "links to results": response.link_paths}
    rows = [(f"{subject} of a task", path, envelope) for subject, all_ in paths.items() for path in all_[:1]]
    return _by_subject([("payload", response.envelope_key or "the body itself", envelope), *rows])


def _errors(contract: Contract) -> Statements:
    cases = {case.kind: case for case in reversed(contract.errors) if not case.style}
    return _by_subject(
        (kind.replace("_", " "), f"{case.status} {case.code}".strip(), case) for kind, case in reversed(cases.items())
    )


def _prices(contract: Contract) -> Statements:
    tiers = {model.name: model.tier for model in contract.models}
    seconds = [
        (f"{tiers[row.model]} {row.resolution}: a second", f"{row.per_second} USD", row) for row in contract.tariffs
    ]
    price = contract.token_price
    tokens = [("a million tokens", "a separate price", price)] if price is not None else []
    return _by_subject([*seconds, *tokens])


TOPICS: Mapping[str, Callable[[Contract], Statements]] = {
    "endpoints": _endpoints,
    "models": _models,
    "modes": _modes,
    "sizes": _sizes,
    "fields of an order": _fields,
    "rules of an order": _rules,
    "limits of references": _limits,
    "status spellings": _status_spellings,
    "responses": _response_paths,
    "errors": _errors,
    "prices": _prices,
}


def markdown_lines(left: Contract, right: Contract) -> Iterator[str]:
    """Lines of a Markdown page with the differences, one table for each topic."""
    rows = upstream_differences(left, right)
    yield f"# Differences between {left.name} and {right.name}"
    yield ""
    names = f"{left.display_name} and {right.display_name}"
    yield f"Derived from the contracts of {names}. Everything else is the same at both."
    for topic in dict.fromkeys(row.topic for row in rows):
        yield from ("", f"## {topic.capitalize()}", "", f"| | {left.name} | {right.name} |", "|---|---|---|")
        of_topic = (row for row in rows if row.topic == topic)
        yield from (f"| {row.subject} | {_format_cell(row.left)} | {_format_cell(row.right)} |" for row in of_topic)


def _format_cell(text: str) -> str:
    return text if text == NOTHING else f"`{text}`"
