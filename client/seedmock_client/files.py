"""Files on this machine: pictures that go into an order, and the part file that a video is streamed to.

The only module that touches the disk; flows call it through Work.
"""

from __future__ import annotations

import base64
import contextlib
import mimetypes
import os
import re
from itertools import count
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from seedmock_contracts.errors import InvalidMovie
from seedmock_contracts.mp4 import Movie, read_movie

from .effects import HttpResponse, Upload

_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
_NO_VIDEO = ("text/", "application/json", "application/problem+json")
_MOST_PARTS = 1000
_MOST_DIGITS = 18


def local_path(url: str) -> Path | None:
    """The path that a `file:` URL means; None for every other URL."""
    if url[:5].lower() != "file:":
        return None
    with contextlib.suppress(ValueError):
        return Path(unquote(urlsplit(url).path))
    return None


def seconds_of(url: str) -> float | None:
    """How long the movie of a `file:` URL is; None for every other URL, and for what is no MP4."""
    path = local_path(url)
    if path is not None:
        with contextlib.suppress(OSError, InvalidMovie), path.open("rb") as file:
            return read_movie(file).seconds
    return None


def read_upload(path: Path, most: float) -> Upload:
    """Read a file of at most so many bytes. Raises OSError, or ValueError when it is too large or empty."""
    size = path.stat().st_size
    if not 0 < size <= most:
        raise ValueError(f"{path} has {size} bytes; allowed: 1 to {most:g}")
    type_ = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Upload(path.name, path.read_bytes(), type_)


def data_uri(upload: Upload) -> str:
    """A file's content as a URL."""
    return f"data:{upload.type};base64,{base64.b64encode(upload.content).decode()}"


def writable(path: Path) -> None:
    """Make the folder of a file to come, and raise OSError if the file could not be written there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder")
    part, file = _open_part(path)
    file.close()
    part.unlink()


class PartFile:
    """A file that grows beside its final name and takes that name only when it is a whole video."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part, self._file = _open_part(path)
        self.size = 0
        self.total: int | None = None
        self.validator = ""
        self.taken = False

    def begin(self, answer: HttpResponse) -> bool:
        """Take the body of a 200 from the start, and that of a 206 if it goes on where this file ends."""
        self.taken = False
        if answer.headers.get("content-type", "").lower().startswith(_NO_VIDEO):
            return False
        if answer.status == 200:
            self.clear()
            self.total = _whole(answer.headers.get("content-length", ""))
            self.validator = _validator(answer)
            self.taken = True
        elif answer.status == 206:
            self.taken = self._goes_on(answer.headers.get("content-range", ""))
        return self.taken

    def _goes_on(self, content_range: str) -> bool:
        found = _CONTENT_RANGE.fullmatch(content_range.strip())
        if found is None or int(found[1]) != self.size:
            return False
        total = _whole(found[3])
        if self.total is not None and total is not None and total != self.total:
            return False
        self.total = self.total if total is None else total
        return True

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self.size += len(chunk)

    def clear(self) -> None:
        """Begin again from nothing."""
        self._file.seek(0)
        self._file.truncate()
        self.size, self.total, self.validator = 0, None, ""

    def check(self) -> Movie:
        """Measure what is there. Raises NotAMovie unless it is a whole MP4."""
        self._file.flush()
        movie = read_movie(self._file)
        self._file.seek(0, os.SEEK_END)
        return movie

    def keep(self) -> None:
        """Bring the bytes to the disk and give the file its name, in one step."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self.part, self.path)
        with contextlib.suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def discard(self) -> None:
        """Close, and leave nothing behind that was not kept."""
        self._file.close()
        self.part.unlink(missing_ok=True)


def _open_part(path: Path) -> tuple[Path, BinaryIO]:
    """A new file `name.part`, or `name.2.part` and so on while another download has that."""
    for number in count(1):
        part = path.with_name(f"{path.name}.part" if number == 1 else f"{path.name}.{number}.part")
        try:
            return part, part.open("x+b")
        except FileExistsError:
            if number >= _MOST_PARTS:
                raise
    raise AssertionError("count never ends")


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def _validator(answer: HttpResponse) -> str:
    """What If-Range needs: a strong ETag, else a date; nothing that cannot be said back."""
    etag = answer.headers.get("etag", "")
    said = etag if etag.startswith('"') else answer.headers.get("last-modified", "")
    return said if said.isascii() and said.isprintable() else ""
