"""The steps that every call to an upstream takes, over plain ASGI: route, key, body, rules, answer, journal.

Knows HTTP and the house's words; what an answer looks like is each upstream's affair.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.shape import json_type
from seedmock_contracts.enums import Basis, ErrorKind, Operation
from seedmock_contracts.validation import notices, unknown_fields, violations

from ..clock import Clocks
from ..errors import ApiError, api_error_from
from ..faults.execution import ConnectionDropped, FaultExecution
from ..faults.selection import HEADER, FaultSelector
from ..generation.engine import Caller
from ..http.asgi import Receive, Scope, Send
from ..http.file_response import RangeNotSatisfiable, stream_file
from ..http.multipart import parse_form
from ..http.request_body import (
    BodyTooLarge,
    BodyTooSlow,
    ClientDisconnected,
    MalformedBody,
    content_kind,
    parse_json,
    read_body,
)
from ..journal import PATH_CHARS, Journal, JournalEntry, LoggedViolation, capped_notes, redacted_headers, truncated_body
from ..matching.magic_values import account_prefix, check_key
from ..matching.rules import InvalidRule
from ..matching.syntax import duration
from ..settings import Settings
from ..upstreams.protocol import (
    BASIS,
    CONTENT_TYPE_JSON,
    AnyResponse,
    ApiRequest,
    FileResponse,
    Headers,
    JsonResponse,
    RawResponse,
    Upstream,
    encode_json,
)
from . import violations as breaches
from .routing import Match, Router

HOST = re.compile(rb"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
SLASH = re.compile(rb"%2[fF]")
ADVANCE, FATE = b"x-mock-advance", b"x-mock-fate"
ANYONE = "key-anyone"
"""The account of those whom a lie lets in."""
KNOWN_KEYS = 10_000
log = logging.getLogger("seedmock")


class ApiKeys:
    """Keys to accounts. An account's name is a hash: a key itself goes no further than here."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._allowed = {key.encode() for key in keys}
        self._names: dict[bytes, str] = {}

    def account(self, authorization: bytes) -> str:
        """The account of an Authorization header. Raises ApiError AUTHENTICATION."""
        name = self._names.get(authorization)
        return name if name is not None else self._admit(authorization)

    def _admit(self, authorization: bytes) -> str:
        scheme, _, key = authorization.partition(b" ")
        key = key.strip()
        if scheme.lower() != b"bearer" or not key:
            found = "no Authorization header" if not authorization else "an Authorization header without a bearer key"
            raise ApiError(ErrorKind.AUTHENTICATION, f"{found}; expected Authorization: Bearer YOUR_API_KEY")
        if self._allowed and key not in self._allowed and account_prefix(key) == "key-":
            raise ApiError(
                ErrorKind.AUTHENTICATION, "this API key is not valid; expected one that the server was given"
            )
        if len(self._names) >= KNOWN_KEYS:
            self._names.clear()
        name = self._names[authorization] = account_prefix(key) + blake2b(key, digest_size=6).hexdigest()
        return name


