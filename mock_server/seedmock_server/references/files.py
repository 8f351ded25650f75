"""Files of references: fetched or decoded, measured, and stored by their digest in a folder bounded in bytes.

Knows no upstream and no clock: callers bring the time that decides whether an uploaded file has expired.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from seedmock_contracts.documents.hosts import is_plain_public_url
from seedmock_contracts.facts import MediaFacts

from ..http.outbound import fetch, too_large
from ..http.url_policy import FetchError, FetchFailure, FetchNotAllowed, FetchPolicy, Resolver, resolve_host
from ..media.clip_spec import StoredFile
from .local_urls import FILES_PREFIX, MOCK_PREFIX, RESULTS_PREFIX, FileUri, decode_data_uri, is_data_uri, local_path
from .remote_files import RemoteFiles

MIB: Final = 1 << 20
PART_PREFIX: Final = "part-"
STALE_SECONDS: Final = 3600
MAX_PUBLISHED: Final = 10_000
# Each fetch holds a whole reference in memory; the others wait for their turn.
MAX_FETCHES: Final = 8
MAX_HASHED_IN_LOOP: Final = 4 * MIB
_DIGEST: Final = re.compile("[0-9a-f]{64}")


class MeasuredFile(Struct, frozen=True):
    """A stored file and its measured facts. Open it soon: a full folder evicts what was not used for long."""

    source: StoredFile
    facts: MediaFacts


class PublishedFile(Struct, frozen=True):
    """An uploaded file, with the name it came with; its link expires by the clock of its account."""

    file: MeasuredFile
    name: str
    expires_at: float
    account: str = ""


class ReferenceFiles:
    """Store of the files behind references. Belongs to one event loop."""

    def __init__(
        self,
        folder: Path,
        *,
        fetch: FetchPolicy = FetchPolicy.NONE,
        limit_bytes: int = 200 * MIB,
        total_bytes: int = 1024 * MIB,
        seconds: float = 20.0,
        resolve: Resolver = resolve_host,
        public_url: str | None = None,
        remote: RemoteFiles | None = None,
    ) -> None:
        """Adopt the files that are in the folder. `limit_bytes` bounds one file, `seconds` the fetching of one.

        `public_url` begins this server's links as well, by whatever address a client has reached it. `remote` has
        the files of all machines, of which the folder has copies.
        """
        self._folder, self._policy, self._resolve = folder, fetch, resolve
        self._limit, self._total, self._seconds = limit_bytes, total_bytes, seconds
        self._public_url, self._remote = public_url, remote
        self._files: dict[str, MeasuredFile] = {}
        self._published: OrderedDict[str, PublishedFile] = OrderedDict()
        self._tasks: dict[str, asyncio.Task[MeasuredFile]] = {}
        self._copying: dict[str, asyncio.Lock] = {}
        self._fetches = asyncio.Semaphore(MAX_FETCHES)
        self.find_result: Callable[[str], Awaitable[Path]] | None = None
        """Return the clip of a link to a result (what follows RESULTS_PREFIX); raises FetchError. Set by `api`."""
        self._sizes = _adopt(folder)
        self._occupied = sum(self._sizes.values())

    def may_read(self, url: str) -> bool:
        """Tell if `read` might find a file or raise an error: not for a public URL if nothing is fetched."""
        return self._policy is not FetchPolicy.NONE or not is_plain_public_url(url) or MOCK_PREFIX in url

    async def read(self, url: str, *, own_origin: str, now: float) -> MeasuredFile | None:
        """Return the file behind a data: URI, a link to this server, or a URL that the fetch policy allows; else None.

        `own_origin` is the scheme://host[:port][/prefix] by which the client reached the server. Raises FetchError.
        """
        if isinstance(url, FileUri) and url.content:
            return await self.store(url.content)
        if is_data_uri(url):
            return await self.store(await asyncio.to_thread(decode_data_uri, url))
        path = local_path(url, own_origin) or local_path(url, self._public_url or own_origin) or ""
        if path.startswith(FILES_PREFIX):
            token = path.removeprefix(FILES_PREFIX).partition("/")[0]
            published = await self.fetch_published(token, now)
            if published is None:
                message = "the uploaded file is not available: the link is unknown or has expired"
                raise FetchError(FetchFailure.UNREACHABLE, message)
            return published.file
        if path.startswith(RESULTS_PREFIX) and self.find_result is not None:
            clip = await self.find_result(path.removeprefix(RESULTS_PREFIX))
            return await self.store(await asyncio.to_thread(clip.read_bytes))
        content = await self._fetch(url)
        return None if content is None else await self.store(content)

    async def store(self, content: bytes) -> MeasuredFile:
        """Measure content and store it by its digest, unless it is stored already.

        Concurrent calls with the same content share one task. Raises FetchError: not_media, or too_large for what
        would not fit into an empty folder; and StoreUnavailable, with nothing stored that other machines lack.
        """
        if len(content) > self._limit:
            raise too_large(len(content), self._limit)
        # A thread costs as much as to hash 256 KiB, and a mebibyte holds the loop for a millisecond.
        small = len(content) <= MAX_HASHED_IN_LOOP
        digest = _digest(content) if small else await asyncio.to_thread(_digest, content)
        task = self._tasks.get(digest)
        if task is None:
            file = self._files.get(digest)
            if file is not None and self._touch(digest):
                if self._remote is not None:
                    await self._remote.put(digest, content)
                return file
            task = asyncio.create_task(self._write(digest, content))
            self._tasks[digest] = task
            task.add_done_callback(lambda done: self._finish(digest, done))
        return await asyncio.shield(task)

    def publish(self, token: str, file: MeasuredFile, name: str, expires_at: float, account: str = "") -> None:
        """Publish a stored file under a token, up to a time by the account's clock."""
        self._published[token] = PublishedFile(file, name, expires_at, account)
        while len(self._published) > MAX_PUBLISHED:
            self._published.popitem(last=False)

    def upload(self, token: str) -> PublishedFile | None:
        """Return what was published under a token, expired or not."""
        return self._published.get(token)

    def unpublish(self, token: str) -> None:
        """Invalidate a link to an uploaded file; the file stays stored."""
        self._published.pop(token, None)

    def uploads(self) -> tuple[tuple[str, PublishedFile], ...]:
        """List the published files with their tokens, oldest first."""
        return tuple(self._published.items())

    def unpublish_all(self) -> None:
        """Invalidate every link to an uploaded file; the files stay stored."""
        self._published.clear()

    def owner(self, token: str) -> str:
        """Return the account that uploaded the file of a token; empty for an unknown token."""
        published = self._published.get(token)
        return "" if published is None else published.account

    def find_published(self, token: str, now: float) -> PublishedFile | None:
        """Return the file of a token, unless its link has expired or the file was evicted."""
        published = self._published.get(token)
        if published is None or now >= published.expires_at or not self._touch(published.file.source.digest):
            return None
        return published

    async def fetch_published(self, token: str, now: float) -> PublishedFile | None:
        """Do the same, and copy the file from where all machines have it. Raises StoreUnavailable."""
        published = self._published.get(token)
        if published is not None and now < published.expires_at:
            await self.copy(published.file.source)
        return self.find_published(token, now)

    async def copy(self, source: StoredFile | None) -> None:
        """Copy a file that another machine has stored into the folder, if it is not there. Raises StoreUnavailable."""
        if self._remote is None or source is None:
            return
        digest = source.digest
        async with self._copying.setdefault(digest, asyncio.Lock()):
            if not self._touch(digest):
                content = await self._remote.get(digest)
                if content is not None:
                    self._evict_for(len(content))
                    await asyncio.to_thread(_write_copy, self._folder, digest, content)
                    self._touch(digest)
        self._copying.pop(digest, None)

    async def _fetch(self, url: str) -> bytes | None:
        policy, limit, seconds = self._policy, self._limit, self._seconds
        async with self._fetches:
            try:
                return await fetch(url, policy=policy, limit_bytes=limit, seconds=seconds, resolve=self._resolve)
            except FetchNotAllowed:
                return None

    async def _write(self, digest: str, content: bytes) -> MeasuredFile:
        size = len(content)
        self._forget(digest)
        self._evict_for(size)
        self._occupied += size  # before the write, so that concurrent writes do not count on the same space
        try:
            file = await asyncio.to_thread(_write_measured, self._folder, digest, content)
            if self._remote is not None:
                await self._remote.put(digest, content)
        except BaseException:
            self._occupied -= size
            raise
        self._sizes[digest] = size
        self._files[digest] = file
        return file

    def _finish(self, digest: str, done: asyncio.Task[MeasuredFile]) -> None:
        del self._tasks[digest]
        if not done.cancelled():
            done.exception()  # else asyncio logs that it was never retrieved, when all callers were cancelled

    def _touch(self, digest: str) -> bool:
        """Mark a file as used now; return False if it is no longer there."""
        try:
            os.utime(self._folder / digest)
            if digest not in self._sizes:  # stored by another process
                self._sizes[digest] = (self._folder / digest).stat().st_size
                self._occupied += self._sizes[digest]
        except FileNotFoundError:
            self._forget(digest)
            return False
        self._sizes.move_to_end(digest)
        return True

    def _evict_for(self, size: int) -> None:
        """Remove the least recently used files, uploaded ones last; raises FetchError where that is not enough."""
        excess = self._occupied + size - self._total
        if excess <= 0:
            return
        evictable = sum(self._sizes.values())
        if excess > evictable:
            free = self._total - (self._occupied - evictable)
            raise FetchError(FetchFailure.TOO_LARGE, f"the reference has {size} bytes; there is room for {free}")
        uploaded = {published.file.source.digest for published in self._published.values()}
        candidates = iter(sorted(self._sizes, key=uploaded.__contains__))
        while self._occupied + size > self._total:
            digest = next(candidates)
            self._forget(digest)
            (self._folder / digest).unlink(missing_ok=True)

    def _forget(self, digest: str) -> None:
        self._occupied -= self._sizes.pop(digest, 0)
        self._files.pop(digest, None)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _adopt(folder: Path) -> OrderedDict[str, int]:
    """Return the sizes of the files of earlier runs, least recently used first, and remove unfinished ones."""
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    # By the file system's clock, which may differ from ours. No file takes an hour to write: an older one is a crash's.
    stale = folder.stat().st_mtime - STALE_SECONDS
    files = []
    for entry in os.scandir(folder):
        with contextlib.suppress(FileNotFoundError):
            stat = entry.stat(follow_symlinks=False)
            if _DIGEST.fullmatch(entry.name):
                files.append((stat.st_mtime_ns, entry.name, stat.st_size))
            elif entry.name.startswith(PART_PREFIX) and stat.st_mtime < stale:
                os.unlink(entry)
    return OrderedDict((name, size) for _, name, size in sorted(files))


@contextlib.contextmanager
def _written(folder: Path, content: bytes) -> Iterator[Path]:
    """Write content to a file that goes with the block, unless the block renames it."""
    handle, name = tempfile.mkstemp(prefix=PART_PREFIX, dir=folder)
    part = Path(name).resolve()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield part
    finally:
        part.unlink(missing_ok=True)


def _write_copy(folder: Path, digest: str, content: bytes) -> None:
    """Write a file that another machine has measured. Blocking."""
    with _written(folder, content) as part:
        part.replace(folder / digest)


def _write_measured(folder: Path, digest: str, content: bytes) -> MeasuredFile:
    """Write and measure a file. Blocking; the file appears by renaming, and only if it is media."""
    from ..media import probe  # few emulators measure a file

    with _written(folder, content) as part:
        try:
            facts = probe.measure(part)
        except probe.UnreadableMedia as error:
            reason = str(error).replace(str(part), "it")
            raise FetchError(FetchFailure.NOT_MEDIA, f"the reference is not media: {reason}") from None
        part.replace(folder / digest)
    return MeasuredFile(StoredFile(folder / digest, digest), facts)
