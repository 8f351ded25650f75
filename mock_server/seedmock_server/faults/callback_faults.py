"""Faults on callbacks: what is posted, how often, and how much later. Only rules on the operation `callback` count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from seedmock_contracts.enums import Operation

from ..matching.rules import RequestFacts
from ..tasks.models import Task
from ..upstreams.protocol import FileResponse, Headers, JsonResponse, RawResponse, Upstream, raw_response
from .kinds import MUTATIONS, FaultKind
from .plan import FaultTarget
from .response_mutations import mutate_response
from .rules import Fault, FaultRules


class FaultedPost(NamedTuple):
    """Post as it is sent: `times` is 0 for one that is lost, `delay` is in seconds, `reset` breaks the connection."""

    body: bytes
    headers: Headers
    times: int = 1
    delay: float = 0.0
    reset: bool = False
    applied: tuple[str, ...] = ()


class CallbackFaults:
    """Selects the faults of a callback and applies them, with the functions that mutate responses to requests."""

    def __init__(self, rules: FaultRules, upstreams: Mapping[str, Upstream]) -> None:
        self._rules, self._upstreams = rules, upstreams

    async def apply(self, task: Task, response: JsonResponse) -> FaultedPost:
        """Return the post of a task's end; `response` is the one to a query of the task."""
        facts = RequestFacts(task.upstream, Operation.CALLBACK, task.account, 0, task.model, task.prompt)
        faults = await self._rules.choose_for_callback(facts) if self._rules else ()
        raw = self._mutated(task, response, faults)
        post = FaultedPost(raw.body, raw.headers, applied=tuple(map(str, faults)))
        for fault in faults:
            if fault.kind is FaultKind.RESPONSE_LOST:
                post = post._replace(times=0)
            elif fault.kind is FaultKind.DUPLICATE:
                post = post._replace(times=2)
            elif fault.kind is FaultKind.RESET:
                post = post._replace(reset=True)
            elif fault.kind is FaultKind.LATENCY:
                post = post._replace(delay=fault.values["seconds"])
        return post

    def _mutated(self, task: Task, response: JsonResponse, faults: tuple[Fault, ...]) -> RawResponse:
        if not faults:
            return raw_response(response)
        target = FaultTarget(self._upstreams[task.upstream], Operation.CALLBACK, "POST", task.callback_url)
        mutated: JsonResponse | RawResponse = response
        # Fields first: a response that was reduced to bytes has none.
        for fault in sorted(faults, key=lambda fault: fault.kind not in MUTATIONS):
            result = mutate_response(fault, mutated, target)
            assert not isinstance(result, FileResponse), "a callback is JSON"
            mutated = result or mutated
        return raw_response(mutated)