class ApiHandler:
    """Everything under the upstreams' paths."""

    def __init__(
        self,
        upstreams: Mapping[str, Upstream],
        settings: Settings,
        clocks: Clocks,
        journal: Journal,
        gate: FaultSelector,
    ) -> None:
        self._upstreams = upstreams
        self._router = Router([upstream.contract for upstream in upstreams.values()])
        for upstream in upstreams.values():
            self._router.leave_out(upstream.contract, upstream.unserved)
        self._upscalers = {
            name: frozenset(model.name for model in upstream.contract.models if model.upscales)
            for name, upstream in upstreams.items()
        }
        self._accounts = ApiKeys(settings.keys)
        self._settings = settings
        self._options = settings.variant_options
        self._clocks = clocks
        self._journal = journal
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = self._router.match(_route(scope))
        upstream = self._upstreams[match.upstream if match else self._router.owner(scope["path"])]
        visit = _Visit(upstream.contract, scope["method"], scope["path"], scope["query_string"])
        try:
            answer = await self._spoken(upstream, match, visit, scope, receive)
            if visit.wire is not None:
                send = visit.wire.sender(send)
            body = await _deliver(upstream, answer, visit, scope, receive, send)
        except ClientDisconnected:
            return
        except ConnectionDropped:
            body = b""
        except Exception:
            log.exception("seedmock failed to answer %s %s; this is a bug of ours", visit.method, visit.path)
            failed = ApiError(ErrorKind.UPSTREAM_FAILED, "seedmock itself failed; its log says why")
            body = await _deliver(upstream, upstream.render_error(failed), visit, scope, receive, send)
        visit.at, visit.answered = self._clocks.now(visit.account), body
        self._journal.append_lazy(visit, len(visit.sent) + len(body))

    async def _spoken(
        self, upstream: Upstream, match: Match | None, visit: _Visit, scope: Scope, receive: Receive
    ) -> AnyResponse:
        """The answer, a refusal or what a fault makes of either. Raises ClientDisconnected and Dropped."""
        try:
            try:
                answer = await self._answer(upstream, match, visit, scope, receive)
            except (ApiError, BodyTooLarge, BodyTooSlow) as error:
                refusal = error if isinstance(error, ApiError) else _unread(error)
                if not visit.breaches:
                    visit.breaches = breaches.of_refusal(upstream.contract, refusal)
                answer = upstream.render_error(refusal)
                if self._gate.faults or visit.wire is not None:
                    self._hear(upstream, refusal, visit, scope)
            return answer if visit.wire is None else await visit.wire.after(answer)
        except InvalidRule as error:
            visit.wire = None
            return upstream.render_error(ApiError(ErrorKind.MALFORMED, f"what the mock was told: {error}"))

    async def _answer(
        self, upstream: Upstream, match: Match | None, visit: _Visit, scope: Scope, receive: Receive
    ) -> AnyResponse:
        visit.operation = operation = _operation(match, visit)
        try:
            self._admit(visit, scope["headers"])
        except ApiError as refusal:
            if not self._unlocked(upstream, refusal, visit):
                raise
        if visit.method == "POST":
            limit, seconds = self._settings.max_body_bytes, self._settings.body_timeout
            declared = visit.given.get(b"content-length", b"")
            visit.sent = await read_body(receive, limit=limit, seconds=seconds, content_length=declared)
        call = self._call(upstream, operation, match.params if match else {}, visit)
        if not self._gate.is_open or HEADER in visit.given:
            instead = await self._meet(upstream, call, visit, scope, receive)
            if instead is not None:
                return instead
        broken = violations(upstream.contract.name, call.operation, call.document, self._options)
        if visit.wire is not None:
            call, broken = visit.wire.bent(call, broken, self._options)
        if broken:
            visit.breaches = breaches.of_violations(broken)
            raise api_error_from(broken[0])
        if visit.method == "POST":
            visit.accepted = call
        return await upstream.handlers[call.operation](call)

    def _admit(self, visit: _Visit, headers: Headers) -> None:
        """Who asks, and when it is for them. Raises ApiError."""
        visit.headers, visit.given = headers, dict(headers)
        visit.account = self._accounts.account(visit.given.get(b"authorization", b""))
        check_key(visit.account)
        if ADVANCE in visit.given:
            self._clocks.fork_for(visit.account).advance(duration(visit.given[ADVANCE].decode("latin-1")))

    def _unlocked(self, upstream: Upstream, refusal: ApiError, visit: _Visit) -> bool:
        """Whether a lie lets somebody in who has no right key: as an account of their own."""
        if refusal.kind is not ErrorKind.AUTHENTICATION or not self._gate.faults:
            return False
        account = visit.account or ANYONE
        if not self._gate.unlocks(upstream, visit.operation, account):
            return False
        visit.account = account
        return True

    def _hear(self, upstream: Upstream, refusal: ApiError, visit: _Visit, scope: Scope) -> None:
        """Tell the lies about a refusal; those of a call that came no further are looked up now."""
        if not visit.met:
            visit.wire = self._gate.meet_refusal(upstream, visit.operation, visit.account, scope)
        if visit.wire is not None:
            visit.wire.refusal = refusal

    def _call(self, upstream: Upstream, operation: Operation, params: Mapping[str, str], visit: _Visit) -> ApiRequest:
        """What is asked, before it is held against the rules."""
        document: dict[str, Any] = {}
        files: tuple[Any, ...] = ()
        if visit.method == "POST":
            document, files = _document(upstream, operation, visit.given.get(b"content-type"), visit.sent)
        elif visit.query:
            params = {**dict(parse_qsl(visit.query.decode("latin-1"))), **params}
            document = dict(params)
        if operation is Operation.CREATE:
            model = document.get("model")
            if isinstance(model, str) and model in self._upscalers[upstream.contract.name]:
                visit.operation = operation = Operation.UPSCALE
        given = visit.given
        fate = given[FATE].decode("latin-1") if FATE in given else ""
        caller = Caller(visit.account, _origin(given.get(b"host", b"")), fate, visit.remarks)
        return ApiRequest(operation, caller, document, params, files)

    async def _meet(
        self, upstream: Upstream, call: ApiRequest, visit: _Visit, scope: Scope, receive: Receive
    ) -> JsonResponse | RawResponse | None:
        """What a fault says instead of looking at the call. Raises ApiError for a call that is one too many."""
        visit.met = True
        if self._gate.faults or HEADER in visit.given:
            visit.wire = self._gate.meet(upstream, call, scope, visit.given.get(HEADER, b"").decode("latin-1"))
            instead = await visit.wire.before(receive) if visit.wire is not None else None
            if instead is not None:
                return instead
        if self._gate.limits:
            self._gate.limit(upstream, call)
        return None


