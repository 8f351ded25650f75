"""Local files: media for an order, and the part file that a video is streamed to.

The only module that accesses the disk; flows call it through RunBlocking.
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
# Other types, such as application/octet-stream, are common for videos; the file is validated anyway.
_NOT_VIDEO_TYPES = ("text/", "application/json", "application/problem+json")
_MAX_PART_FILES = 1000
_MAX_DIGITS = 18  # int() of thousands of digits is an error in Python


def local_path(url: str) -> Path | None:
    """Path of a `file:` URL; None for any other URL."""
    if url[:5].lower() != "file:":
        return None
    with contextlib.suppress(ValueError):
        return Path(unquote(urlsplit(url).path))
    return None


def movie_seconds(url: str) -> float | None:
    """Length in seconds of the MP4 file of a `file:` URL; None for any other file or URL."""
    path = local_path(url)
    if path is not None:
        with contextlib.suppress(OSError, InvalidMovie), path.open("rb") as file:
            return read_movie(file).seconds
    return None


def read_upload(path: Path, max_size: float) -> Upload:
    """Read a file of at most `max_size` bytes. Raises OSError, or ValueError if it is too large or empty."""
    size = path.stat().st_size
    if not 0 < size <= max_size:
        raise ValueError(f"{path} has {size} bytes; allowed: 1 to {max_size:g}")
    type_ = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Upload(path.name, path.read_bytes(), type_)


def data_uri(upload: Upload) -> str:
    """Encode a file as a data: URI."""
    return f"data:{upload.type};base64,{base64.b64encode(upload.content).decode()}"


def ensure_writable(path: Path) -> None:
    """Create the folder of an output file, and raise OSError if the file cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder")
    part, file = _open_part(path)
    file.close()
    part.unlink()


class PartFile:
    """Download in progress: grows under another name, and gets its final name once it is a whole video.

    `validator` is the ETag or date for If-Range; `accepted` tells if the last response's body was written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part, self._file = _open_part(path)
        self.size = 0
        self.total: int | None = None
        self.validator = ""
        self.accepted = False
        self._is_committed = False

    def begin(self, response: HttpResponse) -> bool:
        """Accept the body of a 200 from the start, and that of a 206 if it continues where this file ends."""
        self.accepted = False
        if response.headers.get("content-type", "").lower().startswith(_NOT_VIDEO_TYPES):
            return False
        # Ranges are not served here, or If-Range has found another file: either way the whole comes again.
        if response.status == 200:
            self.clear()
            self.total = _parse_size(response.headers.get("content-length", ""))
            self.validator = _validator(response)
            self.accepted = True
        elif response.status == 206:
            self.accepted = self._continues(response.headers.get("content-range", ""))
        return self.accepted

    def _continues(self, content_range: str) -> bool:
        match = _CONTENT_RANGE.fullmatch(content_range.strip())
        if match is None or int(match[1]) != self.size:
            return False
        total = _parse_size(match[3])
        if self.total is not None and total is not None and total != self.total:
            return False
        self.total = self.total if total is None else total
        return True

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self.size += len(chunk)

    def clear(self) -> None:
        """Discard everything written so far."""
        self._file.seek(0)
        self._file.truncate()
        self.size, self.total, self.validator = 0, None, ""

    def measure(self) -> Movie:
        """Measure the file. Raises InvalidMovie unless it is a whole MP4."""
        self._file.flush()
        movie = read_movie(self._file)
        self._file.seek(0, os.SEEK_END)
        return movie

    def commit(self) -> None:
        """Flush the file to the disk and rename it atomically."""
        self._file.flush()
        os.fsync(self._file.fileno())  # before the rename: after a crash the name must not stand for a partial file
        self._file.close()
        os.replace(self.part, self.path)
        self._is_committed = True
        with contextlib.suppress(OSError):  # not every file system can flush a folder
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def discard(self) -> None:
        """Close the file, and delete it unless it was committed."""
        self._file.close()
        if not self._is_committed:  # else its name is free, and may be that of another download's file by now
            self.part.unlink(missing_ok=True)


def _open_part(path: Path) -> tuple[Path, BinaryIO]:
    """Create `name.part`, or `name.2.part` and so on if other downloads to the same name are in progress."""
    for number in count(1):
        part = path.with_name(f"{path.name}.part" if number == 1 else f"{path.name}.{number}.part")
        try:
            return part, part.open("x+b")
        except FileExistsError:
            if number >= _MAX_PART_FILES:
                raise
    raise AssertionError("count never ends")


def _parse_size(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None


def _validator(response: HttpResponse) -> str:
    """Validator for If-Range: a strong ETag or a date; empty if it cannot be sent in a header."""
    # If-Range must not have a weak ETag (RFC 9110, section 13.1.5).
    etag = response.headers.get("etag", "")
    validator = etag if etag.startswith('"') else response.headers.get("last-modified", "")
    return validator if validator.isascii() and validator.isprintable() else ""
