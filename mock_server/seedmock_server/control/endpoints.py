"""Types of the control API's endpoint table. Routing and the OpenAPI document read the same table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, field
from starlette.responses import Response

from .context import ControlContext
from .query_parameters import QueryParameter, api_key, string

ROOT = "/_mock"
KEY_HELP = "an API key: only what belongs to it. The header X-Mock-Key does the same and stays out of logs"
ACCOUNT_HELP = "an account as the journal names it, instead of a key"
ACCOUNT_QUERY = {"key": api_key(KEY_HELP), "account": string(ACCOUNT_HELP)}


class ControlRequest(Struct, frozen=True):
    """Parsed request: `query` has the declared types, `body` the endpoint's; `account` is that of the API key.

    `scope` is that of ASGI: the address by which the request came, and its headers.
    """

    params: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    raw: bytes
    account: str | None
    scope: Mapping[str, Any] = field(default_factory=dict)


class ControlEndpoint(Struct, frozen=True, kw_only=True):
    """One method at one path. `query` declares each query parameter; `body` and `response` are types.

    `handler`, a function or a coroutine function, returns the JSON value of the response, or a Response; it is called
    again if another process has changed the same state meanwhile. `raw` leaves the request body unparsed, and `bodies`
    are the schemas of such a body by content type. `params` declare those of the path that are no free text.
    `media_type` is that of the response where it is not JSON: the response is bytes then. `also` are the schemas of
    other forms of the response, by content type.
    Other methods than GET change the state that steers the emulator, and may be called again for it: `steers` is off
    for those that do not.
    """

    method: str
    path: str
    handler: Callable[[ControlContext, ControlRequest], Any]
    summary: str
    response: Any
    query: Mapping[str, QueryParameter] = field(default_factory=dict)
    body: type[msgspec.Struct] | None = None
    status: int = 200
    raw: bool = False
    steers: bool = True
    media_type: str = "application/json"
    bodies: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, QueryParameter] = field(default_factory=dict)
    also: Mapping[str, Any] = field(default_factory=dict)


class ControlResponse(Response):
    """JSON response of the control API."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)