class _Visit(msgspec.Struct):
    """What the journal will say of a call, gathered on its way; an `accepted` one keeps every rule."""

    contract: Contract
    method: str
    path: str
    query: bytes
    operation: str = ""
    account: str = ""
    headers: Headers = ()
    given: dict[bytes, bytes] = {}
    sent: bytes = b""
    accepted: ApiRequest | None = None
    remarks: list[str] = []
    breaches: tuple[LoggedViolation, ...] = ()
    wire: FaultExecution | None = None
    met: bool = False
    """Whether faults were looked up for the call."""
    status: int = 0
    answered_headers: Headers = ()
    answered: bytes = b""
    at: float = 0.0

    def entry(self) -> JournalEntry:
        """What the journal says of the call."""
        call = self.accepted
        notes = _notes(self.contract.name, call.operation, call.document) if call else ()
        advice = breaches.of_accepted(self.contract, call.operation, call.document) if call else ()
        return JournalEntry(
            self.at,
            self.contract.name,
            self.operation,
            self.account,
            self.method[:20],
            self.path[:PATH_CHARS],
            self.status,
            truncated_body(self.sent),
            truncated_body(self.answered),
            capped_notes((*notes, *self.remarks)),
            self.query[:PATH_CHARS].decode("latin-1"),
            redacted_headers(self.headers),
            self.answered_headers,
            () if self.wire is None else self.wire.applied,
            (*self.breaches, *advice),
        )


@lru_cache(maxsize=256)
def _origin(host: bytes) -> str:
    """The scheme, host and port by which a caller reached us, which links in answers begin with."""
    return f"http://{host.decode()}" if HOST.fullmatch(host) else "http://127.0.0.1"


