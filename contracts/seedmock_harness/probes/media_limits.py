"""Questions about what media may be that cost nothing: pictures and sounds of a given form, inside the request.

What is too large to be sent for a question, and what only an encoder can make, is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import MediaKind, Operation
from seedmock_contracts.facts import MediaLimit
from seedmock_contracts.generation import Reference
from seedmock_contracts.rules.boundaries import BoundaryCase, sample_reference
from seedmock_contracts.rules.rule import Rule

from ..driver.sample_media import image_uri, sound_uri
from .boundary_probes import SHORT, BoundaryProbe, base_documents

UPRIGHT, SLACK = 2.2, 0.5
"""Width over height of a picture that is asked for its sides; seconds by which a sound is beyond its limit."""
HALF_TOO_LONG = 8.0
"""Two sounds of so many seconds are too long together."""


def media_limit_probe(contract: Contract, limit: MediaLimit) -> BoundaryProbe | None:
    """How to ask about one limit on media, beside media that break a limit which stands later; None if it can't be."""
    found: list[tuple[BoundaryCase, list[Reference]]] = []
    image, spoilt = sample_reference(MediaKind.IMAGE), Reference(MediaKind.AUDIO, SHORT)
    if limit.kind is MediaKind.IMAGE and limit.quantity in ("side", "ratio"):
        for edge, width, height in _pictures(limit):
            found.append((edge, [Reference(MediaKind.IMAGE, image_uri(width, height)), spoilt]))
    elif limit.kind is MediaKind.AUDIO and limit.quantity == "seconds":
        long = Reference(MediaKind.AUDIO, sound_uri(HALF_TOO_LONG))
        found += [
            (edge, [image, Reference(MediaKind.AUDIO, sound_uri(float(edge.value))), long, long])
            for edge in _sounds(limit)
        ]
    if not found or Operation.CREATE not in contract.request.examples:
        return None
    return _trial(contract, limit, found)


def _trial(contract: Contract, limit: MediaLimit, found: list[tuple[BoundaryCase, list[Reference]]]) -> BoundaryProbe:
    base = base_documents(contract.name, Operation.CREATE)[0]
    edges = [
        BoundaryCase(contract.request.layout.place(base, references), edge.valid, edge.value, gross=edge.gross)
        for edge, references in found
    ]
    kept = tuple(edge for edge in edges if edge.valid)
    broken = tuple(edge for edge in edges if not edge.valid)
    rule = Rule(limit, f"{limit.kind} {limit.quantity}")
    return BoundaryProbe(
        Operation.CREATE, rule, "media of another limit", len(contract.rules[Operation.CREATE]), kept, broken
    )


def _pictures(limit: MediaLimit) -> Iterator[tuple[BoundaryCase, int, int]]:
    """The pictures at a strict limit's edges, grossest first."""
    low, high = limit.low or 0, limit.high or 0
    if limit.quantity == "side":
        yield BoundaryCase({}, False, 10, gross=True), 10, 12
        yield BoundaryCase({}, True, round(low + 1)), round(low + 1), round(low * 1.4)
        yield BoundaryCase({}, False, round(low)), round(low), round(low * 1.4)
        yield BoundaryCase({}, True, round(high - 1)), round(high - 1), round(high / UPRIGHT)
        yield BoundaryCase({}, False, round(high)), round(high), round(high / UPRIGHT)
    else:
        yield BoundaryCase({}, False, 8, gross=True), 3200, 400
        for value, short in ((high, 400), (low, 400)):
            long = round(short * max(value, 1 / value))
            for keeps, side in ((True, long - 1), (False, long)):
                yield BoundaryCase({}, keeps, value, gross=False), *((side, short) if value > 1 else (short, side))


def _sounds(limit: MediaLimit) -> Iterator[BoundaryCase]:
    low, high = limit.low or 0, limit.high or 0
    yield BoundaryCase({}, False, high * 4, gross=True)
    for value in (low, high):
        yield BoundaryCase({}, True, value)
    for value in (low - SLACK, high + SLACK):
        yield BoundaryCase({}, False, value)
