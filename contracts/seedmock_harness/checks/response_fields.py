"""The parts that an answer should have: the contract's fields that apply to it, and what stands at their places."""

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

from ..conversation.history import Interaction

NOTHING_ASKED, LITTLE_LIKE = 0.5, 0.6
REMEMBERED = 64
"""Turns whose fields are remembered: all checks ask for those of the same few."""


def speaks(interaction: Interaction) -> bool:
    """Whether the exchange has an answer that should be JSON, whole enough to be judged.

    Not so is media, what a link to a store of files answers, and what the one who is called says to a callback.
    """
    if interaction.operation is Operation.CONTENT:
        of_task = any(endpoint.operation is Operation.CONTENT for endpoint in interaction.contract.endpoints)
        return interaction.is_error and of_task and interaction.status_code != 0 and judgeable(interaction)
    return interaction.operation is not Operation.CALLBACK and interaction.status_code != 0 and judgeable(interaction)


def judgeable(interaction: Interaction) -> bool:
    """Whether the body is all that was answered: not that of a HEAD, and not cut where journals cut."""
    body = interaction.exchange.response.body
    cut = interaction.body is None and body[:1] in ("{", "[") and len(body.encode()) >= MAX_BODY_BYTES
    return interaction.exchange.request.method != "HEAD" and not cut


def moment_of(interaction: Interaction) -> StatusContext | None:
    """When a status is spoken: at create, at query; None where tasks are not spoken of."""
    if interaction.operation in ORDERS:
        return StatusContext.CREATE
    return StatusContext.QUERY if interaction.operation is Operation.QUERY else None


def response_fact(interaction: Interaction) -> Fact:
    """The fact about the answer of an operation as a whole."""
    contract, operation = interaction.contract, interaction.operation
    endpoint = next((row for row in contract.endpoints if row.operation is operation), None)
    own = contract.find(f"{endpoint.id}.response") if endpoint is not None else None
    return own or contract.find(f"{contract.name}.envelope") or refusal_fact(interaction)


def refusal_fact(interaction: Interaction) -> Fact:
    """The fact about refusals as a whole: the first field of the envelope that the upstream is known by."""
    return next(field for field in interaction.contract.response_fields if field.operation is None)


@lru_cache(maxsize=REMEMBERED)
def fields_of(interaction: Interaction) -> tuple[ResponseField, ...]:
    """The fields that this answer should have, in the options of variants that it shows."""
    applying, ruling = _applying(interaction), status_variant(interaction.contract)
    spoken = {field.variant for field in applying}
    options = {
        variant.id: option_of(interaction, variant) for variant in interaction.contract.variants if variant.id in spoken
    }
    shown = [field for field in applying if not field.variant or options[field.variant] == field.option]
    ruled = {field.path for field in shown if field.variant == ruling}
    return tuple(field for field in shown if field.variant in ("", ruling) or field.path not in ruled)


@lru_cache(maxsize=REMEMBERED)
def _applying(interaction: Interaction) -> tuple[ResponseField, ...]:
    """The fields of the operation and the status, in every option."""
    return tuple(
        field
        for field in interaction.contract.response_fields
        if field.operation is not None
        and field.operation is interaction.operation
        and (not field.statuses or interaction.status in field.statuses)
    )


def status_variant(contract: Contract) -> str:
    """The id of the variant that has status words of its own, and so rules the whole body; empty if there is none."""
    options = {word.variant for word in contract.status_spellings if word.variant}
    return next((variant.id for variant in contract.variants if options & {*variant.options}), "")


def option_of(interaction: Interaction, variant: Variants) -> str:
    """The option that is known to hold, or else the one that the answer's words and keys show."""
    pinned = interaction.history.options.get(variant.id)
    if pinned is not None:
        return pinned
    if variant.id == status_variant(interaction.contract):
        moment = moment_of(interaction)
        spoken = [
            w
            for w in interaction.contract.status_spellings
            if w.context is moment and w.spelling == interaction.raw_status
        ]
        if spoken and spoken[0].context is StatusContext.QUERY:
            return spoken[0].variant or variant.default
    options = sorted(variant.options, key=lambda option: option != variant.default)
    return max(options, key=lambda option: _likeness(interaction, variant, option))


