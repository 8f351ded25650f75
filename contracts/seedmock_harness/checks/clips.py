"""Checks of clips: resolution, duration, frame rate and sound are those of the order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from seedmock_contracts.enums import MediaKind, Operation
from seedmock_contracts.facts import Fact, MediaFacts, Size

from ..conversation.history import History, Interaction, TaskHistory
from ..conversation.order_parser import ParsedOrder
from ..results.checks import CheckResult, compare, failed, passed
from .content import is_full_content
from .variants import check_option

DURATION_TOLERANCE = 0.05
"""Seconds by which a clip may differ from its ordered duration, besides the extra frame that some bills count."""
RATIO_TOLERANCE = 0.02
"""Relative difference between the ratios of a clip and of its upscaled one: widths and heights are even numbers."""


def clip_resolution_matches_the_order(interaction: Interaction) -> Iterator[CheckResult]:
    """A clip has the size of its row in the size table; an adaptive one that of the nearest ratio."""
    delivery = _delivery(interaction)
    if delivery is None:
        return
    task, order, clip = delivery
    observed, document = f"{clip.width}x{clip.height}", task.created.document or {}
    if order.operation is Operation.UPSCALE:
        source = downloaded_media(interaction.history, task.created.media_urls[0])
        yield from _check_upscaled(interaction, order, clip, source)
        return
    rows = [row for row in interaction.contract.sizes if row.resolution == order.resolution]
    if order.size is not None:
        yield compare(order.size, "the clip has another size", order.size.text, observed)
        fact = interaction.find("size.equivalent")
        if fact is not None and interaction.contract.request.read(document, "size") is None:
            yield compare(fact, "resolution and ratio lead to another size", order.size.text, observed)
    else:
        yield from _check_adaptive(interaction, task, order, rows, observed)
    default = _default_fact(interaction, task, "resolution")
    if default is not None:
        yield _check_size(default, "an order without a resolution leads to another one", rows, observed)


def _check_adaptive(
    interaction: Interaction, task: TaskHistory, order: ParsedOrder, rows: Sequence[Size], observed: str
) -> Iterator[CheckResult]:
    fact, allowed = _adaptive_rows(interaction, order, rows)
    yield _check_size(fact, "an adaptive clip has another ratio", allowed, observed)
    default = _default_fact(interaction, task, "ratio")
    if default is not None:
        yield _check_size(default, "an order without a ratio leads to another one", allowed, observed)


def clip_duration_matches_the_order(interaction: Interaction) -> Iterator[CheckResult]:
    """A clip has the ordered duration and frame rate. One more frame is allowed: some bills count it."""
    delivery = _delivery(interaction)
    if delivery is None:
        return
    task, order, clip = delivery
    rate = interaction.contract.frame_rate
    if clip.frames and clip.seconds:
        yield compare(rate, "the clip has another frame rate", int(rate.value), round(clip.frames / clip.seconds, 1))
    if order.seconds is None or clip.seconds is None:
        return
    longest = 1 / float(rate.value) + DURATION_TOLERANCE
    matches = -DURATION_TOLERANCE <= clip.seconds - order.seconds <= longest
    title, observed = "the clip has another duration", f"{clip.seconds:g} s"
    for fact in _duration_facts(interaction, task):
        yield passed(fact, observed) if matches else failed(fact, title, f"{order.seconds} s", observed)
    if matches and clip.frames:
        exact = int(rate.value) * order.seconds
        option = {exact: "exact", exact + 1: "billed"}.get(clip.frames, f"{clip.frames} frames")
        yield check_option(interaction, interaction.variant("frames"), option)


def clip_audio_matches_the_order(interaction: Interaction) -> Iterator[CheckResult]:
    """A clip has sound if that was ordered, or by default."""
    delivery = _delivery(interaction)
    if delivery is None or delivery[1].operation is Operation.UPSCALE:
        return
    task, order, clip = delivery
    default, field = _default_fact(interaction, task, "generate_audio"), interaction.contract.field("generate_audio")
    if field is not None:
        labels, title = {True: "sound", False: "no sound"}, "the clip's sound is not the ordered one"
        yield compare(default or field, title, labels[order.audio], labels[clip.has_audio])


def _default_fact(interaction: Interaction, task: TaskHistory, part: str) -> Fact | None:
    """The fact about the default of a part, if the order leaves that part out and the default has a fact."""
    contract, field = interaction.contract, interaction.contract.field(part)
    if field is None or contract.request.read(task.created.document or {}, part) is not None:
        return None
    return contract.find(f"{field.id}.default")


def downloaded_media(history: History, link: str) -> MediaFacts | None:
    """Properties of the result that a link leads to, if it was downloaded."""
    task = history.links.get(link)
    clips = (download.media for download in task.contents) if task else iter(())
    return next((clip for clip in clips if clip is not None), None)


def _delivery(interaction: Interaction) -> tuple[TaskHistory, ParsedOrder, MediaFacts] | None:
    """The task, its order and the clip, if the response is a complete clip."""
    task, clip = interaction.task, interaction.media
    if not is_full_content(interaction) or task is None or clip is None or task.order is None:
        return None
    return task, task.order, clip


def _duration_facts(interaction: Interaction, task: TaskHistory) -> Iterator[Fact]:
    """The facts that a duration confirms: the field or its default, and the JSON type in which it was sent."""
    contract, field = interaction.contract, interaction.contract.field("seconds")
    if field is None:
        return
    yield _default_fact(interaction, task, "seconds") or field
    seconds = contract.request.read(task.created.document or {}, "seconds")
    if seconds is not None and (fact := contract.type_fact(field, field.path, seconds)) is not None:
        yield fact


def _check_size(fact: Fact, title: str, rows: Sequence[Size], observed: str) -> CheckResult:
    allowed = [row.text for row in rows]
    if observed in allowed:
        return passed(fact, observed)
    return failed(fact, title, " or ".join(allowed), observed)


def _adaptive_rows(interaction: Interaction, order: ParsedOrder, rows: Sequence[Size]) -> tuple[Fact, list[Size]]:
    """The rows that an adaptive clip may have: that of the first image or video, if it is known, and 16:9 without."""
    references = (located.reference for located in order.references)
    visual = [reference.url for reference in references if reference.kind is not MediaKind.AUDIO]
    if not visual:
        return interaction.fact("adaptive.none"), [row for row in rows if row.ratio == "16:9"]
    first = downloaded_media(interaction.history, visual[0])
    ratio = first.width / first.height if first and first.width and first.height else None
    return interaction.fact("adaptive"), [_nearest(rows, ratio)] if ratio else list(rows)


def _nearest(rows: Sequence[Size], ratio: float) -> Size:
    # By the logarithm, to which 16:9 and 9:16 are equally far from a square.
    return min(rows, key=lambda row: abs(math.log(row.width / row.height / ratio)))


def _check_upscaled(
    interaction: Interaction, order: ParsedOrder, clip: MediaFacts, source: MediaFacts | None
) -> Iterator[CheckResult]:
    width, height = clip.width or 0, clip.height or 0
    terms = interaction.contract.upscaling
    assert terms is not None, "an upstream with upscales has terms of upscaling"
    side = terms.sides[order.resolution]
    yield compare(side, "the upscaled clip has another shorter side", int(side.value), min(width, height))
    if source is None or not (source.width and source.height and width and height):
        return
    fact, title, observed = interaction.fact("upscale.size"), "upscaling changes the ratio", f"{width}x{height}"
    if abs(math.log((width / height) / (source.width / source.height))) <= RATIO_TOLERANCE:
        yield passed(fact, observed)
    else:
        yield failed(fact, title, f"the ratio of {source.width}x{source.height}", observed)


CHECKS = (clip_resolution_matches_the_order, clip_duration_matches_the_order, clip_audio_matches_the_order)
