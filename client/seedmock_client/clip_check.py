"""Whether a clip is what was ordered: its pixels, its length, its sound.

Only what the order asks for is compared, not what it leaves to the upstream. Knows no wire and no file.
"""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.contract import Contract
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.mp4 import Movie

from .models import Difference, Order

SLACK = 0.05
"""Seconds by which a clip may miss its length, beside the one frame more that some bills count."""


def differences(contract: Contract, order: Order, movie: Movie) -> tuple[Difference, ...]:
    """In what a clip is not as ordered. What its file does not say is no difference."""
    if isinstance(order, UpscaleRequest):
        return tuple(_side(contract, order, movie))
    return (*_pixels(contract, order, movie), *_length(contract, order, movie), *_sound(order, movie))


def _pixels(contract: Contract, order: GenerationRequest, movie: Movie) -> Iterator[Difference]:
    wished = " ".join(word for word in (order.resolution, order.ratio) if word)
    rows = [
        row.text
        for row in contract.sizes
        if order.resolution in (row.resolution, None) and order.ratio in (row.ratio, None, "adaptive")
    ]
    if order.size is not None:
        wished, rows = order.size, [order.size]
    elif len(rows) == 1:
        wished = f"{rows[0]} ({wished})"
    if wished and rows and movie.width and movie.size not in rows:
        yield Difference("size", wished, movie.size)


def _length(contract: Contract, order: GenerationRequest, movie: Movie) -> Iterator[Difference]:
    frame = 1 / float(contract.amount(f"{contract.name}.content.frames_per_second").value)
    if movie.seconds and not -SLACK <= movie.seconds - order.seconds <= frame + SLACK:
        yield Difference("seconds", str(order.seconds), f"{movie.seconds:.2f}")


def _sound(order: GenerationRequest, movie: Movie) -> Iterator[Difference]:
    if order.generate_audio not in (None, movie.has_audio):
        words = {True: "on", False: "off"}
        yield Difference("audio", words[not movie.has_audio], words[movie.has_audio])


def _side(contract: Contract, order: UpscaleRequest, movie: Movie) -> Iterator[Difference]:
    """A target names the shorter side; the input's form and length are not known here."""
    side = next((one for one in contract.amounts if one.id == f"{contract.name}.upscale.side.{order.resolution}"), None)
    if side is not None and movie.width and min(movie.width, movie.height) != int(side.value):
        yield Difference("size", order.resolution, movie.size)
