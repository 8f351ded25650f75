"""A file over plain ASGI, at file speed. Knows RFC 9110, and no upstream: what an error looks like is the caller's."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ..errors import SeedmockServerError
from .asgi import Receive, Send

Header = tuple[bytes, bytes]

# Whole files leave as fast with 256 KiB; ranges of 1 MiB at 0.35 of sendfile then, and at 0.5 with this.
CHUNK: Final = 128 * 1024
_RANGE: Final = re.compile(rb"bytes=[ \t]*([0-9]{0,100})-([0-9]{0,100})[ \t]*", re.IGNORECASE)
_TAG: Final = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


class RangeNotSatisfiable(SeedmockServerError):
    """The range lies outside the file; nothing has been sent. Answer 416 with `headers` and a body of your own."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the range asked for lies outside the {size} bytes")
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
) -> int:
    """Answer a GET or HEAD with the bytes of `path`, and return the status that was sent: 200, 206 or 304.

    `etag` is strong and carries its quotes. One range is answered with 206. Several in one header get the whole file,
    which RFC 9110 section 14.2 allows and object stores do: no player asks for them, and they multiply the bytes sent.
    A Range that cannot be read is ignored, as is If-Range with a date, since there is no Last-Modified to match.
    A client that hangs up ends the delivery quietly. The file must not change while it is sent.

    Raises RangeNotSatisfiable and FileNotFoundError, both before anything is sent.
    """
    tag = etag.encode("latin-1")
    asked = dict(scope["headers"])
    if _matches(asked.get(b"if-none-match"), tag):
        await _send_head(send, 304, [(b"etag", tag), *headers])
        await send({"type": "http.response.body", "body": b""})
        return 304
    # Reading happens on the loop: pages of a clip just rendered are in memory, and a thread costs more than the read.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        size = os.fstat(descriptor).st_size
        start, stop, status = 0, size, 200
        if ranges and scope["method"] == "GET" and _range_applies(asked, tag):
            part = _part(scope["headers"], size)
            if part:
                (start, stop), status = part, 206
        head = [(b"content-type", media_type.encode("latin-1")), (b"content-length", b"%d" % (stop - start))]
        head += [(b"etag", tag), (b"accept-ranges", b"bytes" if ranges else b"none"), *headers]
        if status == 206:
            head.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, size)))
        await _send_head(send, status, head)
        await _send_body(send, descriptor, start, start if scope["method"] == "HEAD" else stop)
    finally:
        os.close(descriptor)
    return status


def is_unsatisfiable_range(asked: bytes, size: int) -> bool:
    """Whether a Range header asks for what lies outside a file of so many bytes."""
    try:
        _part(((b"range", asked),), size)
    except RangeNotSatisfiable:
        return True
    return False


async def _send_head(send: Send, status: int, headers: list[Header]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _send_body(send: Send, descriptor: int, start: int, stop: int) -> None:
    """Send the bytes from `start` up to `stop`, the last message marked as the last."""
    try:
        while start < stop:
            chunk = os.pread(descriptor, min(CHUNK, stop - start), start)
            if not chunk:
                raise RuntimeError(f"the file lost {stop - start} bytes while it was sent")
            start += len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": start < stop})
            if start == stop:
                return
        await send({"type": "http.response.body", "body": b""})
    except OSError:  # how ASGI 2.4 servers say that the client has gone
        return


def _matches(condition: bytes | None, tag: bytes) -> bool:
    """Whether If-None-Match names `tag`: weak comparison, a list, or `*`."""
    if condition is None:
        return False
    return condition.strip() == b"*" or tag in _TAG.findall(condition)


def _range_applies(asked: Mapping[bytes, bytes], tag: bytes) -> bool:
    """Whether If-Range lets the range through: absent, or exactly `tag` (strong comparison)."""
    return b"range" in asked and asked.get(b"if-range", tag).strip() == tag


def _part(headers: Sequence[Header], size: int) -> tuple[int, int] | None:
    """The single range asked for as (start, stop), or None to answer the whole; raises RangeNotSatisfiable."""
    lines = [value for name, value in headers if name == b"range"]
    found = _RANGE.fullmatch(lines[0].strip()) if len(lines) == 1 else None
    if found is None or found.group(1, 2) == (b"", b""):
        return None
    first, last = (int(digits) if digits else None for digits in found.groups())
    if first is None:
        start, stop = max(0, size - (last or 0)), size
    elif last is not None and last < first:
        return None
    else:
        start, stop = first, size if last is None else min(last + 1, size)
    if start >= stop:
        raise RangeNotSatisfiable(size)
    return start, stop
