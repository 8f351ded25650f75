"""Send a file over plain ASGI, with ranges and conditions (RFC 9110). Knows no upstream and writes no error body."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ..errors import SeedmockServerError
from .asgi import Receive, Send
from .sendfile import FileTruncated

Header = tuple[bytes, bytes]

# Measured: whole files are as fast with 256 KiB, but ranges of 1 MiB reach 0.35 of the speed of sendfile with it, and
# 0.5 with this.
CHUNK_BYTES: Final = 128 * 1024
# Up to here one write is as fast as the four calls that the kernel's way takes.
SHORT_BYTES: Final = 32 * 1024
_RANGE: Final = re.compile(rb"bytes=[ \t]*([0-9]{0,100})-([0-9]{0,100})[ \t]*", re.IGNORECASE)
_TAG: Final = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


class RangeNotSatisfiable(SeedmockServerError):
    """The requested range lies outside the file; nothing has been sent yet. Answer 416 with `headers` and a body."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the requested range lies outside the file's {size} bytes")
        self.size = size

    @property
    def headers(self) -> list[Header]:
        return [(b"content-range", b"bytes */%d" % self.size)]


async def stream_file(
    scope: Mapping[str, Any],
    receive: Receive,
    send: Send,
    path: Path,
    *,
    etag: str,
    media_type: str,
    headers: Sequence[Header] = (),
    ranges: bool = True,
    size: int | None = None,
) -> int:
    """Answer a GET or HEAD request with the bytes of `path`; return the status that was sent: 200, 206 or 304.

    `etag` is strong and includes its quotes. One range is answered with 206, several ranges in one header with the
    whole file, as object stores do and RFC 9110 section 14.2 allows: they would multiply the bytes sent, and no player
    asks for them. A malformed Range is ignored, as are dates in If-Range, If-Modified-Since and If-Unmodified-Since,
    since there is no Last-Modified to match. If-Match is the caller's: see `precondition_fails`.
    Returns normally when the client disconnects. The file must not change while it is sent. A HEAD does not open
    it, nor look at it if its `size` in bytes is known.

    Raises RangeNotSatisfiable and FileNotFoundError, both before anything is sent.
    """
    tag = etag.encode("latin-1")
    if _matches(_field(scope["headers"], b"if-none-match"), tag):
        await _send_head(send, 304, [(b"etag", tag), *headers])
        await send({"type": "http.response.body", "body": b""})
        return 304
    if scope["method"] == "HEAD":
        length = path.stat().st_size if size is None else size
        return await _answer_head(send, _file_headers(media_type, length, tag, ranges, headers))
    request_headers = dict(scope["headers"])
    # Reads block the event loop: the pages of a clip just rendered are in memory, and a thread costs more than a read.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        size = os.fstat(descriptor).st_size
        start, stop, status = 0, size, 200
        if ranges and _range_applies(request_headers, tag):
            bounds = _range_bounds(scope["headers"], size)
            if bounds:
                (start, stop), status = bounds, 206
        head = _file_headers(media_type, stop - start, tag, ranges, headers)
        if status == 206:
            head.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, size)))
        if not await _send_at_once(send, status, head, descriptor, start, stop):
            await _send_head(send, status, head)
            await _send_body(send, descriptor, start, stop)
    finally:
        os.close(descriptor)
    return status


def _file_headers(media_type: str, length: int, tag: bytes, ranges: bool, headers: Sequence[Header]) -> list[Header]:
    head = [(b"content-type", media_type.encode("latin-1")), (b"content-length", b"%d" % length)]
    return [*head, (b"etag", tag), (b"accept-ranges", b"bytes" if ranges else b"none"), *headers]


async def _answer_head(send: Send, head: list[Header]) -> int:
    """Send the headers of the whole file: a HEAD opens nothing, and has no ranges."""
    send_complete = getattr(send, "send_complete", None)
    if send_complete is None or not send_complete(200, head, b""):
        await _send_head(send, 200, head)
        await send({"type": "http.response.body", "body": b""})
    return 200


def precondition_fails(headers: Iterable[Header], etag: str) -> bool:
    """Evaluate If-Match against a strong ETag, by strong comparison; a blank one counts as absent."""
    condition = _field(headers, b"if-match")
    if condition is None or condition.strip() in (b"", b"*"):
        return False
    return (b"", etag.encode("latin-1")) not in _TAG.findall(condition)


def is_unsatisfiable_range(header: bytes, size: int) -> bool:
    """Check a Range header against a file of `size` bytes."""
    try:
        _range_bounds(((b"range", header),), size)
    except RangeNotSatisfiable:
        return True
    return False


async def _send_at_once(send: Send, status: int, headers: list[Header], descriptor: int, start: int, stop: int) -> bool:
    """Send a response without messages: a short one in one write, another within the kernel. False: nothing is sent."""
    send_complete = getattr(send, "send_complete", None)
    if send_complete is not None and stop - start <= SHORT_BYTES:
        content = os.pread(descriptor, stop - start, start) if start < stop else b""
        return len(content) == stop - start and bool(send_complete(status, headers, content))
    send_file = getattr(send, "send_file", None)
    return send_file is not None and await send_file(status, headers, descriptor, start, stop) is not None


async def _send_head(send: Send, status: int, headers: list[Header]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _send_body(send: Send, descriptor: int, start: int, stop: int) -> None:
    """Send the bytes from `start` up to `stop`; the last message says that none follows."""
    try:
        while start < stop:
            chunk = os.pread(descriptor, min(CHUNK_BYTES, stop - start), start)
            if not chunk:
                raise FileTruncated(stop - start)
            start += len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": start < stop})
            if start == stop:
                return
        await send({"type": "http.response.body", "body": b""})
    except OSError:  # raised by servers of ASGI 2.4 after the client has disconnected
        return


def _field(headers: Iterable[Header], name: bytes) -> bytes | None:
    """Return the value of a header whose lines, if there are several, are one list (RFC 9110, section 5.3)."""
    lines = [value for header, value in headers if header == name]
    return b", ".join(lines) if lines else None


def _matches(condition: bytes | None, tag: bytes) -> bool:
    """Evaluate If-None-Match: a list of tags compared weakly, or `*`."""
    if condition is None:
        return False
    return condition.strip() == b"*" or tag in {listed for _, listed in _TAG.findall(condition)}


def _range_applies(headers: Mapping[bytes, bytes], tag: bytes) -> bool:
    """Evaluate If-Range: absent, or exactly `tag` (strong comparison)."""
    return b"range" in headers and headers.get(b"if-range", tag).strip() == tag


def _range_bounds(headers: Sequence[Header], size: int) -> tuple[int, int] | None:
    """Return the requested range as (start, stop), or None to send the whole file; raises RangeNotSatisfiable."""
    lines = [value for name, value in headers if name == b"range"]
    match = _RANGE.fullmatch(lines[0].strip()) if len(lines) == 1 else None
    if match is None or match.group(1, 2) == (b"", b""):
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    if first is None:  # the last so many bytes
        start, stop = max(0, size - (last or 0)), size
    elif last is not None and last < first:
        return None
    else:
        start, stop = first, size if last is None else min(last + 1, size)
    if start >= stop:
        raise RangeNotSatisfiable(size)
    return start, stop
