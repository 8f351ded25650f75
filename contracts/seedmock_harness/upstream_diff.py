"""Where two upstreams say different things of the same: read off their contracts, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import with_value
from seedmock_contracts.documents.references import LocatedReference
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
Told = Mapping[str, tuple[str, tuple[Fact, ...]]]
"""What one upstream says, by what it is about: the text, and the facts that it rests on."""


@dataclass(frozen=True, slots=True)
class UpstreamDifference:
    """Two upstreams on one matter; `-` where one has no word on it. `facts` are those of both."""

    topic: str
    about: str
    one: str
    other: str
    facts: tuple[str, ...]


def upstream_differences(one: Contract, other: Contract) -> tuple[UpstreamDifference, ...]:
    """Every matter of which the two do not say the same, by topic and in the order of their pages."""
    found: list[UpstreamDifference] = []
    for topic, tell in TOPICS.items():
        ours, theirs = tell(one), tell(other)
        for about in dict.fromkeys((*ours, *theirs)):
            mine, yours = ours.get(about, (NOTHING, ())), theirs.get(about, (NOTHING, ()))
            if mine[0] != yours[0]:
                facts = tuple(dict.fromkeys(fact.id for fact in (*mine[1], *yours[1])))
                found.append(UpstreamDifference(topic, about, mine[0], yours[0], facts))
    return tuple(found)


def _told(rows: Iterable[tuple[str, str, Fact]]) -> Told:
    """Rows by what they are about; those about the same are told together."""
    found: dict[str, tuple[str, tuple[Fact, ...]]] = {}
    for about, text, fact in rows:
        before, facts = found.get(about, ("", ()))
        found[about] = (f"{before}, {text}" if before else text, (*facts, fact))
    return found


def _endpoints(contract: Contract) -> Told:
    bases = [("host", f"{base.host}{base.prefix}", base) for base in contract.bases[:1]]
    calls = [(f"{e.operation}".replace("_", " "), f"{e.method} {e.path}", e) for e in contract.endpoints]
    return _told([*bases, *calls])


def _models(contract: Contract) -> Told:
    names = [(f"{model.tier}", model.name, model) for model in contract.models]
    return _told(
        [*names, *((f"{model.tier}: resolutions", ", ".join(model.resolutions), model) for model in contract.models)]
    )


def _modes(contract: Contract) -> Told:
    return _told((mode.mode.replace("_", " "), "yes", mode) for mode in contract.modes)


def _sizes(contract: Contract) -> Told:
    return _told((f"{size.resolution} {size.ratio}", size.text, size) for size in contract.sizes)


def _fields(contract: Contract) -> Told:
    """The fields of an order by the house's names, with their types and defaults."""
    rows = []
    for field in (field for field in contract.fields if field.operation is Operation.CREATE):
        default = "" if field.default is None else f" = {to_text(field.default)}"
        about = _house(contract).get(field.path, field.path)
        rows.append((about, f"{field.path}: {' or '.join(field.types)}{default}", field))
    return _told(rows)


def _rules(contract: Contract) -> Told:
    rules = [rule for rule in contract.rules[Operation.CREATE] if not isinstance(rule, JsonType)]
    told = _told((*_spoken(contract, rule), rule.fact) for rule in rules)
    return {about: (", ".join(dict.fromkeys(text.split(", "))), facts) for about, (text, facts) in told.items()}


def _spoken(contract: Contract, rule: Rule) -> tuple[str, str]:
    """What a rule is about, in the house's words, and what it asks."""
    for kind, speak in SPOKEN.items():
        if isinstance(rule, kind):
            return speak(contract, rule)
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(rule).__name__)
    return words.strip(), "yes"


def _field(contract: Contract, rule: Rule) -> str:
    return _house(contract).get(rule.field, rule.field)


def _scheme(contract: Contract, rule: UrlScheme) -> tuple[str, str]:
    """A reference's scheme is told once for all, whatever the field is."""
    placed = with_value(rule.violating_document({}, contract.request.layout), rule.field, "https://example.com/a")
    references: tuple[LocatedReference, ...] = contract.request.layout.find(placed)
    what = "references" if references else _field(contract, rule)
    return f"{what}: schemes", ", ".join(scheme.partition(":")[0] for scheme in rule.schemes)


def _present(contract: Contract, rule: RequiredField) -> tuple[str, str]:
    kinds = " or ".join(rule.unless)
    return f"{_field(contract, rule)}: needed", "yes" if not kinds else f"unless there is a reference {kinds}"


