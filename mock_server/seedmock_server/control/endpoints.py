"""The control API's table: one row for each verb. What serves it and what documents it read the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.responses import Response

from .context import ControlContext
from .errors import ControlError, shown

ROOT = "/_mock"
KEY = "an API key: only what belongs to it. The header X-Mock-Key says the same and stays out of logs"
ACCOUNT = "an account as the journal names it, instead of a key"
MINE = {"key": KEY, "account": ACCOUNT}


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """A request, read: its body is of the type that the row says, `account` is that of its key if it named one."""

    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    raw: bytes
    account: str | None

    def whole(self, name: str, default: int, most: int) -> int:
        """A whole number of the query from 0 to `most`. Raises Trouble."""
        said = self.query.get(name)
        if said is None:
            return default
        if not (said.isdecimal() and len(said) < 16 and int(said) <= most):
            raise ControlError(f"{name} is {shown(said)}; allowed: a whole number from 0 to {most}", field=name)
        return int(said)

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """A word of the query, or None if it is not there. Raises Trouble."""
        said = self.query.get(name)
        if said is not None and said not in allowed:
            raise ControlError(f"{name} is {shown(said)}; allowed: {', '.join(allowed)}", field=name, allowed=allowed)
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlEndpoint:
    """One method at one path. `query` says what each name of the query means; `body` and `response` are types.

    `handler` returns the JSON value of the response, or a Response; `raw` leaves the body unread.
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


class Json(Response):
    """Any JSON value."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)
