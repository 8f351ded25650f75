"""Cross-origin requests of browser applications to the emulated APIs. The real services are silent on them.

Permissions are starlette's; what it refuses in its own words is left to the API, which answers as it does without.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from ..http.asgi import Receive, Scope, Send
from .preflights import ORIGIN

PRIVATE_NETWORK: Final = b"access-control-request-private-network"
CONTROL_ROOT: Final = "/_mock"
"""Not below the control API, which never comes here, but none of the upstreams' paths either."""
EXPOSED_HEADERS: Final = (
    # Named, because readers from before 2022 take * literally; * adds the rest.
    *("*", "Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "Date", "ETag", "Location"),
    *("Retry-After", "X-Mock-Basis", "X-Mock-Notice"),
)


class CrossOriginApi(CORSMiddleware):
    """ASGI application that lets pages of some origins call another one; requests without an Origin pass it untouched.

    Cookies are not allowed: keys travel in Authorization, which a page sets itself.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(ORIGIN, b"").decode("latin-1")
        if not origin or not self.is_allowed_origin(origin) or scope["path"] == CONTROL_ROOT:
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        # Chrome before 142 asked so before it let a public page call this machine; early starlettes do not know it,
        # later ones have an option for it.
        others = [(name, value) for name, value in request_headers.raw if name != PRIVATE_NETWORK]
        response = super().preflight_response(Headers(raw=others))
        if len(others) < len(request_headers.raw):
            response.headers["Access-Control-Allow-Private-Network"] = "true"
        return response


def allow_origins(app: ASGIApp, origins: Sequence[str]) -> CrossOriginApi:
    """Wrap an application so that pages of these origins, or of any for `*`, may call it."""
    return CrossOriginApi(
        app,
        allow_origins=origins,
        allow_methods=("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"),
        allow_headers=("*",),
        expose_headers=EXPOSED_HEADERS,
    )
