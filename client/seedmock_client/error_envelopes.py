"""What an answer says is wrong, in whichever of the known envelopes, and the error that it becomes.

Every proxy on the way may answer in its own form, so all forms are read for every upstream. Which code means what is
each upstream's affair.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.facts import Document

from .effects import HttpResponse
from .errors import CLASSES, RateLimitError, SeedmockError, ValidationError
from .retry import retry_after

_LONGEST = 300
_DEEPEST = 4
_SAYING = ("msg", "message", "detail", "error_msg")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")

STATUS_KINDS: Mapping[int, ErrorKind] = {
    401: ErrorKind.AUTHENTICATION,
    402: ErrorKind.BALANCE,
    403: ErrorKind.FORBIDDEN,
    404: ErrorKind.TASK_NOT_FOUND,
    405: ErrorKind.METHOD_NOT_ALLOWED,
    408: ErrorKind.REQUEST_TIMEOUT,
    410: ErrorKind.LINK_EXPIRED,
    413: ErrorKind.BODY_TOO_LARGE,
    415: ErrorKind.UNSUPPORTED_MEDIA_TYPE,
    416: ErrorKind.RANGE_NOT_SATISFIABLE,
    429: ErrorKind.RATE_LIMIT,
    503: ErrorKind.OVERLOADED,
}
_RETRYABLE = {ErrorKind.RATE_LIMIT, ErrorKind.UPSTREAM_FAILED, ErrorKind.OVERLOADED, ErrorKind.REQUEST_TIMEOUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """What an answer says is wrong. `status` is HTTP's, or the envelope's where HTTP said 200."""

    status: int
    message: str = ""
    code: str = ""
    type: str = ""
    field: str = ""
    retryable: bool | None = None
    retry_after: float | None = None


def document(answer: HttpResponse) -> Document | None:
    """The JSON object in an answer's body, or None for anything else."""
    found = _json(answer.body)
    return found if isinstance(found, Mapping) else None


def complaint(answer: HttpResponse, status: int | None = None) -> ErrorBody:
    """What is wrong, in the words of the body if it has any."""
    found = ErrorBody(status=answer.status if status is None else status)
    found = replace(found, retry_after=retry_after(answer.headers, answer.received))
    read = _read(_json(answer.body), found, 0)
    if read.message or read.code:
        return read if read.message else replace(read, message=read.code)
    return replace(read, message=_plain(answer))


def kind_of_status(status: int) -> ErrorKind:
    """What a status means where nothing more is known."""
    found = STATUS_KINDS.get(status)
    if found is not None:
        return found
    return ErrorKind.INVALID_PARAMETER if 400 <= status < 500 else ErrorKind.UPSTREAM_FAILED


def error_of(kind: ErrorKind, found: ErrorBody, upstream: str, task_id: str | None = None) -> SeedmockError:
    """The error that a complaint of this kind becomes."""
    class_ = CLASSES[kind]
    details: dict[str, Any] = {"upstream": upstream, "task_id": task_id, "kind": kind, "code": found.code or None}
    details["status"] = found.status
    details["retryable"] = kind in _RETRYABLE if found.retryable is None else found.retryable
    details["retry_after"] = found.retry_after
    if issubclass(class_, ValidationError):
        details["field"] = found.field
    if class_ is RateLimitError and found.retry_after is not None:
        details["advice"] = f"Try again in {found.retry_after:g} s; nothing was charged."
    return class_(f"{upstream} answered {found.status}: {found.message}", **details)


def text(value: Any) -> str:
    """A scalar of a body as text; objects and null are none, nor is half a surrogate pair: nobody can say it."""
    if value is None or isinstance(value, Mapping | list):
        return ""
    return str(value).encode("utf-8", "ignore").decode().strip()


def _json(body: bytes | str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _read(body: Any, found: ErrorBody, depth: int) -> ErrorBody:
    """Read one layer; a message or a string body that is JSON again (new-api passes such on) is read in its turn."""
    if isinstance(body, str):
        return _nested(replace(found, message=text(body[:_LONGEST])), body, depth)
    if not isinstance(body, Mapping):
        return found
    inner = body.get("error")
    if isinstance(inner, Mapping):
        return _read(inner, found, depth + 1) if depth < _DEEPEST else found
    data = body.get("data")
    more: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    message = next((found_text for key in _SAYING if (found_text := text(body.get(key)))), "")
    retryable = more.get("retryable", body.get("retryable"))
    said = replace(
        found,
        message=(text(more.get("failMsg")) or message or text(inner))[:_LONGEST],
        code=text(more.get("failCode")) or text(body.get("code")),
        type=text(body.get("type")),
        field=text(body.get("param")),
        retryable=retryable if isinstance(retryable, bool) else None,
    )
    return _nested(said, message or text(inner), depth)


def _nested(said: ErrorBody, message: str, depth: int) -> ErrorBody:
    if depth >= _DEEPEST or not message.lstrip().startswith(("{", '"')):
        return said
    inner = _json(message)
    if not isinstance(inner, Mapping | str):
        return said
    read = _read(inner, said, depth + 1)
    return read if read.message or read.code else said


def _plain(answer: HttpResponse) -> str:
    """A body that is no JSON in one line: an HTML page's title, or its words."""
    body = answer.body[:20_000].decode("utf-8", "replace")
    title = _TITLE.search(body)
    words = " ".join(unescape(_TAG.sub(" ", title[1] if title else body)).split())
    return words[:_LONGEST] if words else "an empty body"
