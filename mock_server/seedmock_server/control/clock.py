"""Clock endpoints: the shared clock, and the clocks that accounts have of their own."""

from __future__ import annotations

from datetime import UTC, datetime

from ..clock import Clock, check_reading, time_problem
from ..matching.rules import InvalidRule
from ..matching.syntax import parse_duration
from ..tasks.pace import Pace
from ..tasks.timeline import NEVER, asset_next_change_at, next_change_at
from .context import ControlContext
from .endpoints import ACCOUNT_QUERY, ControlEndpoint, ControlRequest
from .errors import ControlError, abbreviated
from .models import ClockReading, ClockRequest, ClockResponse

ACTIONS = ("advance", "set", "rate", "freeze", "freeze_at", "next")


async def read(context: ControlContext, request: ControlRequest) -> ClockResponse:
    return await clock_response(context, request.account)


async def change(context: ControlContext, request: ControlRequest) -> ClockResponse:
    """Change a clock in one way; an account that uses the shared clock gets its own."""
    body: ClockRequest = request.body
    actions = [action for action in ACTIONS if _is_given(getattr(body, action))]
    if len(actions) != 1:
        names = ", ".join(actions) or "no action"
        raise ControlError(f"found {names}; allowed: exactly one of {', '.join(ACTIONS)}", allowed=ACTIONS)
    action = actions[0]
    try:
        # Validated before the account gets a clock of its own: a rejected request changes nothing.
        value = await _value(context, body, action, request.account)
        check_reading(*_reading(context.clocks.for_account(request.account), action, value))
        clock = context.clocks.shared if request.account is None else context.clocks.fork_for(request.account)
        _apply(clock, action, value)
    except (InvalidRule, ValueError) as error:
        raise ControlError(str(error), field=action) from error
    return await clock_response(context, request.account)


def _is_given(value: object) -> bool:
    return value is not None and value is not False  # 0 is a duration, and a rate


async def _value(context: ControlContext, body: ClockRequest, action: str, account: str | None) -> float:
    """Return the seconds, the time or the rate of an action. Raises ControlError and InvalidRule."""
    if action == "advance":
        return parse_duration(body.advance, "advance")
    if action == "set":
        return _parse_later_time(body.set, context.clocks.for_account(account).now())
    if action == "freeze_at":
        return _parse_time(body.freeze_at, "freeze_at")
    if action == "next":
        due = await next_due_at(context, account)
        if due == NEVER:
            raise ControlError("nothing is due: no task, asset or callback changes any more", status=409, field="next")
        return due
    return 0.0 if action == "freeze" else body.rate or 0.0


def _reading(clock: Clock, action: str, value: float) -> tuple[float, float]:
    """Return the time and the rate of a clock after an action."""
    if action in ("rate", "freeze"):
        return clock.now(), value
    if action == "freeze_at":
        return value, 0.0
    return (clock.now() + value if action == "advance" else value), clock.rate


def _apply(clock: Clock, action: str, value: float) -> None:
    if action in ("rate", "freeze"):
        clock.set_rate(value)
    elif action == "freeze_at":
        clock.restore(value, 0.0)
    elif action == "advance":
        clock.advance(value)
    else:
        clock.advance(max(0.0, value - clock.now()))


def _parse_time(value: float | str | None, field: str) -> float:
    try:
        time = float(value) if isinstance(value, int | float) else _parse_iso(str(value))
    except ValueError:
        message = f"{field} is {abbreviated(value)}; allowed: epoch seconds, or 2026-06-01T12:00:00Z"
        raise ControlError(message, field=field) from None
    problem = time_problem(time, field)
    if problem:
        raise ControlError(problem, field=field)
    return time


def _parse_later_time(value: float | str | None, now: float) -> float:
    time = _parse_time(value, "set")
    if time < now:
        message = f"set is {abbreviated(value)}, and the clock reads {now:.6f}"
        raise ControlError(f"{message}; allowed: a later time, a clock moves forward only", field="set")
    return time


def _parse_iso(text: str) -> float:
    """Parse ISO 8601; a time without a zone is in UTC."""
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


async def next_due_at(context: ControlContext, account: str | None) -> float:
    """Return the next time that something happens on a clock: an account's, or the shared one's; NEVER for nothing."""
    clocks, store = context.clocks, context.store
    now = clocks.for_account(account).now()
    on_shared_clock = [name for name in await store.accounts() if name not in clocks.accounts]
    accounts = on_shared_clock if account is None else [account]
    times = [await source(name, now) for name in accounts for source in context.due_sources]
    for name in accounts:
        if context.settings.pace is not Pace.STEP:  # with step, queries move a task on, and no clock does
            times += [next_change_at(task, now) for task in await store.tasks(name)]
        times += [asset_next_change_at(asset, now) for asset in await store.assets(name)]
    return min(times, default=NEVER)


async def real_seconds_until_due(context: ControlContext) -> float:
    """Return the real seconds until something happens by any clock; NEVER for nothing, and while the clocks stand."""
    clocks = context.clocks
    waits = [NEVER]
    for account in (None, *clocks.accounts):
        clock = clocks.for_account(account)
        if clock.rate:
            waits.append((await next_due_at(context, account) - clock.now()) / clock.rate)
    return min(waits)


async def clock_response(context: ControlContext, account: str | None) -> ClockResponse:
    clocks = context.clocks
    clock, due = clocks.for_account(account), await next_due_at(context, account)
    own = {name: clocks.for_account(name) for name in clocks.accounts}
    return ClockResponse(
        now=clock.now(),
        rate=clock.rate,
        next_due_at=None if due == NEVER else due,
        accounts={name: ClockReading(now=clock.now(), rate=clock.rate) for name, clock in own.items()},
    )


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/clock",
        handler=read,
        summary="Show the time, the rate of the clock, and when something happens next.",
        query=ACCOUNT_QUERY,
        response=ClockResponse,
    ),
    ControlEndpoint(
        method="POST",
        path="/_mock/clock",
        handler=change,
        summary="Advance, set, rate or freeze a clock (also at an earlier time), or advance it to the next event.",
        body=ClockRequest,
        response=ClockResponse,
    ),
)
