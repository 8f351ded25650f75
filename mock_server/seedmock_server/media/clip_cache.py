"""Disk cache of rendered clips, bounded in bytes; the least recently used are evicted first.

Several processes may share it. A clip appears by renaming and is never written to again; a reader that has opened it
can read on after its eviction. Unfinished files are in one folder per cache object, whose lock tells if it is in use.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO
from weakref import finalize

from msgspec import Struct

WORK_PREFIX = "work-"
# Sizes and tags of clips, which a HEAD needs: forgotten ones are read from the folder again.
MAX_REMEMBERED_CLIPS = 1024
TAG = re.compile(r'"[0-9a-f]{32}"')


class CachedClip(Struct, frozen=True):
    """A rendered clip. `etag` is a strong validator for HTTP, with its quotes."""

    path: Path
    size_bytes: int
    etag: str


class ClipCache:
    """Clips by their digest."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Create the folder, and remove what crashed processes left in it; `limit` is in bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._limit = folder, limit
        for work in folder.glob(f"{WORK_PREFIX}*"):
            _remove_abandoned(work)
        self._clips: dict[str, CachedClip] = {}  # those in use lately: a clip's size never changes
        self._creating_work = threading.Lock()
        self._work: Path | None = None
        self._close: Callable[[], object] = lambda: None

    @property
    def work(self) -> Path:
        """Folder of unfinished files, from the first use on: most emulators of a test suite render nothing."""
        with self._creating_work:
            if self._work is None:
                self._work, lock = _create_work_folder(self._folder)
                self._close = finalize(self, _remove_work_folder, lock, self._work)  # also if it is never closed
            return self._work

    def find(self, digest: str) -> CachedClip | None:
        """Return the clip if it is there, and mark it as used now."""
        try:
            clip = self._clips.get(digest) or self._look_up(digest)
            os.utime(clip.path)
        except FileNotFoundError:
            return None
        return clip

    def _look_up(self, digest: str) -> CachedClip:
        """Measure a clip, and remember it. Raises FileNotFoundError."""
        path = self._folder / f"{digest}.mp4"
        clip = CachedClip(path, path.stat().st_size, f'"{digest[:32]}"')
        if len(self._clips) >= MAX_REMEMBERED_CLIPS:
            self._clips.clear()
        self._clips[digest] = clip
        return clip

    def size(self) -> int:
        """Return the bytes of all clips in the folder."""
        total = 0
        for path in self._folder.glob("*.mp4"):
            with contextlib.suppress(FileNotFoundError):  # evicted by another process
                total += path.stat().st_size
        return total

    def find_tagged(self, etag: str) -> CachedClip | None:
        """Return the clip with an ETag if it is there."""
        # The tag is the beginning of the digest; a header that names no digest must not become a pattern.
        if TAG.fullmatch(etag) is None:
            return None
        path = next(self._folder.glob(f"{etag[1:-1]}*.mp4"), None)
        return None if path is None else self.find(path.stem)

    def admit(self, digest: str, finished: Path) -> CachedClip:
        """Move a finished file from the work folder into the cache, and evict others as needed, but never this one."""
        path = self._folder / f"{digest}.mp4"
        size = finished.stat().st_size
        finished.replace(path)
        self._evict(path)
        return CachedClip(path, size, f'"{digest[:32]}"')

    def close(self) -> None:
        """Remove the work folder and all that is in it."""
        self._close()

    def _evict(self, newest: Path) -> None:
        clips = []
        for path in self._folder.glob("*.mp4"):
            with contextlib.suppress(FileNotFoundError):
                stat = path.stat()
                clips.append((path != newest, stat.st_mtime_ns, stat.st_size, path))
        room = self._limit
        for is_evictable, _, size, path in sorted(clips, key=lambda clip: (clip[0], -clip[1])):
            room -= size
            if is_evictable and room < 0:
                path.unlink(missing_ok=True)


def _create_work_folder(folder: Path) -> tuple[Path, IO[bytes]]:
    """Create and lock a work folder; try again if another process removed it before it was locked."""
    while True:
        work = Path(tempfile.mkdtemp(prefix=WORK_PREFIX, dir=folder))
        lock = (work / "lock").open("wb")
        if (_lock(lock) or sys.platform == "win32") and (work / "lock").exists():
            return work, lock
        lock.close()


def _remove_work_folder(lock: IO[bytes], work: Path) -> None:
    lock.close()
    shutil.rmtree(work, ignore_errors=True)


def _remove_abandoned(work: Path) -> None:
    """Remove a work folder whose owner no longer holds its lock."""
    try:
        lock = (work / "lock").open("rb")
    except OSError:
        return
    with lock:
        if _lock(lock):
            shutil.rmtree(work, ignore_errors=True)


def _lock(file: IO[bytes]) -> bool:
    """Lock a file if no other process has. Always False on Windows, where so no work folder counts as abandoned."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
