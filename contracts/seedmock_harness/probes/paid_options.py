"""Options of paid steps: the media that orders refer to, their sizes and prices, and their request bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import Document, Model, Size
from seedmock_contracts.generation import GenerationRequest, Reference
from seedmock_contracts.pricing import quote
from seedmock_contracts.rules.fields import NumberRange

from ..driver.sample_media import image_uri, sound_uri

PROMPT = "A paper boat crosses a puddle, one slow take."


class MediaUrls(Struct, frozen=True):
    """URLs of the media that orders refer to; empty for a kind of which there is none."""

    image: str
    other_image: str
    video: str
    audio: str


HOSTED_MEDIA = MediaUrls(
    "https://example.com/first.png",
    "https://example.com/last.png",
    "https://example.com/motion.mp4",
    "https://example.com/rhythm.mp3",
)
"""For an emulator, which does not read them."""


def inline_media() -> MediaUrls:
    """Media as data: URIs, for a live upstream. Without a video, which needs an encoder."""
    # Above the lower limits of 300 pixels and 2 s; two sizes, so that the pictures are two.
    return MediaUrls(image_uri(320, 320), image_uri(352, 320), "", sound_uri(3.0))


class PaidOptions(Struct, frozen=True):
    """Options of paid steps. `token_price`: USD for a million tokens, where the contract has no price.

    `deep`: order every size, every target of upscales, the longest clip, and sounds beyond the total limit.
    `own_clock`: the upstream's clock can be advanced, so that the expiry of links can be waited for.
    """

    media: MediaUrls = HOSTED_MEDIA
    token_price: Decimal | None = None
    deep: bool = False
    own_clock: bool = False


class PricedSize(Struct, frozen=True):
    """A size that a model renders, with the price of the shortest clip in USD."""

    model: Model
    size: Size
    price: Decimal


def priced_sizes(contract: Contract, options: PaidOptions) -> list[PricedSize]:
    """Every size of every model by price; of equal prices, that of the model with the fewest resolutions first."""
    rows = [
        PricedSize(model, size, clip_price(contract, options, model, size))
        for model in contract.models
        if not model.upscales
        for size in contract.sizes
        if size.resolution in model.resolutions
    ]

    def sort_key(row: PricedSize) -> tuple[Decimal, int, str, int]:
        return row.price, len(row.model.resolutions), row.model.name, row.size.width * row.size.height

    return sorted(rows, key=sort_key)


def clip_price(
    contract: Contract, options: PaidOptions, model: Model, size: Size, seconds: int | None = None
) -> Decimal:
    """Price of a clip in USD; of the shortest one without `seconds`."""
    request = GenerationRequest(
        model=model.name,
        resolution=size.resolution,
        ratio=size.ratio,
        seconds=seconds or shortest_seconds(contract),
    )
    return quote(contract.name, request, price_per_million=options.token_price).amount


def order_price(contract: Contract, options: PaidOptions, row: PricedSize, order: Document) -> Decimal:
    """Price of an order of this size, which may leave out its duration."""
    field, seconds = contract.field("seconds"), contract.request.read(order, "seconds")
    if seconds is None and field is not None:
        seconds = field.default
    return clip_price(contract, options, row.model, row.size, None if seconds is None else int(seconds))


def shortest_seconds(contract: Contract) -> int:
    """Duration of the shortest clip, which the contract's example orders."""
    return int(contract.request.read(contract.example(Operation.CREATE), "seconds"))


def longest_seconds(contract: Contract) -> int:
    """Duration of the longest clip that the rules allow."""
    path = contract.request.path("seconds")
    ranges = (rule for rule in contract.rules[Operation.CREATE] if isinstance(rule, NumberRange) and rule.field == path)
    return next((rule.high for rule in ranges if rule.high is not None), shortest_seconds(contract))


def order_document(
    contract: Contract,
    model: Model,
    size: Size,
    *,
    audio: bool = False,
    references: Iterable[Reference] = (),
    by_ratio: bool = False,
    more: Mapping[str, Any] | None = None,
) -> Document:
    """Build an order of the shortest clip. `by_ratio`: with resolution and ratio, not a size, where both are possible.

    It has only fields of the contract. `more` replaces parts of the order, by their common names.
    """
    example = contract.example(Operation.CREATE)
    has_size = contract.request.read(example, "size") is not None and not (by_ratio and contract.field("ratio"))
    parts: dict[str, Any] = {"model": model.name, "prompt": PROMPT}
    parts |= {"size": size.text} if has_size else {"resolution": size.resolution, "ratio": size.ratio}
    parts |= {"seconds": contract.request.read(example, "seconds"), "generate_audio": audio}
    parts = {name: value for name, value in parts.items() if contract.field(name) is not None} | dict(more or {})
    return contract.request.layout.place(contract.request.write({}, parts), references)
