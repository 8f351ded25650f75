"""One upstream as one frozen value: everything its module says, under the same names for every upstream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property

from .documents.references import ReferenceLayout
from .enums import ErrorKind, Operation, StatusContext, TaskStatus
from .facts import (
    Amount,
    BaseUrl,
    Behaviour,
    Document,
    Endpoint,
    ErrorCase,
    Fact,
    FailCode,
    Field,
    MediaLimit,
    ModeFact,
    Model,
    ResponseField,
    Size,
    StatusSpelling,
    Tariff,
    Variants,
)
from .rules.rule import Rule


@dataclass(frozen=True, repr=False)
class Contract:
    """What an upstream says, in the order of its own page."""

    name: str
    display_name: str
    bases: tuple[BaseUrl, ...]
    endpoints: tuple[Endpoint, ...]
    models: tuple[Model, ...]
    modes: tuple[ModeFact, ...]
    fields: tuple[Field, ...]
    sizes: tuple[Size, ...]
    layout: ReferenceLayout
    rules: Mapping[Operation, tuple[Rule, ...]]
    advice: tuple[Rule, ...]
    limits: tuple[MediaLimit, ...]
    tariffs: tuple[Tariff, ...]
    amounts: tuple[Amount, ...]
    status_spellings: tuple[StatusSpelling, ...]
    errors: tuple[ErrorCase, ...]
    fail_codes: tuple[FailCode, ...]
    variants: tuple[Variants, ...]
    behaviours: tuple[Behaviour, ...]
    response_fields: tuple[ResponseField, ...]
    names: Mapping[str, str]
    """This upstream's names of fields that the house calls otherwise; `upscale.resolution` is of that operation."""
    envelope_key: str
    """The key of an answer's own part inside the envelope; empty where there is no envelope."""
    id_fields: tuple[str, ...]
    status_fields: tuple[str, ...]
    link_fields: tuple[str, ...]
    """Where an answer tells the id of what was made, a task's or asset's status, and the links to results."""
    examples: Mapping[Operation, tuple[Document, ...]]
    """For each operation with a body, documents that keep every rule; together they show each exclusive form."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def facts(self) -> Iterator[Fact]:
        """Every fact, once; facts that a rule carries come where the rule stands."""
        seen: set[str] = set()
        for fact in self._facts():
            if fact.id not in seen:
                seen.add(fact.id)
                yield fact

    def _facts(self) -> Iterator[Fact]:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "rules":
                yield from (rule.fact for rules in value.values() for rule in rules)
            elif field.name == "advice":
                yield from (rule.fact for rule in value)
            elif isinstance(value, tuple):
                yield from (fact for fact in value if isinstance(fact, Fact))

    @cached_property
    def defaults(self) -> Mapping[str, str]:
        """Each variant's id and the option that holds unless a setting says otherwise."""
        return {variant.id: variant.default for variant in self.variants}

    def example(self, operation: Operation, rule: Rule | None = None) -> Document:
        """A document that keeps every rule; for a rule, one that has the rule's field, so that it can be spoilt."""
        examples = self.examples[operation]
        fitting = (example for example in examples if rule is not None and rule.top_field in example)
        return next(fitting, examples[0])

    def model(self, name: str) -> Model | None:
        """The model with this wire name."""
        return next((model for model in self.models if model.name == name), None)

    def resolve_model(self, name: str | None) -> Model | None:
        """The model that a user means: by wire name, by tier, or (None) the first of the page."""
        if name is None:
            return self.models[0]
        return next((model for model in self.models if name in (model.name, model.tier)), None)

    def size(self, resolution: str, ratio: str) -> Size | None:
        """The row of the size table for a resolution and a ratio."""
        return self._by_form.get((resolution, ratio))

    def parse_size(self, text: str | None) -> Size | None:
        """The row of the size table that reads `1280x720`."""
        return None if text is None else self._by_text.get(text)

    @cached_property
    def _by_form(self) -> Mapping[tuple[str, str], Size]:
        return {(size.resolution, size.ratio): size for size in self.sizes}

    @cached_property
    def _by_text(self) -> Mapping[str, Size]:
        return {size.text: size for size in self.sizes}

    def spelling(self, status: TaskStatus, moment: StatusContext, variant: str = "") -> str:
        """How a status is spelt at a moment, under an option of the status variant if that has words of its own."""
        return self._spellings.get((status, moment, variant)) or self._spellings[status, moment, ""]

    @cached_property
    def _spellings(self) -> Mapping[tuple[TaskStatus, StatusContext, str], str]:
        return {(word.status, word.context, word.variant): word.spelling for word in self.status_spellings}

    @cached_property
    def statuses(self) -> tuple[TaskStatus, ...]:
        """The statuses that a query of this upstream can report, in the order of the enum."""
        queried = {word.status for word in self.spellings(StatusContext.QUERY)}
        return tuple(status for status in TaskStatus if status in queried)

    def spellings(self, context: StatusContext) -> tuple[StatusSpelling, ...]:
        """Every known spelling of every status in a context, under all options."""
        return tuple(word for word in self.status_spellings if word.context is context)

    def parse_status(self, word: str) -> TaskStatus | None:
        """The status that a word means, in any spelling that is known of this upstream; None for an unknown word."""
        return self._statuses.get(word) or self._statuses.get(word.lower())

    @cached_property
    def _statuses(self) -> Mapping[str, TaskStatus]:
        return {
            spelling: word.status
            for word in self.status_spellings
            for spelling in (word.spelling, word.spelling.lower())
        }

    def error_case(self, kind: ErrorKind, style: str = "") -> ErrorCase:
        """This upstream's answer to a kind of error, in the style of an envelope variant if that has its own."""
        return self._cases.get((kind, style)) or self._cases[kind, ""]

    @cached_property
    def _cases(self) -> Mapping[tuple[ErrorKind, str], ErrorCase]:
        return {(case.kind, case.style): case for case in self.errors}

    def fact(self, id_: str) -> Fact:
        """A fact by its id. Raises LookupError for one that this upstream has not."""
        found = self.find(id_)
        if found is None:
            raise LookupError(f"{self.name} has no fact {id_}")
        return found

    def find(self, id_: str) -> Fact | None:
        """A fact by its id, if this upstream has it."""
        return self._by_id.get(id_)

    @cached_property
    def _by_id(self) -> Mapping[str, Fact]:
        return {fact.id: fact for fact in self.facts()}

    def amount(self, id_: str) -> Amount:
        """A figure by its fact's id. Raises LookupError for a figure that this upstream has not."""
        found = next((amount for amount in self.amounts if amount.id == id_), None)
        if found is None:
            raise LookupError(f"{self.name} has no figure {id_}")
        return found

    def moderation_code(self, kind: ErrorKind, reason: str) -> FailCode:
        """The code of a moderation at input or at output that objects to `reason`; the general one if it has none."""
        fitting = [code for code in self.fail_codes if code.kind is kind]
        return next((code for code in fitting if code.reason == reason), fitting[0])

    def fail_code(self, code: str) -> FailCode | None:
        """A fail code by its wire name."""
        return next((row for row in self.fail_codes if row.code == code), None)
