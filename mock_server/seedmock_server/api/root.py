"""Root of the server: says that it is up, and where the rest is. Tools that wait for a server ask for it."""

from __future__ import annotations

from collections.abc import Iterable

from seedmock_contracts.contract import Contract

from ..http.asgi import Receive, Scope, Send
from ..http.origin import request_origin
from ..settings import Settings
from ..upstreams.protocol import JsonResponse
from .responses import send_response

METHODS = frozenset({"GET", "HEAD"})


class ServerRoot:
    """ASGI application of `GET /` and `HEAD /`. No key, no fault and no journal: it belongs to no upstream."""

    def __init__(self, settings: Settings, contracts: Iterable[Contract]) -> None:
        self._public_url = settings.public_url
        self._prefixes = {contract.name: contract.bases[0].prefix for contract in contracts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = self._public_url or request_origin(scope, dict(scope["headers"]))
        body = {
            "name": "seedmock",
            "page": f"{origin}/_mock/",
            "health": f"{origin}/_mock/health",
            "openapi": f"{origin}/_mock/openapi.json",
            "upstreams": {name: origin + prefix for name, prefix in self._prefixes.items()},
        }
        await send_response(JsonResponse(200, body), scope["method"], send)
