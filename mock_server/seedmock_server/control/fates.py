"""What becomes of tasks: rules, defaults, and taking them back."""

from __future__ import annotations

from seedmock_contracts.enums import Operation

from ..fates.rules import FateRule, Outcomes, check, fate_rule_from, outcomes_from
from ..matching.rules import Counter, InvalidRule, match_row
from .context import ControlContext
from .endpoints import MINE, ControlEndpoint, ControlRequest
from .errors import ControlError
from .models import (
    DefaultFateRequest,
    FateRuleRequest,
    FateRuleResponse,
    FateRulesResponse,
    RemovalResponse,
    WeightedFate,
)
from .rules import match_with_account, without


def read(world: ControlContext, _: ControlRequest) -> FateRulesResponse:
    """All rules and defaults."""
    fates = world.fates
    return FateRulesResponse(
        rules=[fate_row(*pair) for pair in fates.rules],
        scenario=[fate_row(*pair) for pair in fates.scenario],
        accounts={account: _outcomes(outcomes) for account, outcomes in fates.of_key.items()},
        default=_outcomes(fates.default),
    )


def add(world: ControlContext, asked: ControlRequest) -> FateRuleResponse:
    """Take a rule, behind those that are there."""
    order: FateRuleRequest = asked.body
    try:
        rule = fate_rule_from({"match": match_with_account(world, order.match), "fate": order.fate})
    except InvalidRule as error:
        raise ControlError(str(error)) from error
    label = world.fates.add(rule)
    return next(fate_row(counter, rule) for counter, rule in world.fates.rules if counter.label == label)


def remove(world: ControlContext, asked: ControlRequest) -> RemovalResponse:
    """Take one rule away. Raises Trouble 404."""
    return without(world.fates, "fates", asked.params["id"])


def clear(world: ControlContext, asked: ControlRequest) -> RemovalResponse:
    """Take away all rules and defaults, or those of an account."""
    before = len(world.fates.rules) + len(world.fates.scenario)
    world.fates.clear(asked.account)
    return RemovalResponse(removed=before - len(world.fates.rules) - len(world.fates.scenario))


def set_default(world: ControlContext, asked: ControlRequest) -> FateRulesResponse:
    """What becomes of the calls that no rule is meant for."""
    order: DefaultFateRequest = asked.body
    try:
        outcomes = outcomes_from(order.fate)
        check(outcomes, Operation.CREATE, None)
    except InvalidRule as error:
        raise ControlError(str(error), field="fate") from error
    if asked.account is None:
        world.fates.default = outcomes
    else:
        world.fates.of_key[asked.account] = outcomes
    return read(world, asked)


def fate_row(counter: Counter, rule: FateRule) -> FateRuleResponse:
    """A rule of fates with its counts."""
    return FateRuleResponse(
        id=counter.label,
        match=match_row(rule.match),
        fate=_outcomes(rule.outcomes),
        matched=counter.matched,
        applied=counter.applied,
    )


def _outcomes(outcomes: Outcomes) -> list[WeightedFate]:
    return [WeightedFate(fate=str(fate), weight=weight) for weight, fate in outcomes.weighted]


ROWS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/fates",
        handler=read,
        summary="The rules of fates and the defaults.",
        response=FateRulesResponse,
    ),
    ControlEndpoint(
        method="POST",
        path="/_mock/fates",
        handler=add,
        summary="Add a rule: calls that match meet this fate. The first rule that fits is taken.",
        body=FateRuleRequest,
        response=FateRuleResponse,
        status=201,
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/fates",
        handler=clear,
        summary="Take away all rules of fates and all defaults, or those of a key.",
        query=MINE,
        response=RemovalResponse,
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/fates/default",
        handler=set_default,
        summary="What becomes of the calls that no rule is meant for: of all, or of a key's.",
        body=DefaultFateRequest,
        response=FateRulesResponse,
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/fates/{id}",
        handler=remove,
        summary="Take one rule away.",
        response=RemovalResponse,
    ),
)
"""The rows of the table."""
