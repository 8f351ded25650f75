"""A picture as the encoder wants it: three planes, 4:2:0, limited range, BT.601.

Drawing on the planes keeps ffmpeg's scaler out of the way: it would be slower, and one more thing to pin down.
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
    """Luma at full size, both chroma planes at half; every offset given to a method is even."""

    y: Image.Image
    u: Image.Image
    v: Image.Image

    @classmethod
    def of(cls, picture: Image.Image) -> YuvFrame:
        """The planes of an RGB picture with even sides."""
        y, u, v = picture.convert("YCbCr").split()
        return cls(y.point(_LUMA), u.reduce(2).point(_CHROMA), v.reduce(2).point(_CHROMA))

    def copy(self) -> YuvFrame:
        return YuvFrame(self.y.copy(), self.u.copy(), self.v.copy())

    def paste(self, patch: YuvFrame, at: tuple[int, int]) -> None:
        half = (at[0] // 2, at[1] // 2)
        self.y.paste(patch.y, at)
        self.u.paste(patch.u, half)
        self.v.paste(patch.v, half)

    def tint(self, colour: Colour, mask: Image.Image, at: tuple[int, int]) -> None:
        """Lay an RGB colour over the picture, as strongly as the mask (mode L, even sides) says."""
        half, small = (at[0] // 2, at[1] // 2), mask.reduce(2)
        y, u, v = _yuv(colour)
        self.y.paste(y, at, mask)
        self.u.paste(u, half, small)
        self.v.paste(v, half, small)

    def blend(self, other: YuvFrame, share: float) -> YuvFrame:
        """A new picture: this one, with `share` (0 to 1) of the other."""
        return YuvFrame(
            Image.blend(self.y, other.y, share),
            Image.blend(self.u, other.u, share),
            Image.blend(self.v, other.v, share),
        )

    def data(self) -> bytes:
        """The bytes of one yuv420p frame."""
        return b"".join((self.y.tobytes(), self.u.tobytes(), self.v.tobytes()))


def _yuv(colour: Colour) -> Colour:
    dot = YuvFrame.of(Image.new("RGB", (2, 2), colour)).data()
    return dot[0], dot[4], dot[5]
