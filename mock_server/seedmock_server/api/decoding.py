"""Decoding link of the request chain: from a request's head and body to what an upstream's handler gets."""

from __future__ import annotations

from collections.abc import Set
from typing import Any
from urllib.parse import parse_qsl

from seedmock_contracts.enums import ErrorKind, Operation

from ..errors import ApiError
from ..generation.engine import Caller
from ..http.multipart import Form, FormFile
from ..http.origin import request_origin
from ..http.request_body import BodyTooLarge, BodyTooSlow, MalformedBody
from ..http.request_document import UnsupportedMediaType, decode_document
from ..upstreams.protocol import ApiRequest
from .request_context import RequestContext
from .routing import RouteMatch

FATE = b"x-mock-fate"


def decode_request(context: RequestContext, match: RouteMatch, upscalers: Set[str]) -> ApiRequest:
    """Decode a request whose body has been read. `upscalers` are the models that make a create an upscale.

    Raises ApiError UNSUPPORTED_MEDIA_TYPE or MALFORMED.
    """
    headers, query = context.headers, context.scope["query_string"]
    operation, params = match.methods[context.method], match.params
    document: dict[str, Any] = {}
    files: tuple[FormFile, ...] = ()
    is_form = False
    if operation in context.upstream.contract.body_operations:
        document, files, is_form = _decode_body(context)
        if upscalers and operation is Operation.CREATE:
            model = context.upstream.contract.request.read(document, "model")
            if isinstance(model, str) and model in upscalers:
                context.operation = operation = Operation.UPSCALE
    elif query:
        params = {**dict(parse_qsl(query.decode("latin-1"))), **params}
        document = dict(params)
    fate = headers[FATE].decode("latin-1") if FATE in headers else ""
    caller = Caller(context.account, request_origin(context.scope, headers), fate, context.log_notes)
    context.request = ApiRequest(operation, caller, document, params, files, is_form)
    return context.request


def unread_body_error(error: BodyTooLarge | BodyTooSlow) -> ApiError:
    """Return the API's error for a body that was not read to its end."""
    if isinstance(error, BodyTooLarge):
        return ApiError(ErrorKind.BODY_TOO_LARGE, str(error))
    # What still comes of the body would be read as the next request.
    return ApiError(ErrorKind.REQUEST_TIMEOUT, str(error), headers=((b"connection", b"close"),))


def _decode_body(context: RequestContext) -> tuple[dict[str, Any], tuple[FormFile, ...], bool]:
    """Return the body's document, its file parts, and True for a form."""
    file_parts, is_upload = context.upstream.contract.request.file_parts, context.operation is Operation.FILE_CREATE
    content_type = context.headers.get(b"content-type")
    encoding = context.headers.get(b"content-encoding", b"identity").decode("latin-1").strip()[:100]
    if encoding.lower() not in ("", "identity"):
        message = f"Content-Encoding is {encoding!r}; allowed: none, send the body as it is"
        raise ApiError(ErrorKind.UNSUPPORTED_MEDIA_TYPE, message, value=encoding, allowed="identity")
    try:
        document = decode_document(
            content_type,
            context.body,
            json=not is_upload,
            form=context.operation in file_parts,
            types_by_role=context.upstream.contract.request.layout.types_by_role,
        )
    except MalformedBody as error:
        raise ApiError(ErrorKind.MALFORMED, error.message) from error
    except UnsupportedMediaType as error:
        kind = ErrorKind.UNSUPPORTED_MEDIA_TYPE
        raise ApiError(kind, str(error), value=error.value, allowed=error.allowed) from error
    if isinstance(document, Form):
        return context.upstream.decode_form(document), document.files, True
    return document, (), False
