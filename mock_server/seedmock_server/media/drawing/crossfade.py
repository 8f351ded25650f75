"""A passage from one still to another: the first picture is the one, the last picture is the other.

In between a light glides over the picture once a second, a badge counts the seconds, and in the middle the one
dissolves into the other. The first and the last second and the one of the dissolve are encoded whole; the rest have
a twin.
"""

from __future__ import annotations

from PIL import Image, ImageDraw

from ..clip_spec import STEPS, ClipSpec
from ..encoding.yuv import YuvFrame
from .images import covering
from .palette import INK, Palette
from .spinner import Spinner
from .test_card import Card, facts
from .text import fitted, font, write


class Crossfade:
    """The pictures of a clip that starts or ends with a given still."""

    def __init__(self, clip_spec: ClipSpec) -> None:
        self._clip_spec = clip_spec
        self._palette = Palette.of(clip_spec.seed)
        first = covering(clip_spec.first.path, clip_spec.width, clip_spec.height) if clip_spec.first else None
        last = covering(clip_spec.last.path, clip_spec.width, clip_spec.height) if clip_spec.last else first
        self._start = YuvFrame.of(first) if first else Card(clip_spec).picture(0, 0)
        self._end = YuvFrame.of(last) if last else self._start
        self._badge = Badge(clip_spec, self._palette)
        self._gleam = _gleam(clip_spec.width, clip_spec.height)
        self._turn = clip_spec.seconds // 2

    def twin(self, second: int) -> int:
        """The second that moves in the same way: only the first, the last and the turning one are like no other."""
        if second in (0, self._turn, self._clip_spec.seconds - 1) or second >= self._clip_spec.seconds:
            return second
        return 1 if second < self._turn else self._turn + 1

    def picture(self, second: int, step: int) -> YuvFrame:
        """The picture of a second at a step of 1/12 second; those beyond the last second are the last still."""
        if second >= self._clip_spec.seconds:
            return self._end.copy()
        planes = self._plate(second, step)
        wide = self._gleam.width
        planes.tint(INK, self._gleam, (((self._clip_spec.width + wide) * step // (STEPS - 1) - wide) // 2 * 2, 0))
        shown = self._shown(second, step)
        if shown:
            self._badge.lay(planes, second, step, shown)
        return planes

    def _plate(self, second: int, step: int) -> YuvFrame:
        if second == self._turn and step > 0:
            return self._start.blend(self._end, _ease(step / (STEPS - 1)))
        return (self._end if second > self._turn else self._start).copy()

    def _shown(self, second: int, step: int) -> float:
        """How much of the badge is there: nothing on the first and on the last picture."""
        since = second * STEPS + step
        left = self._clip_spec.seconds * STEPS - 1 - since
        return min(1.0, since / 5, left / 5)


class Badge:
    """A small dial and two lines of words on a dark plate, in the lower left corner."""

    def __init__(self, clip_spec: ClipSpec, palette: Palette) -> None:
        unit = min(clip_spec.width, clip_spec.height)
        edge = unit // 40 * 2
        self._clip_spec, self._palette = clip_spec, palette
        self._dial = Spinner.of(max(36, unit // 15 * 2))
        self._at = (edge, clip_spec.height - edge - self._dial.side)
        self._bed, self._words = self._plate(clip_spec.width - 2 * edge)

    def lay(self, planes: YuvFrame, second: int, step: int, shown: float) -> None:
        """Put the badge on a picture, as strongly as `shown` (0 to 1) says."""
        strength = [round(value * shown) for value in range(256)]
        planes.tint((8, 10, 16), self._bed.point(strength), self._at)
        planes.tint(INK, self._words.point(strength), self._at)
        planes.tint(self._palette.bright, self._dial.comet(step).point(strength), self._at)
        planes.tint(INK, self._number(second).point(strength), self._at)

    def _plate(self, room: int) -> tuple[Image.Image, Image.Image]:
        """The masks of the plate and of the words on it, at most `room` pixels wide."""
        side, clip_spec = self._dial.side, self._clip_spec
        size, left = max(11, side // 4), side + side // 5
        told = f"{clip_spec.model}  ·  {facts(clip_spec)}  ·  seed {clip_spec.seed}"
        lines = [fitted(text, size, room - left - side // 3) for text in (told, clip_spec.prompt)]
        wide = min(room, int(left + max(line.width for line in lines) + side // 3)) // 2 * 2
        bed = Image.new("L", (wide * 2, side * 2))
        ImageDraw.Draw(bed).rounded_rectangle((0, 0, wide * 2 - 1, side * 2 - 1), radius=side, fill=170)
        words = Image.new("RGB", (wide, side))
        for line, share in zip(lines, (0.44, 0.80), strict=True):
            write(words, (left, side * share), line, INK)
        return bed.reduce(2), words.convert("L")

    def _number(self, second: int) -> Image.Image:
        side = self._dial.side
        mask = Image.new("L", (side, side))
        ImageDraw.Draw(mask).text((side / 2, side / 2), str(second + 1), font=font(side // 2), fill=255, anchor="mm")
        return mask


def _gleam(width: int, height: int) -> Image.Image:
    """The mask of a slanted, soft band of light as high as the picture."""
    half, slant = width // 12 * 2, height // 8 * 2
    slope = Image.linear_gradient("L").rotate(90).point([value // 4 for value in range(256)]).resize((half, height))
    band = Image.new("L", (half * 2 + slant, height))
    band.paste(slope, (slant, 0))
    band.paste(slope.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (slant + half, 0))
    return band.transform(band.size, Image.Transform.AFFINE, (1, slant / height, 0, 0, 1, 0))


def _ease(share: float) -> float:
    return share * share * (3 - 2 * share)
