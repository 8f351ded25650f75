"""Request chain of the emulated APIs, over plain ASGI. Knows HTTP, and no upstream's shapes.

The order of the links is behaviour; `faults.kinds.LINKS` says at which of them each fault acts.

1. route: the upstream and the operation. An unknown route is refused before the key is looked at.
2. authenticate: the account. The fault `auth_bypass` lets a request in here, before its body is read.
3. read and decode the body. Rules of faults match on model, prompt and references, so they need it.
4. select faults, by header and rules, and apply those that replace the rest: latency first, then a status, a hang.
5. rate limits. A request that a fault has answered does not count, nor does one whose body cannot be read.
6. validate. Faults override rules and accounts.
7. handle. An error that a link raises up to here goes straight to step 8.
8. mutate: faults on the response, refusals included. A request that was refused before step 4 meets only the rules
   on refusals; its header is not read.
9. send: faults on the bytes. A range that cannot be satisfied is known only here, and its refusal is not mutated.
10. journal: all but a request whose client hung up before its body was complete.

Instructions to the mock that are malformed (its headers, a magic value) are an error 400 that no fault mutates.
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from urllib.parse import parse_qsl

from msgspec.structs import replace

from seedmock_contracts.enums import ORDERS, ErrorKind
from seedmock_contracts.facts import Violation
from seedmock_contracts.validation import judge
from seedmock_contracts.validation.unread import unused_references

from ..clock import Clocks, check_reading
from ..errors import ApiError, api_error_from, route_not_found
from ..faults.execution import ConnectionDropped, FaultExecution
from ..faults.plan import FaultPlan, connection_of
from ..faults.selection import HEADER, FaultSelector
from ..generation.engine import Engine
from ..http.asgi import Receive, Scope, Send
from ..http.head_cache import headers_by_name
from ..http.multipart import TEXT_PART
from ..http.request_body import BodyTooLarge, BodyTooSlow, ClientDisconnected, read_body
from ..journal import Journal
from ..matching.magic_values import check_key
from ..matching.rules import InvalidRule
from ..matching.syntax import parse_duration
from ..rate_limits import RateLimits
from ..references.local_urls import with_public_links
from ..settings import Settings
from ..storage import StoreUnavailable
from ..storage.steering import Steering
from ..upstreams.protocol import AnyResponse, ApiRequest, FileResponse, JsonResponse, RawResponse, Upstream
from .accounts import ANONYMOUS, ApiKeys
from .decoding import decode_request, unread_body_error
from .preflights import unmet_preflight
from .request_context import RequestContext, logged_request
from .responses import NOTHING_SENT, ByteMeter, SentResponse, check_precondition, send_file, send_response
from .routing import RouteMatch, Router, routed_path
from .violations import MAX_CHARS, violations_from_error, violations_from_rules

ADVANCE = b"x-mock-advance"
NOTICE = b"x-mock-notice"
_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose body is read, also where the operation has none: the limits on bodies hold for every request."""
INTERNAL_ERROR = ApiError(ErrorKind.UPSTREAM_FAILED, "internal error in seedmock; see the server log")
log = logging.getLogger("seedmock")


