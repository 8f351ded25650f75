"""Test card: the frames of a clip that was ordered by text alone.

Within a second only the comet of the spinner and the light on the bars move; between seconds only the number, the
ticks and the progress change. So one second is encoded whole, and of each other one its first frame only.
"""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter

from ..clip_spec import FPS, STEPS, ClipSpec
from ..encoding.yuv import YuvFrame
from .layout import CardLayout
from .palette import DIM, PALE, WHITE, Colour, Palette
from .spinner import Spinner, spoke
from .text import fitted, font, wrap, write

PROMPT_COLOUR = (240, 240, 244)


class Card:
    """Frames of a test card."""

    def __init__(self, spec: ClipSpec) -> None:
        self._spec = spec
        self._palette = Palette.of(spec.seed)
        self._layout = CardLayout.of(spec.width, spec.height)
        self._spinner = Spinner.of(self._layout.spinner)
        self._light = _light(self._layout)
        self._comets: dict[int, Image.Image] = {}
        self._image = self._draw()
        self._base = YuvFrame.of(self._image)
        self._second = -1

    def same_motion_as(self, second: int) -> int:
        """Return the first second: all move in the same way."""
        return 0

    def frame(self, second: int, step: int) -> YuvFrame:
        """Return the frame of a second at a step of 1/12 s."""
        if second != self._second:
            self._draw_second(self._base, second)
            self._second = second
        frame = self._base.copy()
        frame.tint(self._palette.accent, self._comet(step), self._layout.spinner_at)
        self._tint_light(frame, step)
        return frame

    def _comet(self, step: int) -> Image.Image:
        # Most frames are the first of their second, with the comet in one place.
        if step not in self._comets:
            self._comets[step] = self._spinner.comet(step)
        return self._comets[step]

    def _draw(self) -> Image.Image:
        image = background(self._palette, self._spec.width, self._spec.height)
        self._draw_safe_area(image)
        self._draw_text(image)
        self._draw_bars(image)
        return image

    def _draw_safe_area(self, image: Image.Image) -> None:
        """Draw the corners of the safe area, and the dark disc behind the spinner."""
        draw, layout = ImageDraw.Draw(image, "RGBA"), self._layout
        for corner in layout.corners():
            draw.line(corner, fill=(255, 255, 255, 120), width=layout.line_width)
        x, y = layout.spinner_at
        side = layout.spinner
        edge = side * 0.012
        draw.ellipse((x + edge, y + edge, x + side - edge, y + side - edge), fill=(0, 0, 0, 90))
        inner = side * 0.0625
        draw.ellipse((x + inner, y + inner, x + side - inner, y + side - inner), fill=(0, 0, 0, 70))

    def _draw_text(self, image: Image.Image) -> None:
        layout, spec = self._layout, self._spec
        x, top, width = layout.text_area
        y = float(top)
        title = fitted(spec.model, layout.title, width)
        y += title.size
        write(image, (x, y), title, WHITE)
        for text, colour in ((subtitle(spec), PALE), (f"seed {spec.seed}", self._palette.accent)):
            y += layout.text * 1.55
            write(image, (x, y), fitted(text, layout.text, width), colour)
        y += layout.text * 0.9
        ImageDraw.Draw(image).line((x, y, x + width * 0.2, y), fill=self._palette.accent, width=layout.line_width)
        y += layout.text * 0.55
        for line in wrap(spec.prompt, layout.prompt, width, layout.lines):
            y += layout.prompt * 1.32
            write(image, (x, y), line, PROMPT_COLOUR)

    def _draw_bars(self, image: Image.Image) -> None:
        draw, (left, top, right, bottom) = ImageDraw.Draw(image), self._layout.bars
        count = len(self._palette.bars)
        for index, colour in enumerate(self._palette.bars):
            start, end = (left + (right - left) * edge // count for edge in (index, index + 1))
            draw.rectangle((start, top, end - 1, bottom - 1), fill=colour)

    def _draw_second(self, frame: YuvFrame, second: int) -> None:
        """Draw the number of a second, a tick in the spinner for each second up to it, and the progress."""
        side = self._layout.spinner
        edge = side // 20 * 2
        disc = self._image.crop(self._disc(edge))
        draw = ImageDraw.Draw(disc)
        for tick in range(self._spec.seconds):
            colour: Colour = self._palette.accent if tick <= second else DIM
            ends = [end - edge for end in spoke(side, tick / self._spec.seconds, 0.70, 0.77)]
            draw.line(ends, fill=colour, width=max(2, side // 90))
        middle = disc.width / 2
        draw.text((middle, middle * 0.94), str(second + 1), font=font(round(side * 0.36)), fill=WHITE, anchor="mm")
        small = font(max(9, round(side * 0.075)))
        draw.text((middle, middle * 1.5), f"of {self._spec.seconds} s", font=small, fill=PALE, anchor="mm")
        frame.paste(YuvFrame.of(disc), self._disc(edge)[:2])
        self._draw_progress(frame, second)

    def _disc(self, edge: int) -> tuple[int, int, int, int]:
        """Return the box inside the spinner at a distance from its sides."""
        (x, y), side = self._layout.spinner_at, self._layout.spinner
        return x + edge, y + edge, x + side - edge, y + side - edge

    def _draw_progress(self, frame: YuvFrame, second: int) -> None:
        left, top, right, bottom = self._layout.progress
        patch = self._image.crop((left, top, right, bottom))
        done = (right - left) * (second + 1) // self._spec.seconds
        draw = ImageDraw.Draw(patch, "RGBA")
        draw.rectangle((0, 0, right - left, bottom - top), fill=(0, 0, 0, 110))
        draw.rectangle((0, 0, done - 1, bottom - top), fill=(*self._palette.accent, 255))
        frame.paste(YuvFrame.of(patch), (left, top))

    def _tint_light(self, frame: YuvFrame, step: int) -> None:
        """Draw the light that runs along the bars."""
        left, top, right, _ = self._layout.bars
        width = self._light.width
        x = left + (right - left - width) * step // (STEPS - 1)
        # At an even offset, since colour has half the resolution.
        frame.tint(WHITE, self._light, (x // 2 * 2, top))


def subtitle(spec: ClipSpec) -> str:
    sound = "sound" if spec.audio else "silent"
    return f"{spec.width} × {spec.height}  ·  {spec.seconds} s  ·  {FPS} fps  ·  {sound}"


def background(palette: Palette, width: int, height: int) -> Image.Image:
    """Draw a soft gradient of the seed's colours: a handful of pixels, enlarged."""
    columns, rows = (5, 4) if width >= height else (4, 5)
    points = Image.new("RGB", (columns, rows))
    for index in range(columns * rows):
        points.putpixel((index % columns, index // columns), palette.background[palette.numbers[4 + index] % 4])
    small = points.resize((width // 8, height // 8), Image.Resampling.BICUBIC)
    soft = small.filter(ImageFilter.GaussianBlur(min(width, height) // 120))
    return soft.resize((width, height), Image.Resampling.BILINEAR)


def _light(layout: CardLayout) -> Image.Image:
    """Return the mask of a soft vertical stripe, as high as the bars."""
    left, top, right, bottom = layout.bars
    width = max(8, (right - left) // 14 // 2 * 2)
    slope = Image.linear_gradient("L").rotate(90)
    half = slope.resize((width // 2, bottom - top))
    mask = Image.new("L", (width, bottom - top))
    mask.paste(half, (0, 0))
    mask.paste(half.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (width // 2, 0))
    return mask
