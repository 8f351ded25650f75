"""Recordings where they lie: the files of folders, read whole and in the order of their making."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from .model import Recording, recording_from

SUFFIX = ".jsonl"


class NoRecordings(Exception):
    """There is nothing to be read; the message says where it was looked for, and what to do."""


def load_recordings(places: Iterable[Path], upstream: str = "") -> list[Recording]:
    """Every recording in some folders and files, of one upstream or of all, the oldest first.

    Raises NoRecordings, and InvalidRecording for a file that cannot be read as one.
    """
    places = list(places)
    found = [_read(path) for path in dict.fromkeys(path for place in places for path in _files(place))]
    wanted = [one for one in found if upstream in ("", one.about.upstream)]
    if not wanted:
        where = ", ".join(str(place) for place in places)
        of = f" of {upstream}" if upstream else ""
        raise NoRecordings(f"there is no recording{of} in {where}: make one by `seedmock verify --record {places[0]}`")
    return sorted(wanted, key=lambda one: (one.at, one.name))


def _files(place: Path) -> Iterator[Path]:
    if not place.exists():
        raise NoRecordings(f"{place} is not there; expected a folder with recordings, or one of them")
    if place.is_dir():
        yield from sorted(path for path in place.rglob(f"*{SUFFIX}") if path.is_file())
    else:
        yield place


def _read(path: Path) -> Recording:
    try:
        return recording_from(path.read_bytes().decode("utf-8", "replace"), str(path))
    except OSError as error:
        raise NoRecordings(f"{path} cannot be read: {error.strerror}") from error
