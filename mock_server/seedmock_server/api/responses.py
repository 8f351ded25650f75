"""Sends responses over plain ASGI: JSON and bytes in one message where the server can, files in chunks."""

from __future__ import annotations

from msgspec import Struct

from seedmock_contracts.enums import Basis, ErrorKind

from ..errors import ApiError
from ..http.asgi import Message, Receive, Scope, Send
from ..http.file_response import RangeNotSatisfiable, precondition_fails, stream_file
from ..upstreams.protocol import (
    BASIS,
    CONTENT_TYPE_JSON,
    FileResponse,
    Headers,
    JsonResponse,
    RawResponse,
    encode_json,
)


class SentResponse(Struct, frozen=True, gc=False):
    """Response as the journal stores it. Status 0 is none; the body of a file is not stored."""

    status: int = 0
    headers: Headers = ()
    body: bytes = b""


NOTHING_SENT = SentResponse()


def check_precondition(response: FileResponse, scope: Scope) -> None:
    """Raise ApiError PRECONDITION_FAILED if If-Match names another file than the response's."""
    if precondition_fails(scope["headers"], response.etag):
        message = f"If-Match names another version; allowed: {response.etag}, or *"
        raise ApiError(ErrorKind.PRECONDITION_FAILED, message, field="If-Match", allowed=response.etag)


async def send_file(response: FileResponse, scope: Scope, receive: Receive, send: Send) -> SentResponse:
    """Send a file, or the part that Range asks for. Raises ApiError RANGE_NOT_SATISFIABLE before anything is sent."""
    headers: list[tuple[bytes, bytes]] = []

    async def send_recorded(message: Message) -> None:
        # Which headers a file is sent with depends on ranges and conditions: only here are they known.
        headers.extend(message.get("headers", ()))
        await send(message)

    try:
        status = await stream_file(
            scope,
            receive,
            send_recorded,
            response.path,
            etag=response.etag,
            media_type=response.media_type,
            headers=response.headers,
            ranges=response.ranges,
        )
    except RangeNotSatisfiable as error:
        message = f"{error}; allowed: a range within {error.size} bytes"
        raise ApiError(ErrorKind.RANGE_NOT_SATISFIABLE, message, headers=tuple(error.headers)) from error
    return SentResponse(status, tuple(headers))


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
