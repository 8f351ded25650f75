"""State endpoints: reset and forget, and save and restore snapshots."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ..snapshots.schema import ALLOWED, VERSION, InvalidSnapshot
from ..storage import Store
from .context import ControlContext
from .endpoints import ControlEndpoint, ControlRequest
from .errors import ControlError
from .models import ResetRequest, ResetResponse, RestoreResponse


async def reset(context: ControlContext, request: ControlRequest) -> ResetResponse:
    """Delete the state of one account, or of all together with rules, clock and scenario."""
    store, account = context.store, request.account
    accounts = list(await store.accounts()) if account is None else [account]
    deleted = await _counts(store, accounts)
    if account is None:
        context.active_scenario.deactivate()
    await context.checkpoint.reset(account)
    if account is None:
        context.engine.ledger.set_default_credit(context.settings.credit)
        context.active_scenario.reset()
    return deleted


async def forget(context: ControlContext, request: ControlRequest) -> ResetResponse:
    """Delete what an account has done, and count anew; its rules, limits, credit and clock remain."""
    if request.account is None:
        raise ControlError("found no key; allowed: one in the body, or as X-Mock-Key", field="key")
    deleted = await _counts(context.store, [request.account])
    await context.checkpoint.forget(request.account)
    return deleted


async def _counts(store: Store, accounts: list[str]) -> ResetResponse:
    return ResetResponse(
        accounts=accounts,
        tasks=sum([len(await store.tasks(name)) for name in accounts]),
        assets=sum([len(await store.assets(name)) for name in accounts]),
        groups=sum([len(await store.groups(name)) for name in accounts]),
    )


async def save(context: ControlContext, _: ControlRequest) -> Response:
    return Response(await context.checkpoint.capture(context.active_scenario), media_type="application/json")


async def restore(context: ControlContext, request: ControlRequest) -> RestoreResponse:
    """Replace the current state with the snapshot. Raises ControlError, with nothing changed."""
    try:
        await context.checkpoint.restore(request.raw, context.active_scenario)
    except InvalidSnapshot as error:
        raise ControlError(str(error)) from error
    accounts = await context.store.accounts()
    tasks = sum([len(await context.store.tasks(name)) for name in accounts])
    return RestoreResponse(accounts=len(accounts), tasks=tasks)


SNAPSHOT = {
    "type": "object",
    "required": ["version"],
    "properties": {"version": {"const": VERSION}},
    "description": ALLOWED,
}
ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="POST",
        path="/_mock/reset",
        handler=reset,
        summary="Delete tasks, assets, groups, rules, clock and journal: all, or those of a key.",
        body=ResetRequest,
        response=ResetResponse,
    ),
    ControlEndpoint(
        method="POST",
        path="/_mock/forget",
        handler=forget,
        summary="Delete a key's tasks, charges and exchanges, and count anew; rules, limits, credit and clock remain.",
        body=ResetRequest,
        response=ResetResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/snapshot",
        handler=save,
        summary="Save the whole state as one JSON document: without keys, but with the seed and all prompts.",
        response=dict[str, Any],
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/snapshot",
        handler=restore,
        summary="Replace the state with a snapshot; one that is malformed anywhere changes nothing.",
        response=RestoreResponse,
        raw=True,
        bodies={"application/json": SNAPSHOT},
    ),
)