def asked_about(interaction: Interaction, variant: Variants) -> bool:
    """Whether this answer can show an option of the variant: it has a field under one, and none that overrides it."""
    fields = [field for field in _applying(interaction) if field.variant == variant.id]
    ruling = next((v for v in interaction.contract.variants if v.id == status_variant(interaction.contract)), None)
    if not fields or ruling is None or ruling is variant or option_of(interaction, ruling) == ruling.default:
        return bool(fields)
    ruled = {f.path for f in _applying(interaction) if f.variant == ruling.id}
    return all(field.path not in ruled for field in fields)


def _likeness(interaction: Interaction, variant: Variants, option: str) -> float:
    """How much of what an option tells is there, from 0 to 1; an option that tells nothing is in the middle."""
    fields = [field for field in _applying(interaction) if field.variant == variant.id and field.option == option]
    outer = [field for field in fields if field.required and not _inside(field, fields)]
    if not outer:
        return NOTHING_ASKED
    return sum(_presence(interaction, field) for field in outer) / len(outer)


def _presence(interaction: Interaction, field: ResponseField) -> float:
    there = [value for value in found(interaction, field) if value is not MISSING]
    if not there:
        return 0.0
    if all(fits(field, value) for value in there):
        return 1.0
    shared = any(f.path == field.path and f.variant != field.variant for f in _applying(interaction))
    return 0.0 if shared else LITTLE_LIKE


def _inside(field: ResponseField, others: Iterable[ResponseField]) -> bool:
    return any(field.path.startswith((f"{other.path}.", f"{other.path}[]")) for other in others)


def found(interaction: Interaction, field: ResponseField) -> list[Any]:
    """What stands at a field's place, once for each item; MISSING where it is not.

    Nothing where the object around it is not there and has a field of its own that says so.
    """
    body = interaction.body if isinstance(interaction.body, dict) else {}
    there = [value for _, value in values_at(body, field.path)]
    around = field.path.rpartition(".")[0]
    if not there and around and around == interaction.contract.response.envelope_key:
        return [MISSING]
    return there


def fits(field: ResponseField, value: Any) -> bool:
    """Whether a value is of the field's type, and of its form if it has one."""
    return has_type(value, field.types) and formed(field, value)


def formed(field: ResponseField, value: Any) -> bool:
    """Whether a value has the form that the field's pattern asks of texts."""
    return not field.pattern or not isinstance(value, str) or re.fullmatch(field.pattern, value) is not None


def unknown(body: Any, paths: Iterable[str]) -> Iterator[str]:
    """The paths in a body that are none of these and none on the way to one, each with its place."""
    yield from dict.fromkeys(_unknown(body, "", _tree(tuple(paths))))


@lru_cache(maxsize=REMEMBERED)
def _tree(paths: tuple[str, ...]) -> dict[str, set[str]]:
    """The steps that may follow at each place, on the ways to these paths."""
    tree: dict[str, set[str]] = {}
    for path in paths:
        at = ""
        for step in path.replace("[]", ".[]").split("."):
            tree.setdefault(at, set()).add(step)
            at = f"{at}.{step}" if at else step
    return tree


def _unknown(value: Any, at: str, tree: dict[str, set[str]]) -> Iterator[str]:
    known = tree.get(at)
    if not known:
        return
    if isinstance(value, list) and "[]" in known:
        for item in value:
            yield from _unknown(item, f"{at}.[]", tree)
    elif isinstance(value, dict):
        for key, inner in value.items():
            place = f"{at}.{key}" if at else key
            if key in known:
                yield from _unknown(inner, place, tree)
            else:
                yield place.replace(".[]", "[]")
