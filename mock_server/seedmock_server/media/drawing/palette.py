"""Colours of a clip, chosen by its seed."""

from __future__ import annotations

import colorsys
import hashlib

from msgspec import Struct

Colour = tuple[int, int, int]

WHITE = (255, 255, 255)
PALE = (225, 228, 235)
DIM = (110, 114, 124)


class Palette(Struct, frozen=True):
    """Four dark colours for the background, an accent for what moves, and eight colours for the bars.

    `numbers` are 32 bytes of the seed, for shapes.
    """

    background: tuple[Colour, ...]
    accent: Colour
    bars: tuple[Colour, ...]
    numbers: bytes

    @classmethod
    def of(cls, seed: int) -> Palette:
        numbers = hashlib.sha256(f"palette {seed}".encode()).digest()
        hue = numbers[0] / 256
        spread = 0.07 + numbers[1] / 256 * 0.13
        dark = [(0.0, 0.72, 0.58), (spread, 0.74, 0.46), (-spread, 0.78, 0.34), (spread / 2, 0.84, 0.20)]
        return cls(
            background=tuple(_rgb(hue + shift, saturation, value) for shift, saturation, value in dark),
            accent=_rgb(hue + 0.42 + numbers[2] / 256 * 0.16, 0.55, 1.0),
            bars=tuple(_rgb(hue + index / 8, 0.62, 0.95) for index in range(8)),
            numbers=numbers,
        )


def _rgb(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
