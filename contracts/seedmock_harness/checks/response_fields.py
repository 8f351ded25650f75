"""The fields that a response must have according to the contract, and their values in its body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import values_at
from seedmock_contracts.documents.shape import has_type
from seedmock_contracts.enums import ORDERS, Operation, StatusContext
from seedmock_contracts.exchange import MAX_BODY_BYTES
from seedmock_contracts.facts import MISSING, Fact, ResponseField, Variants
from seedmock_contracts.response_format import first_value

from ..conversation.history import Interaction

# An option without required fields is neither likely nor unlikely. A field of the wrong type counts as present, but
# for less than a valid one, unless another option has the same field.
NO_FIELDS_SIMILARITY, WRONG_TYPE_SIMILARITY = 0.5, 0.6
CACHE_SIZE = 64
"""Interactions whose fields are cached: all checks ask for the fields of the same one in turn."""


def has_json_body(interaction: Interaction) -> bool:
    """True if the response should be JSON and its body is complete.

    False for media, for links to a file store, and for the response of an application to a callback.
    """
    if interaction.operation is Operation.CONTENT:
        has_endpoint = interaction.contract.endpoint(Operation.CONTENT) is not None
        return interaction.is_error and has_endpoint and interaction.status_code != 0 and is_complete(interaction)
    return interaction.operation is not Operation.CALLBACK and interaction.status_code != 0 and is_complete(interaction)


def is_complete(interaction: Interaction) -> bool:
    """False for the response to a HEAD, and for a body that a journal has cut."""
    body = interaction.text
    is_cut = interaction.body is None and body[:1] in ("{", "[") and len(body.encode()) >= MAX_BODY_BYTES
    return interaction.method != "HEAD" and not is_cut


def status_context(interaction: Interaction) -> StatusContext | None:
    """The context in which the response spells a status; None if it is not about a task."""
    if interaction.operation in ORDERS:
        return StatusContext.CREATE
    return StatusContext.QUERY if interaction.operation is Operation.QUERY else None


def response_fact(interaction: Interaction) -> Fact:
    """The fact about the response of the operation as a whole."""
    operation = interaction.operation
    own = interaction.contract.response_statement(operation) if operation is not None else None
    return own or interaction.find("envelope") or error_fact(interaction)


def error_fact(interaction: Interaction) -> Fact:
    """The fact about error responses as a whole: the first field of the first envelope."""
    return next(field for field in interaction.contract.response_fields if field.operation is None)


@lru_cache(maxsize=CACHE_SIZE)
def expected_fields(interaction: Interaction) -> tuple[ResponseField, ...]:
    """The fields that the response must have, under the options of variants that it shows.

    The fields of the status variant replace those of other variants at the same path.
    """
    candidates, main = _candidate_fields(interaction), status_variant(interaction.contract)
    used = {field.variant for field in candidates}
    variants = (variant for variant in interaction.contract.variants if variant.id in used)
    options = {variant.id: shown_option(interaction, variant) for variant in variants}
    fields = [field for field in candidates if not field.variant or options[field.variant] == field.option]
    replaced = {field.path for field in fields if field.variant == main}
    return tuple(field for field in fields if field.variant in ("", main) or field.path not in replaced)


@lru_cache(maxsize=CACHE_SIZE)
def _candidate_fields(interaction: Interaction) -> tuple[ResponseField, ...]:
    """The fields of the operation and the status, under every option."""
    return tuple(
        field
        for field in interaction.contract.response_fields
        if field.operation is not None
        and field.operation is interaction.operation
        and (not field.statuses or interaction.status in field.statuses)
    )


def status_variant(contract: Contract) -> str:
    """Id of the variant with status spellings of its own, which decides on the whole body; empty if there is none."""
    return contract.status_variant.id if contract.status_variant is not None else ""


def shown_option(interaction: Interaction, variant: Variants) -> str:
    """The option of a variant that is known to hold, else the one that fits the response best."""
    pinned = interaction.history.options.get(variant.id)
    if pinned is not None:
        return pinned
    if variant.id == status_variant(interaction.contract) and status_context(interaction) is StatusContext.QUERY:
        spellings = interaction.contract.spellings(StatusContext.QUERY)
        used = next((spelling for spelling in spellings if spelling.spelling == interaction.raw_status), None)
        if used is not None:
            return used.variant or variant.default
    options = sorted(variant.options, key=lambda option: option != variant.default)
    return max(options, key=lambda option: _similarity(interaction, variant, option))


def can_show_option(interaction: Interaction, variant: Variants) -> bool:
    """True if the response has a field that depends on the variant and that the status variant does not replace."""
    fields = [field for field in _candidate_fields(interaction) if field.variant == variant.id]
    main = next((v for v in interaction.contract.variants if v.id == status_variant(interaction.contract)), None)
    if not fields or main is None or main is variant or shown_option(interaction, main) == main.default:
        return bool(fields)
    replaced = {field.path for field in _candidate_fields(interaction) if field.variant == main.id}
    return all(field.path not in replaced for field in fields)


def _similarity(interaction: Interaction, variant: Variants, option: str) -> float:
    """Share of the required fields of an option that the response has, from 0 to 1."""
    candidates = _candidate_fields(interaction)
    fields = [field for field in candidates if field.variant == variant.id and field.option == option]
    outer = [field for field in fields if field.required and not _is_inside(field, fields)]
    if not outer:
        return NO_FIELDS_SIMILARITY
    return sum(_presence(interaction, field) for field in outer) / len(outer)


def _presence(interaction: Interaction, field: ResponseField) -> float:
    present = [value for value in values_of(interaction, field) if value is not MISSING]
    if not present:
        return 0.0
    if all(matches(field, value) for value in present):
        return 1.0
    candidates = _candidate_fields(interaction)
    is_shared = any(other.path == field.path and other.variant != field.variant for other in candidates)
    return 0.0 if is_shared else WRONG_TYPE_SIMILARITY


def _is_inside(field: ResponseField, others: Iterable[ResponseField]) -> bool:
    return any(field.path.startswith((f"{other.path}.", f"{other.path}[]")) for other in others)


def values_of(interaction: Interaction, field: ResponseField) -> list[Any]:
    """Values at a field's path, one for each item; MISSING for one that is absent.

    Empty if the object around the field is absent and has a field of its own.
    """
    body = interaction.body if isinstance(interaction.body, dict) else {}
    values = [value for _, value in values_at(body, field.path)]
    parent = field.path.rpartition(".")[0]
    if not values and parent and parent == interaction.contract.response.envelope_key:
        return [MISSING]
    return values


def read_field(interaction: Interaction, paths: Iterable[str]) -> tuple[Any, ResponseField | None]:
    """The value at the first of these paths in `data` that is not MISSING, with its field if that is documented."""
    for path in paths:
        value = first_value(interaction.data_object, (path,))
        if value is not MISSING:
            return value, documented_field(interaction, path)
    return MISSING, None


def documented_field(interaction: Interaction, path: str) -> ResponseField | None:
    """The field that the response must have at a path in `data`, if that is documented."""
    key = interaction.contract.response.envelope_key
    full_path = f"{key}.{path}" if key else path
    return next((field for field in expected_fields(interaction) if field.path == full_path), None)


def matches(field: ResponseField, value: Any) -> bool:
    return has_type(value, field.types) and matches_pattern(field, value)


def matches_pattern(field: ResponseField, value: Any) -> bool:
    """True if the value fits the field's pattern. A pattern applies to strings only."""
    return not field.pattern or not isinstance(value, str) or re.fullmatch(field.pattern, value) is not None


