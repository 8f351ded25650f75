"""Serves recordings: says again what was said, and delivers clips like those that were delivered.

Everything under /_mock/ is an emulator's, and so is what was not recorded if that is wanted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.redaction import PRIVATE_HOST, PUBLIC_HOST
from seedmock_contracts.upstreams import get_contract
from seedmock_server.api.responses import send_file, send_response
from seedmock_server.app import App
from seedmock_server.errors import ApiError
from seedmock_server.http.asgi import Message, Receive, Send
from seedmock_server.media.clip_spec import ClipSpec
from seedmock_server.upstreams.protocol import FileResponse

from ..conversation.history import Interaction
from .cassette import Asked, Cassette, TaskTimeline
from .model import Recording
from .request_matching import canonical

LINKS = "/_mock/links"
PLACES = {f"//{PUBLIC_HOST}/": "out", f"//{PRIVATE_HOST}/": "in"}
"""Where links lead that were recorded: to this server, each by its reference."""
LEFT_OUT = ("content-length", "content-encoding", "date")
BODY_BYTES = 100 << 20
SHOWN = 3
"""Recorded requests that are shown to somebody who asked for another."""
WRONG = "sk_mock_invalid"


class ReplayServer:
    """The ASGI application. `emulate`: whether an emulator answers what was not recorded."""

    def __init__(self, recordings: Sequence[Recording], app: App, emulate: bool = False) -> None:
        self._tapes = [Cassette(recording) for recording in reversed(recordings)]
        self._app, self._emulate = app, emulate
        self._keys: list[str] = []
        self.upstreams = sorted({tape.contract.name for tape in self._tapes})

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_played(scope["path"]):
            await self._play(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _play(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        key = headers.get("authorization", "")
        for tape in list(self._tapes):
            found = self._found(tape, scope, body, key)
            if isinstance(found, TaskTimeline):
                return await self._film(tape, found, scope, receive, send)
            if found is not None:
                if found.created_id is not None:  # what is asked next is about this
                    self._tapes = [tape, *(other for other in self._tapes if other is not tape)]
                return await _said(found, _origin(scope, headers), scope["method"], send)
        if self._emulate:
            return await self._app(scope, _again(body), send)
        return await self._miss(scope, body, send)

    def _found(self, tape: Cassette, scope: Message, body: bytes, key: str) -> TaskTimeline | Interaction | None:
        asked = Asked(
            scope["method"], _path(scope["path"]), scope["query_string"].decode("latin-1"),
            body.decode("utf-8", "replace"), self._caller(tape, key),
        )  # fmt: skip
        return tape.content(asked)

    def _caller(self, tape: Cassette, key: str) -> str:
        """Who a key stands for: the first that comes for the first that was recorded, and so on."""
        if not key:
            return ""
        if WRONG in key:
            return "wrong"
        if key not in self._keys:
            self._keys.append(key)
        return tape.callers[min(self._keys.index(key), len(tape.callers) - 1)]

    async def _film(self, tape: Cassette, film: TaskTimeline, scope: Message, receive: Receive, send: Send) -> None:
        clip = await self._app.renderer.clip(look_of(film))
        answer = FileResponse(clip.path, clip.etag, "video/mp4", _cached(film))
        try:
            await send_file(answer, scope, receive, send)
        except ApiError as refusal:
            await send_response(self._app.upstreams[tape.contract.name].render_error(refusal), scope["method"], send)

    async def _miss(self, scope: Message, body: bytes, send: Send) -> None:
        said = self._upstream(scope)
        told = self._what_there_is(said, scope, body)
        answer = self._app.upstreams[said.name].render_error(ApiError(ErrorKind.ROUTE_NOT_FOUND, told, value=told))
        _put(answer.body, told)
        await send_response(answer, scope["method"], send)

    def _upstream(self, scope: Message) -> Contract:
        """Whose words an unknown request is refused in."""
        said = [get_contract(name) for name in self.upstreams]
        return next((one for one in said if match_route(one, scope["method"], scope["path"])), said[0])

    def _what_there_is(self, contract: Contract, scope: Message, body: bytes) -> str:
        asked = f"{scope['method']} {scope['path']}"
        route = match_route(contract, scope["method"], scope["path"])
        operation = route.endpoint.operation if route is not None else None
        tapes = [tape for tape in self._tapes if tape.contract is contract]
        there = [turn for tape in tapes for turn in tape.recorded(operation) if not turn.is_error]
        lines = [_line(turn) for turn in there[:SHOWN]]
        found = "; ".join(lines) + (f"; and {len(there) - SHOWN} more" if len(there) > SHOWN else "")
        document = f" with {body[:200].decode('utf-8', 'replace')}" if body else ""
        differing = _differing(there, body)
        return (
            f"seedmock replay: {asked}{document} was not recorded. "
            f"Recorded: {found or 'nothing of the kind'}.{differing} "
            "Ask for that, record this by `seedmock record`, or start the replay with --miss emulate."
        )


def _is_played(path: str) -> bool:
    return path.startswith(LINKS + "/") or not path.startswith("/_mock/")


def look_of(film: TaskTimeline) -> ClipSpec:
    """How a clip is made that is like the one that was delivered: its size, seconds and sound."""
    media, order = film.media, film.story.order
    seconds = max(1, round(media.seconds or 5))
    width, height = ((side or 720) // 2 * 2 for side in (media.width, media.height))
    extra = media.frames == 24 * seconds + 1
    model, prompt = (order.model.name, order.prompt) if order is not None else ("seedance", "")
    return ClipSpec(model, width, height, seconds, media.has_audio, 0, prompt, extra)


def _cached(film: TaskTimeline) -> tuple[tuple[bytes, bytes], ...]:
    told = (turn.headers.get("cache-control") for turn in film.story.contents if not turn.is_error)
    cached = next((value for value in told if value), None)
    return () if cached is None else ((b"cache-control", cached.encode("latin-1")),)


def _path(path: str) -> str:
    """A link of this server's as it was recorded; other paths as they are."""
    place, _, name = path.removeprefix(LINKS + "/").partition("/")
    host = next((host for host, word in PLACES.items() if word == place), None)
    return f"http:{host}{name}" if path.startswith(LINKS + "/") and host is not None else path


