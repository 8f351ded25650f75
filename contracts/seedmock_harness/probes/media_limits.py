"""Probes of the limits on media, with images and sounds inside the request.

Files that are too large for a request, and videos, which need an encoder, are not probed.
"""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import MediaKind, Operation
from seedmock_contracts.facts import MediaFormats, MediaLimit
from seedmock_contracts.generation import Reference
from seedmock_contracts.rules.boundaries import BoundaryCase, sample_reference
from seedmock_contracts.rules.rule import Rule

from ..driver.sample_media import bitmap_uri, drawing_uri, image_uri, portable_bitmap_uri, sound_uri
from .base_documents import base_documents
from .boundary_probes import BoundaryProbe
from .second_violations import SHORT_SOUND

# Below the limit of 2.5, so that the side alone is wrong; SIDE is between those of 300 and 6000.
ALLOWED_RATIO = 2.2
"""Ratio of an image whose side is probed."""
SIDE = 400
"""Pixels of the sides of an image whose format is probed."""
# More than the slack of 0.2 s (fact NAME.limit.seconds.slack).
BEYOND_SECONDS = 0.5
"""Seconds by which a sound is beyond its limit."""
LONG_SOUND_SECONDS = 8.0
"""Two sounds of this duration are beyond the limit of all sounds together."""
SECOND_VIOLATION = "media beyond another limit"


def media_limit_probe(contract: Contract, limit: MediaLimit | MediaFormats) -> BoundaryProbe | None:
    """Build a probe of a limit whose second violation is of another limit; None if it cannot be probed."""
    if isinstance(limit, MediaFormats):
        return _format_probe(contract, limit)
    if Operation.CREATE not in contract.request.examples:
        return None
    cases: list[tuple[BoundaryCase, list[Reference]]] = []
    if limit.kind is MediaKind.IMAGE and limit.quantity in ("side", "ratio"):
        short = Reference(MediaKind.AUDIO, SHORT_SOUND)
        cases.extend(
            (case, [Reference(MediaKind.IMAGE, image_uri(width, height)), short])
            for case, width, height in _image_cases(limit)
        )
    elif limit.kind is MediaKind.AUDIO and limit.quantity == "seconds":
        image, long = sample_reference(MediaKind.IMAGE), Reference(MediaKind.AUDIO, sound_uri(LONG_SOUND_SECONDS))
        cases.extend(
            (case, [image, Reference(MediaKind.AUDIO, sound_uri(float(case.value))), long, long])
            for case in _sound_cases(limit)
        )
    return _build_probe(contract, limit, cases) if cases else None


def _format_probe(contract: Contract, formats: MediaFormats) -> BoundaryProbe | None:
    """Build a probe of the formats of images; those of videos and sounds need an encoder."""
    if (
        formats.kind is not MediaKind.IMAGE
        or formats.quantity != "format"
        or Operation.CREATE not in contract.request.examples
    ):
        return None
    samples = (
        (BoundaryCase({}, False, "svg", gross=True), drawing_uri(SIDE)),
        (BoundaryCase({}, False, "ppm"), portable_bitmap_uri(SIDE)),
        (BoundaryCase({}, True, "png"), image_uri(SIDE, SIDE)),
        (BoundaryCase({}, True, "bmp"), bitmap_uri(SIDE)),
    )
    short = Reference(MediaKind.AUDIO, SHORT_SOUND)
    cases = [(case, [Reference(MediaKind.IMAGE, uri), short]) for case, uri in samples]
    return _build_probe(contract, formats, cases)


def _build_probe(
    contract: Contract, limit: MediaLimit | MediaFormats, cases: list[tuple[BoundaryCase, list[Reference]]]
) -> BoundaryProbe:
    base, layout = base_documents(contract.name, Operation.CREATE)[0], contract.request.layout
    complete = [
        BoundaryCase(layout.place(base, references), case.valid, case.value, gross=case.gross)
        for case, references in cases
    ]
    conforming = tuple(case for case in complete if case.valid)
    violating = tuple(case for case in complete if not case.valid)
    rule, end = Rule(limit, f"{limit.kind} {limit.quantity}"), len(contract.rules[Operation.CREATE])
    return BoundaryProbe(Operation.CREATE, rule, SECOND_VIOLATION, end, conforming, violating)


def _image_cases(limit: MediaLimit) -> Iterator[tuple[BoundaryCase, int, int]]:
    """Boundary cases of a strict limit with width and height, the gross violation first."""
    low, high = limit.low or 0, limit.high or 0
    if limit.quantity == "side":
        yield BoundaryCase({}, False, 10, gross=True), 10, 12
        yield BoundaryCase({}, True, round(low + 1)), round(low + 1), round(low * 1.4)
        yield BoundaryCase({}, False, round(low)), round(low), round(low * 1.4)
        yield BoundaryCase({}, True, round(high - 1)), round(high - 1), round(high / ALLOWED_RATIO)
        yield BoundaryCase({}, False, round(high)), round(high), round(high / ALLOWED_RATIO)
    else:
        yield BoundaryCase({}, False, 8, gross=True), 3200, 400
        for value, short in ((high, 400), (low, 400)):
            long = round(short * max(value, 1 / value))
            for valid, side in ((True, long - 1), (False, long)):
                yield BoundaryCase({}, valid, value, gross=False), *((side, short) if value > 1 else (short, side))


def _sound_cases(limit: MediaLimit) -> Iterator[BoundaryCase]:
    low, high = limit.low or 0, limit.high or 0
    yield BoundaryCase({}, False, high * 4, gross=True)
    for value in (low, high):
        yield BoundaryCase({}, True, value)
    for value in (low - BEYOND_SECONDS, high + BEYOND_SECONDS):
        yield BoundaryCase({}, False, value)
