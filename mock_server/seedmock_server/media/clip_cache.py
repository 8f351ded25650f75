"""The clips on disk: a folder bounded in bytes, the least recently used go first.

Several processes may share it. A clip appears in one step (rename) and is never written to again; a reader that
has opened it keeps it, even when it is removed. Unfinished files live in one folder per studio, whose lock tells
whether its owner is still alive.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from weakref import finalize

WORK = "work-"


@dataclass(frozen=True, slots=True)
class CachedClip:
    """A finished file. `etag` is a strong validator as HTTP writes it, quotes included."""

    path: Path
    size_bytes: int
    etag: str


class ClipCache:
    """Finds, takes in and throws out clips by their digest."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Makes the folder and sweeps what crashed studios left behind; `limit` is in bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._limit = folder, limit
        for stale in folder.glob(f"{WORK}*"):
            _sweep(stale)
        self.work, lock = _claimed(folder)
        self._end = finalize(self, _ended, lock, self.work)  # a shelf that nobody closes ends as well

    def find(self, digest: str) -> CachedClip | None:
        """The clip if it is there; it counts as used now."""
        path = self._folder / f"{digest}.mp4"
        try:
            os.utime(path)
            size = path.stat().st_size
        except FileNotFoundError:
            return None
        return CachedClip(path, size, f'"{digest[:32]}"')

    def admit(self, digest: str, finished: Path) -> CachedClip:
        """Take in a finished file of the work folder, and make room for it if need be; the newest always stays."""
        path = self._folder / f"{digest}.mp4"
        size = finished.stat().st_size
        finished.replace(path)
        self._trim(path)
        return CachedClip(path, size, f'"{digest[:32]}"')

    def close(self) -> None:
        """Remove the work folder and all that is in it."""
        self._end()

    def _trim(self, newest: Path) -> None:
        found = []
        for path in self._folder.glob("*.mp4"):
            with contextlib.suppress(FileNotFoundError):
                told = path.stat()
                found.append((path != newest, told.st_mtime_ns, told.st_size, path))
        room = self._limit
        for old, _, size, path in sorted(found, key=lambda row: (row[0], -row[1])):
            room -= size
            if old and room < 0:
                path.unlink(missing_ok=True)


def _claimed(folder: Path) -> tuple[Path, IO[bytes]]:
    """A work folder of one's own, locked; another one where a sweep came before the lock."""
    while True:
        work = Path(tempfile.mkdtemp(prefix=WORK, dir=folder))
        lock = (work / "lock").open("wb")
        if (_locked(lock) or sys.platform == "win32") and (work / "lock").exists():
            return work, lock
        lock.close()


def _ended(lock: IO[bytes], work: Path) -> None:
    lock.close()
    shutil.rmtree(work, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove a work folder unless its owner lives."""
    try:
        lock = (folder / "lock").open("rb")
    except OSError:
        return
    with lock:
        if _locked(lock):
            shutil.rmtree(folder, ignore_errors=True)


def _locked(file: IO[bytes]) -> bool:
    """Take the file's lock, if nobody has it; where there are no such locks nobody is ever taken for dead."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
