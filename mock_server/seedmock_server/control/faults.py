"""What goes wrong on the wire: rules of faults and lies, and limits on what a key may ask."""

from __future__ import annotations

from ..faults.rules import fault_rule_from
from ..matching.rules import InvalidRule
from ..rate_limits import Limit
from .context import ControlContext
from .endpoints import MINE, ControlEndpoint, ControlRequest
from .errors import ControlError
from .models import (
    AccountLimits,
    FaultRuleRequest,
    FaultRuleResponse,
    FaultRulesResponse,
    LimitRequest,
    LimitsResponse,
    RemovalResponse,
)
from .rules import match_with_account, without


def read(world: ControlContext, _: ControlRequest) -> FaultRulesResponse:
    """All rules."""
    return FaultRulesResponse(rules=[FaultRuleResponse(**row) for row in world.faults.rows()])


def add(world: ControlContext, asked: ControlRequest) -> FaultRuleResponse:
    """Take a rule, behind those that are there."""
    order: FaultRuleRequest = asked.body
    try:
        rule = fault_rule_from({"match": match_with_account(world, order.match), "fault": order.fault})
    except InvalidRule as error:
        raise ControlError(str(error)) from error
    label = world.faults.add(rule)
    return next(FaultRuleResponse(**row) for row in world.faults.rows() if row["id"] == label)


def remove(world: ControlContext, asked: ControlRequest) -> RemovalResponse:
    """Take one rule away. Raises Trouble 404."""
    return without(world.faults, "faults", asked.params["id"])


def clear(world: ControlContext, asked: ControlRequest) -> RemovalResponse:
    """Take away all rules, or those of an account."""
    before = len(world.faults.rows())
    world.faults.clear(asked.account)
    return RemovalResponse(removed=before - len(world.faults.rows()))


def read_limits(world: ControlContext, _: ControlRequest) -> LimitsResponse:
    """The limit of all and of each account that has its own."""
    return LimitsResponse(limits=[AccountLimits(**row) for row in world.limits.rows()])  # type: ignore[arg-type]


def set_limit(world: ControlContext, asked: ControlRequest) -> LimitsResponse:
    """Give all accounts, or one, another limit."""
    order: LimitRequest = asked.body
    try:
        world.limits.set(Limit(rate=order.rate, concurrency=order.concurrency), asked.account)
    except InvalidRule as error:
        raise ControlError(str(error)) from error
    return read_limits(world, asked)


ROWS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/faults",
        handler=read,
        summary="The rules of faults and lies.",
        response=FaultRulesResponse,
    ),
    ControlEndpoint(
        method="POST",
        path="/_mock/faults",
        handler=add,
        summary="Add a rule: calls that match meet this fault. Of each group of faults the first that fits is taken.",
        body=FaultRuleRequest,
        response=FaultRuleResponse,
        status=201,
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/faults",
        handler=clear,
        summary="Take away all rules of faults, or those of a key.",
        query=MINE,
        response=RemovalResponse,
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/faults/{id}",
        handler=remove,
        summary="Take one rule away.",
        response=RemovalResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/limits",
        handler=read_limits,
        summary="How many calls a minute and tasks at once a key may ask for.",
        response=LimitsResponse,
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/limits",
        handler=set_limit,
        summary="Limit all keys, or one; what is left out is no limit.",
        body=LimitRequest,
        response=LimitsResponse,
    ),
)
"""The rows of the table."""
