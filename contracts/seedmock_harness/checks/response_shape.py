"""Whether each answer has the shape that the contract gives it: fields, types, forms, and the order of keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedmock_contracts.documents.shape import has_type, json_type
from seedmock_contracts.documents.values import format_value
from seedmock_contracts.facts import MISSING, ResponseField

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, failed, passed
from . import response_fields as parts
from .variants import chosen


def responses_match_their_schema(interaction: Interaction) -> Iterator[CheckResult]:
    """Every field that an answer should have is there, of its type and form; new ones are news."""
    if (
        interaction.is_error
        or interaction.operation is None
        or not parts.speaks(interaction)
        or not isinstance(interaction.body, dict)
    ):
        return
    fields = parts.fields_of(interaction)
    new = list(parts.unknown(interaction.body, _known(interaction, fields)))
    for field in fields:
        yield from field_look(field, parts.found(interaction, field), new)
    fact = parts.response_fact(interaction)
    if new:
        yield failed(fact, "there are keys that the contract does not know", "none", ", ".join(new), Severity.INFO)
    else:
        yield passed(fact, "no key that is not known")


def _known(interaction: Interaction, fields: tuple[ResponseField, ...]) -> list[str]:
    enveloped = bool(interaction.contract.response.envelope_key)
    around = [field.path for field in interaction.contract.response_fields if field.operation is None and enveloped]
    return [*(field.path for field in fields), *(path for path in around if "." not in path)]


def field_look(field: ResponseField, there: list[Any], new: list[str]) -> Iterator[CheckResult]:
    """What is seen of one field, given what stands at its places; the first that is wrong speaks for all."""
    here = [value for value in there if value is not MISSING]
    name = field.path.rpartition(".")[2]
    if field.required and len(here) < len(there):
        yield failed(field, _gone(field, name, new), _expected(field), "nothing")
        return
    for value in here:
        if not has_type(value, field.types):
            yield failed(
                field, f"{name} is of another type", _expected(field), f"{json_type(value)} {format_value(value)}"
            )
            return
        if not parts.formed(field, value):
            yield failed(field, f"{name} has another form", _expected(field), format_value(value))
            return
    if here:
        yield passed(field, format_value(here[0]))


def _gone(field: ResponseField, name: str, new: list[str]) -> str:
    """That a field is missing; if something else is new in the same place, that too, for it may be the same."""
    around = field.path.rpartition(".")[0]
    beside = [path.rpartition(".")[2] for path in new if path.rpartition(".")[0] == around]
    return f"{name} is gone; {', '.join(beside)} is new" if beside else f"{name} is missing"


def _expected(field: ResponseField) -> str:
    form = f" of the form {field.pattern}" if field.pattern else ""
    return " or ".join(field.types) + form


def responses_settle_variants(interaction: Interaction) -> Iterator[CheckResult]:
    """Where an answer's keys show which option of a variant holds, it is settled."""
    if (
        interaction.is_error
        or interaction.operation is None
        or not parts.speaks(interaction)
        or not isinstance(interaction.body, dict)
    ):
        return
    for variant in interaction.contract.variants:
        if variant.id not in interaction.history.options and parts.asked_about(interaction, variant):
            yield chosen(interaction, variant.id, parts.option_of(interaction, variant))


def keys_keep_their_order(interaction: Interaction) -> Iterator[CheckResult]:
    """The keys of an answer come in the order that the vendor shows; nothing should rely on it, but some do."""
    order = interaction.contract.key_order(interaction.operation) if interaction.operation is not None else None
    if interaction.is_error or not isinstance(interaction.body, dict) or order is None or _in_other_words(interaction):
        return
    seen = [key for key in interaction.body if key in order.keys]
    expected = [key for key in order.keys if key in interaction.body]
    if seen == expected:
        yield passed(order, ", ".join(seen))
    else:
        told = ", ".join(expected), ", ".join(seen)
        yield failed(order, "the keys come in another order", *told, Severity.WARNING)


def _in_other_words(interaction: Interaction) -> bool:
    ruling = next(
        (v for v in interaction.contract.variants if v.id == parts.status_variant(interaction.contract)), None
    )
    return ruling is not None and parts.option_of(interaction, ruling) != ruling.default


CHECKS = (responses_match_their_schema, responses_settle_variants, keys_keep_their_order)
