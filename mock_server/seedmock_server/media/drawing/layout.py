"""Where things are on a test card, in pixels, for any size and shape of picture."""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[int, int, int, int]
Line = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """Offsets and sides are even, because colour has half the resolution; sizes of letters are heights in pixels."""

    width: int
    height: int
    margin: int
    thin: int
    dial: int
    dial_at: tuple[int, int]
    words: tuple[int, int, int]
    title: int
    text: int
    prompt: int
    lines: int
    bars: Box
    progress: Box

    @classmethod
    def of(cls, width: int, height: int) -> Layout:
        """Words beside the dial on a wide picture, below it on a tall one."""
        return _wide(width, height) if width > height * 1.15 else _tall(width, height)

    def corners(self) -> list[tuple[int, int, int, int]]:
        """Two strokes for each corner of the safe area."""
        near, reach = self.margin // 2, self.margin
        strokes = []
        for x, inward_x in ((near, 1), (self.width - near, -1)):
            for y, inward_y in ((near, 1), (self.height - near, -1)):
                strokes.append((x, y, x + reach * inward_x, y))
                strokes.append((x, y, x, y + reach * inward_y))
        return strokes


def _wide(width: int, height: int) -> Layout:
    unit = min(height, width * 9 // 16)
    margin = _even(unit * 0.09)
    dial = _even(unit * 0.56)
    foot = _foot(width, height, margin, unit)
    top = _even((foot[0][1] - dial) / 2)
    left = margin + dial + _even(unit * 0.08)
    text, prompt = max(11, round(unit * 0.037)), max(12, round(unit * 0.046))
    title = round(unit * 0.085)
    room = dial - title - text * 4.6
    return Layout(
        width=width,
        height=height,
        margin=margin,
        thin=max(2, unit // 240),
        dial=dial,
        dial_at=(margin, top),
        words=(left, top + _even(unit * 0.01), width - margin - left),
        title=title,
        text=text,
        prompt=prompt,
        lines=max(2, int(room / (prompt * 1.32))),
        bars=foot[0],
        progress=foot[1],
    )


def _tall(width: int, height: int) -> Layout:
    unit = min(width, height)
    margin = _even(unit * 0.09)
    foot = _foot(width, height, margin, unit)
    text, prompt = max(11, round(unit * 0.037)), max(12, round(unit * 0.046))
    title = round(unit * 0.085)
    floor = foot[0][1] - _even(unit * 0.06)
    need = title + text * 4.6 + prompt * 1.32 * (4 if height > width * 1.25 else 2)
    dial = _even(min(width * 0.66, floor - margin - need - unit * 0.09))
    top = _even(margin + max(0.0, (floor - margin - need - dial) * 0.4))
    start = top + dial + _even(unit * 0.07)
    return Layout(
        width=width,
        height=height,
        margin=margin,
        thin=max(2, unit // 240),
        dial=dial,
        dial_at=(_even((width - dial) / 2), top),
        words=(margin, start, width - 2 * margin),
        title=title,
        text=text,
        prompt=prompt,
        lines=max(2, int((floor - start - title - text * 4.6) / (prompt * 1.32))),
        bars=foot[0],
        progress=foot[1],
    )


def _foot(width: int, height: int, margin: int, unit: int) -> tuple[Box, Box]:
    """The bars and, below them, the progress."""
    thick, line, gap = _even(unit * 0.045), _even(max(4, unit * 0.014)), _even(max(2, unit * 0.012))
    bottom = _even(height - margin)
    top = bottom - line
    bars = (margin, top - gap - thick, _even(width - margin), top - gap)
    return bars, (margin, top, _even(width - margin), bottom)


def _even(value: float) -> int:
    return int(value) // 2 * 2
