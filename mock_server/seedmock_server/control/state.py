"""The state as a whole: forget it, take it away, put it back."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ..snapshots.schema import InvalidSnapshot
from .context import ControlContext
from .endpoints import ControlEndpoint, ControlRequest
from .errors import ControlError
from .models import ResetRequest, ResetResponse


def reset(world: ControlContext, asked: ControlRequest) -> ResetResponse:
    """Forget everything, or what a key has."""
    store = world.store
    accounts = list(store.accounts()) if asked.account is None else [asked.account]
    gone = ResetResponse(
        accounts=accounts,
        tasks=sum(len(store.tasks(account)) for account in accounts),
        assets=sum(len(store.assets(account)) for account in accounts),
        groups=sum(len(store.groups(account)) for account in accounts),
    )
    if asked.account is None:
        world.stage.clear()
    world.state.forget(asked.account)
    if asked.account is None:
        world.engine.ledger.set_default_credit(world.settings.credit)
        world.stage.reset()
    return gone


def take(world: ControlContext, _: ControlRequest) -> Response:
    """The snapshot."""
    return Response(world.state.take(world.stage), media_type="application/json")


def put(world: ControlContext, asked: ControlRequest) -> dict[str, int]:
    """Be what a snapshot says. Raises Trouble, having changed nothing."""
    try:
        world.state.restore(asked.raw, world.stage)
    except InvalidSnapshot as error:
        raise ControlError(str(error)) from error
    store = world.store
    return {"accounts": len(store.accounts()), "tasks": sum(len(store.tasks(one)) for one in store.accounts())}


ROWS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="POST",
        path="/_mock/reset",
        handler=reset,
        summary="Forget tasks, assets, groups, rules, clock and journal: all, or those of a key.",
        body=ResetRequest,
        response=ResetResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/snapshot",
        handler=take,
        summary="The whole state as one JSON document: it holds no keys, but the seed and all prompts.",
        response=dict[str, Any],
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/snapshot",
        handler=put,
        summary="Be what a snapshot says, and nothing else; a document that is broken anywhere changes nothing.",
        response=dict[str, int],
        raw=True,
    ),
)
"""The rows of the table."""
