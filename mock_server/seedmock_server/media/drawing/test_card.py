"""The test card: the ground, the words and the dial of a clip that was made from words alone.

Within a second only the comet on the ring and the light on the bars move; between seconds only the number, the
ticks and the progress change. So one second is encoded whole, and of every other one its first picture only.
"""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter

from ..clip_spec import FPS, STEPS, ClipSpec
from ..encoding.yuv import YuvFrame
from .layout import Layout
from .palette import DIM, INK, PALE, Colour, Palette
from .spinner import Spinner, spoke
from .text import fitted, font, wrap, write


class Card:
    """The pictures of a test card."""

    def __init__(self, clip_spec: ClipSpec) -> None:
        self._clip_spec = clip_spec
        self._palette = Palette.of(clip_spec.seed)
        self._layout = Layout.of(clip_spec.width, clip_spec.height)
        self._dial = Spinner.of(self._layout.dial)
        self._light = _light(self._layout)
        self._picture = self._drawn()
        self._planes = YuvFrame.of(self._picture)
        self._second = -1

    def twin(self, second: int) -> int:
        """The second that moves in the same way."""
        return 0

    def picture(self, second: int, step: int) -> YuvFrame:
        """The picture of a second at a step of 1/12 second."""
        if second != self._second:
            self._count(self._planes, second)
            self._second = second
        planes = self._planes.copy()
        planes.tint(self._palette.bright, self._dial.comet(step), self._layout.dial_at)
        self._shine(planes, step)
        return planes

    def _drawn(self) -> Image.Image:
        picture = ground(self._palette, self._clip_spec.width, self._clip_spec.height)
        self._frame(picture)
        self._words(picture)
        self._bars(picture)
        return picture

    def _frame(self, picture: Image.Image) -> None:
        """The safe area: four corners, and the ring's bed."""
        draw, layout = ImageDraw.Draw(picture, "RGBA"), self._layout
        for corner in layout.corners():
            draw.line(corner, fill=(255, 255, 255, 120), width=layout.thin)
        x, y = layout.dial_at
        side = layout.dial
        edge = side * 0.012
        draw.ellipse((x + edge, y + edge, x + side - edge, y + side - edge), fill=(0, 0, 0, 90))
        inner = side * 0.0625
        draw.ellipse((x + inner, y + inner, x + side - inner, y + side - inner), fill=(0, 0, 0, 70))

    def _words(self, picture: Image.Image) -> None:
        layout, clip_spec = self._layout, self._clip_spec
        x, top, width = layout.words
        y = float(top)
        title = fitted(clip_spec.model, layout.title, width)
        y += title.size
        write(picture, (x, y), title, INK)
        for text, colour in ((facts(clip_spec), PALE), (f"seed {clip_spec.seed}", self._palette.bright)):
            y += layout.text * 1.55
            write(picture, (x, y), fitted(text, layout.text, width), colour)
        y += layout.text * 0.9
        ImageDraw.Draw(picture).line((x, y, x + width * 0.2, y), fill=self._palette.bright, width=layout.thin)
        y += layout.text * 0.55
        for line in wrap(clip_spec.prompt, layout.prompt, width, layout.lines):
            y += layout.prompt * 1.32
            write(picture, (x, y), line, (240, 240, 244))

    def _bars(self, picture: Image.Image) -> None:
        draw, (left, top, right, bottom) = ImageDraw.Draw(picture), self._layout.bars
        count = len(self._palette.bars)
        for index, colour in enumerate(self._palette.bars):
            start, end = (left + (right - left) * (index + more) // count for more in (0, 1))
            draw.rectangle((start, top, end - 1, bottom - 1), fill=colour)

    def _count(self, planes: YuvFrame, second: int) -> None:
        """The number, a tick on the dial for every second gone by, and the progress below the bars."""
        side = self._layout.dial
        edge = side // 20 * 2
        inside = self._picture.crop(self._inside(edge))
        draw = ImageDraw.Draw(inside)
        for tick in range(self._clip_spec.seconds):
            colour: Colour = self._palette.bright if tick <= second else DIM
            ends = [end - edge for end in spoke(side, tick / self._clip_spec.seconds, 0.70, 0.77)]
            draw.line(ends, fill=colour, width=max(2, side // 90))
        middle = inside.width / 2
        draw.text((middle, middle * 0.94), str(second + 1), font=font(round(side * 0.36)), fill=INK, anchor="mm")
        small = font(max(9, round(side * 0.075)))
        draw.text((middle, middle * 1.5), f"of {self._clip_spec.seconds} s", font=small, fill=PALE, anchor="mm")
        planes.paste(YuvFrame.of(inside), self._inside(edge)[:2])
        self._progress(planes, second)

    def _inside(self, edge: int) -> tuple[int, int, int, int]:
        """The square within the dial, so far from its sides."""
        (x, y), side = self._layout.dial_at, self._layout.dial
        return x + edge, y + edge, x + side - edge, y + side - edge

    def _progress(self, planes: YuvFrame, second: int) -> None:
        left, top, right, bottom = self._layout.progress
        patch = self._picture.crop((left, top, right, bottom))
        done = (right - left) * (second + 1) // self._clip_spec.seconds
        draw = ImageDraw.Draw(patch, "RGBA")
        draw.rectangle((0, 0, right - left, bottom - top), fill=(0, 0, 0, 110))
        draw.rectangle((0, 0, done - 1, bottom - top), fill=(*self._palette.bright, 255))
        planes.paste(YuvFrame.of(patch), (left, top))

    def _shine(self, planes: YuvFrame, step: int) -> None:
        """The light that runs along the bars."""
        left, top, right, _ = self._layout.bars
        wide = self._light.width
        x = left + (right - left - wide) * step // (STEPS - 1)
        planes.tint(INK, self._light, (x // 2 * 2, top))


def facts(clip_spec: ClipSpec) -> str:
    """The line below the title."""
    sound = "sound" if clip_spec.audio else "silent"
    return f"{clip_spec.width} × {clip_spec.height}  ·  {clip_spec.seconds} s  ·  {FPS} fps  ·  {sound}"


def ground(palette: Palette, width: int, height: int) -> Image.Image:
    """A soft field of the seed's colours: a handful of points, blown up."""
    across, down = (5, 4) if width >= height else (4, 5)
    points = Image.new("RGB", (across, down))
    for index in range(across * down):
        points.putpixel((index % across, index // across), palette.ground[palette.numbers[4 + index] % 4])
    small = points.resize((width // 8, height // 8), Image.Resampling.BICUBIC)
    soft = small.filter(ImageFilter.GaussianBlur(min(width, height) // 120))
    return soft.resize((width, height), Image.Resampling.BILINEAR)


def _light(layout: Layout) -> Image.Image:
    left, top, right, bottom = layout.bars
    wide = max(8, (right - left) // 14 // 2 * 2)
    slope = Image.linear_gradient("L").rotate(90)
    half = slope.resize((wide // 2, bottom - top))
    mask = Image.new("L", (wide, bottom - top))
    mask.paste(half, (0, 0))
    mask.paste(half.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (wide // 2, 0))
    return mask
