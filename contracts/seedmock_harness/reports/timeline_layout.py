"""Layout of a timeline: positions of its bands and points, in percent of a width that is unknown until it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from .timeline import CallKind, Event, RepeatedEvents, Timeline, Tone, group_repeated

EDGE = 2.0
"""Percent left free on either side, so that points are not clipped."""
TAIL = 16.0
"""Percent after the last event, for the band of the last status."""
NARROW, WIDE = 300, 800
"""Minimum widths of a drawing in pixels, on a small and on a large screen."""
CHARACTER, MARGIN = 7.4, 13
"""Width in pixels of a character of a label, and of its margins."""
MIN_TAG_DISTANCE = 11.0
"""Percent that a tag needs on a small screen."""
MAX_POINTS = 200
"""Points that are drawn; of more polls, only every nth is."""
MIN_BAND = 0.6
UNEVEN_SHARE = 0.85
"""Share of the whole time from which one pause makes all other events indistinguishable."""


class Band(Struct, frozen=True):
    """Period of one status. `fits` is the screen on which its label fits inside: `narrow`, `wide` or none."""

    x: float
    width: float
    tone: Tone
    raw_status: str
    fits: str


class Point(Struct, frozen=True):
    """One call; `tag` is the text above it, such as the status code of an error."""

    x: float
    kind: CallKind
    tone: Tone
    description: str
    tag: str = ""


class TimelineLayout(Struct, frozen=True):
    """A drawing and the same in words; `end` is the position of the last event."""

    timeline: Timeline
    bands: tuple[Band, ...]
    points: tuple[Point, ...]
    rows: tuple[RepeatedEvents, ...]
    label: str
    end: float


def lay_out(timeline: Timeline) -> TimelineLayout:
    """Place the events of a timeline by their times."""
    positions = _positions(timeline)
    with_status = [(x, event) for x, event in zip(positions, timeline.events, strict=True) if event.raw_status]
    points = list(_points(positions, timeline.events))
    return TimelineLayout(
        timeline,
        tuple(_bands(with_status)),
        tuple(_thin_out(points)),
        tuple(group_repeated(timeline.events)),
        _label(timeline),
        positions[-1] if positions else EDGE,
    )


def format_duration(seconds: float) -> str:
    """Return a duration in a suitable unit: `350 ms`, `12.5 s`, `3 min 20 s`, `2 h 5 min`, `7 d`."""
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


def is_uneven(timeline: Timeline) -> bool:
    """Return True if one pause takes nearly all of the time: such events are drawn at equal distances."""
    gaps = [later.at - earlier.at for earlier, later in pairwise(timeline.events)]
    return len(gaps) > 2 and max(gaps) > UNEVEN_SHARE * timeline.seconds > 0


def _positions(timeline: Timeline) -> list[float]:
    """Return the position of each event: by time, or at equal distances if time does not tell them apart."""
    events = timeline.events
    width = 100 - 2 * EDGE - TAIL
    if timeline.seconds <= 0 or is_uneven(timeline):
        return [EDGE + width * number / max(1, len(events) - 1) for number in range(len(events))]
    return [EDGE + width * event.at / timeline.seconds for event in events]


def _bands(with_status: list[tuple[float, Event]]) -> Iterator[Band]:
    """Yield a band from each change of status to the next one; the last band extends to the edge."""
    starts = [
        (x, event)
        for number, (x, event) in enumerate(with_status)
        if not number or event.raw_status != with_status[number - 1][1].raw_status
    ]
    for number, (x, event) in enumerate(starts):
        end = starts[number + 1][0] if number + 1 < len(starts) else 100 - EDGE
        fits = _fits(event.raw_status, end - x)
        yield Band(x, max(MIN_BAND, end - x), event.tone, event.raw_status, fits)


def _fits(label: str, percent: float) -> str:
    width = len(label) * CHARACTER + MARGIN
    if width <= percent * NARROW / 100:
        return "narrow"
    return "wide" if width <= percent * WIDE / 100 else ""


def _points(positions: list[float], events: tuple[Event, ...]) -> Iterator[Point]:
    """Yield a point for each event; of tags that would overlap, only the first is kept."""
    free = 0.0
    for x, event in zip(positions, events, strict=True):
        tag = _tag(event) if x >= free else ""
        free = x + max(MIN_TAG_DISTANCE, len(tag) * MIN_TAG_DISTANCE / 5) if tag else free
        description = f"{format_duration(event.at)}: {event.description} {event.raw_status}".rstrip()
        yield Point(x, event.kind, event.tone, description, tag)


def _tag(event: Event) -> str:
    """Return why a call has no status."""
    if event.tone in (Tone.REJECTED, Tone.SERVER_ERROR):
        return event.code
    return "no status" if event.kind is CallKind.POLL and not event.raw_status else ""


def _thin_out(points: list[Point]) -> Iterator[Point]:
    """Leave out polls so that at most about MAX_POINTS remain."""
    step = -(-len(points) // MAX_POINTS)
    for number, point in enumerate(points):
        if point.kind is not CallKind.POLL or number % max(1, step) == 0:
            yield point


def _label(timeline: Timeline) -> str:
    """Return the drawing in one sentence, for screen readers."""
    statuses = list(dict.fromkeys(event.raw_status for event in timeline.events if event.raw_status))
    reported = f", reported as {', then '.join(statuses)}" if statuses else ""
    calls = f"{len(timeline.events)} calls in {format_duration(timeline.seconds)}"
    return f"{timeline.title}: {calls}{reported}; {timeline.result}"
