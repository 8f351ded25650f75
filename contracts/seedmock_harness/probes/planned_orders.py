"""Paid steps that order clips: one for each mode, model and size, so that few orders confirm many facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import MediaKind, Mode, Operation
from seedmock_contracts.facts import Size
from seedmock_contracts.generation import Reference, first_frame, generation_mode, last_frame

from ..conversation.order_parser import ADAPTIVE
from ..driver.client import Step
from .paid_options import (
    PaidOptions,
    PricedSize,
    clip_price,
    longest_seconds,
    order_document,
    priced_sizes,
    shortest_seconds,
)
from .task_flows import run_order, run_order_with_all_checks

MINIMAL_STEPS = ("text", "image", "multimodal")
"""The orders of a vendor's own quick start: text, one image, references of all kinds."""


class PlannedOrder(Struct, frozen=True):
    """An order before its size is chosen. `other_json_type`: the duration has another JSON type than in the example."""

    name: str
    description: str
    references: tuple[Reference, ...] = ()
    audio: bool = False
    by_ratio: bool = False
    adaptive: bool = False
    seconds: int | None = None
    other_json_type: bool = False


def order_steps(contract: Contract, options: PaidOptions) -> Iterator[Step]:
    """Steps of one order each: the modes in different sizes of the cheapest model, then other models and sizes."""
    rows = priced_sizes(contract, options)
    cheapest = [row for row in rows if row.model is rows[0].model]
    unused = list(cheapest)
    for order in (order for order in _orders_by_mode(contract, options) if _is_possible(contract, order)):
        # Each mode in another size: one order confirms both. An adaptive order names no size.
        row = unused.pop(0) if unused and not order.adaptive else cheapest[0]
        yield _order_step(contract, options, order, row)
    for row in _other_models(contract, rows, options):
        suffix = "" if row.size.resolution == row.model.resolutions[0] else f".{row.size.resolution}"
        name, description = f"model.{row.model.tier}{suffix}", f"text to video by {row.model.name}"
        yield _order_step(contract, options, PlannedOrder(name, description, by_ratio=True), row)
    for row in _other_sizes(contract, unused, rows, options):
        name, description = f"size.{row.size.resolution}.{row.size.ratio}", f"{row.size.text} by {row.model.name}"
        yield _order_step(contract, options, PlannedOrder(name, description, by_ratio=True), row)


def _orders_by_mode(contract: Contract, options: PaidOptions) -> Iterator[PlannedOrder]:
    media, modes = options.media, {mode.mode for mode in contract.modes}
    first, last = first_frame(media.image), last_frame(media.other_image)
    urls = zip(MediaKind, (media.image, media.video, media.audio), strict=True)
    image, video, audio = (Reference(kind, url) for kind, url in urls)
    adaptive = _has_adaptive_ratio(contract)
    yield PlannedOrder("text", "text to video, with every request about the task")
    yield PlannedOrder("image", "one image as the first frame, with sound", (first,), audio=True, adaptive=adaptive)
    yield PlannedOrder("frames", "a first and a last frame", (first, last))
    yield PlannedOrder("references", "several reference images", (image, Reference(MediaKind.IMAGE, media.other_image)))
    all_kinds = (image, *((video,) if video.url else ()), audio)
    yield PlannedOrder("multimodal", "references of every kind", all_kinds, audio=True)
    if Mode.EDIT in modes and video.url:
        yield PlannedOrder("edit", "a video with a prompt: edited or extended", (video,))
    field = contract.field("seconds")
    if field is not None and len({*field.types} & {"string", "number"}) > 1:
        description = "seconds as a number" if _has_text_seconds(contract) else "seconds as text"
        yield PlannedOrder("number", description, by_ratio=True, other_json_type=True)
    if options.deep:
        yield PlannedOrder("longest", "the longest clip", seconds=longest_seconds(contract))


def _is_possible(contract: Contract, order: PlannedOrder) -> bool:
    """True if the upstream has the mode of an order, and its layout can express the references."""
    mode = generation_mode(order.references)
    if mode not in {fact.mode for fact in contract.modes}:
        return False
    try:
        contract.request.layout.place({}, order.references)
    except ValueError:
        return False
    return True


def _has_adaptive_ratio(contract: Contract) -> bool:
    ratio = contract.field("ratio")
    return ratio is not None and ratio.default == ADAPTIVE


def _has_text_seconds(contract: Contract) -> bool:
    return isinstance(contract.request.read(contract.example(Operation.CREATE), "seconds"), str)


def _other_models(contract: Contract, rows: Sequence[PricedSize], options: PaidOptions) -> Iterator[PricedSize]:
    """The cheapest size of each other model; if deep, also one of a resolution that other sources document."""
    for model in contract.models:
        of_model = [row for row in rows if row.model is model]
        if of_model and model is not rows[0].model:
            yield of_model[0]
            if options.deep and contract.find(f"{model.id}.resolutions") in contract.behaviours:
                yield next(row for row in of_model if row.size.resolution == model.resolutions[-1])


def _other_sizes(
    contract: Contract, unused: Sequence[PricedSize], rows: Sequence[PricedSize], options: PaidOptions
) -> Iterator[PricedSize]:
    """The unused sizes of the cheapest model, then one of the highest resolution; if deep, all of them."""
    yield from unused
    sizes = {row.size for row in unused}
    highest: dict[Size, PricedSize] = {}
    for row in rows:
        if row.size.resolution == contract.models[0].resolutions[-1] and row.size not in sizes:
            highest.setdefault(row.size, row)
    yield from list(highest.values())[: None if options.deep else 1]


def _order_step(contract: Contract, options: PaidOptions, order: PlannedOrder, row: PricedSize) -> Step:
    more: dict[str, Any] = {}
    if order.seconds is not None or order.other_json_type:
        seconds = order.seconds or shortest_seconds(contract)
        as_text = _has_text_seconds(contract) is not order.other_json_type
        more["seconds"] = str(seconds) if as_text else seconds
    if order.adaptive:
        more["ratio"] = ADAPTIVE
    document = order_document(
        contract,
        row.model,
        row.size,
        audio=order.audio,
        references=order.references,
        by_ratio=order.by_ratio,
        more=more,
    )
    flow = run_order_with_all_checks if order.name == "text" else run_order
    price = clip_price(contract, options, row.model, row.size, order.seconds)
    return Step(order.name, order.description, partial(flow, order=document), price, order.name in MINIMAL_STEPS)
