"""The dial: a ring with a comet that goes round once a second, and the number of the second in its middle."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw

from ..clip_spec import STEPS

TURNS = 256


@dataclass(frozen=True, slots=True)
class Spinner:
    """The masks of a ring whose outer diameter is `side` pixels (even): every pixel's angle, and the ring itself."""

    side: int
    angles: Image.Image
    ring: Image.Image

    @classmethod
    def of(cls, side: int) -> Spinner:
        return cls(side, _angles(side), band(side, 0.975, 0.875))

    def comet(self, step: int) -> Image.Image:
        """The mask of the comet at a step of 1/12 second: a bright head, a tail of three quarters of the ring."""
        head = TURNS * step // STEPS
        table = [_glow((head - angle) % TURNS) for angle in range(TURNS)]
        return ImageChops.multiply(self.angles.point(table), self.ring)


def band(side: int, outer: float, inner: float) -> Image.Image:
    """The mask of a ring between two radii, given as shares of half the side."""
    big = Image.new("L", (side * 2, side * 2))
    draw = ImageDraw.Draw(big)
    for share, fill in ((outer, 255), (inner, 0)):
        reach = side * share
        draw.ellipse((side - reach, side - reach, side + reach, side + reach), fill=fill)
    return big.reduce(2)


def spoke(side: int, turn: float, inner: float, outer: float) -> tuple[float, float, float, float]:
    """The ends of a line on the ray at `turn` (0 to 1, clockwise from the top) between two radii."""
    middle, angle = side / 2, math.tau * (turn - 0.25)
    x, y = math.cos(angle) * middle, math.sin(angle) * middle
    return middle + x * inner, middle + y * inner, middle + x * outer, middle + y * outer


def _glow(behind: int) -> int:
    """How bright the ring is so many 256ths of a turn behind the head."""
    left = max(0.0, 1 - behind / 200)
    return round(255 * math.pow(left, 1.8))


def _angles(side: int) -> Image.Image:
    """Every pixel's angle, clockwise from the top, in 256ths of a turn."""
    map_ = Image.new("L", (side, side))
    draw = ImageDraw.Draw(map_)
    for turn in range(TURNS):
        a, b = spoke(side, turn / TURNS, 0, 1.5), spoke(side, (turn + 1.2) / TURNS, 0, 1.5)
        draw.polygon((a[:2], a[2:], b[2:]), fill=turn)
    return map_
