"""Error responses of the fault `status`: in an upstream's envelope, as a proxy's page, or with an empty body."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import formatdate

from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import with_value
from seedmock_contracts.enums import ErrorKind, Operation, StatusContext, TaskStatus

from ..errors import ApiError
from ..upstreams.protocol import Headers, JsonResponse, RawResponse, Upstream, encode_json
from .mutations import with_error_part
from .rules import Fault

INJECTED = "error injected by seedmock"
# Pages of the proxy that one vendor is behind (F11).
HTML: Headers = ((b"content-type", b"text/html; charset=UTF-8"), (b"server", b"cloudflare"))
KINDS: Mapping[int, ErrorKind] = {
    400: ErrorKind.INVALID_PARAMETER,
    401: ErrorKind.AUTHENTICATION,
    402: ErrorKind.BALANCE,
    403: ErrorKind.FORBIDDEN,
    404: ErrorKind.TASK_NOT_FOUND,
    405: ErrorKind.METHOD_NOT_ALLOWED,
    408: ErrorKind.REQUEST_TIMEOUT,
    410: ErrorKind.LINK_EXPIRED,
    412: ErrorKind.PRECONDITION_FAILED,
    413: ErrorKind.BODY_TOO_LARGE,
    415: ErrorKind.UNSUPPORTED_MEDIA_TYPE,
    416: ErrorKind.RANGE_NOT_SATISFIABLE,
    422: ErrorKind.ASSET_REFUSED,
    429: ErrorKind.RATE_LIMIT,
    503: ErrorKind.OVERLOADED,
}
"""Kind of error of a fault that gives only a status."""

STATUSES: Mapping[ErrorKind, TaskStatus] = {
    ErrorKind.NOT_READY: TaskStatus.IN_PROGRESS,
    ErrorKind.TASK_FAILED: TaskStatus.FAILURE,
}
"""Status that the message of a kind names."""
VALUES: Mapping[ErrorKind, object] = {ErrorKind.BALANCE: 0, ErrorKind.UNKNOWN_MODEL: "no-such-model"}
"""Values for the other kinds whose message contains one."""

TITLES = {502: "Bad gateway", 504: "Gateway time-out", 520: "Unknown error from the origin", 524: "A timeout occurred"}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head><title>{code}: {title}</title></head>
<body>
<h1>{title} <small>Error code {code}</small></h1>
<p>The proxy reached this host, but the host did not answer as it should. Try again in a few minutes.</p>
</body>
</html>
"""


def error_response(fault: Fault, upstream: Upstream, operation: str, now: float) -> JsonResponse | RawResponse:
    """Return the response of the fault `status`. `now` is what a Retry-After date is counted from."""
    kind = ErrorKind(fault.values["kind"]) if "kind" in fault.values else _kind(fault.values["code"], operation)
    response = _rendered(upstream, kind, fault)
    code = fault.values.get("code", response.status)
    headers = response.headers + _retry_after(fault, now)
    if fault.get("body") == "html":
        page = PAGE.format(code=code, title=TITLES.get(code, "Error")).encode()
        return RawResponse(code, page, HTML + headers)
    if fault.get("body") == "empty":
        return RawResponse(code, b"", headers)
    body = response.body
    code_path = upstream.contract.response.code_path
    if "kind" not in fault.values and code_path:
        body = with_value(body, code_path, code)
    return replace(response, status=code, body=body, headers=headers)


def _kind(code: int, operation: str) -> ErrorKind:
    if code == 404 and operation == Operation.CONTENT:
        return ErrorKind.CONTENT_NOT_FOUND
    return KINDS.get(code, ErrorKind.INVALID_PARAMETER if code < 500 else ErrorKind.UPSTREAM_FAILED)


def _value(contract: Contract, kind: ErrorKind) -> object:
    """Return the value that is wrong: a status in the upstream's spelling, or one for the kind."""
    status = STATUSES.get(kind)
    return VALUES.get(kind) if status is None else contract.spelling(status, StatusContext.QUERY)


def _rendered(upstream: Upstream, kind: ErrorKind, fault: Fault) -> JsonResponse:
    message = fault.values.get("message")
    response = upstream.render_error(ApiError(kind, message or INJECTED, value=_value(upstream.contract, kind)))
    if fault.get("body") == "nested":
        error = {"code": kind.value, "message": message or INJECTED, "param": "", "type": kind.value}
        message = encode_json({"error": error}).decode()
    if message is None:
        return response
    return replace(response, body=with_error_part(response.body, upstream.contract, "message", message))


def _retry_after(fault: Fault, now: float) -> Headers:
    seconds = fault.values.get("retry_after")
    if seconds is None:
        return ()
    # Whole seconds, rounded up: RFC 9110, 10.2.3 has no fractions.
    value = formatdate(now + seconds, usegmt=True) if fault.get("retry_as") == "date" else str(math.ceil(seconds))
    return ((b"retry-after", value.encode()),)
