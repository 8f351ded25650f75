"""Fault endpoints: rules for misbehaviour on the wire and contract mutations, and limits for API keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..faults.rules import parse_fault_rule
from ..matching.rules import InvalidRule
from ..rate_limits import RateLimit
from .context import ControlContext
from .endpoints import ACCOUNT_QUERY, ControlEndpoint, ControlRequest
from .errors import ControlError
from .models import (
    FaultRuleRequest,
    FaultRuleResponse,
    FaultRulesResponse,
    LimitRequest,
    LimitsResponse,
    RemovalResponse,
)
from .rules import remove_rule, resolve_key


def read(context: ControlContext, _: ControlRequest) -> FaultRulesResponse:
    rows = context.faults.rows()
    return FaultRulesResponse(
        rules=[rule_response(row) for row in rows if not row["scenario"]],
        scenario_rules=[rule_response(row) for row in rows if row["scenario"]],
    )


def add(context: ControlContext, request: ControlRequest) -> FaultRuleResponse:
    body: FaultRuleRequest = request.body
    try:
        rule = parse_fault_rule({"match": resolve_key(context, body.match), "fault": body.fault})
    except InvalidRule as error:
        raise ControlError(str(error)) from error
    label = context.faults.add(rule)
    return next(rule_response(row) for row in context.faults.rows() if row["id"] == label)


def remove(context: ControlContext, request: ControlRequest) -> RemovalResponse:
    return remove_rule(context.faults, "fault", request.params["id"])


def clear(context: ControlContext, request: ControlRequest) -> RemovalResponse:
    before = len(context.faults.rows())
    context.faults.clear(request.account)
    return RemovalResponse(removed=before - len(context.faults.rows()))


def rule_response(row: Mapping[str, Any]) -> FaultRuleResponse:
    return msgspec.convert(row, FaultRuleResponse)


def read_limits(context: ControlContext, _: ControlRequest) -> LimitsResponse:
    return msgspec.convert({"limits": context.limits.rows()}, LimitsResponse)


def set_limit(context: ControlContext, request: ControlRequest) -> LimitsResponse:
    body: LimitRequest = request.body
    try:
        context.limits.set(RateLimit(rate=body.rate, concurrency=body.concurrency), request.account)
    except InvalidRule as error:
        raise ControlError(str(error)) from error
    return read_limits(context, request)


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/faults",
        handler=read,
        summary="List the fault rules.",
        response=FaultRulesResponse,
    ),
    ControlEndpoint(
        method="POST",
        path="/_mock/faults",
        handler=add,
        summary="Add a fault rule: calls that match get this fault. The first that matches of each group applies.",
        body=FaultRuleRequest,
        response=FaultRuleResponse,
        status=201,
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/faults",
        handler=clear,
        summary="Remove all fault rules, or those of a key.",
        query=ACCOUNT_QUERY,
        response=RemovalResponse,
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/faults/{id}",
        handler=remove,
        summary="Remove one fault rule.",
        response=RemovalResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/limits",
        handler=read_limits,
        summary="List the limits: calls a minute, and unfinished tasks, of a key.",
        response=LimitsResponse,
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/limits",
        handler=set_limit,
        summary="Limit all keys, or one; what is left out is unlimited.",
        body=LimitRequest,
        response=LimitsResponse,
    ),
)
