"""Two counters in a small file that all processes map: reading them takes nanoseconds, and no lock."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

# A page, the least that is mapped anyway; the two counters take 16 bytes of it.
SIZE = 4096


class SharedCounters:
    """`epoch`: the number of the last change that copies must learn of; `callbacks`: how often callbacks were saved.

    They are set while the database's lock is held, before the commit: a reader that comes in between finds the old
    state, and looks again at the next request. A file that is lost is made anew from the database.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(descriptor).st_size < SIZE:
                os.ftruncate(descriptor, SIZE)
            self._map = mmap.mmap(descriptor, SIZE)
        finally:
            os.close(descriptor)
        # Native integers at aligned places: each is read and written in one piece.
        self._counters = memoryview(self._map).cast("Q")
        self._own_callbacks = 0

    @property
    def epoch(self) -> int:
        return self._counters[0]

    @epoch.setter
    def epoch(self, value: int) -> None:
        self._counters[0] = value

    @property
    def callbacks_of_others(self) -> int:
        return self._counters[1] - self._own_callbacks

    def count_callback(self) -> None:
        """Note that this process has changed callbacks. Call it while the database's lock is held."""
        self._own_callbacks += 1
        self._counters[1] += 1

    def close(self) -> None:
        self._counters.release()
        self._map.close()
