"""Frames as the encoder takes them: three planes, 4:2:0, limited range, BT.709.

Drawing on the planes avoids ffmpeg's scaler, which would be slower, and whose bytes would have to be pinned as well.
BT.709 at every size, not BT.601 below HD: images and palette are sRGB, whose primaries are BT.709's, so that a player
that manages colours has nothing to convert. It is also what Chromium assumes of a clip that says nothing.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct
from PIL import Image

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]

# Weights of red and blue in the luma (ITU-R BT.709, item 3.2).
RED, BLUE = 0.2126, 0.0722
# The coefficients are whole multiples of 1/16384, so that every product and sum is exact in 32 bits, with fused
# arithmetic and without: the planes are the same on every processor.
UNIT = 1 << 14


def _matrix() -> tuple[float, ...]:
    """Return the three rows with which Pillow turns RGB into Y, Cb and Cr of limited range; it rounds by itself."""
    green = 1 - RED - BLUE
    luma = [weight * 219 / 255 for weight in (RED, green, BLUE)]
    blue = [weight * 112 / 255 / (1 - BLUE) for weight in (-RED, -green, 1 - BLUE)]
    red = [weight * 112 / 255 / (1 - RED) for weight in (1 - RED, -green, -BLUE)]
    return (*_exact(luma, 219 / 255), 16.0, *_exact(blue, 0), 128.0, *_exact(red, 0), 128.0)


def _exact(row: list[float], total: float) -> list[float]:
    """Round a row to units; green takes the rounding error, so that grey has no tint."""
    first, _, last = (round(value * UNIT) for value in row)
    return [value / UNIT for value in (first, round(total * UNIT) - first - last, last)]


_RGB_TO_YUV = _matrix()


class YuvFrame(Struct, frozen=True):
    """Luma at full size, both chroma planes at half; every offset passed to a method is even."""

    y: Image.Image
    u: Image.Image
    v: Image.Image

    @classmethod
    def of(cls, image: Image.Image) -> YuvFrame:
        """Convert an RGB image with even sides."""
        y, u, v = image.convert("RGB", _RGB_TO_YUV).split()
        return cls(y, u.reduce(2), v.reduce(2))

    def copy(self) -> YuvFrame:
        return YuvFrame(self.y.copy(), self.u.copy(), self.v.copy())

    def paste(self, patch: YuvFrame, at: tuple[int, int]) -> None:
        half = (at[0] // 2, at[1] // 2)
        self.y.paste(patch.y, at)
        self.u.paste(patch.u, half)
        self.v.paste(patch.v, half)

    def tint(self, colour: Colour, mask: Image.Image, at: tuple[int, int]) -> None:
        """Blend an RGB colour over the frame, with the mask (mode L, even sides) as its opacity."""
        half, small = (at[0] // 2, at[1] // 2), mask.reduce(2)
        y, u, v = _yuv(colour)
        self.y.paste(y, at, mask)
        self.u.paste(u, half, small)
        self.v.paste(v, half, small)

    def blend(self, frame: YuvFrame, share: float) -> YuvFrame:
        """Return a new frame: this one, blended with `share` (0 to 1) of another."""
        return YuvFrame(
            Image.blend(self.y, frame.y, share),
            Image.blend(self.u, frame.u, share),
            Image.blend(self.v, frame.v, share),
        )

    def planes(self) -> tuple[bytes, bytes, bytes]:
        """Return the bytes of the planes, which after one another are the frame as yuv420p."""
        return self.y.tobytes(), self.u.tobytes(), self.v.tobytes()


@lru_cache(maxsize=256)
def _yuv(colour: Colour) -> Colour:
    y, u, v = YuvFrame.of(Image.new("RGB", (2, 2), colour)).planes()
    return y[0], u[0], v[0]
