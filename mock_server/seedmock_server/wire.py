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

from .answer import BASIS, Answer, FileAnswer, Upstream
from .clock import Clock
from .faults import Fault
from .kinds import LIES, SOCKET, FaultKind
from .lies import told
from .matching import InvalidRule
from .outgoing import Line, Outgoing, Send
from .reading import Receive
from .substitutes import Raw, encode, error_answer, moved

Spoken = Answer | FileAnswer | Raw
CLIPS = frozenset({FaultKind.OTHER_SIZE, FaultKind.OTHER_DURATION})
AGAIN = b"redirected=1"
"""In the query of a link that a redirect led to: it is not redirected again."""


class Dropped(Exception):
    """The connection is gone on purpose, and there was no answer."""


@dataclass(frozen=True, slots=True)
class Visited:
    """What carrying out needs to know of a call. `clip` makes the answer of a lie about a clip; `link` needs no key."""

    upstream: Upstream
    operation: str
    method: str
    path: str
    query: bytes
    style: str = ""
    clip: Callable[[Fault, FileAnswer], Awaitable[FileAnswer]] | None = None
    link: str = ""


class Wire:
    """The faults of one call. `applied` says, for the journal, which were carried out and which could not be."""

    def __init__(self, faults: Sequence[Fault], visited: Visited, clock: Clock, line: Line | None) -> None:
        for fault in faults:
            if line is None and fault.kind in SOCKET:
                raise InvalidRule(
                    f"{fault.kind} needs a socket, and this call came in process; allowed: serve the emulator on one"
                )
        self._faults, self._visited, self._clock, self._line = tuple(faults), visited, clock, line
        self.applied: tuple[str, ...] = tuple(map(str, faults))

    async def before(self, receive: Receive) -> Answer | Raw | None:
        """Wait, and return what is said instead of looking at the call. Raises Dropped."""
        for fault in self._of(FaultKind.LATENCY):
            await self.pause(fault.values["seconds"])
        for fault in self._faults:
            if fault.kind is FaultKind.RESET and fault.get("when") == "before" and self._line is not None:
                self._line.reset()
                raise Dropped
            if fault.kind is FaultKind.HANG and self._line is not None:
                await self._hang(receive, fault.get("seconds"))
                self._line.close()
                raise Dropped
            if fault.kind is FaultKind.STATUS:
                return error_answer(fault, self._visited.upstream, self._visited.operation, self._clock.now())
            if fault.kind is FaultKind.MOVED:
                return moved(self._visited.upstream, self._visited.method, self._visited.path)
        return None

    async def after(self, answer: Spoken) -> Spoken:
        """The answer with lies in it, and its bytes and headers spoiled."""
        for fault in self._faults:
            change = CHANGES.get(fault.kind)
            if fault.kind in LIES and fault.kind is not FaultKind.MOVED:
                changed = await self._lie(fault, answer)
            elif change is not None:
                changed = change(self, fault, answer)
            else:
                continue
            if changed is None:
                self._not_applied(fault)
            else:
                answer = changed
        return answer

    def sender(self, send: Send) -> Send:
        """What the answer is sent with."""
        return Outgoing(self._faults, self._line, send, self.pause)

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

    async def _lie(self, fault: Fault, answer: Spoken) -> Spoken | None:
        if isinstance(answer, FileAnswer):
            return await self._visited.clip(fault, answer) if fault.kind in CLIPS and self._visited.clip else None
        if isinstance(answer, Raw) or answer.status >= 400:
            return None
        body = told(fault, answer.body, self._visited.upstream.said, self._visited.style)
        return None if body is None else replace(answer, body=body)

    def _broken(self, fault: Fault, answer: Spoken) -> Spoken | None:
        assert not isinstance(answer, FileAnswer), "what breaks JSON is met by no download"
        raw = as_raw(answer)
        if not raw.body:
            return None
        body = raw.body[:-1] + b",,"
        if fault.kind is FaultKind.TRUNCATED:
            body = raw.body[: fault.values.get("at", len(raw.body) // 2)]
        return replace(raw, body=body)

    def _mistyped(self, fault: Fault, answer: Spoken) -> Spoken | None:
        if isinstance(answer, FileAnswer):
            return replace(answer, media_type=fault.get("to"))
        raw = as_raw(answer)
        rest = tuple(pair for pair in raw.headers if pair[0] != b"content-type")
        return replace(raw, headers=((b"content-type", fault.get("to").encode()), *rest))

    def _skewed(self, fault: Fault, answer: Spoken) -> Spoken | None:
        if self._line is not None:
            self._line.own_date()
        date = formatdate(self._clock.now() + fault.values["by"], usegmt=True).encode()
        return replace(answer, headers=((b"date", date), *answer.headers))

    def _redirected(self, fault: Fault, answer: Spoken) -> Spoken | None:
        if not isinstance(answer, FileAnswer) or AGAIN in self._visited.query or not self._visited.link:
            return None
        location = f"{self._visited.link}?{AGAIN.decode()}".encode()
        return Raw(fault.get("code"), b"", ((b"location", location), *answer.headers))

    def _rangeless(self, fault: Fault, answer: Spoken) -> Spoken | None:
        return replace(answer, ranges=False) if isinstance(answer, FileAnswer) else None


Change = Callable[[Wire, Fault, Spoken], Spoken | None]
CHANGES: Mapping[FaultKind, Change] = {
    FaultKind.MALFORMED: Wire._broken,
    FaultKind.TRUNCATED: Wire._broken,
    FaultKind.WRONG_TYPE: Wire._mistyped,
    FaultKind.CLOCK_SKEW: Wire._skewed,
    FaultKind.REDIRECT: Wire._redirected,
    FaultKind.NO_RANGE: Wire._rangeless,
}


def as_raw(answer: Answer | Raw) -> Raw:
    """An answer as the bytes and headers that it is sent as; the length is added when it is sent."""
    if isinstance(answer, Raw):
        return answer
    basis = BASIS if answer.basis == "assumed" else ()
    return Raw(answer.status, encode(answer.body), ((b"content-type", b"application/json"), *answer.headers, *basis))


def line_of(scope: Mapping[str, Any]) -> Line | None:
    """The connection under a call; None in process."""
    line: Line | None = (scope.get("extensions") or {}).get("seedmock")
    return line
