"""Parse error responses in every known envelope, and build the exceptions for them.

Every proxy on the way may answer in its own form, so all forms are read for every upstream. The meaning of a code is
defined by each upstream's module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from html import unescape
from typing import Any

from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.facts import MISSING, Document
from seedmock_contracts.response_format import first_value
from seedmock_contracts.upstreams import contracts

from .effects import HttpResponse
from .errors import CLASSES, RateLimitError, SeedmockError, ValidationError
from .retry import retry_after

_MAX_MESSAGE_LENGTH = 300  # messages can contain a whole web page
_MAX_DEPTH = 4  # gateways wrap the error of the service behind in their own
_MESSAGE_KEYS = ("msg", "message", "detail", "error_msg")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")

STATUS_KINDS: Mapping[int, ErrorKind] = {
    401: ErrorKind.AUTHENTICATION,
    402: ErrorKind.BALANCE,
    403: ErrorKind.FORBIDDEN,
    404: ErrorKind.TASK_NOT_FOUND,
    405: ErrorKind.METHOD_NOT_ALLOWED,
    408: ErrorKind.REQUEST_TIMEOUT,
    409: ErrorKind.STATE_CONFLICT,
    410: ErrorKind.LINK_EXPIRED,
    412: ErrorKind.PRECONDITION_FAILED,
    413: ErrorKind.BODY_TOO_LARGE,
    415: ErrorKind.UNSUPPORTED_MEDIA_TYPE,
    416: ErrorKind.RANGE_NOT_SATISFIABLE,
    429: ErrorKind.RATE_LIMIT,
    503: ErrorKind.OVERLOADED,
}
_RETRYABLE = {ErrorKind.RATE_LIMIT, ErrorKind.UPSTREAM_FAILED, ErrorKind.OVERLOADED, ErrorKind.REQUEST_TIMEOUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """Error that a response reports. `status` is that of HTTP, or of the envelope where HTTP says 200."""

    status: int
    message: str = ""
    code: str = ""
    type: str = ""
    field: str = ""
    retryable: bool | None = None
    retry_after: float | None = None


def json_object(response: HttpResponse) -> Document | None:
    """JSON object in the body of a response; None for any other body."""
    value = _parse_json(response.body)
    return value if isinstance(value, Mapping) else None


def parse_error(response: HttpResponse, status: int | None = None) -> ErrorBody:
    """Parse the error in a response, with its message or else the text of the body."""
    error = ErrorBody(
        status=response.status if status is None else status,
        retry_after=retry_after(response.headers, response.received),
    )
    error = _read(_parse_json(response.body), error, 0)
    if error.message or error.code:
        return error if error.message else replace(error, message=error.code)
    return replace(error, message=_plain_text(response))


def kind_for_status(status: int) -> ErrorKind:
    """Kind of error by the HTTP status alone."""
    kind = STATUS_KINDS.get(status)
    if kind is not None:
        return kind
    return ErrorKind.INVALID_PARAMETER if 400 <= status < 500 else ErrorKind.UPSTREAM_FAILED


def build_error(kind: ErrorKind, error: ErrorBody, upstream: str, task_id: str | None = None) -> SeedmockError:
    """Build the exception for an error of this kind."""
    class_ = CLASSES[kind]
    details: dict[str, Any] = {"upstream": upstream, "task_id": task_id, "kind": kind, "code": error.code or None}
    details["status"] = error.status
    details["retryable"] = kind in _RETRYABLE if error.retryable is None else error.retryable
    details["retry_after"] = error.retry_after
    if issubclass(class_, ValidationError):
        details["field"] = error.field
    # In words: the first question after a refused order is if it was charged.
    if class_ is RateLimitError and error.retry_after is not None:
        details["advice"] = f"Try again in {error.retry_after:g} s; nothing was charged."
    return class_(f"{upstream} answered {error.status}: {error.message}", **details)


def scalar_text(value: Any) -> str:
    """Text of a JSON scalar without surrounding blanks; empty for null, objects and arrays.

    Lone surrogates are dropped: they cannot be encoded, and so neither printed nor sent.
    """
    if value is None or isinstance(value, Mapping | list):
        return ""
    return str(value).encode("utf-8", "ignore").decode().strip()


def _parse_json(body: bytes | str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _read(body: Any, error: ErrorBody, depth: int) -> ErrorBody:
    """Read one level. A message or a body that is a string with JSON (new-api forwards such) is read in turn."""
    if isinstance(body, str):
        return _read_nested(replace(error, message=scalar_text(body[:_MAX_MESSAGE_LENGTH])), body, depth)
    if not isinstance(body, Mapping):
        return error
    inner = body.get("error")
    if isinstance(inner, Mapping):
        return _read(inner, error, depth + 1) if depth < _MAX_DEPTH else error
    message = next((text for key in _MESSAGE_KEYS if (text := scalar_text(body.get(key)))), "")
    retryable = _detail(body, "retryable")
    retryable = body.get("retryable") if retryable is MISSING else retryable
    outer = replace(
        error,
        # The details come from the service itself; the envelope's own message is often only "invalid input".
        message=(_detail_text(body, "fail_message") or message or scalar_text(inner))[:_MAX_MESSAGE_LENGTH],
        code=_detail_text(body, "fail_code") or scalar_text(body.get("code")),
        type=scalar_text(body.get("type")),
        field=scalar_text(body.get("param")),
        retryable=retryable if isinstance(retryable, bool) else None,
    )
    return _read_nested(outer, message or scalar_text(inner), depth)


@cache
def _detail_paths(part: str) -> tuple[str, ...]:
    """Paths of a part of an error in the envelopes of every upstream, by their contracts."""
    envelopes = (envelope for contract in contracts() for envelope in contract.response.envelopes)
    return tuple(dict.fromkeys(path for envelope in envelopes for path, name in envelope.parts if name == part))


def _detail(body: Document, part: str) -> Any:
    return first_value(body, _detail_paths(part))


def _detail_text(body: Document, part: str) -> str:
    value = _detail(body, part)
    return "" if value is MISSING else scalar_text(value)


def _read_nested(outer: ErrorBody, message: str, depth: int) -> ErrorBody:
    # Gateways in a row wrap errors in errors, and a hostile one could do so without end.
    if depth >= _MAX_DEPTH or not message.lstrip().startswith(("{", '"')):
        return outer
    inner = _parse_json(message)
    if not isinstance(inner, Mapping | str):
        return outer
    nested = _read(inner, outer, depth + 1)
    return nested if nested.message or nested.code else outer


def _plain_text(response: HttpResponse) -> str:
    """Body that is not JSON in one line: the title of an HTML page, or its text."""
    body = response.body[:20_000].decode("utf-8", "replace")
    title = _TITLE.search(body)
    text = " ".join(unescape(_TAG.sub(" ", title[1] if title else body)).split())
    return text[:_MAX_MESSAGE_LENGTH] if text else "an empty body"
