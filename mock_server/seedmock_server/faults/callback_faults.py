"""Faults on callbacks: what is posted instead of the honest body, how often, and how much later."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation

from ..http.outbound import Headers
from ..matching.rules import RequestFacts
from ..tasks.models import Task
from .kinds import LIES, FaultKind
from .mutations import told
from .rules import Fault, Faults


class FaultedPost(NamedTuple):
    """A post as it is made: `times` 0 for one that is lost; `pause` in seconds; `reset` for one that breaks off."""

    body: bytes
    headers: Headers
    times: int = 1
    pause: float = 0.0
    reset: bool = False
    applied: tuple[str, ...] = ()


class CallbackFaults:
    """Looks up the faults of callbacks, and spoils their posts. Only rules that name the operation `callback` count."""

    def __init__(self, faults: Faults, contracts: dict[str, Contract]) -> None:
        self._faults = faults
        self._contracts = contracts

    def spoil(self, task: Task, body: bytes, headers: Headers) -> FaultedPost:
        """The post of a task's end with the faults that it meets."""
        if not self._faults:
            return FaultedPost(body, headers)
        subject = RequestFacts(task.upstream, Operation.CALLBACK, task.account, 0, task.model, task.prompt)
        spoilt = FaultedPost(body, headers)
        for fault in self._faults.choose_for_post(subject):
            spoilt = self._with(spoilt, fault, self._contracts[task.upstream])
        return spoilt

    def _with(self, spoilt: FaultedPost, fault: Fault, contract: Contract) -> FaultedPost:
        spoilt = spoilt._replace(applied=(*spoilt.applied, str(fault)))
        if fault.kind is FaultKind.RESPONSE_LOST:
            return spoilt._replace(times=0)
        if fault.kind is FaultKind.DUPLICATE:
            return spoilt._replace(times=2)
        if fault.kind is FaultKind.RESET:
            return spoilt._replace(reset=True)
        if fault.kind is FaultKind.LATENCY:
            return spoilt._replace(pause=fault.values["seconds"])
        if fault.kind is FaultKind.MALFORMED:
            return spoilt._replace(body=spoilt.body[:-1] + b",,")
        if fault.kind is FaultKind.TRUNCATED:
            return spoilt._replace(body=spoilt.body[: fault.values.get("at", len(spoilt.body) // 2)])
        if fault.kind is FaultKind.WRONG_TYPE:
            rest = tuple(pair for pair in spoilt.headers if pair[0] != b"content-type")
            return spoilt._replace(headers=((b"content-type", fault.get("to").encode()), *rest))
        assert fault.kind in LIES, f"{fault.kind} is for no callback"
        return spoilt._replace(body=_lied(fault, spoilt.body, contract))


def _lied(fault: Fault, body: bytes, contract: Contract) -> bytes:
    lie: Any = told(fault, json.loads(body), contract)
    return body if lie is None else json.dumps(lie, ensure_ascii=False, separators=(",", ":")).encode()
