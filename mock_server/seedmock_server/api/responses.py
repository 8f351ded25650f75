"""Sends responses over plain ASGI: JSON and bytes in one message where the server can, files in chunks."""

from __future__ import annotations

import re

from msgspec import Struct

from seedmock_contracts.enums import Basis, ErrorKind

from ..errors import ApiError
from ..http.asgi import Message, Receive, Scope, Send
from ..http.file_response import RangeNotSatisfiable, precondition_fails, stream_file
from ..journal import ClipDownload
from ..upstreams.protocol import (
    BASIS,
    CONTENT_TYPE_JSON,
    FileResponse,
    Headers,
    JsonResponse,
    RawResponse,
    encode_json,
)

CONTENT_RANGE = re.compile(rb"bytes (\d+)-\d+/(\d+)")


class SentResponse(Struct, frozen=True, gc=False):
    """Response as the journal stores it. Status 0 is none. Of a file, the bounds of what was sent are stored."""

    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    part: SentPart | None = None

    def download_of(self, task_id: str) -> ClipDownload | None:
        return None if self.part is None else ClipDownload(task_id, self.part.start, self.part.sent, self.part.size)


class SentPart(Struct, frozen=True, gc=False):
    """The bytes of a file that were sent: `sent` of them from `start` on; the file has `size`."""

    start: int
    sent: int
    size: int


NOTHING_SENT = SentResponse()


class WrappedSend:
    """ASGI `send` around another one, with the ways past messages that the other one has."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        await self._send(message)

    def send_complete(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bool:
        """As `ResponseSender.send_complete`."""
        send_complete = getattr(self._send, "send_complete", None)
        return send_complete is not None and bool(send_complete(status, headers, body))

    async def send_file(
        self, status: int, headers: list[tuple[bytes, bytes]], descriptor: int, start: int, stop: int
    ) -> int | None:
        """As `ResponseSender.send_file`."""
        send_file = getattr(self._send, "send_file", None)
        if send_file is None:
            return None
        count: int | None = await send_file(status, headers, descriptor, start, stop)
        return count


class ByteMeter(WrappedSend):
    """Counts the bytes of the body which the server still could send."""

    sent = 0

    async def __call__(self, message: Message) -> None:
        await self._send(message)
        # uvicorn drops what is sent to a client that has gone, and reports nothing.
        if not getattr(self._send, "is_disconnected", False):
            self.sent += len(message.get("body", b""))

    def send_complete(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bool:
        is_sent = super().send_complete(status, headers, body)
        self.sent += len(body) if is_sent else 0
        return is_sent

    async def send_file(
        self, status: int, headers: list[tuple[bytes, bytes]], descriptor: int, start: int, stop: int
    ) -> int | None:
        count = await super().send_file(status, headers, descriptor, start, stop)
        self.sent += count or 0
        return count


class HeadRecorder(WrappedSend):
    """Records the headers that a file is sent with, which depend on ranges and conditions."""

    def __init__(self, send: Send) -> None:
        super().__init__(send)
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, message: Message) -> None:
        self.headers.extend(message.get("headers", ()))
        await self._send(message)

    def send_complete(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bool:
        is_sent = super().send_complete(status, headers, body)
        self.headers.extend(headers if is_sent else ())
        return is_sent

    async def send_file(
        self, status: int, headers: list[tuple[bytes, bytes]], descriptor: int, start: int, stop: int
    ) -> int | None:
        count = await super().send_file(status, headers, descriptor, start, stop)
        self.headers.extend(headers if count is not None else ())
        return count


def check_precondition(response: FileResponse, scope: Scope) -> None:
    """Raise ApiError PRECONDITION_FAILED if If-Match names another file than the response's."""
    if precondition_fails(scope["headers"], response.etag):
        message = f"If-Match names another version; allowed: {response.etag}, or *"
        raise ApiError(ErrorKind.PRECONDITION_FAILED, message, field="If-Match", allowed=response.etag)


async def send_file(
    response: FileResponse, scope: Scope, receive: Receive, send: Send, meter: ByteMeter | None = None
) -> SentResponse:
    """Send a file, or the part that Range asks for. Raises ApiError RANGE_NOT_SATISFIABLE before anything is sent.

    `meter` counts below `send`, where faults have held bytes back. Without one the response has no `part`.
    """
    recorder = HeadRecorder(send)
    try:
        status = await stream_file(
            scope,
            receive,
            recorder,
            response.path,
            etag=response.etag,
            media_type=response.media_type,
            headers=response.headers,
            ranges=response.ranges,
            size=response.size,
        )
    except RangeNotSatisfiable as error:
        message = f"{error}; allowed: a range within {error.size} bytes"
        raise ApiError(ErrorKind.RANGE_NOT_SATISFIABLE, message, headers=tuple(error.headers)) from error
    if meter is None or scope["method"] != "GET" or status not in (200, 206):
        return SentResponse(status, tuple(recorder.headers))
    return SentResponse(status, tuple(recorder.headers), part=_sent_part(recorder.headers, meter.sent))


def _sent_part(headers: list[tuple[bytes, bytes]], sent: int) -> SentPart:
    values = dict(headers)
    part = CONTENT_RANGE.fullmatch(values.get(b"content-range", b""))
    return SentPart(int(part[1]), sent, int(part[2])) if part else SentPart(0, sent, int(values[b"content-length"]))


async def send_response(response: JsonResponse | RawResponse, method: str, send: Send) -> SentResponse:
    """Send JSON, or the bytes that a fault has made of it; to HEAD, the headers alone."""
    if isinstance(response, RawResponse):
        body, headers = response.body, [*response.headers, (b"content-length", b"%d" % len(response.body))]
    else:
        body = encode_json(response.body)
        headers = [CONTENT_TYPE_JSON, (b"content-length", b"%d" % len(body)), *response.headers]
        if response.basis is Basis.ASSUMED:
            headers += BASIS
    sent = SentResponse(response.status, tuple(headers), body)
    send_complete = None if response.headers or method == "HEAD" else getattr(send, "send_complete", None)
    if send_complete is not None and send_complete(response.status, headers, body):
        return sent
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
    return sent