SPOKEN: Mapping[type[Rule], Callable[[Contract, Any], tuple[str, str]]] = {
    KnownModel: lambda said, rule: ("model: values", ", ".join(rule.allowed)),
    OneOf: lambda said, rule: (f"{_field(said, rule)}: values", ", ".join(rule.allowed)),
    NumberRange: lambda said, rule: (f"{_field(said, rule)}: range", f"{rule.low} to {rule.high}"),
    WholeNumber: lambda said, rule: (f"{_field(said, rule)}: whole", "yes"),
    MaxLength: lambda said, rule: (f"{_field(said, rule)}: length", f"at most {rule.limit}"),
    UnsupportedField: lambda said, rule: (f"{_field(said, rule)}: refused", f"under {rule.variant} = {rule.option}"),
    RequiredField: _present,
    UrlScheme: _scheme,
    MaxReferences: lambda said, rule: (f"{rule.role} {rule.media}: count".replace("_", " "), f"at most {rule.limit}"),
    RequiresOtherMedia: lambda said, rule: (f"{rule.media} alone", f"refused: beside {' or '.join(rule.anchors)}"),
    ModelResolutions: lambda said, rule: (f"{rule.model.tier}: renders", ", ".join(rule.model.resolutions)),
    AtLeastOneOf: lambda said, rule: ("form: needed", " or ".join(" + ".join(way) for way in rule.groups)),
    MutuallyExclusive: lambda said, rule: (f"{rule.field} beside {' + '.join(rule.others)}", "refused"),
    RequiresField: lambda said, rule: (f"{rule.field} without {rule.partner}", "refused"),
}
"""How each kind of rule is told; the kinds that are not here are told by their names."""


def _limits(contract: Contract) -> Told:
    def text(low: float | None, high: float | None, strict: bool) -> str:
        signs = ("more than", "less than") if strict else ("at least", "at most")
        bounds = zip(signs, (low, high), strict=True)
        return " and ".join(f"{sign} {bound:,.10g}" for sign, bound in bounds if bound is not None)

    return _told(
        (f"{limit.kind}: {limit.quantity}".replace("_", " "), text(limit.low, limit.high, limit.strict), limit)
        for limit in contract.limits
    )


def _words(contract: Contract) -> Told:
    plain = [word for word in contract.status_spellings if word.context is not StatusContext.ALIAS and not word.variant]
    return _told((f"{word.status} at {word.context}", word.spelling, word) for word in plain)


def _answers(contract: Contract) -> Told:
    envelope = contract.find(f"{contract.name}.envelope") or contract.bases[0]
    places = {
        "id": contract.response.id_paths[:1],
        "status": contract.response.status_paths[:1],
        "links to results": contract.response.link_paths[:1],
    }
    rows = [(f"{about} of a task", name, envelope) for about, names in places.items() for name in names]
    return _told([("what is told stands in", contract.response.envelope_key or "the body itself", envelope), *rows])


def _errors(contract: Contract) -> Told:
    plain = {case.kind: case for case in reversed(contract.errors) if not case.style}
    return _told(
        (kind.replace("_", " "), f"{case.status} {case.code}".strip(), case) for kind, case in reversed(plain.items())
    )


def _money(contract: Contract) -> Told:
    tiers = {model.name: model.tier for model in contract.models}
    prices = [
        (f"{tiers[row.model]} {row.resolution}: a second", f"{row.per_second} USD", row) for row in contract.tariffs
    ]
    price = contract.find(f"{contract.name}.tokens.price")
    tokens = [("a million tokens", "a price of its own", price)] if price is not None else []
    return _told([*prices, *tokens])


def _house(contract: Contract) -> dict[str, str]:
    """The house's name for each field that this upstream calls otherwise."""
    return {path: name for name, path in contract.request.paths.items() if "." not in name}


TOPICS: Mapping[str, Callable[[Contract], Told]] = {
    "endpoints": _endpoints,
    "models": _models,
    "modes": _modes,
    "sizes": _sizes,
    "fields of an order": _fields,
    "rules on an order": _rules,
    "limits of references": _limits,
    "status words": _words,
    "answers": _answers,
    "refusals": _errors,
    "money": _money,
}


def markdown_lines(one: Contract, other: Contract) -> Iterator[str]:
    """The differences as lines of Markdown, a table for each topic."""
    rows = upstream_differences(one, other)
    yield f"# Where {one.name} and {other.name} differ"
    yield ""
    names = f"{one.display_name}, and of {other.display_name}"
    yield f"Read off the contracts of {names}. What is not here is the same at both."
    for topic in dict.fromkeys(row.topic for row in rows):
        yield from ("", f"## {topic.capitalize()}", "", f"| | {one.name} | {other.name} |", "|---|---|---|")
        yield from (f"| {row.about} | {_cell(row.one)} | {_cell(row.other)} |" for row in rows if row.topic == topic)


def _cell(text: str) -> str:
    return text if text == NOTHING else f"`{text}`"
