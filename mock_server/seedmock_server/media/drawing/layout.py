"""Positions of the elements of a test card, in pixels, for any size and aspect ratio."""

from __future__ import annotations

from msgspec import Struct

Box = tuple[int, int, int, int]


class CardLayout(Struct, frozen=True):
    """Positions and sizes. Offsets and sides are even, since colour has half the resolution; font sizes are heights.

    `text_area` is left, top and width; `spinner` is the side of a square.
    """

    width: int
    height: int
    margin: int
    line_width: int
    spinner: int
    spinner_at: tuple[int, int]
    text_area: tuple[int, int, int]
    title: int
    text: int
    prompt: int
    lines: int
    bars: Box
    progress: Box

    @classmethod
    def of(cls, width: int, height: int) -> CardLayout:
        """Lay out the text beside the spinner of a wide frame, and below that of a tall one."""
        return _wide(width, height) if width > height * 1.15 else _tall(width, height)

    def corners(self) -> list[tuple[int, int, int, int]]:
        """Return two lines for each corner of the safe area."""
        near, length = self.margin // 2, self.margin
        lines = []
        for x, inward_x in ((near, 1), (self.width - near, -1)):
            for y, inward_y in ((near, 1), (self.height - near, -1)):
                lines.append((x, y, x + length * inward_x, y))
                lines.append((x, y, x, y + length * inward_y))
        return lines


def _wide(width: int, height: int) -> CardLayout:
    unit = min(height, width * 9 // 16)
    margin = _even(unit * 0.09)
    spinner = _even(unit * 0.56)
    foot = _foot(width, height, margin, unit)
    top = _even((foot[0][1] - spinner) / 2)
    left = margin + spinner + _even(unit * 0.08)
    text, prompt = max(11, round(unit * 0.037)), max(12, round(unit * 0.046))
    title = round(unit * 0.085)
    room = spinner - title - text * 4.6
    return CardLayout(
        width=width,
        height=height,
        margin=margin,
        line_width=max(2, unit // 240),
        spinner=spinner,
        spinner_at=(margin, top),
        text_area=(left, top + _even(unit * 0.01), width - margin - left),
        title=title,
        text=text,
        prompt=prompt,
        lines=max(2, int(room / (prompt * 1.32))),
        bars=foot[0],
        progress=foot[1],
    )


def _tall(width: int, height: int) -> CardLayout:
    unit = min(width, height)
    margin = _even(unit * 0.09)
    foot = _foot(width, height, margin, unit)
    text, prompt = max(11, round(unit * 0.037)), max(12, round(unit * 0.046))
    title = round(unit * 0.085)
    floor = foot[0][1] - _even(unit * 0.06)
    need = title + text * 4.6 + prompt * 1.32 * (4 if height > width * 1.25 else 2)
    spinner = _even(min(width * 0.66, floor - margin - need - unit * 0.09))
    top = _even(margin + max(0.0, (floor - margin - need - spinner) * 0.4))
    start = top + spinner + _even(unit * 0.07)
    return CardLayout(
        width=width,
        height=height,
        margin=margin,
        line_width=max(2, unit // 240),
        spinner=spinner,
        spinner_at=(_even((width - spinner) / 2), top),
        text_area=(margin, start, width - 2 * margin),
        title=title,
        text=text,
        prompt=prompt,
        lines=max(2, int((floor - start - title - text * 4.6) / (prompt * 1.32))),
        bars=foot[0],
        progress=foot[1],
    )


def _foot(width: int, height: int, margin: int, unit: int) -> tuple[Box, Box]:
    """Return the boxes of the bars and of the progress below them."""
    thickness, line, gap = _even(unit * 0.045), _even(max(4, unit * 0.014)), _even(max(2, unit * 0.012))
    bottom = _even(height - margin)
    top = bottom - line
    bars = (margin, top - gap - thickness, _even(width - margin), top - gap)
    return bars, (margin, top, _even(width - margin), bottom)


def _even(value: float) -> int:
    return int(value) // 2 * 2
