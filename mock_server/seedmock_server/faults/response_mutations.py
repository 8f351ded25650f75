"""Faults on a response: pure functions from a response to the mutated one, for requests and for callbacks alike.

A response's bytes and headers are changed here, its way out in `response_stream`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from seedmock_contracts.enums import ErrorKind

from ..errors import route_not_found
from ..http.file_response import is_unsatisfiable_range
from ..upstreams.protocol import AnyResponse, FileResponse, JsonResponse, RawResponse, raw_response
from .kinds import FaultKind
from .mutations import BODY_MUTATIONS, error_envelope, mutate_body, mutate_error
from .plan import FaultTarget
from .rules import Fault

REDIRECTED = b"redirected=1"
"""Query of a link that a redirect led to: it is not redirected again."""
UNREAD_BODY_ERRORS = frozenset({ErrorKind.MALFORMED, ErrorKind.UNSUPPORTED_MEDIA_TYPE, ErrorKind.BODY_TOO_LARGE})
"""Errors that an endpoint that is not there could not report; a missing key, on the other hand, is refused anywhere."""


def mutate_response(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    """Apply a fault of the link `mutate`; None if it has nothing to change. Clips and Date are changed elsewhere."""
    mutate = RESPONSE_MUTATIONS.get(fault.kind)
    return None if mutate is None else mutate(fault, response, target)


def error_of(response: AnyResponse) -> ErrorKind | None:
    return None if isinstance(response, FileResponse) else response.error


def _malformed(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    assert not isinstance(response, FileResponse), "a fault of JSON is not allowed for a download"
    raw = raw_response(response)
    return replace(raw, body=raw.body[:-1] + b",,") if raw.body else None


def _truncated(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    assert not isinstance(response, FileResponse), "a fault of JSON is not allowed for a download"
    raw = raw_response(response)
    return replace(raw, body=raw.body[: fault.values.get("at", len(raw.body) // 2)]) if raw.body else None


def _wrong_type(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    if isinstance(response, FileResponse):
        return replace(response, media_type=fault.get("to"))
    raw = raw_response(response)
    rest = tuple(pair for pair in raw.headers if pair[0] != b"content-type")
    return replace(raw, headers=((b"content-type", fault.get("to").encode()), *rest))


def _redirect(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    if not isinstance(response, FileResponse) or REDIRECTED in target.query or not target.link:
        return None
    location = f"{target.link}?{REDIRECTED.decode()}".encode()
    return RawResponse(fault.get("code"), b"", ((b"location", location), *response.headers))


def _no_range(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    return replace(response, ranges=False) if isinstance(response, FileResponse) else None


def _other_range(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    if not isinstance(response, FileResponse) or not target.range_header:
        return None
    if fault.values["how"] != "open":
        return response  # the headers are changed when the file is sent
    beyond = is_unsatisfiable_range(target.range_header, response.path.stat().st_size)
    return replace(response, ranges=False) if beyond else None


def _not_found(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    error = error_of(response)
    if error is None:
        return response  # it was put in the place of the handler
    if error not in UNREAD_BODY_ERRORS:
        return None
    return target.upstream.render_error(route_not_found(target.method, target.path))


def _other_status(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    if not isinstance(response, JsonResponse) or response.error is not None or response.status == fault.values["code"]:
        return None
    return replace(response, status=fault.values["code"])


def _other_refusal(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    if not isinstance(response, JsonResponse) or response.error is None:
        return None
    if fault.values.get("kind") not in (None, response.error):
        return None
    status, body = mutate_error(fault, response.status, response.body, target.upstream.contract)
    return replace(response, status=status, body=body)


def _other_envelope(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    if not isinstance(response, JsonResponse) or not isinstance(response.body, Mapping):
        return None
    if response.error is None:
        body = mutate_body(fault, response.body, target.upstream.contract)
    else:
        body = error_envelope(fault.values["form"], response.body, target.upstream.contract)
    return None if body is None else replace(response, body=body)


def _other_body(fault: Fault, response: AnyResponse, target: FaultTarget) -> AnyResponse | None:
    if not isinstance(response, JsonResponse) or response.status >= 400 or response.error is not None:
        return None
    body = mutate_body(fault, response.body, target.upstream.contract, target.style)
    return None if body is None else replace(response, body=body)


RESPONSE_MUTATIONS: Mapping[FaultKind, Callable[[Fault, AnyResponse, FaultTarget], AnyResponse | None]] = {
    FaultKind.MALFORMED: _malformed,
    FaultKind.TRUNCATED: _truncated,
    FaultKind.WRONG_TYPE: _wrong_type,
    FaultKind.REDIRECT: _redirect,
    FaultKind.NO_RANGE: _no_range,
    FaultKind.OTHER_RANGE: _other_range,
    FaultKind.NOT_FOUND: _not_found,
    FaultKind.OTHER_STATUS: _other_status,
    FaultKind.OTHER_REFUSAL: _other_refusal,
    FaultKind.OTHER_ENVELOPE: _other_envelope,
    **dict.fromkeys(BODY_MUTATIONS, _other_body),
}
