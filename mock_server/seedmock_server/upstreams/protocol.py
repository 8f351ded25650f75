"""Interface between the request chain and an upstream: decoded requests in, responses as data out.

Knows no socket and no ASGI; every vendor's shapes stand in that vendor's module.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis, ErrorKind, Operation
from seedmock_contracts.facts import ErrorCase

from ..errors import ApiError
from ..generation.engine import Caller
from ..http.multipart import Form, FormFile
from ..tasks.models import Task

Headers = tuple[tuple[bytes, bytes], ...]
BASIS: Headers = ((b"x-mock-basis", b"assumed"),)
CONTENT_TYPE_JSON = (b"content-type", b"application/json")
MAX_VALUE_CHARS = 120
# The vendors write balances and prices as JSON numbers.
encode_json = msgspec.json.Encoder(decimal_format="number").encode


class ApiRequest(msgspec.Struct, frozen=True, gc=False):
    """Request to an emulated API, decoded. `params` are the values of the path and, for a GET, of the query.

    `is_form`: the document comes from a multipart form, in which every value is a text.
    """

    operation: Operation
    caller: Caller
    document: dict[str, Any]
    params: Mapping[str, str]
    files: tuple[FormFile, ...] = ()
    is_form: bool = False

    @property
    def account(self) -> str:
        return self.caller.account

    @property
    def origin(self) -> str:
        return self.caller.origin


class JsonResponse(msgspec.Struct, frozen=True, gc=False):
    """Status and JSON value. The basis `assumed` is announced by a header; `error` is the kind of error rendered."""

    status: int
    body: Any
    basis: Basis = Basis.DOCUMENTED
    headers: Headers = ()
    error: ErrorKind | None = None


class FileResponse(msgspec.Struct, frozen=True):
    """File to be streamed, with support for Range unless `ranges` is off. `size` is in bytes, where it is known."""

    path: Path
    etag: str
    media_type: str
    headers: Headers = ()
    ranges: bool = True
    size: int | None = None


class RawResponse(msgspec.Struct, frozen=True):
    """Response in bytes. Its headers include the content type, if it has one, but not the length."""

    status: int
    body: bytes
    headers: Headers = ()
    error: ErrorKind | None = None


AnyResponse = JsonResponse | FileResponse | RawResponse
Handler = Callable[[ApiRequest], Awaitable[JsonResponse | FileResponse]]


class Upstream(Protocol):
    """API of one vendor. Each upstream's module exports one class of this form as `API`."""

    contract: Contract
    handlers: Mapping[Operation, Handler]
    unserved: Sequence[tuple[str, str]]
    """Methods and paths that clients of its family call and that it does not have: unknown URLs."""

    def render_task(self, task: Task, origin: str) -> JsonResponse:
        """Render a task's present state, for a query as for a callback; links begin with `origin`."""
        ...

    def decode_form(self, form: Form) -> dict[str, Any]:
        """Return the JSON document that is equivalent to a form."""
        ...

    def render_error(self, error: ApiError) -> JsonResponse:
        """Render an error in this upstream's envelope."""
        ...


def raw_response(response: JsonResponse | RawResponse) -> RawResponse:
    """Return a response as the bytes and headers that are sent; the length is added when it is sent."""
    if isinstance(response, RawResponse):
        return response
    basis = BASIS if response.basis is Basis.ASSUMED else ()
    headers = (CONTENT_TYPE_JSON, *response.headers, *basis)
    return RawResponse(response.status, encode_json(response.body), headers, response.error)


def error_message(case: ErrorCase, error: ApiError) -> str:
    """Fill an upstream's message template: what is wrong, the value, what is allowed."""
    nested = ""
    if "{nested}" in case.message:
        body = {"code": error.kind, "message": error.detail, "param": error.field}
        nested = msgspec.json.encode({"error": body}).decode()
    return case.message.format(
        field=error.field, value=_shown(error.value), allowed=error.allowed, detail=error.detail, nested=nested
    )


def error_basis(case: ErrorCase, error: ApiError) -> Basis:
    """Return the weaker basis of the violated rule and of the error that reports it."""
    if error.fact is not None and error.fact.basis is Basis.ASSUMED:
        return Basis.ASSUMED
    return case.basis


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= MAX_VALUE_CHARS else text[: MAX_VALUE_CHARS - 3] + "..."
