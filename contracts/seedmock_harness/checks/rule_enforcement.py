"""Checks of rules: a request that breaks one is rejected with the documented error, and other requests are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from seedmock_contracts.documents.values import format_value
from seedmock_contracts.enums import BILLABLE, Operation
from seedmock_contracts.facts import Fact
from seedmock_contracts.rules.fields import JsonType, RequiredField, UnsupportedField
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.validation import condition, violations

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, failed, passed
from .error_responses import (
    RULE_ERRORS,
    check_error,
    error_code,
    error_fail_code,
    error_text,
    is_endpoint_missing,
    is_unrelated,
    shorten_response,
    unknown_id_errors,
)
from .variants import OTHER_OPTION


def rule_violations_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """A request that breaks rules is rejected. One that breaks a single rule confirms that rule."""
    if not interaction.violations or not interaction.is_authenticated or interaction.status_code == 0:
        return
    facts = {violation.fact.id: violation for violation in interaction.violations}
    if not interaction.is_error:
        for violation in facts.values():
            title, observed = "a request that breaks the rule is accepted", shorten_response(interaction)
            conditional = _option_without_rule(interaction, violation.fact)
            yield conditional or failed(violation.fact, title, violation.message, observed)
    elif len(facts) == 1:
        violation = interaction.violations[0]
        if is_unrelated(interaction, [violation.kind]) or is_endpoint_missing(interaction, [violation.kind]):
            return
        id_ = _id_in_error(interaction)
        if id_ is None:
            yield passed(violation.fact, f"{violation.message}: {interaction.status_code}")
        else:
            yield failed(violation.fact, "an error response has the id of a created resource", "no id", id_)


def _option_without_rule(interaction: Interaction, fact: Fact) -> CheckResult | None:
    """The conclusion from an accepted request, if the rule applies only under an option that may not hold."""
    rule = next((rule for rule in _rules(interaction) if rule.fact is fact), None)
    only = condition(rule) if rule is not None else None
    if only is None or interaction.history.options.get(only[0]) == only[1]:
        return None
    variant = next(variant for variant in interaction.contract.variants if variant.id == only[0])
    others = " or ".join(option for option in variant.options if option != only[1])
    return failed(variant, OTHER_OPTION, only[1], others, Severity.INFO)


def _id_in_error(interaction: Interaction) -> Any:
    body = interaction.body if isinstance(interaction.body, dict) else {}
    values = interaction.data if isinstance(interaction.data, dict) else body
    ids = (values.get(path) for path in interaction.contract.response.id_paths)
    return next((id_ for id_ in ids if id_ not in (None, "")), None)


def violations_get_the_documented_error(interaction: Interaction) -> Iterator[CheckResult]:
    """A request that breaks a rule gets the status, code and type of the rule's kind of error."""
    kinds = dict.fromkeys(violation.kind for violation in interaction.violations)
    if not kinds or not interaction.is_authenticated:
        return
    has_unknown_id = bool(interaction.error_kinds & {*unknown_id_errors(interaction)})
    is_other_error = not interaction.error_kinds & {*kinds} and (has_unknown_id or _blames_valid_field(interaction))
    if not is_other_error:
        yield from check_error(interaction, kinds)


def _blames_valid_field(interaction: Interaction) -> bool:
    """True if the first field that an error names is valid: then the upstream has a rule that the contract lacks."""
    first = _first_field(interaction)
    invalid = {re.split(r"[.\[]", violation.field)[0] for violation in interaction.violations}
    return first is not None and first not in invalid | {rule.top_field for rule in _broken_rules(interaction)}


def errors_name_the_field(interaction: Interaction) -> Iterator[CheckResult]:
    """An error response names an invalid field. Only advice: no vendor documents the wording of messages."""
    if not interaction.violations or not interaction.is_error or not interaction.is_authenticated:
        return
    kinds = {violation.kind for violation in interaction.violations}
    case = next((case for case in interaction.error_cases if case.kind in kinds), None)
    if case is None or is_unrelated(interaction, [case.kind]):
        return
    tokens = set(re.findall(r"\w+", interaction.text))
    documented = {rule.top_field for rules in interaction.contract.rules.values() for rule in rules}
    invalid = {violation.field for violation in interaction.violations}
    invalid |= {rule.field for rule in _broken_rules(interaction)}
    names = {name for field in invalid for name in re.findall(r"[A-Za-z_]+", field)} & tokens
    if names:
        yield passed(case, f"names {', '.join(sorted(names))}")
    elif not documented & tokens:
        expected, title = " or ".join(sorted(invalid)), "an error response does not name the field"
        yield failed(case, title, expected, shorten_response(interaction), Severity.WARNING)


