"""Replay server: answers requests with recorded responses, and renders clips like the recorded ones.

`/_mock/` is served by an emulator; with `emulate`, so are requests that were not recorded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.redaction import PRIVATE_HOST, PUBLIC_HOST
from seedmock_contracts.upstreams import get_contract
from seedmock_server.api.responses import send_file, send_response
from seedmock_server.app import App
from seedmock_server.errors import ApiError
from seedmock_server.http.asgi import Message, Receive, Send
from seedmock_server.media.clip_spec import ClipSpec
from seedmock_server.upstreams.protocol import FileResponse

from ..conversation.history import Interaction
from .cassette import Cassette, RecordedClip, ReplayRequest
from .model import Recording
from .request_normalization import normalize_body, summarize_request

LINKS = "/_mock/links"
LINK_FOLDERS = {f"//{PUBLIC_HOST}/": "out", f"//{PRIVATE_HOST}/": "in"}
"""The hosts of link references in recordings, and the folder under LINKS that serves each."""
DROPPED_HEADERS = ("content-length", "content-encoding", "date", "authorization")
"""Headers that are not replayed: the body may be rewritten, is decoded, and is sent now."""
# As much as a vendor takes (fact NAME.body.megabytes).
MAX_REQUEST_BYTES = 100 << 20
MAX_SUGGESTIONS = 3
"""Recorded requests listed in the error for an unrecorded one."""
WRONG_KEY = "sk_mock_invalid"


class ReplayServer:
    """ASGI application that serves the newest recording with a response, then the older ones."""

    def __init__(self, recordings: Sequence[Recording], app: App, emulate: bool = False) -> None:
        self._cassettes = [Cassette(recording) for recording in reversed(recordings)]
        self._app, self._emulate = app, emulate
        self._keys: list[str] = []
        self.upstreams = sorted({cassette.contract.name for cassette in self._cassettes})

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_replayed(scope["path"]):
            await self._replay(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _replay(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        key = headers.get("authorization", "")
        for cassette in list(self._cassettes):
            match = cassette.content(self._replay_request(cassette, scope, body, key))
            if isinstance(match, RecordedClip):
                return await self._send_clip(cassette, match, scope, receive, send)
            if match is not None:
                if match.created_id is not None:  # the next requests are about this task, so about this recording
                    others = (other for other in self._cassettes if other is not cassette)
                    self._cassettes = [cassette, *others]
                return await _send_recorded(match, _origin(scope, headers), scope["method"], send)
        if self._emulate:
            return await self._app(scope, _replay_body(body), send)
        return await self._send_not_recorded(scope, body, send)

    def _replay_request(self, cassette: Cassette, scope: Message, body: bytes, key: str) -> ReplayRequest:
        return ReplayRequest(
            scope["method"],
            _recorded_path(scope["path"]),
            scope["query_string"].decode("latin-1"),
            summarize_request(body),
            self._caller(cassette, key),
        )

    def _caller(self, cassette: Cassette, key: str) -> str:
        """Map a key to a recorded caller: the first key seen to the first caller, and so on."""
        if not key:
            return ""
        if WRONG_KEY in key:
            return "wrong"
        if key not in self._keys:
            self._keys.append(key)
        return cassette.callers[min(self._keys.index(key), len(cassette.callers) - 1)]

    async def _send_clip(
        self, cassette: Cassette, recorded: RecordedClip, scope: Message, receive: Receive, send: Send
    ) -> None:
        clip = await self._app.renderer.clip(clip_spec_for(recorded))
        response = FileResponse(clip.path, clip.etag, "video/mp4", _cache_headers(recorded))
        try:
            await send_file(response, scope, receive, send)
        except ApiError as error:
            upstream = self._app.upstreams[cassette.contract.name]
            await send_response(upstream.render_error(error), scope["method"], send)

    async def _send_not_recorded(self, scope: Message, body: bytes, send: Send) -> None:
        contract = self._contract_for(scope)
        message = self._not_recorded_message(contract, scope, body)
        error = ApiError(ErrorKind.ROUTE_NOT_FOUND, message, value=message)
        response = self._app.upstreams[contract.name].render_error(error)
        _set_message(response.body, message)
        await send_response(response, scope["method"], send)

    def _contract_for(self, scope: Message) -> Contract:
        """Return the contract whose error envelope an unrecorded request gets."""
        contracts = [get_contract(name) for name in self.upstreams]
        matching = (contract for contract in contracts if match_route(contract, scope["method"], scope["path"]))
        return next(matching, contracts[0])

    def _not_recorded_message(self, contract: Contract, scope: Message, body: bytes) -> str:
        route = match_route(contract, scope["method"], scope["path"])
        candidates = self._recorded_successes(contract, route.endpoint.operation if route is not None else None)
        lines = [_request_line(interaction) for interaction in candidates[:MAX_SUGGESTIONS]]
        more = f"; and {len(candidates) - MAX_SUGGESTIONS} more" if len(candidates) > MAX_SUGGESTIONS else ""
        document = f" with {summarize_request(body)[:200]}" if body else ""
        return (
            f"seedmock replay: {scope['method']} {scope['path']}{document} was not recorded. "
            f"Recorded: {'; '.join(lines) + more or 'no such request'}.{_nearest_difference(candidates, body)} "
            "Send one of those, record this one by `seedmock record`, or start the replay with --miss emulate."
        )

    def _recorded_successes(self, contract: Contract, operation: Operation | None) -> list[Interaction]:
        cassettes = (cassette for cassette in self._cassettes if cassette.contract is contract)
        recorded = (interaction for cassette in cassettes for interaction in cassette.recorded(operation))
        return [interaction for interaction in recorded if not interaction.is_error]


def _is_replayed(path: str) -> bool:
    return path.startswith(LINKS + "/") or not path.startswith("/_mock/")


def clip_spec_for(recorded: RecordedClip) -> ClipSpec:
    """Return the spec of a clip with the size, duration and sound of the recorded one."""
    media, order = recorded.media, recorded.task.order
    seconds = max(1, round(media.seconds or 5))
    # Even sides, as H.264 with 4:2:0 has them.
    width, height = ((side or 720) // 2 * 2 for side in (media.width, media.height))
    # One frame more, as in the bill (variant NAME.frames).
    extra_frame = media.frames == 24 * seconds + 1
    model, prompt = (order.model.name, order.prompt) if order is not None else ("seedance", "")
    return ClipSpec(model, width, height, seconds, media.has_audio, 0, prompt, extra_frame)


def _cache_headers(recorded: RecordedClip) -> tuple[tuple[bytes, bytes], ...]:
    values = (content.headers.get("cache-control") for content in recorded.task.contents if not content.is_error)
    value = next((value for value in values if value), None)
    return () if value is None else ((b"cache-control", value.encode("latin-1")),)


def _recorded_path(path: str) -> str:
    """Turn the path of a link served here into the recorded link; return other paths unchanged."""
    folder, _, name = path.removeprefix(LINKS + "/").partition("/")
    host = next((host for host, link_folder in LINK_FOLDERS.items() if link_folder == folder), None)
    return f"http:{host}{name}" if path.startswith(LINKS + "/") and host is not None else path


async def _send_recorded(interaction: Interaction, origin: str, method: str, send: Send) -> None:
    """Send a recorded response, its links pointed at this server."""
    response = interaction.exchange.response
    text = response.body
    for host, folder in LINK_FOLDERS.items():
        for scheme in ("https:", "http:"):
            text = text.replace(f"{scheme}{host}", f"{origin}{LINKS}/{folder}/")
    body = text.encode()
    replayed = ((name, value) for name, value in response.headers if name not in DROPPED_HEADERS)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in replayed]
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def _read_body(receive: Receive) -> bytes:
    """Read the whole body; drop the chunks beyond MAX_REQUEST_BYTES."""
    chunks, size = [], 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_REQUEST_BYTES:
            chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def _replay_body(body: bytes) -> Receive:
    """Return an ASGI `receive` that delivers a body which was read already."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


def _origin(scope: Message, headers: Mapping[str, str]) -> str:
    host = headers.get("host") or ":".join(str(part) for part in scope["server"])
    return f"{scope.get('scheme', 'http')}://{host}"


def _set_message(body: Any, message: str) -> None:
    """Put a message where the error envelope has its own."""
    error = body.get("error") if isinstance(body.get("error"), dict) else body
    for name in ("message", "msg"):
        if name in error:
            error[name] = message


def _request_line(interaction: Interaction) -> str:
    request = interaction.exchange.request
    body = f" {request.body[:120]}" if request.body else ""
    return f"{request.method} {request.url[:120]}{body}"


def _nearest_difference(candidates: Sequence[Interaction], body: bytes) -> str:
    """Name the fields in which a document differs from the most similar recorded one."""
    document = _parse_object(normalize_body(summarize_request(body)))
    differences = []
    for interaction in candidates:
        recorded = _parse_object(normalize_body(interaction.exchange.request.body))
        if document is not None and recorded is not None:
            names = sorted({*document, *recorded})
            differences.append([name for name in names if document.get(name) != recorded.get(name)])
    nearest = min(differences, key=len, default=[])
    return f" The nearest differs in {', '.join(nearest)}." if nearest else ""


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
