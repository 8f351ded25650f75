"""Drafts of tasks: a decoded order with its resolved references, before it has an id, a fate and a seed. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from sys import intern

import msgspec

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ErrorKind, MediaKind, Mode, Role
from seedmock_contracts.facts import Size
from seedmock_contracts.generation import Reference, UpscaleRequest, generation_mode
from seedmock_contracts.terms import UpscaleTerms

from ..references.resolver import Input, frame_file
from ..tasks.models import Task, TaskFailure

# Pixels of an upscaled clip: no common H.264 decoder takes more, and a strip of a video gets there when scaled to 4k.
LONGEST_SIDE = 8192
# Assumed of an input that cannot be read (apimodels.adaptive.none).
WIDESCREEN = 16 / 9
# Tests and loads repeat their prompts, and one text for all takes a quarter off the memory of a task. It is freed with
# the last of them.
MAX_INTERNED_CHARS = 2000


class GenerationOrder(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Order for one clip, as an upstream's module decodes it; the ratio may be adaptive, and a seed of None is free.

    Not the GenerationRequest of clients: to set the fields of a frozen dataclass costs a tenth of a create.
    """

    prompt: str
    model: str
    resolution: str
    ratio: str
    seconds: int
    audio: bool
    seed: int | None
    references: tuple[Reference, ...]
    callback_url: str


def generation_draft(
    contract: Contract,
    account: str,
    origin: str,
    order: GenerationOrder,
    inputs: Sequence[Input],
    private_failure: TaskFailure | None,
) -> Task:
    """Draft a generation; it fails with `private_failure`, if given, when an input has a private address."""
    size = _size(contract, order, inputs)
    draft = Task(
        upstream=contract.name,
        account=account,
        mode=generation_mode(order.references),
        model=intern(order.model),  # one text for all tasks of a model
        prompt=intern(order.prompt) if len(order.prompt) <= MAX_INTERNED_CHARS else order.prompt,
        resolution=size.resolution,
        ratio=size.ratio,
        width=size.width,
        height=size.height,
        seconds=order.seconds,
        audio=order.audio,
        seed=-1 if order.seed is None else order.seed,
    )
    if not inputs and not order.callback_url:
        return draft  # as most orders; to name the fields below takes as long as those above
    return msgspec.structs.replace(
        draft,
        failure=private_failure if private_failure and any(source.is_private_address for source in inputs) else None,
        first=frame_file(inputs, Role.FIRST_FRAME),
        last=frame_file(inputs, Role.LAST_FRAME),
        callback_url=order.callback_url,
        origin=origin if order.callback_url else "",
    )


def upscale_draft(
    contract: Contract,
    account: str,
    origin: str,
    request: UpscaleRequest,
    video: Input,
    failure: TaskFailure | None,
) -> Task:
    """Draft an upscale of a video; it fails with `failure`, if given, or for a source that cannot be upscaled."""
    if failure is None and video.facts is not None and video.facts.kind is not MediaKind.VIDEO:
        failure = unusable_source(f"{video.path} is not a video")
    size = _upscaled_size(contract, request.resolution, video)
    if max(size.width, size.height) > LONGEST_SIDE:
        failure = unusable_source(f"{video.path} would become {size.text}; allowed: at most {LONGEST_SIDE} a side")
    seconds = video.facts.seconds if video.facts else None
    unknown_seconds = float(_terms(contract).unknown_seconds.value)
    return Task(
        upstream=contract.name,
        account=account,
        mode=Mode.UPSCALE,
        model=next(model.name for model in contract.models if model.upscales),
        prompt="",
        resolution=size.resolution,
        ratio=size.ratio,
        width=size.width,
        height=size.height,
        seconds=max(1, math.ceil(unknown_seconds if seconds is None else seconds)),
        audio=video.facts.has_audio if video.facts else True,
        seed=0,
        failure=failure,
        source=video.source if failure is None else None,
        source_seconds=seconds,
        callback_url=request.callback_url or "",
        origin=origin if request.callback_url else "",
    )


def unusable_source(message: str) -> TaskFailure:
    return TaskFailure(ErrorKind.INVALID_INPUT, "INVALID_INPUT", message)


def _size(contract: Contract, order: GenerationOrder, inputs: Sequence[Input]) -> Size:
    """Return the ordered size; adaptive takes the ratio nearest to the first input of known ratio, else 16:9."""
    size = contract.size(order.resolution, order.ratio)
    if size is not None:
        return size
    ratio = next((source.aspect_ratio for source in inputs if source.aspect_ratio is not None), WIDESCREEN)
    sizes = [size for size in contract.sizes if size.resolution == order.resolution]
    return min(sizes, key=lambda size: abs(math.log(size.width / size.height / ratio)))


def _terms(contract: Contract) -> UpscaleTerms:
    assert contract.upscaling is not None, "an upstream that upscales has terms of upscaling"
    return contract.upscaling


def _upscaled_size(contract: Contract, resolution: str, video: Input) -> Size:
    """Scale the input's ratio to the shorter side of the target resolution, in even pixels."""
    fact = _terms(contract).sides[resolution]
    side = int(fact.value)
    ratio = video.aspect_ratio or WIDESCREEN
    width, height = (side * ratio, side) if ratio >= 1 else (side, side / ratio)
    even_width, even_height = 2 * round(width / 2), 2 * round(height / 2)
    return Size(fact.id, fact.evidence, resolution, f"{even_width}:{even_height}", even_width, even_height)
