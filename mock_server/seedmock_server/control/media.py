"""Media endpoints: declared facts of the media behind URLs that the emulator does not fetch."""

from __future__ import annotations

import msgspec

from ..matching.rules import InvalidRule
from ..references.declared import declaration_from
from .context import ControlContext
from .endpoints import ControlEndpoint, ControlRequest
from .errors import ControlError
from .models import DeclaredMediaResponse, MediaDeclarationRequest, RemovalResponse
from .query_parameters import string

MAX_LISTED_URLS = 20


def read(context: ControlContext, _: ControlRequest) -> DeclaredMediaResponse:
    return msgspec.convert({"media": context.declared_media.as_tables()}, DeclaredMediaResponse)


def declare(context: ControlContext, request: ControlRequest) -> DeclaredMediaResponse:
    """Declare the facts of a URL; they replace the previous ones."""
    body: MediaDeclarationRequest = request.body
    facts = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}
    try:
        context.declared_media.put(facts.pop("url"), declaration_from(facts))
    except InvalidRule as error:
        raise ControlError(str(error)) from error
    return read(context, request)


def remove(context: ControlContext, request: ControlRequest) -> RemovalResponse:
    """Remove the facts of one URL or of all. Raises ControlError 404."""
    declared, url = context.declared_media, request.query.get("url")
    if url is None:
        count = len(declared.as_tables())
        declared.clear()
        return RemovalResponse(removed=count)
    if not declared.remove(url):
        urls = [row["url"] for row in declared.as_tables()][:MAX_LISTED_URLS]
        message = f"no media are declared for {url[:200]!r}; available: {', '.join(urls) or 'none'}"
        raise ControlError(message, status=404, field="url", allowed=urls)
    return RemovalResponse(removed=1)


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/media",
        handler=read,
        summary="List the declared media.",
        response=DeclaredMediaResponse,
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/media",
        handler=declare,
        summary="Declare the media behind a URL: kind, bytes, seconds, pixels, face or none.",
        body=MediaDeclarationRequest,
        response=DeclaredMediaResponse,
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/media",
        handler=remove,
        summary="Remove the declarations of all URLs, or of one.",
        query={"url": string("the URL; default: all")},
        response=RemovalResponse,
    ),
)
