"""An upstream whose rules are not those of the page: each move is found, by the fact that it contradicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.rules.cross_field import MaxReferences, ModelResolutions
from seedmock_contracts.rules.fields import JsonType, KnownModel, MaxLength, NumberRange, OneOf, UrlScheme
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.validation import condition

from ...profiles import IS_DEEP

ContractRule = tuple[Contract, Operation, Rule]
Move = Callable[[Any], Rule | None]


def narrowed(rule: Rule) -> list[tuple[str, Move]]:
    if isinstance(rule, NumberRange):
        one: list[tuple[str, Move]] = [("from one more", lambda rule: replace(rule, low=rule.low + 1))]
        return one if rule.high is None else [*one, ("to one less", lambda rule: replace(rule, high=rule.high - 1))]
    if isinstance(rule, MaxReferences | MaxLength):
        return [("one less", lambda rule: replace(rule, limit=rule.limit - 1))]
    if isinstance(rule, OneOf):
        firstly = ("without the first", lambda rule: replace(rule, allowed=rule.allowed[1:]))
        return [firstly, ("without the last", lambda rule: replace(rule, allowed=rule.allowed[:-1]))]
    if isinstance(rule, UrlScheme):
        return [("without the first", lambda rule: replace(rule, schemes=rule.schemes[1:]))]
    return []


def widened(rule: Rule) -> list[tuple[str, Move]]:
    if isinstance(rule, NumberRange):
        one: list[tuple[str, Move]] = [("from one less", lambda rule: replace(rule, low=rule.low - 1))]
        return one if rule.high is None else [*one, ("to one more", lambda rule: replace(rule, high=rule.high + 1))]
    if isinstance(rule, MaxReferences | MaxLength):
        return [("one more", lambda rule: replace(rule, limit=rule.limit + 1))]
    if isinstance(rule, OneOf):
        more = list(rule.invalid_values(None))[-1]
        return [(f"with {more}", lambda rule: replace(rule, allowed=(*rule.allowed, more)))]
    if isinstance(rule, UrlScheme):
        return [("with ftp", lambda rule: replace(rule, schemes=(*rule.schemes, "ftp://")))]
    if isinstance(rule, JsonType):
        more = "boolean" if "boolean" not in rule.types else "string"
        return [(f"with {more}", lambda rule: replace(rule, types=(*rule.types, more)))]
    if isinstance(rule, ModelResolutions):
        one_more = next(row for row in rule.resolution_by_name.values() if row not in rule.model.resolutions)
        more_of = replace(rule.model, resolutions=(*rule.model.resolutions, one_more))
        return [(f"with {one_more}", lambda rule: replace(rule, model=more_of))]
    return []


OTHER_OPTION = "it holds in a variant that is not the default's"
UNASKED = {
    "opeai.create.seed.refused": OTHER_OPTION,
    "opeai.reference.host.refused": OTHER_OPTION,
    "apimodels.reference.host.refused": OTHER_OPTION,
    "apimodels.create.callback_url.host.refused": OTHER_OPTION,
    "apimodels.upscale.callback_url.host.refused": OTHER_OPTION,
    "apimodels.upscale.videoUrl.host.refused": OTHER_OPTION,
    "apimodels.query.task_id": "what a query string says is always text",
    "apimodels.query.task_id.required": "an emulator without it breaks down, and what breaks down says nothing",
    "apimodels.upscale.videoUrl": "an emulator without it breaks down, and what breaks down says nothing",
    "apimodels.upscale.videoUrl.required": "an emulator without it breaks down, and what breaks down says nothing",
    "apimodels.upscale.model": "a model that is no text makes another operation of the call",
}
ALONE = {"opeai.create.input_reference", "opeai.create.content", "apimodels.create.images.item"}
"""Rules that leave no room for media or for others' faults beside them: that they are gone cannot be told for sure."""
"""Rules that nothing can be learnt of here, and why."""
CRASHES = {
    ("apimodels.assets.create.asset_type", "with boolean"),
    ("apimodels.assets.create.asset_type.values", "with image"),
}
"""Changes under which the emulator itself breaks down."""


def own_facts(contract: Contract, rule: Rule, label: str) -> set[str]:
    """The facts that a move contradicts: of a list of models or sizes, those of the values that are gone."""
    if isinstance(rule, OneOf) and label.startswith("without"):
        gone = rule.allowed[0] if label.endswith("first") else rule.allowed[-1]
        own = contract.model(gone) if isinstance(rule, KnownModel) else contract.parse_size(gone)
        if own is not None and rule.field in ("model", "size"):
            return {own.id}
    only = condition(rule)
    return {only[0]} if only is not None else {rule.fact.id}


def steps_of(contract: Contract, operation: Operation, rule: Rule) -> list[str]:
    """The free step of a rule and, if that does not show all of it, contingent ones."""
    name = rule.fact.id.removeprefix(f"{contract.name}.")
    others = [] if operation is Operation.CREATE else [f"rules.{operation}"]  # of few rules, too few to compare with
    return [f"free.{name}", f"rule.{name}", f"refusals.{operation}", *others]


@pytest.mark.slow
def test_each_rule_that_is_moved_is_found_by_its_own_fact(
    contract_rule: ContractRule, run_ladder: Any, moved: Any
) -> None:
    contract, operation, rule = contract_rule
    if rule.fact.id in UNASKED:
        return
    for label, move in moves_of(contract, rule):
        moved(rule.fact.id, move)
        run = run_ladder(contract.name, only=steps_of(contract, operation, rule))
        assert not run.created_id, label
        assert own_facts(contract, rule, label) <= set(run.failed), label


def moves_of(contract: Contract, rule: Rule) -> list[tuple[str, Move]]:
    """All moves of a rule in depth, otherwise one, which for rules of one kind is now this and now that."""
    moves = [
        (label, move)
        for label, move in (*narrowed(rule), *widened(rule))
        if (rule.fact.id, label) not in CRASHES and not _is_upscaler(contract, rule, label)
    ]
    chosen = len(rule.fact.id) % len(moves) if moves else 0
    return moves if IS_DEEP else moves[chosen : chosen + 1]


def _is_upscaler(contract: Contract, rule: Rule, label: str) -> bool:
    """The upscaler is a model of another operation; that it is gone is found by the step on models."""
    return isinstance(rule, KnownModel) and label == "without the last" and contract.models[-1].upscales


@pytest.mark.slow
def test_each_rule_that_is_gone_is_found_by_its_own_fact(
    contract_rule: ContractRule, run_ladder: Any, moved: Any
) -> None:
    contract, operation, rule = contract_rule
    if rule.fact.id in UNASKED or rule.fact.id in ALONE:
        return
    moved(rule.fact.id, lambda rule: None)
    run = run_ladder(contract.name, only=steps_of(contract, operation, rule))
    assert not run.created_id
    assert own_facts(contract, rule, "gone") <= set(run.failed)
