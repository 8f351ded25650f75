"""Find and read recording files, ordered by the time at which they were recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import HarnessError
from .model import Recording, parse_recording

SUFFIX = ".jsonl"


class NoRecordingsFound(HarnessError):
    """No recording can be read; the message says where it was searched and how to make one."""


def load_recordings(paths: Iterable[Path], upstream: str = "") -> list[Recording]:
    """Read all recordings in some folders and files, of one upstream or of all, the oldest first.

    Raises NoRecordingsFound, and InvalidRecording for a file that is not a recording.
    """
    paths = list(paths)
    files = dict.fromkeys(file for path in paths for file in _files(path))
    recordings = [recording for recording in map(_read, files) if upstream in ("", recording.header.upstream)]
    if not recordings:
        searched = ", ".join(str(path) for path in paths)
        of = f" of {upstream}" if upstream else ""
        raise NoRecordingsFound(
            f"no recording{of} in {searched}; create one with `seedmock verify --record {paths[0]}`"
        )
    return sorted(recordings, key=lambda recording: (recording.at, recording.name))


def _files(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise NoRecordingsFound(f"{path} does not exist; expected a recording, or a folder with recordings")
    if path.is_dir():
        yield from sorted(file for file in path.rglob(f"*{SUFFIX}") if file.is_file())
    else:
        yield path


def _read(file: Path) -> Recording:
    try:
        return parse_recording(file.read_bytes().decode("utf-8", "replace"), str(file))
    except OSError as error:
        raise NoRecordingsFound(f"cannot read {file}: {error.strerror}") from error
