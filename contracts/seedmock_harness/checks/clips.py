"""Whether a clip is the one that was ordered: its pixels, its length, its frames, its sound."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import MediaKind, Operation
from seedmock_contracts.facts import Fact, MediaFacts, Size

from ..conversation.history import History, Interaction, TaskHistory
from ..conversation.order_parser import ParsedOrder
from ..results.checks import CheckResult, compare, failed, passed
from .content import delivered
from .variants import chosen

ROUNDED = 0.05
"""Seconds by which a clip may miss its length, beside the one frame more that some bills count."""
NEXT_RATIO = 0.02
"""How far the form of an enlarged clip may be from the input's: pixels are whole and even."""


def clip_resolution_matches_the_order(interaction: Interaction) -> Iterator[CheckResult]:
    """A clip has the pixels of the size table's row; an adaptive one, those of the nearest ratio."""
    found = _clip(interaction)
    if found is None:
        return
    task, order, clip = found
    pixels = f"{clip.width}x{clip.height}"
    document = task.created.document or {}
    if order.operation is Operation.UPSCALE:
        yield from _enlarged(interaction, order, clip, known(interaction.history, str(document.get("videoUrl"))))
        return
    rows = [row for row in interaction.contract.sizes if row.resolution == order.resolution]
    contract = interaction.contract
    if order.size is not None:
        yield compare(order.size, "the clip has another size", order.size.text, pixels)
        fact = contract.find(f"{contract.name}.size.equivalent")
        if fact is not None and contract.request.read(document, "size") is None:
            yield compare(fact, "resolution and ratio are another size", order.size.text, pixels)
    else:
        adaptive, allowed = _adapted(interaction, order, rows)
        yield _among(adaptive, "an adaptive clip has another form", allowed, pixels)
        ratio, unsaid = contract.field("ratio"), _ordered_by(contract, task, "ratio")
        if unsaid is not None and unsaid is not ratio:
            yield _among(unsaid, "a clip that was ordered without a ratio has another", allowed, pixels)
    resolution, usual = contract.field("resolution"), _ordered_by(contract, task, "resolution")
    if usual is not None and usual is not resolution:
        yield _among(usual, "a clip that was ordered without a resolution has another", rows, pixels)


def clip_duration_matches_the_order(interaction: Interaction) -> Iterator[CheckResult]:
    """A clip is as long as was ordered, at 24 frames a second; one frame more is as the bill counts."""
    found = _clip(interaction)
    if found is None:
        return
    task, order, clip = found
    rate = interaction.contract.frame_rate
    if clip.frames and clip.seconds:
        yield compare(rate, "the clip has another frame rate", int(rate.value), round(clip.frames / clip.seconds, 1))
    if order.seconds is None or clip.seconds is None:
        return
    frame = 1 / float(rate.value)
    right = -ROUNDED <= clip.seconds - order.seconds <= frame + ROUNDED
    title, observed = "the clip has another length", f"{clip.seconds:g} s"
    for fact in _lengths(interaction.contract, task):
        yield passed(fact, observed) if right else failed(fact, title, f"{order.seconds} s", observed)
    if right and clip.frames:
        exact = int(rate.value) * order.seconds
        option = {exact: "exact", exact + 1: "billed"}.get(clip.frames, f"{clip.frames} frames")
        yield chosen(interaction, f"{interaction.contract.name}.frames", option)


def clip_audio_matches_the_order(interaction: Interaction) -> Iterator[CheckResult]:
    """A clip has sound exactly where it was ordered, or nothing was said of it."""
    found = _clip(interaction)
    if found is None or found[1].operation is Operation.UPSCALE:
        return
    task, order, clip = found
    fact = _ordered_by(interaction.contract, task, "generate_audio")
    if fact is None:
        return
    words = {True: "sound", False: "no sound"}
    yield compare(fact, "the clip's sound is not as ordered", words[order.audio], words[clip.has_audio])


def _ordered_by(contract: Contract, task: TaskHistory, part: str) -> Fact | None:
    """The field that ordered a part of a clip, or the fact about its default where the order left it out."""
    field = contract.field(part)
    if field is None or contract.request.read(task.created.document or {}, part) is not None:
        return field
    return contract.find(f"{field.id}.default") or field


def known(before: History, link: str) -> MediaFacts | None:
    """What a link leads to, if it is a result's that was fetched before."""
    task = before.links.get(link)
    clips = (content.exchange.response.media for content in task.contents) if task else iter(())
    return next((clip for clip in clips if clip is not None), None)


def _clip(interaction: Interaction) -> tuple[TaskHistory, ParsedOrder, MediaFacts] | None:
    task, clip = interaction.task, interaction.exchange.response.media
    if not delivered(interaction) or task is None or clip is None or task.order is None:
        return None
    return task, task.order, clip


def _lengths(contract: Contract, task: TaskHistory) -> Iterator[Fact]:
    """The facts that a clip's length bears out: the field or its default, and the form in which it was sent."""
    field, fact = contract.field("seconds"), _ordered_by(contract, task, "seconds")
    if field is None or fact is None:
        return
    yield fact
    given = contract.request.read(task.created.document or {}, "seconds")
    form = "text" if isinstance(given, str) else "number"
    for id_ in (f"{field.id}.{form}", f"{contract.name}.{field.path}.{form}"):
        spelling = None if given is None else contract.find(id_)
        if spelling is not None:
            yield spelling


def _among(fact: Fact, title: str, rows: Sequence[Size], pixels: str) -> CheckResult:
    texts = [row.text for row in rows]
    return passed(fact, pixels) if pixels in texts else failed(fact, title, " or ".join(texts), pixels)


def _adapted(interaction: Interaction, order: ParsedOrder, rows: Sequence[Size]) -> tuple[Fact, list[Size]]:
    """The rows that an adaptive order may take: that of the first picture if its form is known, 16:9 without any."""
    contract = interaction.contract
    visual = [found.reference.url for found in order.references if found.reference.kind is not MediaKind.AUDIO]
    if not visual:
        return contract.fact(f"{contract.name}.adaptive.none"), [row for row in rows if row.ratio == "16:9"]
    first = known(interaction.history, visual[0])
    form = first.width / first.height if first and first.width and first.height else None
    return contract.fact(f"{contract.name}.adaptive"), [_nearest(rows, form)] if form else list(rows)


def _nearest(rows: Sequence[Size], form: float) -> Size:
    return min(rows, key=lambda row: abs(math.log(row.width / row.height / form)))


def _enlarged(
    interaction: Interaction, order: ParsedOrder, clip: MediaFacts, source: MediaFacts | None
) -> Iterator[CheckResult]:
    width, height = clip.width or 0, clip.height or 0
    side = interaction.contract.amount(f"{interaction.contract.name}.upscale.side.{order.resolution}")
    yield compare(side, "the target has another shorter side", int(side.value), min(width, height))
    if source is None or not (source.width and source.height and width and height):
        return
    fact, before, now = (
        interaction.contract.fact(f"{interaction.contract.name}.upscale.size"),
        source.width / source.height,
        width / height,
    )
    title, observed = "the input's form is not kept", f"{width}x{height}"
    kept = abs(math.log(now / before)) <= NEXT_RATIO
    yield passed(fact, observed) if kept else failed(fact, title, f"{source.width}x{source.height}, enlarged", observed)


CHECKS = (clip_resolution_matches_the_order, clip_duration_matches_the_order, clip_audio_matches_the_order)
