"""ASGI application of the control API: access control, routing, parsing of requests, and errors as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from inspect import isawaitable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from ..http.request_body import BodyTooLarge, BodyTooSlow, ClientDisconnected, MalformedBody, parse_json, read_body
from ..storage import StoreUnavailable
from . import (
    agenda,
    assets,
    catalog,
    clock,
    fates,
    faults,
    journal,
    ledger,
    media,
    meta,
    metrics,
    openapi,
    orders,
    reference_pages,
    scenarios,
    state,
    task_orders,
    tasks,
    upstream_documents,
    verdicts,
)
from .access import READING_METHODS, check_access, check_page_access
from .context import ControlContext
from .endpoints import ROOT, ControlEndpoint, ControlRequest, ControlResponse
from .errors import ControlError, abbreviated
from .events import PATH as EVENTS_PATH
from .events import EventFeed

ENDPOINTS: tuple[ControlEndpoint, ...] = openapi.with_document(
    (
        *meta.ENDPOINTS,
        *metrics.ENDPOINTS,
        *clock.ENDPOINTS,
        *agenda.ENDPOINTS,
        *fates.ENDPOINTS,
        *faults.ENDPOINTS,
        *catalog.ENDPOINTS,
        *tasks.ENDPOINTS,
        *task_orders.ENDPOINTS,
        *verdicts.ENDPOINTS,
        *orders.ENDPOINTS,
        *assets.ENDPOINTS,
        *ledger.ENDPOINTS,
        *media.ENDPOINTS,
        *journal.ENDPOINTS,
        *state.ENDPOINTS,
        *scenarios.ENDPOINTS,
        *upstream_documents.ENDPOINTS,
        *reference_pages.ENDPOINTS,
    )
)
COUNTED = frozenset(f"{ROOT}/{name}" for name in ("fates", "faults", "snapshot"))
"""Paths whose responses have counts of rules, which are not read for each request."""
TOPICS = {"clocks": "clock", "engine": "credit"}
"""Topics of events by the parts of the steering state, where they have other names."""
UNGUARDED_PATH = f"{ROOT}/health"
MAX_BODY_BYTES = 1024 * 1024


class ControlApp:
    """ASGI application of the control API."""

    def __init__(self, context: ControlContext, endpoints: Iterable[ControlEndpoint] = ENDPOINTS) -> None:
        self._context, self._endpoints = context, tuple(endpoints)
        self.events = EventFeed(context.journal.total, partial(clock.real_seconds_until_due, context))
        context.clocks.shared.on_change(lambda: self.events.touch("clock"))
        # Each process looks several times a second for what others have changed, for the sake of callbacks.
        context.steering.on_load(lambda part: self.events.touch(TOPICS.get(part, part)))

    async def serve_page(self, page: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the page itself. It needs no token, since its login form is a part of it."""
        try:
            check_page_access(scope, self._context.settings.control_token)
        except ControlError as error:
            await ControlResponse(error.body, error.status)(scope, receive, send)
        else:
            await page(scope, receive, send)

    def _check_access(self, scope: Scope) -> None:
        token = self._context.settings.control_token
        if reference_pages.is_public(scope["path"]):
            check_page_access(scope, token)
        elif scope["path"] != UNGUARDED_PATH:
            check_access(scope, token)

    @cached_property
    def _router(self) -> Router:
        # Built for the first request, because it takes a third of an emulator's start, and few tests make one.
        by_path: dict[str, dict[str, ControlEndpoint]] = {}
        for endpoint in self._endpoints:
            by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
        routes = [Route(path, _PathHandler(self._context, methods)) for path, methods in by_path.items()]
        return Router([*routes, Route("/{path:path}", _NotFound(tuple(by_path)))])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: ASGIApp
        try:
            self._check_access(scope)
            if scope["path"] == EVENTS_PATH:
                await self.events(scope, receive, send)
                return
            await self._router(scope, receive, send)
            if scope["method"] not in READING_METHODS:
                self.events.touch(scope["path"].removeprefix(f"{ROOT}/").partition("/")[0])
            return
        except ControlError as error:
            response = ControlResponse(error.body, error.status, _error_headers(error))
        except StoreUnavailable as error:
            response = ControlResponse(ControlError(str(error)).body, 503)
        except ClientDisconnected:
            return
        await response(scope, receive, send)


