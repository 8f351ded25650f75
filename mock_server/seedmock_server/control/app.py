"""The control API under ASGI: the guard, the routes of the table, and every trouble as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from ..http.request_body import BodyTooLarge, BodyTooSlow, ClientDisconnected, MalformedBody, parse_json, read_body
from . import clock, fates, faults, journal, ledger, media, openapi, state, tasks
from . import meta as about
from . import scenarios as scenario
from .access import admit
from .context import ControlContext
from .endpoints import ROOT, ControlEndpoint, ControlRequest, Json
from .errors import ControlError, shown

ROWS: tuple[ControlEndpoint, ...] = openapi.with_document(
    (
        *about.ROWS,
        *clock.ROWS,
        *fates.ROWS,
        *faults.ROWS,
        *tasks.ROWS,
        *ledger.ROWS,
        *media.ROWS,
        *journal.ROWS,
        *state.ROWS,
        *scenario.ROWS,
    )
)
"""Everything that the control API can do."""
OPEN = f"{ROOT}/health"
BODY_BYTES = 1024 * 1024


class ControlApp:
    """The ASGI application."""

    def __init__(self, world: ControlContext, rows: Iterable[ControlEndpoint] = ROWS) -> None:
        self._world = world
        self._rows = tuple(rows)
        by_path: dict[str, dict[str, ControlEndpoint]] = {}
        for row in self._rows:
            by_path.setdefault(row.path, {})[row.method] = row
        routes = [Route(path, _Place(world, verbs)) for path, verbs in by_path.items()]
        self._router = Router([*routes, Route("/{path:path}", _Nothing(tuple(by_path)))])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp = self._router
        try:
            if scope["path"] != OPEN:
                admit(scope, self._world.settings.control_token)
            await self._router(scope, receive, send)
            return
        except ControlError as trouble:
            answer = Json(trouble.body, trouble.status, _challenge(trouble))
        except ClientDisconnected:
            return
        await answer(scope, receive, send)


class _Place:
    """One path and its methods."""

    def __init__(self, world: ControlContext, verbs: Mapping[str, ControlEndpoint]) -> None:
        self._world = world
        self._verbs = verbs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        method = "GET" if request.method == "HEAD" else request.method
        verb = self._verbs.get(method)
        if verb is None:
            said = f"{shown(request.method[:20])} is not allowed at {request.url.path[:200]}"
            raise ControlError(f"{said}; allowed: {', '.join(self._verbs)}", status=405, allowed=self._verbs)
        said = verb.handler(self._world, await self._asked(verb, request, receive))
        answer = said if isinstance(said, Response) else Json(said, verb.status)
        await answer(scope, receive, send)

    async def _asked(self, verb: ControlEndpoint, request: Request, receive: Receive) -> ControlRequest:
        query = _query(verb, request)
        limit = self._world.settings.max_body_bytes if verb.raw else BODY_BYTES
        raw = await _body(self._world, request, receive, limit) if request.method in ("POST", "PUT") else b""
        body = _order(verb.body, raw) if verb.body is not None else None
        return ControlRequest(request.path_params, query, body, raw, self._account(verb, query, request, body))

    def _account(self, verb: ControlEndpoint, query: Mapping[str, str], request: Request, body: Any) -> str | None:
        key = query.get("key") or request.headers.get("x-mock-key") or getattr(body, "key", None)
        if key is not None:
            return self._world.account(key)
        return query.get("account")


class _Nothing:
    """Every path at which nothing stands."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        there = ", ".join(self._paths)
        raise ControlError(
            f"nothing stands at {scope['path'][:200]}; there are: {there}", status=404, allowed=self._paths
        )


def _query(verb: ControlEndpoint, request: Request) -> dict[str, str]:
    query = dict(request.query_params)
    for name in query:
        if name not in verb.query:
            there = ", ".join(verb.query) or "nothing"
            said = f"the query has {shown(name)}, which {verb.method} {verb.path} does not know; allowed: {there}"
            raise ControlError(said, field=name[:100], allowed=verb.query)
    return query


async def _body(world: ControlContext, request: Request, receive: Receive, limit: int) -> bytes:
    try:
        declared = request.headers.get("content-length", "").encode("latin-1")
        return await read_body(receive, limit=limit, seconds=world.settings.body_timeout, declared=declared)
    except (BodyTooLarge, BodyTooSlow) as error:
        raise ControlError(str(error), status=413 if isinstance(error, BodyTooLarge) else 408) from error


def _order(kind: type[msgspec.Struct], raw: bytes) -> Any:
    """The body as the record that the row says. Raises Trouble that names what was found and what is allowed."""
    allowed = kind.__struct_fields__
    try:
        document = parse_json(raw or b"{}")
        return msgspec.convert(document, kind)
    except MalformedBody as error:
        raise ControlError(f"the body is not JSON: {error.message}") from error
    except msgspec.ValidationError as error:
        said = f"the body: {error}; allowed: an object with {', '.join(allowed)}"
        raise ControlError(said, field=_field(str(error)), allowed=allowed) from error


def _field(message: str) -> str | None:
    """The field that a validation complains of: its messages end in a path such as `$.advance`."""
    for sign, end in (("`$.", "`"), ("unknown field `", "`"), ("required field `", "`")):
        _, found, rest = message.partition(sign)
        if found:
            return rest.partition(end)[0]
    return None


def _challenge(trouble: ControlError) -> dict[str, str]:
    if trouble.status == 401:
        return {"WWW-Authenticate": "Bearer"}
    return {"Allow": ", ".join(trouble.allowed or ())} if trouble.status == 405 else {}
