"""Crossfade from one still to another: the first frame is the first still, the last frame is the last one.

In between a light glides over the image once a second, a badge counts the seconds, and in the middle second the first
still dissolves into the last. The first, the middle and the last second are encoded whole; the rest share the motion
of another second.
"""

from __future__ import annotations

from PIL import Image, ImageDraw

from ..clip_spec import STEPS, ClipSpec, StoredFile
from ..encoding.yuv import YuvFrame
from ..errors import NoDecoder
from .images import covering
from .palette import WHITE, Palette
from .spinner import Spinner
from .test_card import Card, subtitle
from .text import fitted, font, write


class Crossfade:
    """Frames of a clip that starts or ends with a still; a missing first still is a test card."""

    def __init__(self, spec: ClipSpec) -> None:
        self._spec = spec
        self._palette = Palette.of(spec.seed)
        first = _still(spec.first, spec)
        last = _still(spec.last, spec) or first
        self._first = YuvFrame.of(first) if first else Card(spec).frame(0, 0)
        self._last = YuvFrame.of(last) if last else self._first
        self._badge = Badge(spec, self._palette)
        self._gleam = _gleam(spec.width, spec.height)
        self._middle = spec.seconds // 2

    def same_motion_as(self, second: int) -> int:
        """Return the first second that moves in the same way; the first, middle and last are like no other."""
        if second in (0, self._middle, self._spec.seconds - 1) or second >= self._spec.seconds:
            return second
        return 1 if second < self._middle else self._middle + 1

    def frame(self, second: int, step: int) -> YuvFrame:
        """Return the frame of a second at a step of 1/12 s; those beyond the last second are the last still."""
        if second >= self._spec.seconds:
            return self._last.copy()
        frame = self._still(second, step)
        width = self._gleam.width
        frame.tint(WHITE, self._gleam, (((self._spec.width + width) * step // (STEPS - 1) - width) // 2 * 2, 0))
        opacity = self._badge_opacity(second, step)
        if opacity:
            self._badge.draw(frame, second, step, opacity)
        return frame

    def _still(self, second: int, step: int) -> YuvFrame:
        if second == self._middle and step > 0:
            return self._first.blend(self._last, _ease(step / (STEPS - 1)))
        return (self._last if second > self._middle else self._first).copy()

    def _badge_opacity(self, second: int, step: int) -> float:
        """Return 0 on the first and the last frame, which show nothing but the still, and 1 from five steps on."""
        since = second * STEPS + step
        remaining = self._spec.seconds * STEPS - 1 - since
        return min(1.0, since / 5, remaining / 5)


class Badge:
    """A small spinner and two lines of text on a dark plate, in the lower left corner."""

    def __init__(self, spec: ClipSpec, palette: Palette) -> None:
        unit = min(spec.width, spec.height)
        edge = unit // 40 * 2
        self._spec, self._palette = spec, palette
        self._spinner = Spinner.of(max(36, unit // 15 * 2))
        self._at = (edge, spec.height - edge - self._spinner.side)
        self._plate, self._text = self._masks(spec.width - 2 * edge)

    def draw(self, frame: YuvFrame, second: int, step: int, opacity: float) -> None:
        """Draw the badge on a frame; `opacity` is from 0 to 1."""
        levels = [round(value * opacity) for value in range(256)]
        frame.tint((8, 10, 16), self._plate.point(levels), self._at)
        frame.tint(WHITE, self._text.point(levels), self._at)
        frame.tint(self._palette.accent, self._spinner.comet(step).point(levels), self._at)
        frame.tint(WHITE, self._number(second).point(levels), self._at)

    def _masks(self, max_width: int) -> tuple[Image.Image, Image.Image]:
        """Return the masks of the plate and of the text on it."""
        side, spec = self._spinner.side, self._spec
        size, left = max(11, side // 4), side + side // 5
        title = f"{spec.model}  ·  {subtitle(spec)}  ·  seed {spec.seed}"
        lines = [fitted(text, size, max_width - left - side // 3) for text in (title, spec.prompt)]
        width = min(max_width, int(left + max(line.width for line in lines) + side // 3)) // 2 * 2
        plate = Image.new("L", (width * 2, side * 2))  # drawn at twice the size, which smooths the edges
        ImageDraw.Draw(plate).rounded_rectangle((0, 0, width * 2 - 1, side * 2 - 1), radius=side, fill=170)
        text = Image.new("RGB", (width, side))
        for line, height in zip(lines, (0.44, 0.80), strict=True):
            write(text, (left, side * height), line, WHITE)
        return plate.reduce(2), text.convert("L")

    def _number(self, second: int) -> Image.Image:
        side = self._spinner.side
        mask = Image.new("L", (side, side))
        ImageDraw.Draw(mask).text((side / 2, side / 2), str(second + 1), font=font(side // 2), fill=255, anchor="mm")
        return mask


def _still(source: StoredFile | None, spec: ClipSpec) -> Image.Image | None:
    """Load a still at the size of the clip; one that only a missing extra could decode counts as missing."""
    try:
        return covering(source.path, spec.width, spec.height) if source else None
    except NoDecoder:
        return None


def _gleam(width: int, height: int) -> Image.Image:
    """Return the mask of a slanted, soft band of light as high as the frame."""
    half, slant = width // 12 * 2, height // 8 * 2
    slope = Image.linear_gradient("L").rotate(90).point([value // 4 for value in range(256)]).resize((half, height))
    band = Image.new("L", (half * 2 + slant, height))
    band.paste(slope, (slant, 0))
    band.paste(slope.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (slant + half, 0))
    return band.transform(band.size, Image.Transform.AFFINE, (1, slant / height, 0, 0, 1, 0))


def _ease(share: float) -> float:
    return share * share * (3 - 2 * share)