class _PathHandler:
    """Handler of one path: selects the endpoint by the method."""

    def __init__(self, context: ControlContext, methods: Mapping[str, ControlEndpoint]) -> None:
        self._context = context
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        endpoint = self._methods.get("GET" if request.method == "HEAD" else request.method)
        if endpoint is None:
            message = f"method {abbreviated(request.method[:20])} is not allowed at {request.url.path[:200]}"
            raise ControlError(f"{message}; allowed: {', '.join(self._methods)}", status=405, allowed=self._methods)
        parsed = await self._parse(endpoint, request, receive)
        result = await self._handle(endpoint, parsed)
        response = result if isinstance(result, Response) else ControlResponse(result, endpoint.status)
        await response(scope, receive, send)

    async def _handle(self, endpoint: ControlEndpoint, request: ControlRequest) -> Any:
        steering = self._context.steering
        if endpoint.method != "GET" and endpoint.steers:
            return await steering.change(lambda: endpoint.handler(self._context, request))
        await steering.refresh()
        if endpoint.path in COUNTED:
            await steering.load_counts()
        result = endpoint.handler(self._context, request)
        return await result if isawaitable(result) else result

    async def _parse(self, endpoint: ControlEndpoint, request: Request, receive: Receive) -> ControlRequest:
        query = _parse_query(endpoint, request)
        # Raw bodies are snapshots and scenarios, which may be as large as an upload.
        limit = self._context.settings.max_body_bytes if endpoint.raw else MAX_BODY_BYTES
        has_body = request.method in ("POST", "PUT")
        raw = await _read_raw(self._context, request, receive, limit) if has_body else b""
        body = _parse_body(endpoint.body, raw) if endpoint.body is not None else None
        account = self._account(query, request, body)
        return ControlRequest(request.path_params, query, body, raw, account, request.scope)

    def _account(self, query: Mapping[str, Any], request: Request, body: Any) -> str | None:
        key = query.get("key") or request.headers.get("x-mock-key") or getattr(body, "key", None)
        if key is not None:
            return self._context.account(key)
        account: str | None = query.get("account") or getattr(body, "account", None)
        return account


class _NotFound:
    """Handler of every other path."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = f"unknown path {scope['path'][:200]}; available: {', '.join(self._paths)}"
        raise ControlError(message, status=404, allowed=self._paths)


def _parse_query(endpoint: ControlEndpoint, request: Request) -> dict[str, Any]:
    query = dict(request.query_params)
    for name in query:
        if name not in endpoint.query:
            allowed = ", ".join(endpoint.query) or "none"
            message = f"unknown query parameter {abbreviated(name)} of {endpoint.method} {endpoint.path}"
            raise ControlError(f"{message}; available: {allowed}", field=name[:100], allowed=endpoint.query)
    return {name: endpoint.query[name].parse(name, text) for name, text in query.items()}


async def _read_raw(context: ControlContext, request: Request, receive: Receive, limit: int) -> bytes:
    try:
        declared = request.headers.get("content-length", "").encode("latin-1")
        return await read_body(receive, limit=limit, seconds=context.settings.body_timeout, content_length=declared)
    except (BodyTooLarge, BodyTooSlow) as error:
        raise ControlError(str(error), status=413 if isinstance(error, BodyTooLarge) else 408) from error


def _parse_body(model: type[msgspec.Struct], raw: bytes) -> Any:
    allowed = model.__struct_fields__
    try:
        return msgspec.convert(_with_whole_numbers(parse_json(raw or b"{}")), model)
    except MalformedBody as error:
        raise ControlError(f"the body is not valid JSON: {error.message}") from error
    except msgspec.ValidationError as error:
        message = f"the body is not valid: {error}; allowed: an object with {', '.join(allowed)}"
        raise ControlError(message, field=_field_in(str(error)), allowed=allowed) from error


def _with_whole_numbers(value: Any) -> Any:
    """Return a JSON value with 2 in the place of each 2.0, which JSON does not tell apart."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _with_whole_numbers(inner) for name, inner in value.items()}
    return [_with_whole_numbers(item) for item in value] if isinstance(value, list) else value


def _field_in(message: str) -> str | None:
    """Return the field that a message of msgspec is about: it ends in a path such as `$.advance`."""
    for start, end in (("`$.", "`"), ("unknown field `", "`"), ("required field `", "`")):
        _, separator, rest = message.partition(start)
        if separator:
            return rest.partition(end)[0]
    return None


def _error_headers(error: ControlError) -> dict[str, str]:
    if error.status == 401:
        return {"WWW-Authenticate": "Bearer"}
    return {"Allow": ", ".join(error.allowed or ())} if error.status == 405 else {}