class RequestChain(ABC):
    """Links around the handling of a request; the API and the downloads say what is between."""

    def __init__(self, selector: FaultSelector, faults: FaultExecution, clocks: Clocks, steering: Steering) -> None:
        self._selector, self._faults, self._clocks, self._steering = selector, faults, clocks, steering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = self._route(scope, receive)
        response: AnyResponse
        try:
            try:
                if self._steering.is_shared:
                    await self._steering.refresh()
                response = await self._handle(context)
                if isinstance(response, FileResponse):
                    check_precondition(response, context.scope)
            except (ApiError, BodyTooLarge, BodyTooSlow) as error:
                response = await self._refuse(
                    context, error if isinstance(error, ApiError) else unread_body_error(error)
                )
            except InvalidRule as error:
                response = self._reject_instruction(context, error)
            except StoreUnavailable as error:
                response = self._refuse_without_store(context, error)
            self._set_date(context)
            if context.plan is not None:
                response = await self._mutate(context, context.plan, response)
            sent = await self._send(context, response, send)
        except ClientDisconnected:
            return
        except ConnectionDropped:
            sent = NOTHING_SENT
        except Exception:
            log.exception("seedmock failed to answer %s %s; this is a bug in seedmock", context.method, scope["path"])
            sent = await send_response(self._render_error(context, INTERNAL_ERROR), context.method, send)
        self._log(context, sent)

    def _set_date(self, context: RequestContext) -> None:
        # The account's, as the times in the body are: a client compares the two.
        connection = connection_of(context.scope)
        if connection is not None:
            connection.set_date(self._clocks.now(context.account))

    async def _mutate(self, context: RequestContext, plan: FaultPlan, response: AnyResponse) -> AnyResponse:
        try:
            context.plan, response = await self._faults.mutate(plan, response)
        except InvalidRule as error:
            return self._reject_instruction(context, error)
        return response

    def _reject_instruction(self, context: RequestContext, error: InvalidRule) -> JsonResponse:
        context.plan = None
        malformed = ApiError(ErrorKind.MALFORMED, f"invalid instruction to the mock: {error}")
        return self._render_error(context, malformed)

    def _refuse_without_store(self, context: RequestContext, error: StoreUnavailable) -> JsonResponse:
        # A trouble of the emulator, not an answer of the service: always 503, though an overload may be a 429 there,
        # which clients count against their own rate.
        response = self._render_error(context, ApiError(ErrorKind.OVERLOADED, str(error)))
        return replace(response, status=503, headers=(*response.headers, (b"retry-after", b"1")))

    async def _before_handler(self, context: RequestContext) -> JsonResponse | RawResponse | None:
        plan = context.plan
        return None if plan is None else await self._faults.before_handler(plan, context.receive)

    async def _refuse(self, context: RequestContext, error: ApiError) -> JsonResponse:
        return replace(self._render_error(context, error), error=error.kind)

    def _send(self, context: RequestContext, response: AnyResponse, send: Send) -> Awaitable[SentResponse]:
        if isinstance(response, FileResponse):
            return self._send_file(context, response, send)
        return send_response(response, context.method, self._with_faults(context, send))

    def _with_faults(self, context: RequestContext, send: Send) -> Send:
        if context.plan is None:
            return send
        context.log_notes += context.plan.warnings()
        return self._faults.wrap_send(context.plan, send)

    async def _send_file(self, context: RequestContext, response: FileResponse, send: Send) -> SentResponse:
        meter = None if context.method == "HEAD" else ByteMeter(send)
        send = self._with_faults(context, meter or send)
        try:
            return await send_file(response, context.scope, context.receive, send, meter)
        except ApiError as error:
            return await send_response(self._render_error(context, error), context.method, send)

    def _render_error(self, context: RequestContext, error: ApiError) -> JsonResponse:
        return context.upstream.render_error(error)

    @abstractmethod
    def _route(self, scope: Scope, receive: Receive) -> RequestContext: ...

    @abstractmethod
    async def _handle(self, context: RequestContext) -> AnyResponse:
        """Return the response before mutations. Raises ApiError, InvalidRule and ConnectionDropped."""

    @abstractmethod
    def _log(self, context: RequestContext, sent: SentResponse) -> None: ...