def _route(scope: Scope) -> str:
    """The path whose slashes are those of the wire: an encoded one belongs to its segment and stays as it came."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%2" not in raw:
        return str(scope["path"])
    return unquote(SLASH.sub(b"%252F", raw.partition(b"?")[0]).decode("latin-1"))


def _operation(match: Match | None, visit: _Visit) -> Operation:
    """What the method means at this path. Raises ApiError ROUTE_NOT_FOUND or METHOD_NOT_ALLOWED."""
    if match is None or visit.method in match.unserved:
        asked = f"{visit.method} {visit.path[:200]}"
        raise ApiError(ErrorKind.ROUTE_NOT_FOUND, f"{asked} is none of this upstream's endpoints", value=asked)
    if visit.method not in match.methods:
        found, allowed = visit.method[:20], ", ".join(sorted(match.methods))
        said = f"{found} is not allowed here; allowed: {allowed}"
        allow = ((b"allow", allowed.encode()),)
        raise ApiError(ErrorKind.METHOD_NOT_ALLOWED, said, value=found, allowed=allowed, headers=allow)
    return match.methods[visit.method]


def _unread(error: BodyTooLarge | BodyTooSlow) -> ApiError:
    """The refusal of a body that was not read to its end."""
    if isinstance(error, BodyTooLarge):
        return ApiError(ErrorKind.BODY_TOO_LARGE, str(error))
    return ApiError(ErrorKind.REQUEST_TIMEOUT, str(error), headers=((b"connection", b"close"),))


def _notes(upstream: str, operation: Operation, document: dict[str, Any]) -> tuple[str, ...]:
    """What the journal should say of a document that was accepted."""
    unknown = tuple([f"unknown field {name[:60]!r}" for name in unknown_fields(upstream, operation, document)])
    if operation is not Operation.CREATE:
        return unknown
    return unknown + tuple([notice.message for notice in notices(upstream, document)])


async def hand_over(answer: FileResponse, scope: Scope, receive: Receive, send: Send) -> int:
    """Deliver a file, and return the status sent. Raises ApiError RANGE_NOT_SATISFIABLE before anything is sent."""
    try:
        return await stream_file(
            scope,
            receive,
            send,
            answer.path,
            etag=answer.etag,
            media_type=answer.media_type,
            headers=answer.headers,
            ranges=answer.ranges,
        )
    except RangeNotSatisfiable as error:
        said = f"{error}; allowed: a range within {error.size} bytes"
        raise ApiError(ErrorKind.RANGE_NOT_SATISFIABLE, said, headers=tuple(error.headers)) from error


async def send_answer(answer: JsonResponse | RawResponse, method: str, send: Send) -> bytes:
    """Send an answer as JSON, or the bytes that a fault made of it, and return its bytes."""
    if isinstance(answer, RawResponse):
        body, head = answer.body, [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
    else:
        body = encode_json(answer.body)
        head = [CONTENT_TYPE_JSON, (b"content-length", b"%d" % len(body)), *answer.headers]
        if answer.basis is Basis.ASSUMED:
            head += BASIS
    send_complete = None if answer.headers or method == "HEAD" else getattr(send, "send_complete", None)
    if send_complete is not None and send_complete(answer.status, head, body):
        return body
    await send({"type": "http.response.start", "status": answer.status, "headers": head})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
    return body


async def _deliver(
    upstream: Upstream, answer: AnyResponse, visit: _Visit, scope: Scope, receive: Receive, send: Send
) -> bytes:
    """Send what is to be said, and return the bytes that the journal keeps."""
    if isinstance(answer, FileResponse):
        try:
            visit.status = await hand_over(answer, scope, receive, send)
            return b""
        except ApiError as refusal:
            answer = upstream.render_error(refusal)
    body = await send_answer(answer, visit.method, send)
    visit.status, visit.answered_headers = answer.status, answer.headers
    return body


def _document(
    upstream: Upstream, operation: Operation, content_type: bytes | None, body: bytes
) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """The body as a document and its file parts. Raises ApiError UNSUPPORTED_MEDIA_TYPE or MALFORMED."""
    kind = content_kind(content_type)
    try:
        if kind == "form" and operation in upstream.form_operations:
            form = parse_form(content_type or b"", body)
            return upstream.decode_form(form), form.files
        if kind == "json" and operation is not Operation.FILE_CREATE:
            document = parse_json(body)
            if not isinstance(document, dict):
                raise MalformedBody(f"the body is of type {json_type(document)}: expected a JSON object")
            return document, ()
    except MalformedBody as error:
        raise ApiError(ErrorKind.MALFORMED, error.message) from error
    allowed = {
        (True, True): "multipart/form-data",
        (True, False): "application/json or multipart/form-data",
        (False, False): "application/json",
    }[operation in upstream.form_operations, operation is Operation.FILE_CREATE]
    found = (content_type or b"none").decode("latin-1")[:100]
    raise ApiError(
        ErrorKind.UNSUPPORTED_MEDIA_TYPE, f"Content-Type is {found!r}; allowed: {allowed}", value=found, allowed=allowed
    )
