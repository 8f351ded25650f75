"""Checks of echoed fields: a response about a task repeats the model, prompt, duration, size and mode of its order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedmock_contracts.documents.values import to_text
from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.facts import Fact

from ..conversation.history import Interaction
from ..conversation.order_parser import ParsedOrder
from ..results.checks import CheckResult, compare
from .response_fields import read_field


def model_is_echoed(interaction: Interaction) -> Iterator[CheckResult]:
    """The response has the ordered model."""
    order = _order(interaction)
    if order is not None:
        yield from _compare_fields(interaction, "model", order.model.name, "another model than was ordered")


def prompt_is_echoed(interaction: Interaction) -> Iterator[CheckResult]:
    """The response has the prompt exactly as it was sent."""
    order = _order(interaction)
    if order is not None:
        yield from _compare_fields(interaction, "prompt", order.prompt, "another prompt than was sent")


def duration_is_echoed(interaction: Interaction) -> Iterator[CheckResult]:
    """The response has the ordered duration, if it has one."""
    order = _order(interaction)
    if order is not None and order.seconds is not None:
        yield from _compare_fields(interaction, "seconds", str(order.seconds), "another duration than was ordered")


def size_is_echoed(interaction: Interaction) -> Iterator[CheckResult]:
    """The response has the ordered size, also if the order has a resolution and a ratio instead."""
    order, document = _order(interaction), _order_document(interaction)
    if order is None or order.size is None:
        return
    yield from _compare_fields(interaction, "size", order.size.text, "another size than was ordered")
    for _, value in _fields(interaction, "size"):
        yield compare(order.size, "another size than in the size table", order.size.text, value)
        equivalent = interaction.find("size.equivalent")
        request = interaction.contract.request
        by_ratio = request.read(document, "ratio") is not None and request.read(document, "size") is None
        if equivalent is not None and by_ratio:
            title = "resolution and ratio lead to another size than in the size table"
            yield compare(equivalent, title, order.size.text, value)


def mode_is_reported(interaction: Interaction) -> Iterator[CheckResult]:
    """The response has the mode that follows from the references of the order."""
    order, fact = _order(interaction), interaction.find("query.model_type")
    mode, spellings = interaction.part("mode"), interaction.contract.response.modes
    if order is not None and fact is not None and isinstance(mode, str):
        yield compare(fact, "the response names another mode", spellings[order.mode], mode)


def _order(interaction: Interaction) -> ParsedOrder | None:
    """The order of the task that a success is about."""
    created = _creation(interaction)
    return None if created is None or interaction.is_error else created.order


def _creation(interaction: Interaction) -> Interaction | None:
    if interaction.operation in ORDERS:
        return interaction
    is_query = interaction.operation is Operation.QUERY
    return interaction.task.created if is_query and interaction.task is not None else None


def _order_document(interaction: Interaction) -> dict[str, Any]:
    created = _creation(interaction)
    document = created.document if created is not None else None
    return {name: value for name, value in (document or {}).items() if value is not None}


def _fields(interaction: Interaction, name: str) -> Iterator[tuple[Fact, Any]]:
    """Fields of the payload that have this part of an order, with their values."""
    value, field = read_field(interaction, (interaction.contract.response.path(name),))
    if field is not None:
        yield field, value


def _compare_fields(interaction: Interaction, name: str, expected: str, title: str) -> Iterator[CheckResult]:
    for field, value in _fields(interaction, name):
        yield compare(field, title, expected, value if isinstance(value, list | dict) else to_text(value))


CHECKS = (model_is_echoed, prompt_is_echoed, duration_is_echoed, size_is_echoed, mode_is_reported)