def valid_requests_are_accepted(interaction: Interaction) -> Iterator[CheckResult]:
    """A request that breaks no rule is not rejected for breaking one."""
    document = interaction.document
    if document is None or interaction.violations or not interaction.is_error:
        return
    if interaction.operation not in interaction.contract.rules or not interaction.error_kinds & RULE_ERRORS:
        return
    rule = None if _is_moderation(interaction) else _blamed_rule(interaction, document)
    if rule is None or is_unrelated(interaction, RULE_ERRORS):
        return
    only = condition(rule)
    if only is not None and interaction.history.options.get(only[0]) is None:
        variant, default = interaction.contract.fact(only[0]), interaction.contract.defaults[only[0]]
        yield failed(variant, OTHER_OPTION, default, only[1], Severity.INFO)
        return
    expected = f"{rule.field} {format_value(document.get(rule.top_field))} is accepted"
    title = "a request is rejected for a rule that it does not break"
    yield failed(rule.fact, title, expected, shorten_response(interaction))


def _blamed_rule(interaction: Interaction, document: dict[str, Any]) -> Rule | None:
    """The rule of the first field that an error names, as far as it can be told.

    References are left out: they are rejected for many reasons that are not in the request.
    """
    first = _first_field(interaction)
    located = interaction.contract.request.layout.find(document)
    references = {reference.path.partition("[")[0].partition(".")[0] for reference in located}
    rules = [rule for rule in _rules(interaction) if rule.top_field == first and first not in references]
    conditional = [rule for rule in rules if _would_be_broken(interaction, rule, document)]
    present = [
        rule
        for rule in rules
        if rule.top_field in document and not isinstance(rule, RequiredField | JsonType | UnsupportedField)
    ]
    absent = [rule for rule in rules if rule.top_field not in document]
    return next(iter([*conditional, *reversed(present), *absent]), None)


def _would_be_broken(interaction: Interaction, rule: Rule, document: dict[str, Any]) -> bool:
    """True if the rule applies only under an option of a variant, and the request breaks it there."""
    only = condition(rule)
    if only is None or interaction.operation is None:
        return False
    options = {**interaction.contract.defaults, only[0]: only[1]}
    broken = violations(interaction.contract.name, interaction.operation, document, options)
    return any(violation.fact is rule.fact for violation in broken)


def _first_field(interaction: Interaction) -> str | None:
    """The field of the operation that an error response names first."""
    fields = {rule.top_field for rule in _rules(interaction)}
    return next((word for word in re.findall(r"\w+", error_text(interaction)) if word in fields), None)


def _broken_rules(interaction: Interaction) -> list[Rule]:
    facts = {violation.fact.id for violation in interaction.violations}
    return [rule for rule in _rules(interaction) if rule.fact.id in facts]


def _is_moderation(interaction: Interaction) -> bool:
    """True if an error is about the content of a prompt or of media, not about the form of the request."""
    codes = {row.code for row in interaction.contract.fail_codes}
    return bool(error_fail_code(interaction)) or error_code(interaction) in codes


def rejected_orders_cost_nothing(interaction: Interaction) -> Iterator[CheckResult]:
    """The balance stays the same if all orders since the previous balance were rejected."""
    if interaction.operation is not Operation.BALANCE or interaction.is_error or not isinstance(interaction.data, dict):
        return
    since: list[Interaction] = []
    for earlier in reversed(interaction.history.interactions):
        if earlier.caller == interaction.caller:
            if earlier.operation is Operation.BALANCE and not earlier.is_error:
                yield from _check_same_balance(interaction, earlier, since)
                return
            since.append(earlier)


def _check_same_balance(
    interaction: Interaction, previous: Interaction, since: list[Interaction]
) -> Iterator[CheckResult]:
    orders = [earlier for earlier in since if earlier.operation in BILLABLE]
    tasks = interaction.history.tasks.values()
    # The end of an earlier task may change the balance, whatever became of the orders since.
    is_running = any(task.final_poll is None and task.caller == interaction.caller for task in tasks)
    if not orders or is_running or not all(order.is_error for order in orders):
        return
    fact = next(endpoint for endpoint in interaction.contract.endpoints if endpoint.operation is Operation.BALANCE)
    before, now = previous.part("balance"), interaction.part("balance")
    if before == now:
        yield passed(fact, f"{now} after {len(orders)} rejected orders")
    else:
        yield failed(fact, "rejected orders have changed the balance", before, now)


def _rules(interaction: Interaction) -> tuple[Rule, ...]:
    return interaction.contract.rules.get(interaction.operation, ()) if interaction.operation is not None else ()


CHECKS = (
    rule_violations_are_rejected,
    violations_get_the_documented_error,
    errors_name_the_field,
    valid_requests_are_accepted,
    rejected_orders_cost_nothing,
)
