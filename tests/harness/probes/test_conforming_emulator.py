"""The free ladder against the unchanged emulator: every fact within its reach is confirmed."""

from __future__ import annotations

from typing import Any

import pytest

from seedmock_contracts.enums import BILLABLE, ErrorKind, Operation
from seedmock_contracts.rules.fields import JsonType
from seedmock_contracts.upstreams import get_contract
from seedmock_contracts.validation import condition
from seedmock_harness.probes.boundary_probes import is_covered

REACHABLE = {
    "opeai": {
        ErrorKind.AUTHENTICATION,
        ErrorKind.MALFORMED,
        ErrorKind.MISSING_PARAMETER,
        ErrorKind.INVALID_PARAMETER,
        ErrorKind.UNKNOWN_MODEL,
        ErrorKind.TASK_NOT_FOUND,
        ErrorKind.CONTENT_NOT_FOUND,
        ErrorKind.ROUTE_NOT_FOUND,
        ErrorKind.METHOD_NOT_ALLOWED,
        ErrorKind.UNSUPPORTED_MEDIA_TYPE,
    },
}
REACHABLE["apimodels"] = (REACHABLE["opeai"] - {ErrorKind.CONTENT_NOT_FOUND}) | {
    ErrorKind.ASSET_NOT_FOUND,
    ErrorKind.GROUP_NOT_FOUND,
}
"""The kinds of refusal that can be had for nothing and without waiting."""
VARIANTS = [
    ("opeai", "opeai.errors", "newapi"),
    ("opeai", "opeai.size_with_resolution", "accept"),
    ("opeai", "opeai.seed", "reject"),
    ("opeai", "opeai.seed", "ignore"),
    ("opeai", "opeai.status", "openai"),
    ("apimodels", "apimodels.errors", "ok"),
    ("apimodels", "apimodels.keys", "legacy"),
    ("apimodels", "apimodels.group_list", "items"),
]
SAME_REJECTIONS = {"opeai.seed=ignore", "opeai.status=openai", "apimodels.keys=legacy"}
"""Options in which no refusal differs from the default's."""


def facts_to_learn(name: str) -> set[str]:
    """Every rule that a request can break, every model and, where a size is asked for by its text, every size."""
    contract = get_contract(name)
    rules = {
        rule.fact.id
        for operation, rules in contract.rules.items()
        for rule in rules
        if condition(rule) is None and not (operation is Operation.QUERY and isinstance(rule, JsonType))
    }
    by_size = any(rule.field == "size" for rule in contract.rules[Operation.CREATE])
    sizes = {size.id for size in contract.sizes} if by_size else set()
    return rules | sizes | {model.id for model in contract.models} | {base.id for base in contract.bases}


def facts_of_paid_steps(name: str) -> set[str]:
    """Rules that no question with a documented reason for refusal shows, and limits on media."""
    contract = get_contract(name)
    rules = {
        rule.fact.id
        for operation in BILLABLE
        for index, rule in enumerate(contract.rules.get(operation, ()))
        if not is_covered(name, operation, index) and condition(rule) is None
    }
    return rules | {f"{name}.limit.image.side", f"{name}.limit.image.ratio", f"{name}.limit.audio.seconds"}


def variants_of_rules(name: str, *, is_free: bool) -> set[str]:
    """Variants on which a rule of a create depends: those that free questions show, or the others."""
    rules = enumerate(get_contract(name).rules[Operation.CREATE])
    conditions = [condition(rule) for index, rule in rules if is_covered(name, Operation.CREATE, index) is is_free]
    return {variant[0] for variant in conditions if variant}


@pytest.mark.slow
def test_everything_that_can_be_learnt_is_learnt_and_nothing_is_found(name: str, conforming_run: Any) -> None:
    run = conforming_run(name)
    assert not run.created_id
    assert run.failed == {}
    assert facts_to_learn(name) - facts_of_paid_steps(name) - run.passed == set()
    assert variants_of_rules(name, is_free=True) <= run.passed
    assert {f"{name}.auth", f"{name}.null", f"{name}.unknown_fields"} <= run.passed


@pytest.mark.slow
def test_what_no_free_question_shows_is_learnt_by_steps_that_cost_nothing_here(name: str, run_ladder: Any) -> None:
    run = run_ladder(name, only=["rule", "refusals."])
    assert not run.created_id
    assert run.failed == {}
    assert run.interactions[-1].history.tasks == {}
    assert facts_of_paid_steps(name) - run.passed == set()
    assert variants_of_rules(name, is_free=False) <= run.passed
    rules = [rule for operation in BILLABLE for rule in get_contract(name).rules.get(operation, ())]
    documented = {rule.fact.id for rule in rules if rule.fact.basis == "documented" and not isinstance(rule, JsonType)}
    assert len(documented - run.passed) <= 1, "each documented rule is broken alone"


def test_every_kind_of_refusal_that_is_within_reach_is_learnt(name: str, conforming_run: Any) -> None:
    passed = conforming_run(name).passed
    contract = get_contract(name)
    missing = {kind for kind in REACHABLE[name] if contract.error_case(kind).id not in passed}
    assert missing == set()


def test_every_endpoint_is_found(name: str, conforming_run: Any) -> None:
    passed = conforming_run(name).passed
    orders = {endpoint.id for endpoint in get_contract(name).endpoints}
    assert orders - passed == set()


@pytest.mark.slow
def test_another_seed_changes_nothing_of_what_is_found(name: str, run_ladder: Any) -> None:
    assert run_ladder(name, seed=1).failed == {}


@pytest.mark.slow
@pytest.mark.parametrize(("name_of", "variant", "option"), VARIANTS)
def test_another_option_is_settled_and_nothing_is_contradicted(
    name_of: str, variant: str, option: str, run_ladder: Any
) -> None:
    run = run_ladder(name_of, variants={variant: option})
    assert not run.created_id
    assert run.unexpected == set()
    expected = set() if f"{variant}={option}" in SAME_REJECTIONS else {variant}
    assert expected <= set(run.failed)
    assert set(run.failed) - expected <= {fact.id for fact in get_contract(name_of).facts() if fact.basis == "assumed"}


def test_it_costs_some_hundred_questions(name: str, conforming_run: Any) -> None:
    assert 300 < len(conforming_run(name).interactions) < 1000


def test_nothing_is_left_behind(name: str, conforming_run: Any) -> None:
    run = conforming_run(name)
    history = run.interactions[-1].history
    assert history.tasks == {}
    assert history.assets == {}
    assert all(group.deletion is not None for group in history.groups.values())
