"""Frames as the encoder takes them: three planes, 4:2:0, limited range, BT.601.

Drawing on the planes avoids ffmpeg's scaler, which would be slower, and whose bytes would have to be pinned as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]

_LUMA = [16 + (value * 219 + 127) // 255 for value in range(256)]
_CHROMA = [128 + round((value - 128) * 224 / 255) for value in range(256)]


@dataclass(frozen=True, slots=True)
class YuvFrame:
    """Luma at full size, both chroma planes at half; every offset passed to a method is even."""

    y: Image.Image
    u: Image.Image
    v: Image.Image

    @classmethod
    def of(cls, image: Image.Image) -> YuvFrame:
        """Convert an RGB image with even sides."""
        y, u, v = image.convert("YCbCr").split()
        return cls(y.point(_LUMA), u.reduce(2).point(_CHROMA), v.reduce(2).point(_CHROMA))

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

    def data(self) -> bytes:
        """Return the bytes of the frame as yuv420p."""
        return b"".join((self.y.tobytes(), self.u.tobytes(), self.v.tobytes()))


def _yuv(colour: Colour) -> Colour:
    pixels = YuvFrame.of(Image.new("RGB", (2, 2), colour)).data()
    return pixels[0], pixels[4], pixels[5]
