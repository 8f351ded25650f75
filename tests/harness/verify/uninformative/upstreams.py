"""Upstreams that keep a verification from looking: each answers some requests in a way that shows nothing.

Each is an emulator with one answer changed. `UPSTREAMS` is the table of them; the tests beside it verify each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import get_contract
from seedmock_server.http.in_process import BufferedResponse

HTML = b"<!DOCTYPE html><html><body>Something went wrong</body></html>"
JSON_TYPE = {"content-type": "application/json"}
HTML_500 = BufferedResponse(500, {"content-type": "text/html"}, HTML)
HTML_200 = BufferedResponse(200, {"content-type": "text/html"}, HTML)
JSON_404 = BufferedResponse(404, JSON_TYPE, b'{"detail": "Not Found"}')
EMPTY = BufferedResponse(200, {"content-length": "0"}, b"")
REDIRECT = BufferedResponse(302, {"location": "https://login.example.com/"}, b"")
REPLACEMENTS = {"html-500": HTML_500, "json-404": JSON_404, "empty-200": EMPTY, "redirect": REDIRECT}
ERROR_BODIES: Mapping[str, Callable[[int, str], dict[str, Any]]] = {
    "opeai": lambda status, text: {"error": {"code": "", "message": text, "type": "", "param": ""}},
    "apimodels": lambda status, text: {"code": status, "msg": text, "data": None},
}
Send = Callable[..., Any]


@dataclass(frozen=True)
class Sent:
    """A request with the answer of the emulator. `number` counts those that the upstream matches, from 1."""

    contract: Contract
    operation: Operation | None
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes
    response: Any
    number: int = 0

    @property
    def is_authenticated(self) -> bool:
        return "first" in self.headers.get("authorization", "")

    @property
    def body(self) -> Any:
        return json.loads(self.response.content)

    def error(self, status: int, text: str = "not available") -> BufferedResponse:
        """An error in the form of the upstream."""
        body = ERROR_BODIES[self.contract.name](status, text)
        return BufferedResponse(status, JSON_TYPE, json.dumps(body).encode())

    def with_body(self, body: Any) -> BufferedResponse:
        return BufferedResponse(self.response.status_code, dict(self.response.headers), json.dumps(body).encode())


Answer = Callable[[Sent], Any]
Match = Callable[[Sent], bool]


@dataclass(frozen=True)
class UninformativeUpstream:
    """Answers to the requests that match; `steps` are verified. `texts` occur in the sentence that names the hole."""

    name: str
    upstreams: tuple[str, ...]
    steps: tuple[str, ...]
    match: Match
    answer: Answer
    texts: tuple[str, ...] = ()

    def wrap(self, upstream: str, send: Send) -> Send:
        """Wrap the emulator's `send`."""
        contract, state = get_contract(upstream), {"count": 0}

        def changed(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
            response = send(method, url, headers=headers, content=content)
            operation = operation_of(contract, method, url, headers, content)
            sent = Sent(contract, operation, method, url, headers, content, response)
            if not self.match(sent):
                return response
            state["count"] += 1
            return self.answer(replace(sent, number=state["count"]))

        return changed


def operation_of(
    contract: Contract, method: str, url: str, headers: Mapping[str, str], content: bytes
) -> Operation | None:
    """The operation of a request; CONTENT for a link to a file."""
    path = urlsplit(url).path
    route = match_route(contract, "GET" if method == "HEAD" else method, path)
    if route is None:
        return Operation.CONTENT if path.endswith(".mp4") else None
    is_upscale = route.endpoint.operation is Operation.CREATE and b"targetResolution" in content
    return Operation.UPSCALE if is_upscale else route.endpoint.operation


def on(*operations: Operation) -> Match:
    """Match the requests of the first key for some operations that the emulator serves."""
    return lambda sent: (
        sent.operation in operations and sent.is_authenticated and _is_served(sent) and sent.method != "HEAD"
    )


def _is_served(sent: Sent) -> bool:
    if sent.response.status_code >= 300:
        return False
    return sent.contract.name == "opeai" or sent.operation is Operation.CONTENT or sent.body.get("code", 200) < 400


def content_with(name: str) -> Match:
    """Match requests for a clip that have a header."""
    return lambda sent: sent.operation is Operation.CONTENT and name in {key.lower() for key in sent.headers}


def always(response: Any) -> Answer:
    return lambda sent: response


def refusing(status: int, text: str = "not available") -> Answer:
    return lambda sent: sent.error(status, text)


def _rejected(*operations: Operation) -> Match:
    return lambda sent: (
        sent.operation in operations and sent.is_authenticated and sent.response.status_code in (400, 404)
    )


def _head_length(sent: Sent) -> BufferedResponse:
    return BufferedResponse(200, {**dict(sent.response.headers), "content-length": "17"}, b"")


def _head(sent: Sent) -> bool:
    return sent.method == "HEAD" and sent.response.status_code == 200


def _first_task() -> Answer:
    """Answer every query of a task with the first one's answer."""
    first: list[Any] = []

    def answer(sent: Sent) -> Any:
        first[:] = first[:1] or [(_queried(sent), sent.response)]
        if _queried(sent) == first[0][0]:
            first[0] = (first[0][0], sent.response)
        return first[0][1]

    return answer


def _queried(sent: Sent) -> str:
    query = parse_qs(urlsplit(sent.url).query)
    return next((values[0] for values in query.values()), sent.url)


def _unauthenticated(sent: Sent) -> bool:
    return sent.operation is not None and sent.response.status_code == 401


def _unrouted(sent: Sent) -> bool:
    return sent.operation is None and sent.response.status_code in (404, 405)


def _foreign_key(sent: Sent) -> bool:
    return "second" in sent.headers.get("authorization", "") and sent.response.status_code >= 400


def _early_content(sent: Sent) -> bool:
    return sent.operation is Operation.CONTENT and sent.is_authenticated and sent.response.status_code == 400


def _empty_items(sent: Sent) -> BufferedResponse:
    body = sent.body
    body["data"] = {**body["data"], "items": [], "total": 0} if isinstance(body["data"], dict) else []
    return sent.with_body(body)


def _after_expiry(sent: Sent) -> bool:
    is_link = sent.operation is Operation.CONTENT and not sent.headers.get("authorization")
    return is_link and sent.response.status_code in (403, 404, 410)


def _order_with_image(sent: Sent) -> bool:
    return on(OP.CREATE, OP.UPSCALE)(sent) and b"https://" in sent.content


def _file_link(sent: Sent) -> bool:
    return sent.method == "GET" and ".png" in urlsplit(sent.url).path


OP, BOTH, OPEAI, APIMODELS = Operation, ("opeai", "apimodels"), ("opeai",), ("apimodels",)
CREATES = (OP.CREATE, OP.UPSCALE)
UPSTREAMS = (
    UninformativeUpstream(
        "records are HTML 500", APIMODELS, ("text",), on(OP.RECORD), always(HTML_500), ("step text", "record")
    ),
    UninformativeUpstream(
        "records are not found", APIMODELS, ("text",), on(OP.RECORD), refusing(404), ("step text", "record")
    ),
    UninformativeUpstream("records are empty", APIMODELS, ("text",), on(OP.RECORD), always(EMPTY), ()),
    UninformativeUpstream(
        "records are behind a login", APIMODELS, ("text",), on(OP.RECORD), always(REDIRECT), ("step text", "record")
    ),
    UninformativeUpstream(
        "records are HTML 200", APIMODELS, ("text",), on(OP.RECORD), always(HTML_200), ("not a JSON object",)
    ),
    UninformativeUpstream(
        "the balance is HTML 500", APIMODELS, ("text",), on(OP.BALANCE), always(HTML_500), ("step text", "balance")
    ),
    UninformativeUpstream(
        "the balance is forbidden", APIMODELS, ("text",), on(OP.BALANCE), refusing(403), ("step text", "balance")
    ),
    UninformativeUpstream(
        "the balance is limited", APIMODELS, ("text",), on(OP.BALANCE), refusing(429), ("step text", "balance")
    ),
    UninformativeUpstream(
        "uploads are not routed", APIMODELS, ("text", "file"), on(OP.FILE_CREATE), always(JSON_404), ()
    ),
    UninformativeUpstream(
        "uploads are not found", APIMODELS, ("text", "file"), on(OP.FILE_CREATE), refusing(404), ("file_create",)
    ),
    UninformativeUpstream("uploads are empty", APIMODELS, ("text", "file"), on(OP.FILE_CREATE), always(EMPTY), ()),
    UninformativeUpstream(
        "uploads are HTML 500", APIMODELS, ("text", "file"), on(OP.FILE_CREATE), always(HTML_500), ("step file",)
    ),
    UninformativeUpstream(
        "uploaded files are HTML 500", APIMODELS, ("text", "file"), _file_link, always(HTML_500), ("step file",)
    ),
    UninformativeUpstream(
        "HEAD has another length", BOTH, ("text",), _head, _head_length, ("HEAD differs from GET", "17 bytes")
    ),
    UninformativeUpstream("HEAD is HTML 500", BOTH, ("text",), _head, always(HTML_500), ("step text", "content")),
    UninformativeUpstream("HEAD leads to a login", BOTH, ("text",), _head, always(REDIRECT), ("step text", "content")),
    UninformativeUpstream(
        "ranges are HTML 500", BOTH, ("text",), content_with("range"), always(HTML_500), ("step text",)
    ),
    UninformativeUpstream(
        "ranges are not found", BOTH, ("text",), content_with("range"), always(JSON_404), ("step text",)
    ),
    UninformativeUpstream(
        "ranges lead to a login", BOTH, ("text",), content_with("range"), always(REDIRECT), ("step text",)
    ),
    UninformativeUpstream(
        "conditions are HTML 500", BOTH, ("text",), content_with("if-match"), always(HTML_500), ("step text",)
    ),
    UninformativeUpstream(
        "every query shows the first task", BOTH, ("text", "number", "form"), on(OP.QUERY), _first_task(), ("id",)
    ),
    UninformativeUpstream(
        "no model is listed", BOTH, ("free.unknown", "free.groups"), on(OP.MODELS), _empty_items, ("model",)
    ),
    UninformativeUpstream(
        "models are HTML 500", BOTH, ("free.unknown", "free.groups"), on(OP.MODELS), always(HTML_500), ("models",)
    ),
    UninformativeUpstream(
        "no group is listed", APIMODELS, ("free.groups",), on(OP.GROUP_LIST), _empty_items, ("a group is not listed",)
    ),
    UninformativeUpstream(
        "groups are HTML 500", APIMODELS, ("free.groups",), on(OP.GROUP_LIST), always(HTML_500), ("free.groups",)
    ),
    UninformativeUpstream(
        "no asset is listed", APIMODELS, ("text", "asset"), on(OP.ASSET_LIST), _empty_items, ("asset is not listed",)
    ),
    UninformativeUpstream(
        "assets are HTML 500", APIMODELS, ("text", "asset"), on(OP.ASSET_GET), always(HTML_500), ("step asset",)
    ),
    UninformativeUpstream(
        "assets cannot be renamed", APIMODELS, ("text", "asset"), on(OP.ASSET_UPDATE), refusing(409), ("asset_update",)
    ),
    UninformativeUpstream(
        "groups cannot be deleted", APIMODELS, ("free.groups",), on(OP.GROUP_DELETE), refusing(409), ("group_delete",)
    ),
    UninformativeUpstream(
        "unknown ids are HTML 500", BOTH, ("free.auth", "free.unknown"), _rejected(OP.QUERY), always(HTML_500)
    ),
    UninformativeUpstream(
        "requests without a key are HTML 500", BOTH, ("free.auth", "free.paths"), _unauthenticated, always(HTML_500)
    ),
    UninformativeUpstream(
        "unknown paths lead to a login", BOTH, ("free.auth", "free.paths"), _unrouted, always(REDIRECT)
    ),
    UninformativeUpstream("unknown paths are empty", BOTH, ("free.auth", "free.paths"), _unrouted, always(EMPTY)),
    UninformativeUpstream(
        "other methods are HTML 500", BOTH, ("free.auth", "free.methods"), _unrouted, always(HTML_500)
    ),
    UninformativeUpstream(
        "rejections are HTML 500", BOTH, ("free.paths", "free.models"), _rejected(*CREATES), always(HTML_500)
    ),
    UninformativeUpstream(
        "rejections are forbidden", BOTH, ("free.paths", "free.models"), _rejected(*CREATES), refusing(403)
    ),
    UninformativeUpstream(
        "rejections are limited", BOTH, ("free.paths", "free.models"), _rejected(*CREATES), refusing(429)
    ),
    UninformativeUpstream("another key gets HTML 500", BOTH, ("text",), _foreign_key, always(HTML_500), ("step text",)),
    UninformativeUpstream(
        "early content is HTML 500", OPEAI, ("text",), _early_content, always(HTML_500), ("step text", "content")
    ),
    UninformativeUpstream(
        "expired links are HTML 500", APIMODELS, ("text", "links"), _after_expiry, always(HTML_500), ("step links",)
    ),
    UninformativeUpstream(
        "orders are HTML 500", BOTH, ("free.paths", "text"), on(*CREATES), always(HTML_500), ("step text",)
    ),
    UninformativeUpstream("orders are empty", BOTH, ("free.paths", "text"), on(*CREATES), always(EMPTY)),
    UninformativeUpstream(
        "orders lead to a login", BOTH, ("free.paths", "text"), on(*CREATES), always(REDIRECT), ("step text",)
    ),
    UninformativeUpstream(
        "orders are refused for no reason", BOTH, ("free.paths", "text"), on(*CREATES), refusing(409), ("step text",)
    ),
    UninformativeUpstream(
        "orders with an image are refused", BOTH, ("text", "image"), _order_with_image, refusing(409), ("step image",)
    ),
)
