"""Where a life's bands and marks stand in its picture: in percent of a width that nobody knows yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from .timeline import Drawn, Event, Mark, Run, Tone, runs

EDGE = 2.0
"""Percent that stay free on either side, so that marks are not cut off."""
TAIL = 16.0
"""Percent after the last call, for the status that was told last."""
NARROW, WIDE = 300, 800
"""Pixels that a picture has at least on a small screen and on a large one."""
LETTER, MARGIN = 7.4, 13
"""Pixels of a letter, and around a word."""
APART = 11.0
"""Percent that a tag needs on a small screen."""
MOST_MARKS = 200
"""Marks that are drawn; what lies between is told in words."""


@dataclass(frozen=True, slots=True)
class Band:
    """A status for as long as it was told. `fits` says where its word can be read inside: narrow, wide or nowhere."""

    x: float
    width: float
    tone: Tone
    word: str
    fits: str


@dataclass(frozen=True, slots=True)
class Point:
    """One call; `tag` is what stands above it, such as the code of a refusal."""

    x: float
    mark: Mark
    tone: Tone
    says: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """All of one life: what is drawn, and the same in words. `end` is where the last call stands."""

    life: Drawn
    bands: tuple[Band, ...]
    points: tuple[Point, ...]
    rows: tuple[Run, ...]
    label: str
    end: float


def picture(life: Drawn) -> Picture:
    """Lay a life out along its time; calls of one moment side by side."""
    places = _places(life)
    told = [(x, event) for x, event in zip(places, life.events, strict=True) if event.word]
    bands = tuple(_bands(told))
    points = list(_points(places, life.events))
    end = places[-1] if places else EDGE
    return Picture(life, bands, tuple(_fewer(points)), tuple(runs(life.events)), _label(life), end)


def span(seconds: float) -> str:
    """A time in the unit that suits it: `350 ms`, `12.5 s`, `3 min 20 s`, `2 h 5 min`, `7 d`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds else "0 s"
    if seconds < 59.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s".removesuffix(" 0 s")
    if whole < 172_800:
        return f"{whole // 3600} h {whole % 3600 // 60} min".removesuffix(" 0 min")
    return f"{whole / 86_400:.1f}".removesuffix(".0") + " d"


def _places(life: Drawn) -> list[float]:
    """Percent of each event: by time, or in even steps where all was at once or one pause outlasts all the rest."""
    events = life.events
    width = 100 - 2 * EDGE - TAIL
    if life.seconds <= 0 or is_uneven(life):
        return [EDGE + width * number / max(1, len(events) - 1) for number in range(len(events))]
    return [EDGE + width * event.at / life.seconds for event in events]


def is_uneven(life: Drawn) -> bool:
    """Whether one pause is nearly all of the time, so that nothing could be told apart by time."""
    gaps = [later.at - before.at for before, later in pairwise(life.events)]
    return len(gaps) > 2 and max(gaps) > 0.85 * life.seconds > 0


def _bands(told: list[tuple[float, Event]]) -> Iterator[Band]:
    """From the answer that first told a status to the one that told another; the last goes on to the end."""
    starts = [pair for number, pair in enumerate(told) if not number or pair[1].word != told[number - 1][1].word]
    for number, (x, event) in enumerate(starts):
        until = starts[number + 1][0] if number + 1 < len(starts) else 100 - EDGE
        yield Band(x, max(0.6, until - x), event.tone, event.word, _fits(event.word, until - x))


def _fits(word: str, percent: float) -> str:
    need = len(word) * LETTER + MARGIN
    if need <= percent * NARROW / 100:
        return "narrow"
    return "wide" if need <= percent * WIDE / 100 else ""


def _points(places: list[float], events: tuple[Event, ...]) -> Iterator[Point]:
    """The calls; of tags that would stand upon one another, the first."""
    free = 0.0
    for x, event in zip(places, events, strict=True):
        tag = _tag(event) if x >= free else ""
        free = x + max(APART, len(tag) * APART / 5) if tag else free
        yield Point(x, event.mark, event.tone, f"{span(event.at)}: {event.says} {event.word}".rstrip(), tag)


def _tag(event: Event) -> str:
    """What stands above a call: why it told no status."""
    if event.tone in (Tone.REFUSED, Tone.TROUBLE):
        return event.code
    return "no status" if event.mark is Mark.POLL and not event.word else ""


def _fewer(points: list[Point]) -> Iterator[Point]:
    """All points, or of very many polls every so many."""
    step = -(-len(points) // MOST_MARKS)
    for number, point in enumerate(points):
        if point.mark is not Mark.POLL or number % max(1, step) == 0:
            yield point


def _label(life: Drawn) -> str:
    words = list(dict.fromkeys(event.word for event in life.events if event.word))
    told = f", told as {', then '.join(words)}" if words else ""
    return f"{life.title}: {len(life.events)} calls in {span(life.seconds)}{told}; {life.end}"
