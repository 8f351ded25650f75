"""Selects the faults that apply to a request, by its header and by rules. Rate limits are in `rate_limits`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation

from ..http.origin import path_prefix, request_origin
from ..matching.rules import RequestFacts
from ..tasks.models import Task
from ..upstreams.context import UpstreamContext
from ..upstreams.protocol import ApiRequest, Upstream
from .plan import FaultPlan, FaultTarget, connection_of, plan_faults
from .rules import Fault, FaultRules

HEADER = b"x-mock-fault"


class FaultSelector:
    """Selects faults. Of a request about a task, model and prompt are the task's."""

    def __init__(self, rules: FaultRules, context: UpstreamContext) -> None:
        self._rules, self._context = rules, context

    @property
    def is_idle(self) -> bool:
        """Tell that no rule could apply to any request; a request's own header still can."""
        return not (self._rules.rules or self._rules.scenario)

    async def select(
        self, upstream: Upstream, request: ApiRequest, scope: Mapping[str, Any], header: str
    ) -> FaultPlan | None:
        """Select for a request to an emulated API. Raises InvalidRule for a malformed or misplaced header."""
        contract, document = upstream.contract, request.document
        task = await self._task(upstream.contract, request)
        facts = RequestFacts(
            contract.name,
            request.operation,
            request.account,
            0,
            task.model if task else _text(contract.request.read(document, "model")),
            task.prompt if task else _text(contract.request.read(document, "prompt")),
            tuple(located.reference.url for located in contract.request.layout.find(document)),
            method=scope["method"],
        )
        return self._plan(upstream, facts, scope, await self._rules.choose(facts, header), task)

    async def select_for_download(
        self, upstream: Upstream, task: Task, scope: Mapping[str, Any], header: str
    ) -> FaultPlan | None:
        """Select for the download of a result by its link, which counts as content of the task's upstream."""
        method = scope["method"]
        facts = RequestFacts(task.upstream, Operation.CONTENT, task.account, 0, task.model, task.prompt, method=method)
        return self._plan(upstream, facts, scope, await self._rules.choose(facts, header), task)

    async def select_for_refusal(
        self, upstream: Upstream, operation: str, account: str, scope: Mapping[str, Any]
    ) -> FaultPlan | None:
        """Select for a request that was refused before it was decoded, whose header was not read either."""
        facts = RequestFacts(upstream.contract.name, operation, account, 0)
        return self._plan(upstream, facts, scope, await self._rules.choose_for_refusal(facts), None)

    def bypasses_auth(self, upstream: Upstream, operation: str, account: str) -> bool:
        return self._rules.bypasses_auth(RequestFacts(upstream.contract.name, operation, account, 0))

    def _plan(
        self,
        upstream: Upstream,
        facts: RequestFacts,
        scope: Mapping[str, Any],
        faults: tuple[Fault, ...],
        task: Task | None,
    ) -> FaultPlan | None:
        if not faults:
            return None
        variant, options = upstream.contract.status_variant, self._context.settings.variant_options
        target = FaultTarget(
            upstream,
            facts.operation,
            scope["method"],
            scope["path"],
            scope["query_string"],
            next((value for name, value in scope["headers"] if name == b"range"), b""),
            "" if variant is None else options[variant.id],
            task,
            "" if task is None else self._link_path(task, scope),
        )
        return plan_faults(faults, target, self._context.engine.clocks.for_account(facts.account), connection_of(scope))

    def _link_path(self, task: Task, scope: Mapping[str, Any]) -> str:
        """Return the path of a task's result as the client sees it, below the path prefix of a proxy."""
        origin = self._context.link(request_origin(scope, dict(scope["headers"])), "")
        return path_prefix(origin) + self._context.result_path(task.id)

    async def _task(self, contract: Contract, request: ApiRequest) -> Task | None:
        name = contract.id_parameter(request.operation)
        task = await self._context.engine.store.task(str(request.params.get(name, "")))
        return task if task is not None and task.account == request.account else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
