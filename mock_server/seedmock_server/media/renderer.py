"""Renderer of clips: from the cache, or rendered in threads off the event loop.

Callers that want the same clip share one render. Hints of clips to come are rendered one by one when the server is
idle, with low priority, and only the last few: ten thousand orders a second must not start ten thousand encoders.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ..clock import stopwatch
from .clip_cache import CachedClip, ClipCache
from .clip_spec import ClipSpec, StoredFile
from .encoding.encoder import Encoder
from .errors import RenderBug, Unrenderable
from .ffmpeg import version

log = logging.getLogger("seedmock")


@dataclass(slots=True)
class RenderStatistics:
    """Renders of this process so far, with the seconds that they took, and clips that the cache had."""

    rendered: int = 0
    seconds: float = 0.0
    cache_hits: int = 0


class ClipRenderer:
    """Renders clips into a folder that several processes may share. Belongs to one event loop."""

    def __init__(
        self,
        folder: Path,
        *,
        cache_bytes: int = 1 << 30,
        workers: int = 1,
        time_limit: float = 300.0,
        idle_after: float = 0.1,
        max_hints: int = 4,
    ) -> None:
        """`workers` clips are rendered at once, and one hint besides; an encoder is killed after `time_limit` seconds.

        The server counts as idle when no hint has come for `idle_after` seconds.
        """
        self._cache = ClipCache(folder, cache_bytes)
        self._encoder = Encoder(folder, seconds=time_limit)  # its files have no name, and end with their process
        self._executor = ThreadPoolExecutor(workers + 1, thread_name_prefix="clip-renderer")
        self._workers = asyncio.Semaphore(workers)
        self._renders: dict[str, asyncio.Task[CachedClip]] = {}
        self._hints: deque[Callable[[], ClipSpec]] = deque(maxlen=max_hints)
        self._hint_count = 0
        self._idle_after = idle_after
        self._idle_timer: asyncio.TimerHandle | None = None
        self._hint_task: asyncio.Task[None] | None = None
        self._has_rendered = self._closed = False
        self.statistics = RenderStatistics()
        self.fetch_source: Callable[[StoredFile], Awaitable[None]] | None = None
        """Bring a file of a spec to this machine, if it is not here. Set by the composition root."""

    async def clip(self, spec: ClipSpec) -> CachedClip:
        """Return a clip, rendered if need be. Open it soon: a full cache evicts what was not used for long.

        Raises Unrenderable, whose message names the problem of the spec or its sources.
        """
        return await self._clip(spec, low_priority=False)

    def find(self, etag: str) -> CachedClip | None:
        """Return the clip with an ETag if it is still in the cache."""
        return self._cache.find_tagged(etag)

    def cached_bytes(self) -> int:
        """Return the bytes of all clips in the cache, which other processes may share."""
        return self._cache.size()

    async def modified(self, clip: CachedClip, name: str, change: Callable[[bytes], bytes]) -> CachedClip:
        """Return a clip whose bytes were changed by `change`; `name` identifies the change in the cache."""
        digest = sha256(f"{clip.etag} {name}".encode()).hexdigest()
        cached = self._cache.find(digest)
        if cached is not None:
            return cached
        target = self._cache.work / f"{digest}.mp4"
        target.write_bytes(change(clip.path.read_bytes()))
        return self._cache.admit(digest, target)

    def prepare(self, build_spec: Callable[[], ClipSpec]) -> None:
        """Hint at a clip that will be requested later; its spec is built only if the hint is followed."""
        if self._closed:
            return
        self._hints.append(build_spec)
        self._hint_count += 1
        if self._idle_timer is None and self._hint_task is None:
            self._start_idle_timer()

    async def aclose(self) -> None:
        """Stop all renders, kill the encoders, and remove unfinished files."""
        self._closed = True
        self._hints.clear()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._encoder.stop()
        tasks: list[asyncio.Task[CachedClip] | asyncio.Task[None]] = [*self._renders.values()]
        tasks += [self._hint_task] if self._hint_task else []
        await asyncio.gather(*tasks, return_exceptions=True)
        # Most emulators of a test suite render nothing; without threads to wait for they end in half the time.
        if self._has_rendered:
            await asyncio.to_thread(self._executor.shutdown)
        self._cache.close()

    async def _clip(self, spec: ClipSpec, *, low_priority: bool) -> CachedClip:
        if self._closed:
            raise Unrenderable("the renderer is closed")
        if not version.cache_info().currsize:  # the digest needs ffmpeg's version, and asking ffmpeg blocks
            await asyncio.to_thread(version)
        digest = spec.digest
        task = self._renders.get(digest)
        if task is None:
            cached = self._cache.find(digest)
            if cached is not None:
                self.statistics.cache_hits += 1
                return cached
            task = asyncio.create_task(self._render(spec, digest, low_priority=low_priority))
            self._renders[digest] = task
            task.add_done_callback(lambda done: self._finish(digest, done))
        # A caller that is cancelled must not end the render for the others.
        return await asyncio.shield(task)

    def _finish(self, digest: str, done: asyncio.Task[CachedClip]) -> None:
        self._renders.pop(digest, None)
        if not done.cancelled():
            done.exception()  # else asyncio logs that it was never retrieved, when all callers were cancelled

    async def _render(self, spec: ClipSpec, digest: str, *, low_priority: bool) -> CachedClip:
        loop = asyncio.get_running_loop()
        self._has_rendered = True
        for source in filter(None, (spec.first, spec.last, spec.source)):
            if self.fetch_source is not None:
                await self.fetch_source(source)
        async with contextlib.nullcontext() if low_priority else self._workers:
            started_at = stopwatch()
            clip = await loop.run_in_executor(self._executor, self._render_in_thread, spec, digest, low_priority)
            self.statistics.rendered += 1
            self.statistics.seconds += stopwatch() - started_at
            return clip

    def _render_in_thread(self, spec: ClipSpec, digest: str, low_priority: bool) -> CachedClip:
        from .pipeline import render

        target = self._cache.work / f"{digest}.mp4"
        try:
            render(spec, target, self._encoder, low_priority=low_priority)
            return self._cache.admit(digest, target)
        except Unrenderable:
            raise
        except Exception as error:
            log.exception("A clip could not be rendered: %r", spec)
            raise RenderBug("the clip can't be rendered: internal error in seedmock; see the server log") from error
        finally:
            target.unlink(missing_ok=True)

    def _start_idle_timer(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # hints are accepted outside of the loop, and followed once one comes inside
            return
        self._idle_timer = loop.call_later(self._idle_after, self._check_idle, self._hint_count)

    def _check_idle(self, hint_count: int) -> None:
        """Follow a hint if none has come since the timer was started."""
        self._idle_timer = None
        if self._hint_count != hint_count:
            self._start_idle_timer()
        elif self._hints and not self._closed:
            self._hint_task = asyncio.create_task(self._follow_hint())

    async def _follow_hint(self) -> None:
        """Render the latest hint, and wait for the server to be idle again."""
        with contextlib.suppress(Exception):
            await self._clip(self._hints.pop()(), low_priority=True)
        self._hint_task = None
        if self._hints and not self._closed:
            self._start_idle_timer()
