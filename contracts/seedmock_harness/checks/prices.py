"""Prices of successful orders, under each option of billing, as far as the history has what they depend on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import Tariff
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.pricing import quote

from ..conversation.history import Interaction, TaskHistory
from ..conversation.order_parser import ParsedOrder
from ..results.checks import CheckResult, Severity, failed, passed
from .clips import downloaded_media
from .variants import check_option

SECONDS, TOKENS = "seconds", "tokens"
"""Options of the billing variant."""
PRECISION = Decimal("0.001")
"""A tenth of a cent, in USD."""
# A bill by tokens is 0.3 to 1.7 % above one by seconds, by the contract of the upstream that says "approximate".
APPROXIMATE = Decimal("0.05")
"""Relative deviation from the price table that a page allows which calls its prices approximate."""
# A frame of 1/24 s is 0.042 s.
_EXTRA_FRAME = 0.06


class Price(Struct, frozen=True):
    """Price of an order in USD, by option of the billing variant, and its row of the price table."""

    tariff: Tariff
    amounts: dict[str, Decimal]

    def option(self, charged: Decimal) -> str | None:
        """The option that leads to an amount."""
        return next((option for option, amount in self.amounts.items() if is_same_amount(charged, amount)), None)


def is_same_amount(first: Decimal, second: Decimal) -> bool:
    return abs(first - second) < PRECISION


def calculate_price(interaction: Interaction, task: TaskHistory) -> Price | None:
    """Calculate the price of a task's order; None if it is unknown, or the upstream has no price table."""
    order, tariff = task.order, find_tariff(interaction, task)
    if order is None or tariff is None:
        return None
    upstream = interaction.contract.name
    if order.operation is Operation.UPSCALE:
        seconds = _source_seconds(interaction, task)
        if seconds is None:
            return None
        upscale = UpscaleRequest(url="", resolution=order.resolution, seconds=seconds)
        return Price(tariff, {SECONDS: quote(upstream, upscale).amount})
    request = GenerationRequest(
        model=order.model.name,
        resolution=order.resolution,
        ratio=_ratio(interaction, task, order),
        seconds=order.seconds or 0,
    )
    billing = interaction.contract.billing
    if billing is None:
        return Price(tariff, {SECONDS: quote(upstream, request).amount})
    options = (SECONDS, TOKENS)
    return Price(tariff, {option: quote(upstream, request, variants={billing.id: option}).amount for option in options})


def find_tariff(interaction: Interaction, task: TaskHistory) -> Tariff | None:
    """The row of the price table for a task's order."""
    order = task.order
    if order is None:
        return None
    key = order.model.name, order.resolution
    return next((row for row in interaction.contract.tariffs if (row.model, row.resolution) == key), None)


def check_price(interaction: Interaction, task: TaskHistory, charged: Decimal, title: str) -> Iterator[CheckResult]:
    """Compare the amount that was charged for one order with its price. `title` is that of a failure."""
    tariff, order = find_tariff(interaction, task), task.order
    if tariff is None or order is None:
        return
    if order.operation is Operation.UPSCALE:
        yield from _check_upscale_price(interaction, task, tariff, charged, title)
        return
    price = calculate_price(interaction, task)
    if price is None:
        return
    option, amount = price.option(charged), price.amounts[SECONDS]
    is_close = abs(charged - amount) <= amount * APPROXIMATE
    if option is not None:
        yield passed(tariff, f"{charged} USD")
        billing = interaction.contract.billing
        if billing is not None and not is_same_amount(amount, price.amounts.get(TOKENS, amount)):
            yield check_option(interaction, billing, option)
    else:
        severity = Severity.WARNING if is_close else None
        yield failed(tariff, title, f"{amount} USD", f"{charged} USD", severity)
    approximation, expected, observed = interaction.fact("billing.tokens"), f"about {amount} USD", f"{charged} USD"
    yield passed(approximation, observed) if is_close else failed(approximation, title, expected, observed)


def _check_upscale_price(
    interaction: Interaction, task: TaskHistory, tariff: Tariff, charged: Decimal, title: str
) -> Iterator[CheckResult]:
    """An upscale is billed by the whole seconds of its input, rounded up, with a minimum."""
    terms, rounding = interaction.contract.upscaling, interaction.fact("upscale.billing")
    assert terms is not None, "an upstream with upscales has terms of upscaling"
    minimum = terms.minimum_seconds
    seconds = round(charged / tariff.per_second)
    observed = f"{charged} USD, {charged / tariff.per_second:.2f} seconds"
    if charged > 0 and seconds < minimum.value:
        yield failed(minimum, title, f"at least {minimum.value} seconds", observed)
        return
    if not is_same_amount(seconds * tariff.per_second, charged):
        yield failed(rounding, title, "whole seconds", observed)
        return
    yield passed(minimum, observed)
    price = calculate_price(interaction, task)
    if price is None:
        return
    amount = price.amounts[SECONDS]
    if is_same_amount(charged, amount):
        yield passed(tariff, observed)
        yield passed(rounding, observed)
    else:
        is_rounded_down = is_same_amount(charged, amount - tariff.per_second)
        yield failed(rounding if is_rounded_down else tariff, title, f"{amount} USD", observed)


def _source_seconds(interaction: Interaction, task: TaskHistory) -> float | None:
    """Duration of the video that was upscaled: as it was downloaded, else that of the result."""
    source = downloaded_media(interaction.history, task.created.media_urls[0])
    clips = (download.media for download in task.contents)
    clip = source or next((clip for clip in clips if clip is not None), None)
    if clip is None or clip.seconds is None:
        return None
    # The extra frame of a clip may be billed or not: then the number of whole seconds is unknown.
    has_extra_frame = 0 < clip.seconds - math.floor(clip.seconds) < _EXTRA_FRAME
    return None if has_extra_frame else clip.seconds


def _ratio(interaction: Interaction, task: TaskHistory, order: ParsedOrder) -> str | None:
    """The ordered ratio; that of the downloaded clip for an adaptive order."""
    if order.size is not None:
        return order.size.ratio
    clips = (download.media for download in task.contents)
    clip = next((clip for clip in clips if clip is not None), None)
    size = interaction.contract.parse_size(f"{clip.width}x{clip.height}") if clip else None
    return size.ratio if size else None
