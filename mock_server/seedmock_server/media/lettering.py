"""Words on a picture, with the one font that every machine has: the one inside Pillow.

It knows Latin only. A character that it lacks becomes a tile with its code point, as browsers do: still one
character, still the same on every machine, still possible to look up.
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from .palette import Colour

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Line:
    """Some words at one size, in pixels."""

    text: str
    size: int

    @property
    def width(self) -> float:
        return sum(_advance(character, self.size) for character in self.text)


def clean(text: str) -> str:
    """The text on one line, without what has no picture of its own (controls, joiners, variation selectors)."""
    seen = (" " if character.isspace() else character for character in text)
    return " ".join("".join(c for c in seen if unicodedata.category(c)[0] != "C" and not _is_mark(c)).split())


def wrap(text: str, size: int, width: float, lines: int) -> list[Line]:
    """At most so many lines, broken at spaces where there are any; what does not fit ends in an ellipsis."""
    rest = clean(text)
    found: list[Line] = []
    while rest and len(found) < lines:
        cut = _fits(rest, size, width)
        if cut < len(rest) and len(found) == lines - 1:
            found.append(Line(rest[: max(1, cut - 1)].rstrip() + "…", size))
            break
        cut = cut if cut == len(rest) else max(rest.rfind(" ", 0, cut + 1), 0) or cut
        found.append(Line(rest[:cut].rstrip(), size))
        rest = rest[cut:].lstrip()
    return found


def fitted(text: str, size: int, width: float) -> Line:
    """One line, set smaller (down to half) until it fits, then shortened."""
    while size > 10 and Line(text, size).width > width:
        size -= max(1, size // 16)
    return (wrap(text, size, width, 1) or [Line("", size)])[0]


def write(picture: Image.Image, at: tuple[float, float], line: Line, colour: Colour) -> None:
    """Write a line; `at` is the left end of its baseline."""
    draw = ImageDraw.Draw(picture)
    x, y = at
    for run, known in _runs(line.text):
        if known:
            draw.text((x, y), run, font=font(line.size), fill=colour, anchor="ls")
            x += font(line.size).getlength(run)
        else:
            for character in run:
                _tile(draw, (x, y), character, line.size, colour)
                x += line.size


@functools.lru_cache(maxsize=64)
def font(size: int) -> Font:
    return ImageFont.load_default(size)


def _is_mark(character: str) -> bool:
    return 0xFE00 <= ord(character) <= 0xFE0F or 0x1F3FB <= ord(character) <= 0x1F3FF


def _fits(text: str, size: int, width: float) -> int:
    """How many characters fit; at least one."""
    for index, character in enumerate(text):
        width -= _advance(character, size)
        if width < 0:
            return max(1, index)
    return len(text)


def _advance(character: str, size: int) -> float:
    return font(size).getlength(character) if _known(character) else float(size)


@functools.lru_cache(maxsize=4096)
def _known(character: str) -> bool:
    probe = font(20)
    missing = probe.getmask("\U0010fffd")
    return character == " " or bytes(probe.getmask(character)) != bytes(missing)


def _runs(text: str) -> list[tuple[str, bool]]:
    runs: list[tuple[str, bool]] = []
    for character in text:
        known = _known(character)
        if runs and runs[-1][1] == known:
            runs[-1] = (runs[-1][0] + character, known)
        else:
            runs.append((character, known))
    return runs


def _tile(draw: ImageDraw.ImageDraw, at: tuple[float, float], character: str, size: int, colour: Colour) -> None:
    """A box with the code point: two rows of two or three digits."""
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
