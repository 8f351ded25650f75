"""Checks of successful responses: their fields with types and formats, and the order of their keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedmock_contracts.documents.shape import has_type, json_type
from seedmock_contracts.documents.values import format_value
from seedmock_contracts.facts import MISSING, ResponseField

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, failed, passed
from .response_fields import (
    can_show_option,
    expected_fields,
    has_json_body,
    matches_pattern,
    response_fact,
    shown_option,
    status_variant,
    unknown_paths,
    values_of,
)
from .variants import check_option


def responses_match_their_schema(interaction: Interaction) -> Iterator[CheckResult]:
    """Every documented field is there, with its type and format. Undocumented keys are information."""
    if not _is_json_success(interaction):
        return
    fields = expected_fields(interaction)
    unknown = list(unknown_paths(interaction.body, _documented_paths(interaction, fields)))
    for field in fields:
        yield from check_field(field, values_of(interaction, field), unknown)
    fact = response_fact(interaction)
    if unknown:
        yield failed(fact, "the response has undocumented keys", "none", ", ".join(unknown), Severity.INFO)
    else:
        yield passed(fact, "no undocumented key")


def _is_json_success(interaction: Interaction) -> bool:
    if interaction.is_error or interaction.operation is None or not isinstance(interaction.body, dict):
        return False
    return has_json_body(interaction)


def _documented_paths(interaction: Interaction, fields: tuple[ResponseField, ...]) -> list[str]:
    paths = [field.path for field in fields]
    if interaction.contract.response.envelope_key:
        envelope = (field.path for field in interaction.contract.response_fields if field.operation is None)
        paths += [path for path in envelope if "." not in path]
    return paths


def check_field(field: ResponseField, values: list[Any], unknown: list[str]) -> Iterator[CheckResult]:
    """Check the values of one field: one result for all of them, for the first wrong value if there is one.

    `unknown`: undocumented paths in the same body, one of which may be the field under a new name.
    """
    present = [value for value in values if value is not MISSING]
    name = field.path.rpartition(".")[2]
    if field.required and len(present) < len(values):
        yield failed(field, _missing_title(field, name, unknown), _expected_value(field), "nothing")
        return
    for value in present:
        if not has_type(value, field.types):
            observed = f"{json_type(value)} {format_value(value)}"
            yield failed(field, f"{name} has another type", _expected_value(field), observed)
            return
        if not matches_pattern(field, value):
            yield failed(field, f"{name} has another format", _expected_value(field), format_value(value))
            return
    if present:
        yield passed(field, format_value(present[0]))


def _missing_title(field: ResponseField, name: str, unknown: list[str]) -> str:
    parent = field.path.rpartition(".")[0]
    siblings = [path.rpartition(".")[2] for path in unknown if path.rpartition(".")[0] == parent]
    return f"{name} is missing; {', '.join(siblings)} is new" if siblings else f"{name} is missing"


def _expected_value(field: ResponseField) -> str:
    pattern = f" that matches {field.pattern}" if field.pattern else ""
    return " or ".join(field.types) + pattern


def responses_settle_variants(interaction: Interaction) -> Iterator[CheckResult]:
    """A response whose keys depend on a variant shows the option that holds."""
    if not _is_json_success(interaction):
        return
    for variant in interaction.contract.variants:
        if variant.id not in interaction.history.options and can_show_option(interaction, variant):
            yield check_option(interaction, variant, shown_option(interaction, variant))


def keys_keep_their_order(interaction: Interaction) -> Iterator[CheckResult]:
    """Keys come in the documented order. Only information: JSON gives the order no meaning."""
    order = interaction.contract.key_order(interaction.operation) if interaction.operation is not None else None
    if interaction.is_error or not isinstance(interaction.body, dict) or order is None:
        return
    if _has_other_spellings(interaction):
        return
    keys = [key for key in interaction.body if key in order.keys]
    expected = [key for key in order.keys if key in interaction.body]
    if keys == expected:
        yield passed(order, ", ".join(keys))
    else:
        title, texts = "the keys come in another order", (", ".join(expected), ", ".join(keys))
        yield failed(order, title, *texts, Severity.INFO)


def _has_other_spellings(interaction: Interaction) -> bool:
    """True if the response shows an option of the status variant that is not the default."""
    main = status_variant(interaction.contract)
    variant = next((variant for variant in interaction.contract.variants if variant.id == main), None)
    return variant is not None and shown_option(interaction, variant) != variant.default


CHECKS = (responses_match_their_schema, responses_settle_variants, keys_keep_their_order)
