"""Spinner: a ring with a comet that circles once a second."""

from __future__ import annotations

import math

from msgspec import Struct
from PIL import Image, ImageChops, ImageDraw

from ..clip_spec import STEPS

# Angles are in 256ths of a turn, which fit the pixels of a mask.
ANGLES = 256


class Spinner(Struct, frozen=True):
    """Masks of a ring whose outer diameter is `side` pixels (even): the angle of each pixel, and the ring itself."""

    side: int
    angles: Image.Image
    ring: Image.Image

    @classmethod
    def of(cls, side: int) -> Spinner:
        return cls(side, _angles(side), ring(side, 0.975, 0.875))

    def comet(self, step: int) -> Image.Image:
        """Return the mask of the comet at a step of 1/12 s: a bright head, and a tail of three quarters of the ring."""
        head = ANGLES * step // STEPS
        table = [_brightness((head - angle) % ANGLES) for angle in range(ANGLES)]
        return ImageChops.multiply(self.angles.point(table), self.ring)


def ring(side: int, outer: float, inner: float) -> Image.Image:
    """Return the mask of a ring between two radii, in fractions of half the side."""
    mask = Image.new("L", (side * 2, side * 2))  # drawn at twice the size, which smooths the edges
    draw = ImageDraw.Draw(mask)
    for fraction, fill in ((outer, 255), (inner, 0)):
        radius = side * fraction
        draw.ellipse((side - radius, side - radius, side + radius, side + radius), fill=fill)
    return mask.reduce(2)


def spoke(side: int, fraction: float, inner: float, outer: float) -> tuple[float, float, float, float]:
    """Return the ends of a line between two radii, at a fraction of a turn, clockwise from the top."""
    middle, angle = side / 2, math.tau * (fraction - 0.25)
    x, y = math.cos(angle) * middle, math.sin(angle) * middle
    return middle + x * inner, middle + y * inner, middle + x * outer, middle + y * outer


def _brightness(behind: int) -> int:
    """Return the brightness of the ring at a distance behind the head, in 256ths of a turn."""
    remaining = max(0.0, 1 - behind / 200)
    return round(255 * math.pow(remaining, 1.8))


def _angles(side: int) -> Image.Image:
    """Return the angle of each pixel, clockwise from the top, in 256ths of a turn."""
    angles = Image.new("L", (side, side))
    draw = ImageDraw.Draw(angles)
    for angle in range(ANGLES):
        # A fifth wider than its share, so that no pixel between two sectors is left out.
        start, end = spoke(side, angle / ANGLES, 0, 1.5), spoke(side, (angle + 1.2) / ANGLES, 0, 1.5)
        draw.polygon((start[:2], start[2:], end[2:]), fill=angle)
    return angles
