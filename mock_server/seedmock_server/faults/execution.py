"""Applies the faults of one request at each link of the request chain. Which faults it meets is decided in `selection`.

Every method takes the plan of the request, whose faults say by `kinds.LINKS` where they act; none looks at a request
that meets no fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from email.utils import formatdate

from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import Violation

from ..clock import Clock
from ..errors import SeedmockServerError, route_not_found
from ..http.asgi import Receive, Send
from ..media.renderer import ClipRenderer
from ..upstreams.context import UpstreamContext
from ..upstreams.protocol import AnyResponse, ApiRequest, FileResponse, Handler, JsonResponse, RawResponse
from .clip_mutations import CLIP_KINDS, ClipMutator
from .error_responses import error_response
from .kinds import FaultKind, Link
from .plan import FaultPlan
from .response_mutations import error_of, mutate_response
from .response_stream import ConnectionControl, FaultySend
from .rule_overrides import formats_with, limits_with, repaired, violations_with
from .rules import Fault


class ConnectionDropped(SeedmockServerError):
    """A fault ends the connection in the place of a response."""


class FaultExecution:
    """The links' faults, with the records and the renderer that some of them need."""

    def __init__(self, context: UpstreamContext, renderer: ClipRenderer) -> None:
        self._store, self._ledger = context.engine.store, context.engine.ledger
        self._options: Mapping[str, str] = context.settings.variant_options
        self._clips = ClipMutator(context.engine, renderer)

    async def before_handler(self, plan: FaultPlan, receive: Receive) -> JsonResponse | RawResponse | None:
        """Wait, and return a response that replaces validation and handler. Raises ConnectionDropped."""
        faults = plan.at(Link.REPLACE)
        for fault in faults:
            if fault.kind is FaultKind.LATENCY:
                await pause(plan.clock, fault.values["seconds"])
        for fault in faults:
            if fault.kind is FaultKind.RESET and fault.get("when") == "before":
                _connection(plan).reset()
                raise ConnectionDropped
            if fault.kind is FaultKind.HANG:
                await _wait_for_disconnect(receive, fault.get("seconds"))
                _connection(plan).close()
                raise ConnectionDropped
            if fault.kind is FaultKind.STATUS:
                return error_response(fault, plan.target.upstream, plan.target.operation, plan.clock.now())
            if fault.kind is FaultKind.NOT_FOUND:
                return plan.target.upstream.render_error(route_not_found(plan.target.method, plan.target.path))
        return None

    async def override_rules(
        self, plan: FaultPlan, request: ApiRequest, violations: Sequence[Violation]
    ) -> tuple[FaultPlan, ApiRequest, list[Violation]]:
        """Return the request and its violations where a rule is enforced differently or another account is served."""
        contract, overridden = plan.target.upstream.contract, list(violations)
        applied = [fault for fault in plan.faults if fault.kind in (FaultKind.AUTH_BYPASS, FaultKind.NO_OP)]
        for fault in plan.at(Link.VALIDATE):
            before = request, overridden
            if fault.kind is FaultKind.OTHER_LIMIT:
                overridden = violations_with(contract, request.operation, request.document, overridden, fault.values)
                request = _with_limits(request, plan, fault)
            else:
                request = await self._as_owner(contract, request)
            if (request, overridden) != before:
                applied.append(fault)
        if violations and not overridden:
            document = repaired(contract, request.operation, request.document, violations)
            texts = {name: value for name, value in document.items() if isinstance(value, str)}
            request = replace(request, document=document, params={**texts, **request.params})
        return plan.with_applied(applied), request, overridden

    async def handle(self, plan: FaultPlan, handler: Handler, request: ApiRequest) -> JsonResponse | FileResponse:
        """Call the handler; take back what it has changed if a fault says so."""
        if not plan.includes(FaultKind.NO_OP):
            return await handler(request)
        records = await self._store.account_records(request.account)
        try:
            return await handler(request)
        finally:
            await self._store.replace_account(records, self._ledger.bookings(records))

    async def mutate(self, plan: FaultPlan, response: AnyResponse) -> tuple[FaultPlan, AnyResponse]:
        """Return the mutated response, and the plan with the faults that had nothing to change in it."""
        unapplied = []
        for fault in plan.at(Link.MUTATE):
            mutated = await self._mutated(plan, fault, response)
            if mutated is None:
                unapplied.append(fault)
            else:
                response = mutated
        return plan.with_unapplied(unapplied), response

    def wrap_send(self, plan: FaultPlan, send: Send) -> Send:
        """Return the `send` that the response is sent with."""
        return FaultySend(plan.at(Link.SEND), plan.connection, send, lambda seconds: pause(plan.clock, seconds))

    async def _mutated(self, plan: FaultPlan, fault: Fault, response: AnyResponse) -> AnyResponse | None:
        task = plan.target.task
        if fault.kind is FaultKind.CLOCK_SKEW:
            # Else the server would add its own, and Date stand twice.
            if plan.connection is not None:
                plan.connection.omit_date()
            date = formatdate(plan.clock.now() + fault.values["by"], usegmt=True).encode()
            return replace(response, headers=((b"date", date), *response.headers))
        if fault.kind is FaultKind.EARLY_CONTENT:
            refused = error_of(response) == fault.values["kind"]
            return await self._clips.early_clip(fault, task) if refused and task is not None else None
        if isinstance(response, FileResponse) and fault.kind in CLIP_KINDS:
            return None if task is None else await self._clips.mutate(fault, task, response)
        return mutate_response(fault, response, plan.target)

    async def _as_owner(self, contract: Contract, request: ApiRequest) -> ApiRequest:
        """Return the request as if the owner of the task or asset that it names had made it."""
        owner = await self._owner(contract, request)
        return replace(request, caller=replace(request.caller, account=owner)) if owner else request

    async def _owner(self, contract: Contract, request: ApiRequest) -> str:
        """Return the account of the task or asset that a request names, or of any asset for a list; empty if none."""
        name = contract.id_parameter(request.operation) or contract.request.path("group", request.operation)
        id_ = {**request.document, **request.params}.get(name)
        task = await self._store.task(str(id_ or ""))
        if task is not None:
            return task.account
        for account in await self._store.accounts():
            ids = {str(asset.id) for asset in await self._store.assets(account)}
            ids |= {str(group.id) for group in await self._store.groups(account)}
            if account != request.account and (str(id_) in ids or (id_ is None and ids)):
                return account
        return ""


async def pause(clock: Clock, seconds: float) -> None:
    """Wait by an account's clock; on one that stands still, only let others run."""
    await asyncio.sleep(seconds / clock.rate if clock.rate > 0 else 0)


def _with_limits(request: ApiRequest, plan: FaultPlan, fault: Fault) -> ApiRequest:
    """Return an order with other limits on its media, or other formats."""
    if request.operation is not Operation.CREATE:
        return request
    caller, contract = request.caller, plan.target.upstream.contract
    limits = limits_with(contract, request.document, caller.limits, fault.values)
    formats = formats_with(contract, request.document, caller.formats, fault.values)
    return replace(request, caller=replace(caller, limits=limits, formats=formats))


async def _wait_for_disconnect(receive: Receive, seconds: float) -> None:
    async def disconnected() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.sleep(0)  # a time limit needs a task, and the server makes one of what waits
        await asyncio.wait_for(disconnected(), seconds)
    except TimeoutError:
        return


def _connection(plan: FaultPlan) -> ConnectionControl:
    assert plan.connection is not None, "a fault that needs a socket is refused in process"
    return plan.connection
