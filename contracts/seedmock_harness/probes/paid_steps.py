"""The paid ladder: the cheapest orders that see the most facts, the cheapest first.

Knows no upstream: models, sizes, prices and ways of generating are read off the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Capability, MediaKind, Mode, Operation
from seedmock_contracts.facts import Document, Model, Size
from seedmock_contracts.generation import GenerationRequest, Reference, UpscaleRequest, first_frame, last_frame
from seedmock_contracts.pricing import asset_fee, quote
from seedmock_contracts.rules.fields import NumberRange

from ..conversation.order_parser import ADAPTIVE
from ..driver.client import Step
from ..driver.sample_media import image_uri, sound_uri
from . import optional_features as sundry
from . import task_flows as lives

PROMPT = "A paper boat crosses a puddle, one slow take."
MINIMAL = ("text", "image", "multimodal")
"""Steps that a vendor's guide recommends as a first test: text, one image, all kinds of references."""


@dataclass(frozen=True, slots=True)
class MediaUrls:
    """The URLs that orders refer to; an empty one is a medium that there is none of."""

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
"""For an emulator, which takes an address at its word."""


def inline_media() -> MediaUrls:
    """For a live upstream, which must be able to read them: data URIs. A clip cannot be made without an encoder."""
    return MediaUrls(image_uri(320, 320), image_uri(352, 320), "", sound_uri(3.0))


@dataclass(frozen=True, slots=True)
class PaidOptions:
    """How paid orders are made: what they refer to, what a million tokens cost, and how far they go.

    `deep` orders every size and every target of upscales that there is, the longest clip, and sounds as long as they
    may be together and longer. `own_clock`: the upstream's clock moves at our word, so that what happens after days
    can be waited for.
    """

    media: MediaUrls = HOSTED_MEDIA
    token_price: Decimal | None = None
    deep: bool = False
    own_clock: bool = False


@dataclass(frozen=True, slots=True)
class PricedSize:
    """A model and a size that it renders, and what the shortest clip of it costs."""

    model: Model
    size: Size
    price: Decimal


def paid_steps(contract: Contract, terms: PaidOptions | None = None) -> tuple[Step, ...]:
    """The steps that cost money; the price of each is the most that it can cost, by the contract's figures."""
    terms = terms or PaidOptions()
    steps = [*_orders(contract, terms), *_library(contract), *_upscale(contract, terms), *_sundry(contract, terms)]
    steps.sort(key=lambda step: step.price)
    first = next(step for step in steps if step.name == "text")
    steps.remove(first)
    return (first, *steps, *_at_last(contract, terms))


def priced_sizes(contract: Contract, terms: PaidOptions) -> list[PricedSize]:
    """Every size of every model by price, of equal ones the simplest model's first."""
    found = [
        PricedSize(model, size, _price(contract, terms, model, size))
        for model in contract.models
        if not model.upscales
        for size in contract.sizes
        if size.resolution in model.resolutions
    ]
    return sorted(found, key=lambda row: (row.price, len(row.model.resolutions), row.model.name, _area(row.size)))


def _area(size: Size) -> int:
    return size.width * size.height


def _price(contract: Contract, terms: PaidOptions, model: Model, size: Size, seconds: int | None = None) -> Decimal:
    request = GenerationRequest(
        model=model.name, resolution=size.resolution, ratio=size.ratio, seconds=seconds or _least(contract)
    )
    return quote(contract.name, request, price_per_million=terms.token_price).amount


def _least(contract: Contract) -> int:
    """The shortest clip: what the contract's examples order."""
    return int(contract.request.read(contract.example(Operation.CREATE), "seconds"))


def _longest(contract: Contract) -> int:
    """The longest clip that the rules allow."""
    path = contract.request.path("seconds")
    ranges = (rule for rule in contract.rules[Operation.CREATE] if isinstance(rule, NumberRange) and rule.field == path)
    return next((rule.high for rule in ranges if rule.high is not None), _least(contract))


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
    """An order of the shortest clip, in the upstream's own words. `more` replaces fields by the house's names."""
    example = contract.example(Operation.CREATE)
    by_size = contract.request.read(example, "size") is not None and not (by_ratio and contract.field("ratio"))
    form = {"size": size.text} if by_size else {"resolution": size.resolution, "ratio": size.ratio}
    seconds = contract.request.read(example, "seconds")
    sound_on = {"generate_audio": audio} if contract.field("generate_audio") is not None else {}
    parts = {"model": model.name, "prompt": PROMPT, **form, "seconds": seconds, **sound_on, **(more or {})}
    return contract.request.layout.place(contract.request.write({}, parts), references)


