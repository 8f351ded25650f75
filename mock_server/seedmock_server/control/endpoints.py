"""Types of the control API's endpoint table. Routing and the OpenAPI document read the same table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.responses import Response

from .context import ControlContext
from .errors import ControlError, abbreviated

ROOT = "/_mock"
KEY_HELP = "an API key: only what belongs to it. The header X-Mock-Key does the same and stays out of logs"
ACCOUNT_HELP = "an account as the journal names it, instead of a key"
ACCOUNT_QUERY = {"key": KEY_HELP, "account": ACCOUNT_HELP}


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """Parsed request. `body` has the endpoint's type; `account` is that of the API key in the query, header or body."""

    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    raw: bytes
    account: str | None

    def integer(self, name: str, default: int, maximum: int) -> int:
        """Return a query parameter from 0 to `maximum`. Raises ControlError."""
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isdecimal() and len(text) < 16 and int(text) <= maximum):
            message = f"{name} is {abbreviated(text)}; allowed: a whole number from 0 to {maximum}"
            raise ControlError(message, field=name)
        return int(text)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """Return a query parameter that is one of `allowed`, or None if it is absent. Raises ControlError."""
        text = self.query.get(name)
        if text is not None and text not in allowed:
            message = f"{name} is {abbreviated(text)}; allowed: {', '.join(allowed)}"
            raise ControlError(message, field=name, allowed=allowed)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlEndpoint:
    """One method at one path. `query` describes each query parameter; `body` and `response` are types.

    `handler` returns the JSON value of the response, or a Response; `raw` leaves the request body unparsed.
    """

    method: str
    path: str
    handler: Callable[[ControlContext, ControlRequest], Any]
    summary: str
    response: Any
    query: Mapping[str, str] = field(default_factory=dict)
    body: type[msgspec.Struct] | None = None
    status: int = 200
    raw: bool = False


class ControlResponse(Response):
    """JSON response of the control API."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)