async def _said(turn: Interaction, origin: str, method: str, send: Send) -> None:
    answer = turn.exchange.response
    text = answer.body
    for host, place in PLACES.items():
        for scheme in ("https:", "http:"):
            text = text.replace(f"{scheme}{host}", f"{origin}{LINKS}/{place}/")
    body = text.encode()
    kept = [(name, value) for name, value in answer.headers if name not in LEFT_OUT]
    head = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept if name != "authorization"]
    head.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": head})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def _read(receive: Receive) -> bytes:
    pieces, size = [], 0
    while True:
        message = await receive()
        piece = message.get("body", b"")
        size += len(piece)
        if size <= BODY_BYTES:
            pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


def _again(body: bytes) -> Receive:
    """A body that was read, to be read once more."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return left.pop() if left else {"type": "http.disconnect"}

    return receive


def _origin(scope: Message, headers: Mapping[str, str]) -> str:
    host = headers.get("host") or ":".join(str(part) for part in scope["server"])
    return f"{scope.get('scheme', 'http')}://{host}"


def _put(body: Any, message: str) -> None:
    """Say a message where an envelope has its own."""
    holder = body.get("error") if isinstance(body.get("error"), dict) else body
    for name in ("message", "msg"):
        if name in holder:
            holder[name] = message


def _line(turn: Interaction) -> str:
    request = turn.exchange.request
    body = f" {request.body[:120]}" if request.body else ""
    return f"{request.method} {request.url[:120]}{body}"


def _differing(there: Sequence[Interaction], body: bytes) -> str:
    """In which fields a document differs from the recorded one that is nearest to it."""
    asked = _object(canonical(body.decode("utf-8", "replace")))
    differences = []
    for turn in there:
        recorded = _object(canonical(turn.exchange.request.body))
        if asked is not None and recorded is not None:
            names = sorted({*asked, *recorded})
            differences.append([name for name in names if asked.get(name) != recorded.get(name)])
    nearest = min(differences, key=len, default=[])
    return f" The nearest differs in {', '.join(nearest)}." if nearest else ""


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
