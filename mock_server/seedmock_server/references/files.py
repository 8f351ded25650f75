"""Turns the URL of a reference into a file that can be read, or says why not.

Content is kept once, by its digest, in a folder that is bounded in bytes. Knows no upstream and no clock: whether a
posted file's time is over is judged by the reading that the caller brings.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import os
import re
import tempfile
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from seedmock_contracts.facts import MediaFacts

from ..http.outbound import fetch, too_large
from ..http.url_policy import (
    MAX_URL_CHARS,
    FetchError,
    FetchFailure,
    FetchNotAllowed,
    FetchPolicy,
    Resolver,
    is_loopback_host,
    resolve_host,
    web_host,
)
from ..media import probe
from ..media.clip_spec import StoredFile

MIB: Final = 1 << 20
FILES: Final = "/_mock/files/"
RESULTS: Final = "/_mock/results/"
PART: Final = "part-"
STALE_SECONDS: Final = 3600
TOKENS: Final = 10_000
JOURNEYS: Final = 8
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_BASE64: Final = re.compile(r";[ ]*base64[ ]*\Z", re.IGNORECASE)
_BLANKS: Final = str.maketrans("", "", " \t\n\r\f")


@dataclass(frozen=True, slots=True)
class MeasuredFile:
    """A kept file and what it was measured to be. Open it soon: a full folder throws out what was not used for long."""

    source: StoredFile
    facts: MediaFacts


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file that was posted, by the name that it came with, for as long as its link lives by its account's clock."""

    file: MeasuredFile
    name: str
    expires_at: float
    account: str = ""


class ReferenceFiles:
    """The files that references lead to. Belongs to one event loop."""

    def __init__(
        self,
        folder: Path,
        *,
        fetch: FetchPolicy = FetchPolicy.NONE,
        limit_bytes: int = 100 * MIB,
        total_bytes: int = 1024 * MIB,
        seconds: float = 20.0,
        resolve: Resolver = resolve_host,
    ) -> None:
        """Adopts what is in the folder. `limit_bytes` holds for one file, `seconds` for fetching one."""
        self._folder, self._policy, self._resolve = folder, fetch, resolve
        self._limit, self._total, self._seconds = limit_bytes, total_bytes, seconds
        self._readables: dict[str, MeasuredFile] = {}
        self._published: OrderedDict[str, PublishedFile] = OrderedDict()
        self._keeping: dict[str, asyncio.Task[MeasuredFile]] = {}
        self._journeys = asyncio.Semaphore(JOURNEYS)
        self.result: Callable[[str], Awaitable[Path]] | None = None
        """Finds the clip behind what follows RESULTS in a link of ours; raises FetchError. Set by who renders clips."""
        self._sizes = _adopted(folder)
        self._occupied = sum(self._sizes.values())

    async def read(self, url: str, *, own_origin: str, now: float) -> MeasuredFile | None:
        """The file behind a data: URI, a link to a file or a result of ours, or what may be fetched; else None.

        `own_origin` is the scheme://host[:port] by which the client came. Raises FetchError.
        """
        if url.lstrip()[:5].lower() == "data:":
            return await self.store(await asyncio.to_thread(decode_data_uri, url))
        token = local_file_token(url, own_origin)
        if token is not None:
            found = self.find_published(token, now)
            if found is None:
                raise FetchError(
                    FetchFailure.UNREACHABLE, "the posted file is not there: the link is unknown or has expired"
                )
            return found.file
        path = local_path(url, own_origin)
        if path and path.startswith(RESULTS) and self.result is not None:
            clip = await self.result(path.removeprefix(RESULTS))
            return await self.store(await asyncio.to_thread(clip.read_bytes))
        content = await self._fetched(url)
        return None if content is None else await self.store(content)

    async def store(self, content: bytes) -> MeasuredFile:
        """Store content under its digest, and measure it, unless that was done before.

        Raises FetchError: not_media, or too_large where even an emptied folder would not hold it.
        """
        if len(content) > self._limit:
            raise too_large(len(content), self._limit)
        digest = await asyncio.to_thread(_digest, content)
        task = self._keeping.get(digest)
        if task is None:
            found = self._readables.get(digest)
            if found is not None and self._touch(digest):
                return found
            task = asyncio.create_task(self._kept(digest, content))
            self._keeping[digest] = task
            task.add_done_callback(lambda done: self._finish(digest, done))
        return await asyncio.shield(task)

    def publish(self, token: str, readable: MeasuredFile, name: str, expires_at: float, account: str = "") -> None:
        """Let a kept file be read under a token until a reading of the account's clock."""
        self._published[token] = PublishedFile(readable, name, expires_at, account)
        while len(self._published) > TOKENS:
            self._published.popitem(last=False)

    def uploads(self) -> tuple[tuple[str, PublishedFile], ...]:
        """Every published file with its token, oldest first."""
        return tuple(self._published.items())

    def unpublish_all(self) -> None:
        """Let every link to a posted file go dead; the files stay."""
        self._published.clear()

    def owner(self, token: str) -> str:
        """The account that posted the file of a token; empty for a token that there is not."""
        found = self._published.get(token)
        return "" if found is None else found.account

    def find_published(self, token: str, now: float) -> PublishedFile | None:
        """The file of a token, while its link lives and the folder has room for it."""
        found = self._published.get(token)
        if found is None or now >= found.expires_at or not self._touch(found.file.source.digest):
            return None
        return found

    async def _fetched(self, url: str) -> bytes | None:
        policy, limit, seconds = self._policy, self._limit, self._seconds
        async with self._journeys:
            try:
                return await fetch(url, policy=policy, limit_bytes=limit, seconds=seconds, resolve=self._resolve)
            except FetchNotAllowed:
                return None

    async def _kept(self, digest: str, content: bytes) -> MeasuredFile:
        size = len(content)
        self._forget(digest)
        self._make_room(size)
        self._occupied += size
        try:
            readable = await asyncio.to_thread(_stored, self._folder, digest, content)
        except BaseException:
            self._occupied -= size
            raise
        self._sizes[digest] = size
        self._readables[digest] = readable
        return readable

    def _finish(self, digest: str, done: asyncio.Task[MeasuredFile]) -> None:
        del self._keeping[digest]
        if not done.cancelled():
            done.exception()

    def _touch(self, digest: str) -> bool:
        """Whether the file is still there; it counts as used now."""
        if digest not in self._sizes:
            return False
        try:
            os.utime(self._folder / digest)
        except FileNotFoundError:
            self._forget(digest)
            return False
        self._sizes.move_to_end(digest)
        return True

    def _make_room(self, size: int) -> None:
        """Throw out what was not used for long, posted files last; raises FetchError where that is not enough."""
        excess = self._occupied + size - self._total
        if excess <= 0:
            return
        if excess > sum(self._sizes.values()):
            free = self._total - (self._occupied - sum(self._sizes.values()))
            raise FetchError(FetchFailure.TOO_LARGE, f"the reference has {size} bytes; there is room for {free}")
        posted = {found.file.source.digest for found in self._published.values()}
        oldest = iter(sorted(self._sizes, key=posted.__contains__))
        while self._occupied + size > self._total:
            digest = next(oldest)
            self._forget(digest)
            (self._folder / digest).unlink(missing_ok=True)

    def _forget(self, digest: str) -> None:
        self._occupied -= self._sizes.pop(digest, 0)
        self._readables.pop(digest, None)