def unknown_paths(body: Any, paths: Iterable[str]) -> Iterator[str]:
    """Paths of the keys in a body that are neither in `paths` nor on the way to one of them."""
    yield from dict.fromkeys(_unknown_paths(body, "", _steps_by_prefix(tuple(paths))))


@lru_cache(maxsize=CACHE_SIZE)
def _steps_by_prefix(paths: tuple[str, ...]) -> dict[str, set[str]]:
    """The steps that may follow each prefix of the paths."""
    steps: dict[str, set[str]] = {}
    for path in paths:
        prefix = ""
        for step in path.replace("[]", ".[]").split("."):
            steps.setdefault(prefix, set()).add(step)
            prefix = f"{prefix}.{step}" if prefix else step
    return steps


def _unknown_paths(value: Any, prefix: str, steps: dict[str, set[str]]) -> Iterator[str]:
    allowed = steps.get(prefix)
    if not allowed:
        return
    if isinstance(value, list) and "[]" in allowed:
        for item in value:
            yield from _unknown_paths(item, f"{prefix}.[]", steps)
    elif isinstance(value, dict):
        for key, inner in value.items():
            path = f"{prefix}.{key}" if prefix else key
            if key in allowed:
                yield from _unknown_paths(inner, path, steps)
            else:
                yield path.replace(".[]", "[]")
