"""Paid steps of a verification, derived from the contract: those that confirm the most facts for the least money."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Capability, MediaKind, Operation
from seedmock_contracts.generation import Reference, UpscaleRequest, first_frame
from seedmock_contracts.pricing import asset_fee, quote

from ..driver.client import Step
from ..driver.sample_media import sound_uri
from .asset_flows import order_unknown_asset, order_with_asset, run_asset_flow
from .optional_features import (
    PRIVATE_URL,
    defaults_document,
    fetch_expired_link,
    order_beyond_audio_limit,
    order_by_form,
    order_with_defaults,
    run_upscale,
    upload_file,
)
from .paid_options import (
    HOSTED_MEDIA,
    PaidOptions,
    PricedSize,
    order_document,
    order_price,
    priced_sizes,
    shortest_seconds,
)
from .planned_orders import order_steps
from .priced_rules import rule_steps
from .second_violations import UNKNOWN_CLIP
from .task_flows import list_tasks, run_cancellation, run_order


def paid_steps(contract: Contract, options: PaidOptions | None = None) -> tuple[Step, ...]:
    """All paid steps of an upstream: text to video, the others by price, and those that only read."""
    options = options or PaidOptions()
    steps = [
        *order_steps(contract, options),
        *_asset_steps(contract),
        *_upscale_steps(contract, options),
        *_optional_steps(contract, options),
    ]
    # The budget may be used up before the steps are: with the cheapest first, the most of them are run.
    steps.sort(key=lambda step: step.price)
    first = next(step for step in steps if step.name == "text")
    steps.remove(first)
    return (first, *steps, *rule_steps(contract, options), *_final_steps(contract, options))


def _asset_steps(contract: Contract) -> Iterator[Step]:
    if Capability.ASSETS in contract.capabilities:
        description = "a group and an asset: created, polled, listed, renamed, deleted, and hidden from another key"
        yield Step("asset", description, run_asset_flow, asset_fee(contract.name).value)


def _upscale_steps(contract: Contract, options: PaidOptions) -> Iterator[Step]:
    model = next((model for model in contract.models if model.upscales), None)
    if model is None:
        return
    for target in model.resolutions[: None if options.deep else 2]:
        seconds = shortest_seconds(contract)
        request = UpscaleRequest(url="https://example.com/small.mp4", resolution=target, seconds=seconds)
        name = "upscale" if target == model.resolutions[0] else f"upscale.{target}"
        description, run = f"an earlier clip, to {target}", partial(run_upscale, target=target)
        yield Step(name, description, run, quote(contract.name, request).amount)


def _optional_steps(contract: Contract, options: PaidOptions) -> Iterator[Step]:
    """Orders of the cheapest size that use one optional feature each."""
    row = priced_sizes(contract, options)[0]
    order = order_document(contract, row.model, row.size)
    yield _defaults_step(contract, options, row)
    if contract.find_own("private_urls") is not None:
        private = contract.request.layout.place(order, [first_frame(PRIVATE_URL)])
        run_private = partial(run_order, order=private)
        yield Step("private", "an order with a private address", run_private, row.price, may_be_refused=True)
    if Capability.ASSETS in contract.capabilities:
        run = partial(order_with_asset, order=order, image=HOSTED_MEDIA.image)
        # The order with the deleted asset may be accepted, too.
        price = asset_fee(contract.name).value + 2 * row.price
        unknown = contract.request.layout.place(order, [first_frame(UNKNOWN_CLIP)])
        run_unknown, description = (
            partial(order_unknown_asset, order=unknown),
            "an order with an asset that does not exist",
        )
        yield Step("asset.unknown", description, run_unknown, row.price, contingent=True)
        yield Step("asset.used", "an order with an asset, and one after its deletion", run, price)
    if contract.find_own(f"{contract.request.file_parts.get(Operation.CREATE)}.file") is not None:
        yield Step("form", "an order in a form, with a file", partial(order_by_form, order=order), row.price)
    if Capability.CANCEL in contract.capabilities:
        run = partial(run_cancellation, order=order)
        yield Step("cancel", "an order that is cancelled at once, and again", run, row.price)
    if options.deep:
        yield from _audio_limit_steps(contract, options, row)


def _defaults_step(contract: Contract, options: PaidOptions, row: PricedSize) -> Step:
    order = defaults_document(contract, order_document(contract, row.model, row.size), options.media.image)
    price = order_price(contract, options, row, order)
    return Step("defaults", "an order without optional fields", partial(order_with_defaults, order=order), price)


def _audio_limit_steps(contract: Contract, options: PaidOptions, row: PricedSize) -> Iterator[Step]:
    """Sounds at their total limit, and beyond it. Paid: no other violation is found after this one."""
    for limit in contract.limits:
        if (limit.kind, limit.quantity) == (MediaKind.AUDIO, "total_seconds") and limit.high:
            image = Reference(MediaKind.IMAGE, options.media.image)
            sounds = [Reference(MediaKind.AUDIO, sound_uri(limit.high / 2 + more)) for more in (0.0, 0.5)]
            allowed, beyond = (
                order_document(contract, row.model, row.size, references=(image, sound, sound)) for sound in sounds
            )
            run = partial(order_beyond_audio_limit, allowed=allowed, beyond=beyond, limit=limit)
            yield Step("sounds", "sounds beyond their total limit", run, 2 * row.price)


def _final_steps(contract: Contract, options: PaidOptions) -> Iterator[Step]:
    """Steps that need the tasks of earlier ones, or let days pass."""
    if contract.endpoint(Operation.FILE_CREATE) is not None:
        yield Step("file", "an uploaded file", partial(upload_file, own_clock=options.own_clock))
    if Capability.LIST in contract.capabilities:
        yield Step("list", "the list of tasks", list_tasks)
    if options.own_clock and contract.response.link_paths:
        yield Step("links", "the expiry of links to results", fetch_expired_link)
