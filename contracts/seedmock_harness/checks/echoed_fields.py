"""Whether an answer repeats what was ordered: the model, the prompt, the size, the length, the mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedmock_contracts.documents.references import LocatedReference
from seedmock_contracts.enums import ORDERS, MediaKind, Operation, Role
from seedmock_contracts.facts import Fact

from ..conversation.history import Interaction
from ..conversation.order_parser import ParsedOrder
from ..results.checks import CheckResult, compare
from . import response_fields as parts

SPOKEN = (*ORDERS, Operation.QUERY)


def model_is_echoed(interaction: Interaction) -> Iterator[CheckResult]:
    """An answer names the model that was ordered."""
    order = _order(interaction)
    if order is not None:
        yield from _repeated(interaction, "model", order.model.name, "another model than was ordered")


def prompt_is_echoed(interaction: Interaction) -> Iterator[CheckResult]:
    """An answer repeats the prompt as it was sent."""
    order = _order(interaction)
    if order is not None:
        yield from _repeated(interaction, "prompt", order.prompt, "another prompt than was sent")


def duration_is_echoed(interaction: Interaction) -> Iterator[CheckResult]:
    """An answer that tells the seconds tells those that were ordered."""
    order = _order(interaction)
    if order is not None and order.seconds is not None:
        yield from _repeated(interaction, "seconds", str(order.seconds), "another length than was ordered")


def size_is_echoed(interaction: Interaction) -> Iterator[CheckResult]:
    """An answer tells the pixels that were ordered, also where resolution and ratio ordered them."""
    order, document = _order(interaction), _document(interaction)
    if order is None or order.size is None:
        return
    seen = [value for _, value in _told(interaction, "size")]
    yield from _repeated(interaction, "size", order.size.text, "another size than was ordered")
    for value in seen:
        yield compare(order.size, "another size than its row says", order.size.text, value)
        equivalent = interaction.contract.find(f"{interaction.contract.name}.size.equivalent")
        if equivalent is not None and "ratio" in document and "size" not in document:
            title = "resolution and ratio mean another size than the table says"
            yield compare(equivalent, title, order.size.text, value)


def mode_is_reported(interaction: Interaction) -> Iterator[CheckResult]:
    """modelType tells what a clip is made from."""
    order = _order(interaction)
    fact = interaction.contract.find(f"{interaction.contract.name}.query.model_type")
    told = interaction.data.get("modelType") if isinstance(interaction.data, dict) else None
    if order is not None and fact is not None and isinstance(told, str):
        yield compare(fact, "modelType tells another mode", mode_type(order), told)


def mode_type(order: ParsedOrder) -> str:
    """A's word for what an order makes a clip from."""
    if order.operation is Operation.UPSCALE:
        return "VIDEO_TO_VIDEO"
    if not order.references:
        return "TEXT_TO_VIDEO"
    if any(found.reference.role is not Role.REFERENCE for found in order.references):
        return "IMAGE_TO_VIDEO"
    return "VIDEO_TO_VIDEO" if _edits(order.references) else "REFERENCE_TO_VIDEO"


def _edits(references: tuple[LocatedReference, ...]) -> bool:
    """A video to edit is the only reference, and a video."""
    return [found.reference.kind for found in references] == [MediaKind.VIDEO]


def _order(interaction: Interaction) -> ParsedOrder | None:
    """What was ordered of the task that a successful answer speaks of."""
    if interaction.is_error or interaction.operation not in SPOKEN:
        return None
    return (
        interaction.order
        if interaction.operation in ORDERS
        else interaction.task.order
        if interaction.task is not None
        else None
    )


def _document(interaction: Interaction) -> dict[str, Any]:
    asked = (
        interaction
        if interaction.operation in ORDERS
        else interaction.task.created
        if interaction.task is not None
        else interaction
    )
    return {name: value for name, value in (asked.document or {}).items() if value is not None}


def _told(interaction: Interaction, name: str) -> Iterator[tuple[Fact, Any]]:
    """The fields of this name that are told, with what they say."""
    data = interaction.data if isinstance(interaction.data, dict) else {}
    for field in parts.fields_of(interaction):
        if field.path.rpartition(".")[2] == name and "[]" not in field.path and name in data:
            yield field, data[name]


def _repeated(interaction: Interaction, name: str, ordered: str, title: str) -> Iterator[CheckResult]:
    for field, value in _told(interaction, name):
        yield compare(field, title, ordered, value)


CHECKS = (
    model_is_echoed,
    prompt_is_echoed,
    duration_is_echoed,
    size_is_echoed,
    mode_is_reported,
)
