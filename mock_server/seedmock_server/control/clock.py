"""The time: the world's clock, and those that accounts have of their own."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from ..clock import Clock
from ..fates.rules import duration
from ..matching.rules import InvalidRule
from ..tasks.timeline import NEVER, Pace, asset_next_change_at, next_change_at
from .context import ControlContext
from .endpoints import MINE, ControlEndpoint, ControlRequest
from .errors import ControlError, shown
from .models import ClockReading, ClockRequest, ClockResponse

VERBS = ("advance", "set", "rate", "freeze", "next")


def read(world: ControlContext, asked: ControlRequest) -> ClockResponse:
    """The clock of an account, or the world's."""
    return _row(world, asked.account)


def move(world: ControlContext, asked: ControlRequest) -> ClockResponse:
    """Move a clock as the order says; an account that had none gets its own."""
    order: ClockRequest = asked.body
    said = [verb for verb in VERBS if getattr(order, verb) not in (None, False)]
    if len(said) != 1:
        found = ", ".join(said) or "none of them"
        raise ControlError(f"found {found}; allowed: exactly one of {', '.join(VERBS)}", allowed=VERBS)
    verb = said[0]
    try:
        change = _change(world, order, verb, asked.account)
        clock = world.state.clocks.shared if asked.account is None else world.state.clocks.fork_for(asked.account)
        _apply(clock, verb, change)
    except (InvalidRule, ValueError) as error:
        raise ControlError(str(error), field=verb) from error
    return _row(world, asked.account)


def _change(world: ControlContext, order: ClockRequest, verb: str, account: str | None) -> float:
    """By how much, to what, or how fast; raised for before anything is touched."""
    if verb == "advance":
        return duration(order.advance, "advance")
    if verb == "set":
        return _moment(order.set, world.state.clocks.for_account(account).now())
    if verb == "next":
        due = next_due(world, account)
        if due == NEVER:
            raise ControlError("nothing is due: no task, asset or callback changes any more", status=409, field="next")
        return due
    rate = 0.0 if verb == "freeze" else order.rate or 0.0
    if not 0 <= rate <= 1e6:
        raise ControlError(f"rate is {rate}; allowed: 0 (stands still) to 1000000", field="rate")
    return rate


def _apply(clock: Clock, verb: str, change: float) -> None:
    if verb in ("rate", "freeze"):
        clock.set_rate(change)
    elif verb == "advance":
        clock.advance(change)
    else:
        clock.advance(max(0.0, change - clock.now()))


def _moment(said: float | str | None, now: float) -> float:
    """Epoch seconds from themselves or from ISO 8601; a time without a zone is in UTC."""
    try:
        at = float(said) if isinstance(said, int | float) else _iso(str(said))
    except ValueError:
        raise ControlError(
            f"set is {shown(said)}; allowed: epoch seconds, or 2026-06-01T12:00:00Z", field="set"
        ) from None
    if not (math.isfinite(at) and now <= at < 1e11):
        raise ControlError(
            f"set is {shown(said)}, and the clock reads {now:.6f}; allowed: a later moment, a clock moves forward only",
            field="set",
        )
    return at


def _iso(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def next_due(world: ControlContext, account: str | None) -> float:
    """When the next thing happens on a clock: an account's, or of all accounts that go by the world's."""
    clocks, store = world.state.clocks, world.store
    now = clocks.for_account(account).now()
    going = [one for one in store.accounts() if one not in clocks.accounts] if account is None else [account]
    moments = [source(one, now) for one in going for source in world.due]
    for one in going:
        if world.settings.pace is not Pace.STEP:  # there each task has a time of its own, which queries move
            moments += [next_change_at(task, now) for task in store.tasks(one)]
        moments += [asset_next_change_at(asset, now) for asset in store.assets(one)]
    return min(moments, default=NEVER)


def _row(world: ControlContext, account: str | None) -> ClockResponse:
    clocks = world.state.clocks
    clock, due = clocks.for_account(account), next_due(world, account)
    return ClockResponse(
        now=clock.now(),
        rate=clock.rate,
        due=None if due == NEVER else due,
        accounts={
            one: ClockReading(now=clocks.for_account(one).now(), rate=clocks.for_account(one).rate)
            for one in clocks.accounts
        },
    )


ROWS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/clock",
        handler=read,
        summary="What the clock reads, how fast it runs, and when the next thing is due.",
        query=MINE,
        response=ClockResponse,
    ),
    ControlEndpoint(
        method="POST",
        path="/_mock/clock",
        handler=move,
        summary="Move the clock: advance, set, rate, freeze, or next; with a key, that key's own clock.",
        body=ClockRequest,
        response=ClockResponse,
    ),
)
"""The rows of the table."""