# --- orders ---


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order to be made of the next row: what it shows, and how."""

    name: str
    says: str
    references: tuple[Reference, ...] = ()
    audio: bool = False
    by_ratio: bool = False
    adaptive: bool = False
    seconds: int | None = None


def _orders(contract: Contract, terms: PaidOptions) -> Iterator[Step]:
    """Each wish takes another size of the cheapest model, so that modes and sizes are seen by the same orders."""
    every = priced_sizes(contract, terms)
    cheapest = [row for row in every if row.model is every[0].model]
    left = list(cheapest)
    for wish in (wish for wish in _wishes(contract, terms) if _is_possible(contract, wish)):
        row = left.pop(0) if left and not wish.adaptive else cheapest[0]
        yield _order(contract, terms, wish, row)
    dearest = contract.models[0].resolutions[-1]
    for row in _others(contract, every, terms):
        place = "" if row.size.resolution == row.model.resolutions[0] else f".{row.size.resolution}"
        wish = PlannedOrder(f"model.{row.model.tier}{place}", f"text to video by {row.model.name}", by_ratio=True)
        yield _order(contract, terms, wish, row)
    for row in _sizes(left, every, dearest, terms):
        name = f"size.{row.size.resolution}.{row.size.ratio}"
        yield _order(contract, terms, PlannedOrder(name, f"{row.size.text} by {row.model.name}", by_ratio=True), row)


def _wishes(contract: Contract, terms: PaidOptions) -> Iterator[PlannedOrder]:
    media, modes = terms.media, {mode.mode for mode in contract.modes}
    first, last = first_frame(media.image), last_frame(media.other_image)
    image, video, audio = (
        Reference(kind, url) for kind, url in zip(MediaKind, (media.image, media.video, media.audio), strict=True)
    )
    yield PlannedOrder("text", "text to video, asked for in every way that there is")
    yield PlannedOrder(
        "image", "one image as the first frame, with sound", (first,), audio=True, adaptive=_adapts(contract)
    )
    yield PlannedOrder("frames", "a first and a last frame", (first, last))
    yield PlannedOrder("references", "several reference images", (image, Reference(MediaKind.IMAGE, media.other_image)))
    everything = (image, *((video,) if video.url else ()), audio)
    yield PlannedOrder("multimodal", "references of every kind", everything, audio=True)
    if Mode.EDIT in modes and video.url:
        yield PlannedOrder("edit", "a video with a prompt: edited, or gone on with", (video,))
    field = contract.field("seconds")
    if field is not None and len({*field.types} & {"string", "number"}) > 1:
        says = "seconds as a number" if _tells_text(contract) else "seconds as a text"
        yield PlannedOrder("number", says, by_ratio=True, seconds=0)
    if terms.deep:
        yield PlannedOrder("longest", "the longest clip that there is", seconds=_longest(contract))


def _is_possible(contract: Contract, wish: PlannedOrder) -> bool:
    """Whether the upstream has the way of generating that the references of an order make it one of."""
    mode = GenerationRequest(references=wish.references).mode
    if mode not in {fact.mode for fact in contract.modes}:
        return False
    try:
        contract.request.layout.place({}, wish.references)
    except ValueError:
        return False
    return True


def _adapts(contract: Contract) -> bool:
    ratio = contract.field("ratio")
    return ratio is not None and ratio.default == ADAPTIVE


def _tells_text(contract: Contract) -> bool:
    return isinstance(contract.request.read(contract.example(Operation.CREATE), "seconds"), str)


def _others(contract: Contract, every: Sequence[PricedSize], terms: PaidOptions) -> Iterator[PricedSize]:
    """For each other model the cheapest row; if deep, also one of the resolution that only others tell of."""
    for model in contract.models:
        of = [row for row in every if row.model is model]
        if of and model is not every[0].model:
            yield of[0]
            if terms.deep and contract.find(f"{model.id}.resolutions") in contract.behaviours:
                yield next(row for row in of if row.size.resolution == model.resolutions[-1])


def _sizes(
    left: Sequence[PricedSize], every: Sequence[PricedSize], dearest: str, terms: PaidOptions
) -> Iterator[PricedSize]:
    """The sizes that no order has had yet; of the highest resolution one only, unless it shall be deep."""
    yield from left
    seen = {row.size for row in left}
    high: dict[Size, PricedSize] = {}
    for row in every:
        if row.size.resolution == dearest and row.size not in seen:
            high.setdefault(row.size, row)
    yield from list(high.values())[: None if terms.deep else 1]


def _order(contract: Contract, terms: PaidOptions, wish: PlannedOrder, row: PricedSize) -> Step:
    more: dict[str, Any] = {}
    if wish.seconds is not None:
        number: int = wish.seconds or _least(contract)
        more["seconds"] = number if _tells_text(contract) == (wish.seconds == 0) else str(number)
    if wish.adaptive:
        more["ratio"] = ADAPTIVE
    order = order_document(
        contract, row.model, row.size, audio=wish.audio, references=wish.references, by_ratio=wish.by_ratio, more=more
    )
    follow = partial(lives.run_order_with_all_checks if wish.name == "text" else lives.run_order, order=order)
    price = _price(contract, terms, row.model, row.size, wish.seconds or None)
    return Step(wish.name, wish.says, follow, price, wish.name in MINIMAL)


# --- what only some upstreams have ---


def _library(contract: Contract) -> Iterator[Step]:
    if any(endpoint.operation is Operation.ASSET_CREATE for endpoint in contract.endpoints):
        says = "a group and an asset: made, polled, listed, renamed, deleted, and not another key's"
        yield Step("asset", says, lives.run_asset_flow, asset_fee(contract.name).value)


def _upscale(contract: Contract, terms: PaidOptions) -> Iterator[Step]:
    model = next((model for model in contract.models if model.upscales), None)
    if model is None:
        return
    for target in model.resolutions[: None if terms.deep else 2]:
        request = UpscaleRequest(url="https://example.com/small.mp4", resolution=target, seconds=_least(contract))
        price = quote(contract.name, request).amount
        name = "upscale" if target == model.resolutions[0] else f"upscale.{target}"
        yield Step(name, f"a clip that was made before, to {target}", partial(lives.run_upscale, target=target), price)


def _sundry(contract: Contract, terms: PaidOptions) -> Iterator[Step]:
    """Orders of the cheapest row that are made, or fail, in ways of their own."""
    row, known = priced_sizes(contract, terms)[0], {endpoint.operation for endpoint in contract.endpoints}
    order = order_document(contract, row.model, row.size)
    spare = sundry.defaults_document(contract, order, terms.media.image)
    run = partial(sundry.order_with_defaults, order=spare)
    yield Step(
        "defaults", "an order that leaves out all that has a default", run, _price_of(contract, terms, row, spare)
    )
    if contract.find(f"{contract.name}.private_urls") is not None:
        inside = contract.request.layout.place(order, [first_frame(sundry.PRIVATE)])
        yield Step("private", "an order with a private address", partial(lives.run_order, order=inside), row.price)
    if Operation.ASSET_CREATE in known:
        used = partial(sundry.order_with_asset, order=order, image=HOSTED_MEDIA.image)
        price = asset_fee(contract.name).value + 2 * row.price
        yield Step("asset.used", "an order with an asset, while it is there and afterwards", used, price)
    if contract.find(f"{contract.name}.input_reference.file") is not None:
        yield Step("form", "an order in a form, with a file", partial(sundry.order_by_form, order=order), row.price)
    if Capability.CANCEL in contract.capabilities:
        cancelled = partial(lives.run_cancellation, order=order)
        yield Step("cancel", "an order that is cancelled at once, and once more", cancelled, row.price)
    if terms.deep:
        yield from _too_long(contract, terms, row)


def _price_of(contract: Contract, terms: PaidOptions, row: PricedSize, order: Document) -> Decimal:
    """What an order of a row costs that may leave its seconds out."""
    field, given = contract.field("seconds"), contract.request.read(order, "seconds")
    seconds = field.default if given is None and field is not None else given
    return _price(contract, terms, row.model, row.size, None if seconds is None else int(seconds))


def _too_long(contract: Contract, terms: PaidOptions, row: PricedSize) -> Iterator[Step]:
    """Sounds within their limit together, and beyond it: it is looked at last, so that no question is free."""
    for limit in contract.limits:
        if (limit.kind, limit.quantity) == (MediaKind.AUDIO, "total_seconds") and limit.high:
            image = Reference(MediaKind.IMAGE, terms.media.image)
            order, longer = (
                order_document(contract, row.model, row.size, references=(image, half, half))
                for half in (Reference(MediaKind.AUDIO, sound_uri(limit.high / 2 + more)) for more in (0.0, 0.5))
            )
            run = partial(sundry.order_too_long_audio, order=order, longer=longer, limit=limit)
            yield Step("sounds", "sounds that are too long together", run, 2 * row.price)


def _at_last(contract: Contract, terms: PaidOptions) -> Iterator[Step]:
    if any(endpoint.operation is Operation.FILE_CREATE for endpoint in contract.endpoints):
        yield Step("file", "a posted file", partial(sundry.upload_file, waits=terms.own_clock))
    if Capability.LIST in contract.capabilities:
        yield Step("list", "the tasks that were made, as the upstream lists them", lives.list_tasks)
    if terms.own_clock and contract.response.link_paths:
        yield Step("links", "links to results end after their days", lives.fetch_expired_link)
