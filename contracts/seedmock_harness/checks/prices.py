"""What an order that succeeded costs, by each way of billing, as far as the conversation tells what it depends on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import Fact, Tariff
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.pricing import quote

from ..conversation.history import Interaction, TaskHistory
from ..conversation.order_parser import ParsedOrder
from ..results.checks import CheckResult, Severity, failed, passed
from .clips import known
from .variants import chosen

SECONDS, TOKENS = "seconds", "tokens"
TENTH_OF_A_CENT = Decimal("0.001")
APPROXIMATE = Decimal("0.05")
"""How far from the table's price a second may be for a page that calls its prices approximate."""
_FRAME = 0.06


@dataclass(frozen=True, slots=True)
class Price:
    """What an order costs, by each option of the billing variant; `tariff` is the row that says so."""

    tariff: Tariff
    amounts: dict[str, Decimal]

    def option(self, charged: Decimal) -> str | None:
        """The option by which the order costs what was charged."""
        return next((name for name, amount in self.amounts.items() if near(charged, amount)), None)


def near(one: Decimal, other: Decimal) -> bool:
    """Whether two amounts are the same to a tenth of a cent."""
    return abs(one - other) < TENTH_OF_A_CENT


def price(interaction: Interaction, task: TaskHistory) -> Price | None:
    """What a task's order costs; None where nobody can know, or where the upstream has no prices."""
    order, row = task.order, tariff(interaction, task)
    if order is None or row is None:
        return None
    contract = interaction.contract
    if order.operation is Operation.UPSCALE:
        length = _length(interaction, task)
        if length is None:
            return None
        return Price(
            row,
            {SECONDS: quote(contract.name, UpscaleRequest(url="", resolution=order.resolution, seconds=length)).amount},
        )
    request = GenerationRequest(
        model=order.model.name,
        resolution=order.resolution,
        ratio=_ratio(interaction, task, order),
        seconds=order.seconds or 0,
    )
    billing = f"{contract.name}.billing"
    return Price(
        row, {name: quote(contract.name, request, variants={billing: name}).amount for name in (SECONDS, TOKENS)}
    )


def tariff(interaction: Interaction, task: TaskHistory) -> Tariff | None:
    """The row of the price table for an order."""
    order = task.order
    if order is None:
        return None
    asked = (order.model.name, order.resolution)
    return next((row for row in interaction.contract.tariffs if (row.model, row.resolution) == asked), None)


def judged_price(interaction: Interaction, task: TaskHistory, charged: Decimal, title: str) -> Iterator[CheckResult]:
    """Whether what was charged for an order is its price. `title` begins the sentence of a failure."""
    row, order = tariff(interaction, task), task.order
    if row is None or order is None:
        return
    if order.operation is Operation.UPSCALE:
        yield from _enlarging(interaction, task, row, charged, title)
        return
    due = price(interaction, task)
    if due is None:
        return
    option = due.option(charged)
    usual = due.amounts[SECONDS]
    roughly = abs(charged - usual) <= usual * APPROXIMATE
    if option is not None:
        yield passed(row, f"{charged} USD")
        if not near(usual, due.amounts[TOKENS]):
            yield chosen(interaction, f"{interaction.contract.name}.billing", option)
    else:
        severity = Severity.WARNING if roughly else None
        yield failed(row, title, f"{usual} USD", f"{charged} USD", severity)
    about: Fact = interaction.contract.fact(f"{interaction.contract.name}.billing.tokens")
    expected, observed = f"about {usual} USD", f"{charged} USD"
    yield passed(about, observed) if roughly else failed(about, title, expected, observed)


def _enlarging(
    interaction: Interaction, task: TaskHistory, row: Tariff, charged: Decimal, title: str
) -> Iterator[CheckResult]:
    """Whole seconds of the input, rounded up, and five at the least."""
    least = interaction.contract.amount(f"{interaction.contract.name}.upscale.minimum_seconds")
    rounding, due = interaction.contract.fact(f"{interaction.contract.name}.upscale.billing"), price(interaction, task)
    seconds = round(charged / row.per_second)
    observed = f"{charged} USD, {charged / row.per_second:.2f} seconds"
    if charged > 0 and seconds < least.value:
        yield failed(least, title, f"{least.value} seconds at least", observed)
        return
    if not near(seconds * row.per_second, charged):
        yield failed(rounding, title, "whole seconds", observed)
        return
    yield passed(least, observed)
    if due is None:
        return
    usual = due.amounts[SECONDS]
    rounded_down = near(charged, usual - row.per_second)
    if near(charged, usual):
        yield passed(row, observed)
        yield passed(rounding, observed)
    else:
        yield failed(rounding if rounded_down else row, title, f"{usual} USD", observed)


def _length(interaction: Interaction, task: TaskHistory) -> float | None:
    """How long the video was that was to be enlarged: as it was fetched, else as the result is."""
    source = known(interaction.history, str((task.created.document or {}).get("videoUrl")))
    clips = (content.exchange.response.media for content in task.contents)
    clip = source or next((clip for clip in clips if clip is not None), None)
    if clip is None or clip.seconds is None:
        return None
    odd = 0 < clip.seconds - math.floor(clip.seconds) < _FRAME  # one frame more than was ordered: billed or not?
    return None if odd else clip.seconds


def _ratio(interaction: Interaction, task: TaskHistory, order: ParsedOrder) -> str | None:
    """The ratio that was ordered, or that an adaptive clip has."""
    if order.size is not None:
        return order.size.ratio
    clips = (content.exchange.response.media for content in task.contents)
    clip = next((clip for clip in clips if clip is not None), None)
    row = interaction.contract.parse_size(f"{clip.width}x{clip.height}") if clip else None
    return row.ratio if row else None
