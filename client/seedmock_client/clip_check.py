"""Compare a clip with its order: size, length and sound. Properties that the order leaves open are not compared."""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.contract import Contract
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.mp4 import Movie

from .models import Mismatch, Order

TOLERANCE_SECONDS = 0.05
"""Allowed deviation from the ordered length, besides the additional frame that some upstreams bill and may render."""


# A clip of the wrong size is a known defect of the services (blockrun-mcp#96); it is reported, not discarded.
def find_mismatches(contract: Contract, order: Order, movie: Movie) -> tuple[Mismatch, ...]:
    """Mismatches between a clip and its order; a property that the file does not state is no mismatch."""
    if isinstance(order, UpscaleRequest):
        return tuple(_shorter_side(contract, order, movie))
    return (*_size(contract, order, movie), *_seconds(contract, order, movie), *_audio(order, movie))


def _size(contract: Contract, order: GenerationRequest, movie: Movie) -> Iterator[Mismatch]:
    expected = " ".join(part for part in (order.resolution, order.ratio) if part)
    allowed = [
        row.text
        for row in contract.sizes
        if order.resolution in (row.resolution, None) and order.ratio in (row.ratio, None, "adaptive")
    ]
    if order.size is not None:
        expected, allowed = order.size, [order.size]
    elif len(allowed) == 1:
        expected = f"{allowed[0]} ({expected})"
    # Without a width the file states no size, and an unknown ratio allows any: neither proves a defect.
    if expected and allowed and movie.width and movie.size not in allowed:
        yield Mismatch("size", expected, movie.size)


def _seconds(contract: Contract, order: GenerationRequest, movie: Movie) -> Iterator[Mismatch]:
    # One frame more is no mismatch: encoders close a clip with a whole frame.
    frame = 1 / float(contract.frame_rate.value)
    if movie.seconds and not -TOLERANCE_SECONDS <= movie.seconds - order.seconds <= frame + TOLERANCE_SECONDS:
        yield Mismatch("seconds", str(order.seconds), f"{movie.seconds:.2f}")


def _audio(order: GenerationRequest, movie: Movie) -> Iterator[Mismatch]:
    if order.generate_audio not in (None, movie.has_audio):
        text = {True: "on", False: "off"}
        yield Mismatch("audio", text[not movie.has_audio], text[movie.has_audio])


def _shorter_side(contract: Contract, order: UpscaleRequest, movie: Movie) -> Iterator[Mismatch]:
    # The target names the shorter side; the ratio and length of the input are not known here.
    side = contract.upscaling.sides.get(order.resolution) if contract.upscaling is not None else None
    if side is not None and movie.width and min(movie.width, movie.height) != int(side.value):
        yield Mismatch("size", order.resolution, movie.size)