def local_path(url: str, own_origin: str) -> str | None:
    """The path of a link to this server, or None for any other URL; every loopback address means this server."""
    try:
        link, own = urlsplit(url[:MAX_URL_CHARS].strip()), urlsplit(own_origin)
        if _door(link) != _door(own):
            return None
    except ValueError:
        return None
    host = web_host(url)
    return link.path if host == web_host(own_origin) or is_loopback_host(host) else None


def local_file_token(url: str, own_origin: str) -> str | None:
    """The token of a link to a posted file, or None for any other URL."""
    path = local_path(url, own_origin)
    return path.removeprefix(FILES).partition("/")[0] if path and path.startswith(FILES) else None


def decode_data_uri(url: str) -> bytes:
    """The content of a data: URI, as browsers read it (WHATWG Fetch, "data: URL processor"); raises FetchError."""
    head, comma, data = url.partition(",")
    if not comma:
        raise FetchError(
            FetchFailure.BROKEN, "the data: URI has no comma; expected data:[<media type>][;base64],<data>"
        )
    try:
        content = unquote_to_bytes(data)
        if _BASE64.search(head):
            content = _from_base64(content.decode("ascii"))
    except (UnicodeError, binascii.Error) as error:
        raise FetchError(FetchFailure.BROKEN, f"the data: URI can't be decoded: {error}") from None
    if not content:
        raise FetchError(
            FetchFailure.BROKEN, "the data: URI is empty; expected the bytes of an image, a video or a sound"
        )
    return content


def _from_base64(text: str) -> bytes:
    """Padding may be missing and blanks may stand anywhere."""
    dense = text.translate(_BLANKS)
    return base64.b64decode(dense + "=" * (-len(dense) % 4), validate=True)


def _door(url: SplitResult) -> tuple[str, int | None]:
    return url.scheme, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _adopted(folder: Path) -> OrderedDict[str, int]:
    """The sizes of the files that earlier runs kept, least recently used first; sweeps what they left unfinished."""
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    # By the clock of the file system: nobody writes one file for an hour, so what is older was left by a crash.
    stale = folder.stat().st_mtime - STALE_SECONDS
    found = []
    for entry in os.scandir(folder):
        with contextlib.suppress(FileNotFoundError):
            told = entry.stat(follow_symlinks=False)
            if _DIGEST.fullmatch(entry.name):
                found.append((told.st_mtime_ns, entry.name, told.st_size))
            elif entry.name.startswith(PART) and told.st_mtime < stale:
                os.unlink(entry)
    return OrderedDict((name, size) for _, name, size in sorted(found))


def _stored(folder: Path, digest: str, content: bytes) -> MeasuredFile:
    """Blocking, in a thread. The file appears in one step, once it is known to be media."""
    handle, name = tempfile.mkstemp(prefix=PART, dir=folder)
    part = Path(name).resolve()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        facts = probe.measure(part)
        part.replace(folder / digest)
    except probe.UnreadableMedia as error:
        said = str(error).replace(str(part), "it")
        raise FetchError(FetchFailure.NOT_MEDIA, f"the reference is not media: {said}") from None
    finally:
        part.unlink(missing_ok=True)
    return MeasuredFile(StoredFile(folder / digest, digest), facts)
