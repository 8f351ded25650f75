"""Text on an image, with fonts that are the same on every machine.

Pillow's own font covers English; two small ones beside this module add the other languages of Europe, Chinese and
Japanese. A character without a glyph becomes a tile with its code point, as in browsers.
"""

from __future__ import annotations

import functools
import unicodedata
from io import BytesIO
from itertools import groupby
from pathlib import Path

from msgspec import Struct
from PIL import Image, ImageDraw, ImageFont

from .palette import Colour

FONTS = Path(__file__).with_name("fonts")
FACES = ("", "west", "east")
# A character for private use, of which no font here has a glyph.
MISSING = "\U0010fffd"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class TextLine(Struct, frozen=True):
    """A line of text at a font size in pixels."""

    text: str
    size: int

    @property
    def width(self) -> float:
        return sum(_advance(character, self.size) for character in self.text)


def clean(text: str) -> str:
    """Return the text on one line, without characters that have no glyph (controls, joiners, variation selectors)."""
    characters = (" " if character.isspace() else character for character in text)
    return " ".join("".join(c for c in characters if unicodedata.category(c)[0] != "C" and not _is_mark(c)).split())


def wrap(text: str, size: int, width: float, lines: int) -> list[TextLine]:
    """Break a text at spaces, where there are any, into at most `lines` lines; the last one may end in an ellipsis."""
    rest = clean(text)
    wrapped: list[TextLine] = []
    while rest and len(wrapped) < lines:
        cut = _fits(rest, size, width)
        if cut < len(rest) and len(wrapped) == lines - 1:
            wrapped.append(TextLine(rest[: max(1, cut - 1)].rstrip() + "…", size))
            break
        cut = cut if cut == len(rest) else max(rest.rfind(" ", 0, cut + 1), 0) or cut
        wrapped.append(TextLine(rest[:cut].rstrip(), size))
        rest = rest[cut:].lstrip()
    return wrapped


def fitted(text: str, size: int, width: float) -> TextLine:
    """Return the text as one line, at a smaller size (10 at least) until it fits, and then shortened."""
    while size > 10 and TextLine(text, size).width > width:
        size -= max(1, size // 16)
    return (wrap(text, size, width, 1) or [TextLine("", size)])[0]


def write(image: Image.Image, at: tuple[float, float], line: TextLine, colour: Colour) -> None:
    """Draw a line; `at` is the left end of its baseline."""
    draw = ImageDraw.Draw(image)
    x, y = at
    for face, letters in groupby(line.text, _face):
        run = "".join(letters)
        if face is not None:
            draw.text((x, y), run, font=font(line.size, face), fill=colour, anchor="ls")
            x += font(line.size, face).getlength(run)
            continue
        for character in run:
            _tile(draw, (x, y), character, line.size, colour)
            x += line.size


@functools.lru_cache(maxsize=256)
def font(size: int, face: str = "") -> Font:
    """Load a font in a size: Pillow's own, or one of those beside this module."""
    if not face:
        return ImageFont.load_default(size)
    # Not Raqm, which only some installations of Pillow have: letters stand alike on every machine.
    return ImageFont.truetype(BytesIO(_decompressed(face)), size, layout_engine=ImageFont.Layout.BASIC)


@functools.cache
def _decompressed(face: str) -> bytes:
    import lzma

    return lzma.decompress((FONTS / f"{face}.ttf.xz").read_bytes())


def _is_mark(character: str) -> bool:
    """Recognize variation selectors and skin tones, which change the glyph before them."""
    return 0xFE00 <= ord(character) <= 0xFE0F or 0x1F3FB <= ord(character) <= 0x1F3FF


def _fits(text: str, size: int, width: float) -> int:
    """Return the number of characters that fit, at least one."""
    for index, character in enumerate(text):
        width -= _advance(character, size)
        if width < 0:
            return max(1, index)
    return len(text)


def _advance(character: str, size: int) -> float:
    face = _face(character)
    return float(size) if face is None else font(size, face).getlength(character)


@functools.lru_cache(maxsize=8192)
def _face(character: str) -> str | None:
    """Return the first font with a glyph for a character."""
    faces = FACES[:1] if character.isascii() else FACES
    return next((face for face in faces if character == " " or _mask(face, character) != _mask(face, MISSING)), None)


def _mask(face: str, character: str) -> bytes:
    return bytes(font(20, face).getmask(character))


def _tile(draw: ImageDraw.ImageDraw, at: tuple[float, float], character: str, size: int, colour: Colour) -> None:
    """Draw a box with the code point in two rows of two or three digits."""
    code = f"{ord(character):04X}"
    code = code if len(code) == 4 else code.zfill(6)
    half = len(code) // 2
    left, top = at[0] + size * 0.06, at[1] - size * 0.80
    side = size * 0.88
    draw.rounded_rectangle((left, top, left + side, top + side), radius=size * 0.12, outline=colour)
    small = font(max(6, round(size * (0.40 if half == 2 else 0.30))))
    for row, digits in enumerate((code[:half], code[half:])):
        middle = (left + side / 2, top + side * (0.30 + 0.42 * row))
        draw.text(middle, digits, font=small, fill=colour, anchor="mm")
