"""Price that an order is held at: the most that it can cost by the contract. Knows no socket and no budget."""

from __future__ import annotations

from decimal import Decimal

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import MediaKind, Operation
from seedmock_contracts.facts import Document, Size
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.pricing import asset_fee, quote

from ..conversation.order_parser import ParsedOrder, parse_order

# The longest clip that the models themselves render.
LONGEST_VIDEO_SECONDS = 15.0
"""Length that an upscale is held at where no limit of the upstream names another: a proxy does not see the video."""


def price_order(contract: Contract, operation: Operation, document: Document, token_price: Decimal | None) -> Decimal:
    """Return the most in USD that an order without violations can cost. Raises ValueError for one without a price."""
    if operation is Operation.ASSET_CREATE:
        return asset_fee(contract.name).value
    order = parse_order(contract, operation, document)
    if order is None:
        raise ValueError("its model or size has no price")
    if operation is Operation.UPSCALE:
        request = UpscaleRequest(url="", resolution=order.resolution, seconds=_longest_video(contract))
        return quote(contract.name, request).amount
    sizes = [order.size] if order.size is not None else _sizes(contract, order)
    seconds = 0 if order.seconds is None else order.seconds
    prices = [
        quote(
            contract.name,
            GenerationRequest(model=order.model.name, size=size.text, seconds=seconds),
            price_per_million=token_price,
        ).amount
        for size in sizes
    ]
    return max(prices)


def _sizes(contract: Contract, order: ParsedOrder) -> list[Size]:
    """Sizes that an adaptive ratio can become."""
    return [size for size in contract.sizes if size.resolution == order.resolution]


def _longest_video(contract: Contract) -> float:
    limits = (limit for limit in contract.limits if (limit.kind, limit.quantity) == (MediaKind.VIDEO, "seconds"))
    return max((limit.high for limit in limits if limit.high is not None), default=LONGEST_VIDEO_SECONDS)
