"""Carrying faults out: what is waited for, said instead, changed in an answer, and done to the connection.

Which faults a call meets is decided elsewhere. Knows ASGI and, through `Line`, the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Violation

from ..clock import Clock
from ..errors import ApiError, SeedmockServerError
from ..http.asgi import Send
from ..http.file_response import is_unsatisfiable_range
from ..http.request_body import Receive
from ..matching.rules import InvalidRule
from ..upstreams.protocol import (
    AnyResponse,
    ApiRequest,
    FileResponse,
    JsonResponse,
    RawResponse,
    Upstream,
    raw_response,
)
from .denials import enveloped, refused_otherwise
from .error_responses import error_answer, moved
from .kinds import BENDING, LIES, SOCKET, FaultKind
from .mutations import told
from .response_stream import ConnectionControl, FaultySend
from .rule_overrides import judged, measured, mended
from .rules import Fault

Clipped = Callable[[Fault, FileResponse | None], Awaitable[FileResponse]]
CLIPS = frozenset({FaultKind.OTHER_SIZE, FaultKind.OTHER_DURATION, FaultKind.OTHER_CLIP})
AGAIN = b"redirected=1"
"""In the query of a link that a redirect led to: it is not redirected again."""


class ConnectionDropped(SeedmockServerError):
    """The connection is gone on purpose, and there was no answer."""


@dataclass(frozen=True, slots=True)
class FaultTarget:
    """What carrying out needs to know of a call. `clip` makes the answer of a lie about a clip; `link` needs no key.

    `asked` is the call's Range header; `owner` finds whose the things are that a call names; what `keep` returns
    brings them back as they are.
    """

    upstream: Upstream
    operation: str
    method: str
    path: str
    query: bytes
    style: str = ""
    clip: Clipped | None = None
    link: str = ""
    asked: bytes = b""
    owner: Callable[[ApiRequest], str] | None = None
    keep: Callable[[ApiRequest], Callable[[], None]] | None = None


class FaultExecution:
    """The faults of one call. `applied` says, for the journal, which were carried out and which could not be."""

    def __init__(
        self, faults: Sequence[Fault], visited: FaultTarget, clock: Clock, line: ConnectionControl | None
    ) -> None:
        for fault in faults:
            if line is None and fault.kind in SOCKET:
                raise InvalidRule(
                    f"{fault.kind} needs a socket, and this call came in process; allowed: serve the emulator on one"
                )
        self._faults, self._visited, self._clock, self._line = tuple(faults), visited, clock, line
        self.applied: tuple[str, ...] = tuple(map(str, faults))
        self.refusal: ApiError | None = None
        """What is honestly refused, if it is."""
        self._bent: set[str] = set()
        self._undo: Callable[[], None] | None = None

    async def before(self, receive: Receive) -> JsonResponse | RawResponse | None:
        """Wait, and return what is said instead of looking at the call. Raises Dropped."""
        for fault in self._of(FaultKind.LATENCY):
            await self.pause(fault.values["seconds"])
        for fault in self._faults:
            if fault.kind is FaultKind.RESET and fault.get("when") == "before" and self._line is not None:
                self._line.reset()
                raise ConnectionDropped
            if fault.kind is FaultKind.HANG and self._line is not None:
                await self._hang(receive, fault.get("seconds"))
                self._line.close()
                raise ConnectionDropped
            if fault.kind is FaultKind.STATUS:
                return error_answer(fault, self._visited.upstream, self._visited.operation, self._clock.now())
            if fault.kind is FaultKind.NOT_FOUND:
                return moved(self._visited.upstream, self._visited.method, self._visited.path)
        return None

    def bent(
        self, call: ApiRequest, broken: Sequence[Violation], options: Mapping[str, str]
    ) -> tuple[ApiRequest, list[Violation]]:
        """The call as it is carried out and the rules that it is held to break, where a lie says otherwise."""
        verdict = list(broken)
        for fault in self._faults:
            before = call, list(verdict)
            if fault.kind is FaultKind.OTHER_LIMIT:
                verdict = judged(self._visited.upstream.contract, call.operation, call.document, verdict, fault.values)
                call = _measured(self._visited.upstream.contract, call, fault)
            elif fault.kind is FaultKind.CROSS_ACCOUNT and self._visited.owner is not None:
                call = _posing(call, self._visited.owner(call))
            elif fault.kind is FaultKind.NO_OP and self._visited.keep is not None:
                self._undo = self._visited.keep(call)
            if (call, verdict) != before or fault.kind in (FaultKind.NO_OP, FaultKind.AUTH_BYPASS):
                self._bent.add(str(fault))
        forgiven = [violation for violation in broken if violation.fact.id not in {one.fact.id for one in verdict}]
        if not forgiven or verdict:
            return call, verdict
        document = mended(self._visited.upstream.contract, call.operation, call.document, forgiven)
        texts = {name: value for name, value in document.items() if isinstance(value, str)}
        return replace(call, document=document, params={**texts, **call.params}), verdict

    async def after(self, answer: AnyResponse) -> AnyResponse:
        """The answer with lies in it, and its bytes and headers spoiled."""
        if self._undo is not None:
            self._undo()
        for fault in self._faults:
            change = CHANGES.get(fault.kind)
            if change is not None:
                changed = change(self, fault, answer)
            elif fault.kind in LIES and fault.kind not in UNSAID:
                changed = await self._lie(fault, answer)
            else:
                continue
            if changed is None:
                self._not_applied(fault)
            else:
                answer = changed
        return answer

    def sender(self, send: Send) -> Send:
        """What the answer is sent with."""
        return FaultySend(self._faults, self._line, send, self.pause)

    async def pause(self, seconds: float) -> None:
        """Wait by the account's clock: on one that stands still, only until it is others' turn."""
        rate = self._clock.rate
        await asyncio.sleep(seconds / rate if rate > 0 else 0)

    def _of(self, kind: FaultKind) -> list[Fault]:
        return [fault for fault in self._faults if fault.kind is kind]

    def _not_applied(self, fault: Fault) -> None:
        said = str(fault)
        self.applied = tuple(f"not applied: {said}" if one == said else one for one in self.applied)

    async def _hang(self, receive: Receive, seconds: float) -> None:
        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        try:
            await asyncio.wait_for(gone(), seconds)
        except TimeoutError:
            return

    async def _lie(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        clip = self._visited.clip
        if isinstance(answer, FileResponse):
            return await clip(fault, answer) if fault.kind in CLIPS and clip is not None else None
        if fault.kind is FaultKind.EARLY_CONTENT:
            due = self.refusal is not None and self.refusal.kind == fault.values["kind"]
            return await clip(fault, None) if due and clip is not None else None
        if isinstance(answer, RawResponse) or answer.status >= 400 or self.refusal is not None:
            return None
        body = told(fault, answer.body, self._visited.upstream.contract, self._visited.style)
        return None if body is None else replace(answer, body=body)

    def _broken(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        assert not isinstance(answer, FileResponse), "what breaks JSON is met by no download"
        raw = raw_response(answer)
        if not raw.body:
            return None
        body = raw.body[:-1] + b",,"
        if fault.kind is FaultKind.TRUNCATED:
            body = raw.body[: fault.values.get("at", len(raw.body) // 2)]
        return replace(raw, body=body)

    def _mistyped(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        if isinstance(answer, FileResponse):
            return replace(answer, media_type=fault.get("to"))
        raw = raw_response(answer)
        rest = tuple(pair for pair in raw.headers if pair[0] != b"content-type")
        return replace(raw, headers=((b"content-type", fault.get("to").encode()), *rest))

    def _skewed(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        if self._line is not None:
            self._line.omit_date()
        date = formatdate(self._clock.now() + fault.values["by"], usegmt=True).encode()
        return replace(answer, headers=((b"date", date), *answer.headers))

    def _redirected(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        if not isinstance(answer, FileResponse) or AGAIN in self._visited.query or not self._visited.link:
            return None
        location = f"{self._visited.link}?{AGAIN.decode()}".encode()
        return RawResponse(fault.get("code"), b"", ((b"location", location), *answer.headers))

    def _bending(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        return answer if str(fault) in self._bent else None

    def _denied(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        kind = fault.values.get("kind")
        if self.refusal is None or not isinstance(answer, JsonResponse) or kind not in (None, self.refusal.kind):
            return None
        status, body = refused_otherwise(fault, answer.status, answer.body)
        return replace(answer, status=status, body=body)

    def _restated(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        lying = isinstance(answer, JsonResponse) and self.refusal is None and answer.status != fault.values["code"]
        return replace(answer, status=fault.values["code"]) if lying else None

    def _gone(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        if self.refusal is None:
            return answer
        if self.refusal.kind not in UNREAD:
            return None
        self.refusal = None  # an endpoint that is elsewhere has refused nothing
        return moved(self._visited.upstream, self._visited.method, self._visited.path)

    def _enveloped(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        if not isinstance(answer, JsonResponse) or not isinstance(answer.body, Mapping):
            return None
        body = enveloped(fault.values["form"], self.refusal is not None, answer.body)
        return None if body is None else replace(answer, body=body)

    def _part(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        if not isinstance(answer, FileResponse) or not self._visited.asked:
            return None
        if fault.values["how"] != "open":
            return answer  # told by the headers, on their way out
        beyond = is_unsatisfiable_range(self._visited.asked, answer.path.stat().st_size)
        return replace(answer, ranges=False) if beyond else None

    def _rangeless(self, fault: Fault, answer: AnyResponse) -> AnyResponse | None:
        return replace(answer, ranges=False) if isinstance(answer, FileResponse) else None


Change = Callable[[FaultExecution, Fault, AnyResponse], AnyResponse | None]
CHANGES: Mapping[FaultKind, Change] = {
    FaultKind.MALFORMED: FaultExecution._broken,
    FaultKind.TRUNCATED: FaultExecution._broken,
    FaultKind.WRONG_TYPE: FaultExecution._mistyped,
    FaultKind.CLOCK_SKEW: FaultExecution._skewed,
    FaultKind.REDIRECT: FaultExecution._redirected,
    FaultKind.NO_RANGE: FaultExecution._rangeless,
    FaultKind.OTHER_RANGE: FaultExecution._part,
    FaultKind.NOT_FOUND: FaultExecution._gone,
    FaultKind.OTHER_STATUS: FaultExecution._restated,
    FaultKind.OTHER_REFUSAL: FaultExecution._denied,
    FaultKind.OTHER_ENVELOPE: FaultExecution._enveloped,
    **dict.fromkeys(BENDING, FaultExecution._bending),
}
UNSAID = frozenset({FaultKind.OTHER_HEADER})
"""The lies that are told by an answer's headers on their way out."""

UNREAD = frozenset({ErrorKind.MALFORMED, ErrorKind.UNSUPPORTED_MEDIA_TYPE, ErrorKind.BODY_TOO_LARGE})
"""Why a body is not read, which no endpoint that is elsewhere can say; a key is asked for everywhere."""


def _posing(call: ApiRequest, owner: str) -> ApiRequest:
    """The call as if the owner of what it names had made it."""
    return call if owner in ("", call.account) else replace(call, caller=replace(call.caller, account=owner))


def _measured(contract: Contract, call: ApiRequest, fault: Fault) -> ApiRequest:
    """The call with other limits on its media, if it is an order and the lie is about such a limit."""
    limits = call.caller.limits
    if call.operation is not Operation.CREATE:
        return call
    return replace(call, caller=replace(call.caller, limits=measured(contract, call.document, limits, fault.values)))


def line_of(scope: Mapping[str, Any]) -> ConnectionControl | None:
    """The connection under a call; None in process."""
    line: ConnectionControl | None = (scope.get("extensions") or {}).get("seedmock")
    return line