class ApiHandler(RequestChain):
    """Emulated APIs of all upstreams."""

    def __init__(
        self,
        upstreams: Mapping[str, Upstream],
        settings: Settings,
        engine: Engine,
        journal: Journal,
        limits: RateLimits,
        selector: FaultSelector,
        faults: FaultExecution,
        steering: Steering,
    ) -> None:
        super().__init__(selector, faults, engine.clocks, steering)
        self._upstreams = upstreams
        self._router = Router([upstream.contract for upstream in upstreams.values()], settings.host_map)
        for upstream in upstreams.values():
            self._router.exclude(upstream.contract, upstream.unserved)
        self._upscalers = {
            name: frozenset(model.name for model in upstream.contract.models if model.upscales)
            for name, upstream in upstreams.items()
        }
        self._keys = ApiKeys(settings.keys)
        self._options, self._cors = settings.variant_options, settings.cors
        self._max_body_bytes, self._body_timeout = settings.max_body_bytes, settings.body_timeout
        self._engine, self._journal, self._limits = engine, journal, limits

    async def _handle(self, context: RequestContext) -> AnyResponse:
        match = self._match(context)
        if self._authenticate(context) and ADVANCE in context.headers:
            await self._advance(context.account, context.headers[ADVANCE].decode("latin-1"))
        if context.method in METHODS_WITH_BODY:
            length = context.headers.get(b"content-length", b"")
            context.body = await read_body(
                context.receive, limit=self._max_body_bytes, seconds=self._body_timeout, content_length=length
            )
        request = decode_request(context, match, self._upscalers[match.upstream])
        if HEADER in context.headers or not self._selector.is_idle:
            await self._select_faults(context, request)
            replacement = await self._before_handler(context)
            if replacement is not None:
                return replacement
        if self._limits.is_active:
            await self._check_limits(request, context.upstream)
        request = await self._validate(context, request)
        handler = context.upstream.handlers[request.operation]
        if context.plan is not None:
            response = await self._faults.handle(context.plan, handler, request)
        else:
            response = await handler(request)
        return self._with_notice(context, request, response) if request.operation in ORDERS else response

    # --- links ---

    def _route(self, scope: Scope, receive: Receive) -> RequestContext:
        match = self._router.match(routed_path(scope), scope)
        upstream = self._upstreams[match.upstream if match else self._router.owner(scope["path"], scope)]
        return RequestContext(scope, receive, scope["method"], upstream, match, headers_by_name(scope))

    def _match(self, context: RequestContext) -> RouteMatch:
        """Raises ApiError ROUTE_NOT_FOUND or METHOD_NOT_ALLOWED."""
        match, method = context.match, context.method
        if method == "OPTIONS":
            context.log_notes += unmet_preflight(context.headers, self._cors)
        if match is None or method in match.unserved:
            raise route_not_found(method, context.scope["path"])
        if method not in match.methods:
            value, allowed = method[:20], ", ".join(sorted(match.methods))
            message, headers = f"{value} is not allowed here; allowed: {allowed}", ((b"allow", allowed.encode()),)
            raise ApiError(ErrorKind.METHOD_NOT_ALLOWED, message, value=value, allowed=allowed, headers=headers)
        context.operation = match.methods[method]
        return match

    def _authenticate(self, context: RequestContext) -> bool:
        """Return False for a request that a fault lets in. Raises ApiError for an invalid or a magic key."""
        try:
            context.account = self._keys.account(context.headers.get(b"authorization", b""))
            check_key(context.account)
        except ApiError as error:
            account = context.account or ANONYMOUS
            if error.kind is not ErrorKind.AUTHENTICATION or not self._selector.bypasses_auth(
                context.upstream, context.operation, account
            ):
                raise
            context.account = account
            return False
        return True

    async def _advance(self, account: str, header: str) -> None:
        """Raises InvalidRule for a header that is malformed, or that leads beyond the calendar."""
        seconds = parse_duration(header)

        def advance() -> None:
            # Checked before the account gets a clock of its own: a rejected header changes nothing.
            check_reading(self._clocks.now(account) + seconds, 0.0)
            self._clocks.fork_for(account).advance(seconds)

        try:
            await self._steering.change(advance, "clocks", account)
        except ValueError as error:
            raise InvalidRule(f"X-Mock-Advance is {header!r}: {error}") from error

    async def _select_faults(self, context: RequestContext, request: ApiRequest) -> None:
        """Raises InvalidRule for a header that is malformed or out of place."""
        header = context.headers.get(HEADER, b"").decode("latin-1")
        context.plan = await self._selector.select(context.upstream, request, context.scope, header)

    async def _check_limits(self, request: ApiRequest, upstream: Upstream) -> None:
        """Raises ApiError RATE_LIMIT."""
        name, account = upstream.contract.name, request.account
        now, is_order = self._clocks.now(account), request.operation in ORDERS
        await self._limits.check(name, account, now, is_order=is_order, unfinished=self._engine.count_unfinished)

    async def _validate(self, context: RequestContext, request: ApiRequest) -> ApiRequest:
        """Return the request that is carried out. Raises ApiError for the first violation."""
        document = request.document
        if request.is_form or b"/_mock/" in context.body:  # of a form, the body is its files
            document = with_public_links(document, request.origin)
        verdict = judge(context.upstream.contract.name, request.operation, document, self._options)
        broken: Sequence[Violation] = verdict.violations
        if context.plan is not None:
            context.plan, request, broken = await self._faults.override_rules(context.plan, request, broken)
        if broken:
            context.violations = violations_from_rules(broken)
            error = api_error_from(broken[0])
            # JSON texts and base64 in a form's part look right to their senders, who meant an object or a file.
            if request.is_form and isinstance(error.value, str) and not error.field.endswith("url"):
                error.detail += f"; {TEXT_PART}" * ("object" in error.allowed or "array" in error.allowed)
            raise error
        is_accepted = request.operation in context.upstream.contract.body_operations
        context.request, context.is_accepted, context.is_read_whole = request, is_accepted, verdict.is_read_whole
        return request

    def _with_notice(
        self, context: RequestContext, request: ApiRequest, response: JsonResponse | FileResponse
    ) -> JsonResponse | FileResponse:
        """Return the response to an accepted order, with a header if the order carries a reference that is not used."""
        query = context.scope["query_string"]
        if context.is_read_whole and not request.files and not query:
            return response
        files = [file.name for file in request.files]
        parameters = parse_qsl(query.decode("latin-1")) if query else ()
        name = context.upstream.contract.name
        unused = unused_references(name, request.operation, request.document, files, parameters)
        if not unused or isinstance(response, FileResponse):
            return response
        context.unused = tuple(unused)
        notice = unused[0].message[:MAX_CHARS].encode("ascii", "backslashreplace")
        return replace(response, headers=(*response.headers, (NOTICE, _CONTROLS.sub(b"?", notice))))

    async def _refuse(self, context: RequestContext, error: ApiError) -> JsonResponse:
        if not context.violations:
            context.violations = violations_from_error(context.upstream.contract, error)
        if context.request is None and not self._selector.is_idle:
            context.plan = await self._selector.select_for_refusal(
                context.upstream, context.operation, context.account, context.scope
            )
        return await super()._refuse(context, error)

    def _log(self, context: RequestContext, sent: SentResponse) -> None:
        at = self._clocks.now(context.account)
        self._journal.append_lazy(logged_request(context, sent, at), len(context.body) + len(sent.body))
