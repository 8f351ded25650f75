"""Fate endpoints: rules for the outcome of tasks, and the defaults."""

from __future__ import annotations

from seedmock_contracts.enums import Operation

from ..fates.models import Outcomes, check_outcomes, parse_outcomes
from ..fates.rules import FateRule, parse_fate_rule
from ..matching.rules import Counter, InvalidRule, match_table
from .context import ControlContext
from .endpoints import ACCOUNT_QUERY, ControlEndpoint, ControlRequest
from .errors import ControlError
from .models import (
    DefaultFateRequest,
    FateRuleRequest,
    FateRuleResponse,
    FateRulesResponse,
    RemovalResponse,
    WeightedFate,
)
from .rules import remove_rule, resolve_key


def read(context: ControlContext, _: ControlRequest) -> FateRulesResponse:
    fates = context.fates
    return FateRulesResponse(
        rules=[rule_response(*pair) for pair in fates.rules],
        scenario_rules=[rule_response(*pair) for pair in fates.scenario],
        account_defaults={account: _weighted(outcomes) for account, outcomes in fates.account_defaults.items()},
        default=_weighted(fates.default),
    )


def add(context: ControlContext, request: ControlRequest) -> FateRuleResponse:
    body: FateRuleRequest = request.body
    try:
        rule = parse_fate_rule({"match": resolve_key(context, body.match), "fate": body.fate})
    except InvalidRule as error:
        raise ControlError(str(error)) from error
    label = context.fates.add(rule)
    return next(rule_response(counter, rule) for counter, rule in context.fates.rules if counter.label == label)


def remove(context: ControlContext, request: ControlRequest) -> RemovalResponse:
    return remove_rule(context.fates, "fate", request.params["id"])


def clear(context: ControlContext, request: ControlRequest) -> RemovalResponse:
    before = len(context.fates.rules) + len(context.fates.scenario)
    context.fates.clear(request.account)
    return RemovalResponse(removed=before - len(context.fates.rules) - len(context.fates.scenario))


def set_default(context: ControlContext, request: ControlRequest) -> FateRulesResponse:
    body: DefaultFateRequest = request.body
    try:
        outcomes = parse_outcomes(body.fate)
        check_outcomes(outcomes, Operation.CREATE, None)
    except InvalidRule as error:
        raise ControlError(str(error), field="fate") from error
    if request.account is None:
        context.fates.default = outcomes
    else:
        context.fates.account_defaults[request.account] = outcomes
    return read(context, request)


def rule_response(counter: Counter, rule: FateRule) -> FateRuleResponse:
    return FateRuleResponse(
        id=counter.label,
        match=match_table(rule.match),
        fate=_weighted(rule.outcomes),
        matched=counter.matched,
        applied=counter.applied,
    )


def _weighted(outcomes: Outcomes) -> list[WeightedFate]:
    return [WeightedFate(fate=str(fate), weight=weight) for weight, fate in outcomes.weighted]


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/fates",
        handler=read,
        summary="List the fate rules and the defaults.",
        response=FateRulesResponse,
    ),
    ControlEndpoint(
        method="POST",
        path="/_mock/fates",
        handler=add,
        summary="Add a fate rule: calls that match get this fate. The first rule that matches applies.",
        body=FateRuleRequest,
        response=FateRuleResponse,
        status=201,
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/fates",
        handler=clear,
        summary="Remove all fate rules and defaults, or those of a key.",
        query=ACCOUNT_QUERY,
        response=RemovalResponse,
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/fates/default",
        handler=set_default,
        summary="Set the fate of calls that no rule matches: of all, or of a key's.",
        body=DefaultFateRequest,
        response=FateRulesResponse,
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/fates/{id}",
        handler=remove,
        summary="Remove one fate rule.",
        response=RemovalResponse,
    ),
)
