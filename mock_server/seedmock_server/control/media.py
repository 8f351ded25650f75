"""What is said of the media behind URLs that nobody opens."""

from __future__ import annotations

import msgspec

from ..matching.rules import InvalidRule
from ..references.declared import declaration_from
from .context import ControlContext
from .endpoints import ControlEndpoint, ControlRequest
from .errors import ControlError
from .models import MediaFactsListResponse, MediaFactsRequest, RemovalResponse


def read(world: ControlContext, _: ControlRequest) -> MediaFactsListResponse:
    """All that was said."""
    return msgspec.convert({"media": world.state.declared.as_tables()}, MediaFactsListResponse)


def put(world: ControlContext, asked: ControlRequest) -> MediaFactsListResponse:
    """Let these be the facts of a URL, in the place of what was said before."""
    order: MediaFactsRequest = asked.body
    values = {name: value for name, value in msgspec.structs.asdict(order).items() if value is not None}
    try:
        world.state.declared.put(values.pop("url"), declaration_from(values))
    except InvalidRule as error:
        raise ControlError(str(error)) from error
    return read(world, asked)


def remove(world: ControlContext, asked: ControlRequest) -> RemovalResponse:
    """Take back all, or what was said of one URL. Raises Trouble 404."""
    declared, url = world.state.declared, asked.query.get("url")
    if url is None:
        count = len(declared.as_tables())
        declared.clear()
        return RemovalResponse(removed=count)
    if not declared.remove(url):
        there = [row["url"] for row in declared.as_tables()][:20]
        said = f"nothing was said of {url[:200]!r}; there are: {', '.join(there) or 'none'}"
        raise ControlError(said, status=404, field="url", allowed=there)
    return RemovalResponse(removed=1)


ROWS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/media",
        handler=read,
        summary="What was said of the media behind URLs.",
        response=MediaFactsListResponse,
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/media",
        handler=put,
        summary="Say what the media behind a URL are: kind, bytes, seconds, pixels, whether there is a face.",
        body=MediaFactsRequest,
        response=MediaFactsListResponse,
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/media",
        handler=remove,
        summary="Take back what was said of all URLs, or of one.",
        query={"url": "the URL; without: all"},
        response=RemovalResponse,
    ),
)
"""The rows of the table."""
