"""The studio: a clip for a look, from the shelf or rendered off the event loop.

Callers that want the same look share one render. Hints are rendered one by one when it is quiet, niced, and only
the last few of them: ten thousand orders a second must not start ten thousand encoders.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from .clip_cache import CachedClip, ClipCache
from .clip_spec import ClipSpec
from .encoding.encoder import Encoder, Unrenderable
from .ffmpeg import version

__all__ = ["CachedClip", "ClipRenderer", "Unrenderable"]


class ClipRenderer:
    """Renders clips into a folder that several studios may share. Belongs to one event loop."""

    def __init__(
        self,
        folder: Path,
        *,
        cache_bytes: int = 1 << 30,
        workers: int = 1,
        time_limit: float = 300.0,
        quiet_after: float = 0.1,
        hints: int = 4,
    ) -> None:
        """`workers` renders run at once, and one hint; no encoder lives longer than `time_limit` seconds.

        It is quiet when nothing was hinted at for `quiet_after` seconds.
        """
        self._cache = ClipCache(folder, cache_bytes)
        self._encoder = Encoder(self._cache.work, seconds=time_limit)
        self._threads = ThreadPoolExecutor(workers + 1, thread_name_prefix="studio")
        self._turns = asyncio.Semaphore(workers)
        self._renders: dict[str, asyncio.Task[CachedClip]] = {}
        self._hints: deque[Callable[[], ClipSpec]] = deque(maxlen=hints)
        self._hinted = 0
        self._quiet_after = quiet_after
        self._timer: asyncio.TimerHandle | None = None
        self._idle: asyncio.Task[None] | None = None
        self._closed = False

    async def clip(self, clip_spec: ClipSpec) -> CachedClip:
        """The clip of a look. Open it soon: a full shelf throws out what was not used for long.

        Raises Unrenderable, whose message says what is wrong with the look or its sources.
        """
        return await self._clip(clip_spec, quiet=False)

    async def modified(self, clip: CachedClip, name: str, change: Callable[[bytes], bytes]) -> CachedClip:
        """A clip whose bytes are changed; the name tells one change from another. Kept as every clip is."""
        digest = sha256(f"{clip.etag} {name}".encode()).hexdigest()
        found = self._cache.find(digest)
        if found is not None:
            return found
        target = self._cache.work / f"{digest}.mp4"
        target.write_bytes(change(clip.path.read_bytes()))
        return self._cache.admit(digest, target)

    def prepare(self, make: Callable[[], ClipSpec]) -> None:
        """A hint that the clip of this look, made when it is its turn, will be asked for; returns at once."""
        if self._closed:
            return
        self._hints.append(make)
        self._hinted += 1
        if self._timer is None and self._idle is None:
            self._arm()

    async def aclose(self) -> None:
        """Stop all work, kill the encoders and remove what is unfinished."""
        self._closed = True
        self._hints.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._encoder.stop()
        tasks: list[asyncio.Task[CachedClip] | asyncio.Task[None]] = [*self._renders.values()]
        tasks += [self._idle] if self._idle else []
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown)
        self._cache.close()

    async def _clip(self, clip_spec: ClipSpec, *, quiet: bool) -> CachedClip:
        if self._closed:
            raise Unrenderable("the studio is closed")
        if not version.cache_info().currsize:
            await asyncio.to_thread(version)
        digest = clip_spec.digest
        task = self._renders.get(digest)
        if task is None:
            found = self._cache.find(digest)
            if found is not None:
                return found
            task = asyncio.create_task(self._rendered(clip_spec, digest, quiet=quiet))
            self._renders[digest] = task
            task.add_done_callback(lambda done: self._forget(digest, done))
        return await asyncio.shield(task)

    def _forget(self, digest: str, done: asyncio.Task[CachedClip]) -> None:
        self._renders.pop(digest, None)
        if not done.cancelled():
            done.exception()

    async def _rendered(self, clip_spec: ClipSpec, digest: str, *, quiet: bool) -> CachedClip:
        loop = asyncio.get_running_loop()
        async with contextlib.nullcontext() if quiet else self._turns:
            return await loop.run_in_executor(self._threads, self._make, clip_spec, digest, quiet)

    def _make(self, clip_spec: ClipSpec, digest: str, quiet: bool) -> CachedClip:
        """Blocking, in a thread."""
        from .pipeline import render

        target = self._cache.work / f"{digest}.mp4"
        try:
            render(clip_spec, target, self._encoder, quiet=quiet)
            return self._cache.admit(digest, target)
        except Unrenderable:
            raise
        except Exception as error:
            raise Unrenderable(f"the clip could not be made: {error}") from error
        finally:
            target.unlink(missing_ok=True)

    def _arm(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._timer = loop.call_later(self._quiet_after, self._check, self._hinted)

    def _check(self, hinted: int) -> None:
        """Start on the hints if none has come since the timer was set."""
        self._timer = None
        if self._hinted != hinted:
            self._arm()
        elif self._hints and not self._closed:
            self._idle = asyncio.create_task(self._work_off())

    async def _work_off(self) -> None:
        """Render one hint, the latest first, and look again whether it is still quiet."""
        with contextlib.suppress(Exception):
            await self._clip(self._hints.pop()(), quiet=True)
        self._idle = None
        if self._hints and not self._closed:
            self._arm()
