"""A request that breaks a rule is refused, as the upstream refuses such things, and makes nothing; others are not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from seedmock_contracts.documents.values import format_value
from seedmock_contracts.enums import BILLABLE, ErrorKind, Operation
from seedmock_contracts.facts import ErrorCase, Fact
from seedmock_contracts.rules.fields import JsonType, RequiredField, UnsupportedField
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.validation import condition, violations

from ..conversation.history import UNAUTHENTICATED, Interaction
from ..results.checks import CheckResult, Severity, failed, passed
from . import response_fields as parts

OF_CALLS = frozenset(
    {
        ErrorKind.AUTHENTICATION,
        ErrorKind.FORBIDDEN,
        ErrorKind.BALANCE,
        ErrorKind.RATE_LIMIT,
        ErrorKind.OVERLOADED,
        ErrorKind.REQUEST_TIMEOUT,
        ErrorKind.UPSTREAM_FAILED,
    }
)
"""The kinds of error that say nothing of what was asked."""
ELSEWHERE = OF_CALLS | {ErrorKind.BODY_TOO_LARGE}
"""Kinds of error that say nothing of what a document holds."""
NO_ENDPOINT = frozenset({ErrorKind.ROUTE_NOT_FOUND, ErrorKind.METHOD_NOT_ALLOWED})
OF_RULES = frozenset({ErrorKind.MISSING_PARAMETER, ErrorKind.INVALID_PARAMETER, ErrorKind.UNKNOWN_MODEL})
UNKNOWN = {
    Operation.QUERY: (ErrorKind.TASK_NOT_FOUND,),
    Operation.RECORD: (ErrorKind.TASK_NOT_FOUND,),
    Operation.CONTENT: (ErrorKind.CONTENT_NOT_FOUND,),
    Operation.ASSET_GET: (ErrorKind.ASSET_NOT_FOUND,),
    Operation.ASSET_UPDATE: (ErrorKind.ASSET_NOT_FOUND,),
    Operation.ASSET_DELETE: (ErrorKind.ASSET_NOT_FOUND,),
    Operation.GROUP_DELETE: (ErrorKind.GROUP_NOT_FOUND,),
}
"""What is said to an id that nobody knows."""


def rule_violations_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """A request that breaks rules is refused; one that breaks a single one bears that rule out."""
    if not interaction.violations or interaction.exchange.caller in UNAUTHENTICATED or interaction.status_code == 0:
        return
    facts = {violation.fact.id: violation for violation in interaction.violations}
    if not interaction.is_error:
        for violation in facts.values():
            yield _open(interaction, violation.fact) or failed(
                violation.fact, "a request that breaks the rule is taken", violation.message, _answer(interaction)
            )
    elif len(facts) == 1:
        violation = interaction.violations[0]
        if says_nothing(interaction, [violation.kind]) or is_elsewhere(interaction, [violation.kind]):
            return
        tells = _told_id(interaction)
        if tells is None:
            yield passed(violation.fact, f"{violation.message}: {interaction.status_code}")
        else:
            yield failed(violation.fact, "a refusal tells the id of something made", "no id", tells)


def _open(interaction: Interaction, fact: Fact) -> CheckResult | None:
    """What is said instead of a rule that holds only in an option that may not be in force."""
    rule = next((rule for rule in _rules(interaction) if rule.fact is fact), None)
    only = condition(rule) if rule is not None else None
    if only is None or interaction.history.options.get(only[0]) == only[1]:
        return None
    options = next(variant for variant in interaction.contract.variants if variant.id == only[0]).options
    seen = " or ".join(option for option in options if option != only[1])
    return failed(
        interaction.contract.fact(only[0]), "another option holds than the default", only[1], seen, Severity.INFO
    )


def _told_id(interaction: Interaction) -> Any:
    told = (
        interaction.data
        if isinstance(interaction.data, dict)
        else interaction.body
        if isinstance(interaction.body, dict)
        else {}
    )
    return next(
        (told[name] for name in interaction.contract.response.id_paths if told.get(name) not in (None, "")), None
    )


def violations_get_the_documented_error(interaction: Interaction) -> Iterator[CheckResult]:
    """What breaks a rule is refused with the status, code and type of the rule's kind of error."""
    kinds = dict.fromkeys(violation.kind for violation in interaction.violations)
    told = {case.kind for case in interaction.error_cases}
    elsewhere = not told & {*kinds} and (_of_another_field(interaction) or told & {*unknown_kinds(interaction)})
    if kinds and not elsewhere and interaction.exchange.caller not in UNAUTHENTICATED:
        yield from answered(interaction, kinds)


def unknown_kinds(interaction: Interaction) -> tuple[ErrorKind, ...]:
    """What may be said to ids that nobody knows: those of the operation, and of a group where one is named."""
    named = interaction.document is not None and interaction.document.get("group_id") is not None
    kinds = UNKNOWN.get(interaction.operation, ()) if interaction.operation is not None else ()
    return (*kinds, ErrorKind.GROUP_NOT_FOUND) if named else kinds


def _of_another_field(interaction: Interaction) -> bool:
    """Whether a refusal names a field first of which nothing was wrong: then a rule is not what we think it is."""
    first = _first_field(interaction)
    wrong = {re.split(r"[.\[]", violation.field)[0] for violation in interaction.violations}
    return first is not None and first not in wrong | {rule.top_field for rule in _broken_rules(interaction)}


def answered(interaction: Interaction, kinds: Collection[ErrorKind]) -> Iterator[CheckResult]:
    """Whether a refusal is what the upstream says to one of these kinds of error; nothing, if it is about another."""
    if (
        not interaction.is_error
        or interaction.status_code == 0
        or says_nothing(interaction, kinds)
        or is_elsewhere(interaction, kinds)
    ):
        return
    order = list(kinds)
    wanted = [case for case in interaction.contract.errors if case.kind in kinds and _spoken(interaction, case)]
    wanted.sort(key=lambda case: order.index(case.kind))
    if not wanted:
        return
    fitting = [case for case in wanted if case in interaction.error_cases and isinstance(interaction.body, dict)]
    right = next((case for case in fitting if _type(interaction) in (case.type, None)), None)
    case = right or max(fitting or wanted, key=lambda case: _likeness(interaction, case))
    if right is not None:
        yield passed(case, _answer(interaction, 0))
    elif parts.judgeable(interaction):
        expected = f"{case.status} {case.code} {case.type}".strip()
        yield failed(case, f"{case.kind} is answered otherwise", expected, _answer(interaction))


def _spoken(interaction: Interaction, case: ErrorCase) -> bool:
    """Whether a case's style is one that may be in force: another is pinned only where an option is known to hold."""
    option = case.style.partition(".")[0]
    known = [
        interaction.history.options[v.id]
        for v in interaction.contract.variants
        if option in v.options and v.id in interaction.history.options
    ]
    return not option or not known or option in known


def _likeness(interaction: Interaction, case: ErrorCase) -> int:
    alike = (
        case.status == interaction.status_code,
        str(case.code) == str(_code(interaction)),
        case.type == _type(interaction),
    )
    return sum(weight for weight, same in zip((1, 2, 1), alike, strict=True) if same)


def says_nothing(interaction: Interaction, kinds: Collection[ErrorKind]) -> bool:
    """Whether a refusal is about something else than what was asked: the key, the balance, too many calls.

    One that this caller gets for the first time, where others were answered, may be about the request all the same.
    """
    told = {case.kind for case in interaction.error_cases}
    if told & {*kinds} or not told & ELSEWHERE:
        return False
    if interaction.status_code == 429 or interaction.status_code >= 500:
        return True
    if ErrorKind.AUTHENTICATION in kinds:
        return False
    mine = [
        before for before in interaction.history.interactions if before.exchange.caller == interaction.exchange.caller
    ]
    return not any(before.status_code != interaction.status_code for before in mine)


def is_elsewhere(interaction: Interaction, kinds: Collection[ErrorKind]) -> bool:
    """Whether an endpoint is refused as one that there is not, and never was served before."""
    told = {case.kind for case in interaction.error_cases}
    if interaction.operation is None or told & {*kinds} or not (told & NO_ENDPOINT or interaction.status_code == 405):
        return False
    return not any(
        before.operation is interaction.operation
        and before.status_code not in (404, 405)
        and before.exchange.caller not in UNAUTHENTICATED
        for before in interaction.history.interactions
    )


def errors_name_the_field(interaction: Interaction) -> Iterator[CheckResult]:
    """The message of a refusal, or its param, names a field that is wrong. The wording is ours, so this is advice."""
    if not interaction.violations or not interaction.is_error or interaction.exchange.caller in UNAUTHENTICATED:
        return
    case = next(
        (case for case in interaction.error_cases if case.kind in {v.kind for v in interaction.violations}), None
    )
    if case is None or says_nothing(interaction, [case.kind]):
        return
    words = set(re.findall(r"\w+", interaction.exchange.response.body))
    others = {rule.top_field for rules in interaction.contract.rules.values() for rule in rules} & words
    fields = {violation.field for violation in interaction.violations} | {
        rule.field for rule in _broken_rules(interaction)
    }
    names = {name for field in fields for name in re.findall(r"[A-Za-z_]+", field)}
    if names & words:
        yield passed(case, f"names {', '.join(sorted(names & words))}")
    elif not others:
        yield failed(
            case,
            "a refusal does not name the field",
            " or ".join(sorted(fields)),
            _answer(interaction),
            Severity.WARNING,
        )


def _first_field(interaction: Interaction) -> str | None:
    """The field of the operation's that a refusal names first."""
    fields = {rule.top_field for rule in _rules(interaction)}
    return next((word for word in re.findall(r"\w+", _message(interaction)) if word in fields), None)


def _broken_rules(interaction: Interaction) -> list[Rule]:
    facts = {violation.fact.id for violation in interaction.violations}
    return [rule for rule in _rules(interaction) if rule.fact.id in facts]


def valid_requests_are_accepted(interaction: Interaction) -> Iterator[CheckResult]:
    """A request that keeps every rule is not refused for breaking one."""
    document = interaction.document
    if (
        document is None
        or interaction.violations
        or not interaction.is_error
        or interaction.operation not in interaction.contract.rules
    ):
        return
    kinds = {case.kind for case in interaction.error_cases}
    rule = _blamed(interaction, document) if kinds & OF_RULES and not _of_moderation(interaction) else None
    if rule is None or says_nothing(interaction, OF_RULES):
        return
    only = condition(rule)
    if only is not None and interaction.history.options.get(only[0]) is None:
        variant = interaction.contract.fact(only[0])
        seen = interaction.contract.defaults[only[0]]
        yield failed(variant, "another option holds than the default", seen, only[1], Severity.INFO)
        return
    tried = format_value(document.get(rule.top_field))
    yield failed(
        rule.fact,
        "a request that keeps the rule is refused for it",
        f"{rule.field} {tried} is taken",
        _answer(interaction),
    )


def _blamed(interaction: Interaction, document: dict[str, Any]) -> Rule | None:
    """The rule that a refusal names by its field, as far as one can tell; references are refused for much besides."""
    first = _first_field(interaction)
    references = {
        found.path.partition("[")[0].partition(".")[0] for found in interaction.contract.request.layout.find(document)
    }
    named = [rule for rule in _rules(interaction) if rule.top_field == first and first not in references]
    conditional = [rule for rule in named if condition(rule) is not None and _would_break(interaction, rule, document)]
    present = [
        rule
        for rule in named
        if rule.top_field in document and not isinstance(rule, RequiredField | JsonType | UnsupportedField)
    ]
    absent = [rule for rule in named if rule.top_field not in document]
    return next(iter([*conditional, *reversed(present), *absent]), None)


def _would_break(interaction: Interaction, rule: Rule, document: dict[str, Any]) -> bool:
    only = condition(rule)
    assert only is not None
    assert interaction.operation is not None
    options = {**interaction.contract.defaults, only[0]: only[1]}
    return any(
        found.fact is rule.fact
        for found in violations(interaction.contract.name, interaction.operation, document, options)
    )


def _of_moderation(interaction: Interaction) -> bool:
    """Whether a refusal is about what is shown or said in the request, not about its form."""
    told = interaction.data if isinstance(interaction.data, dict) else {}
    return bool(told.get("failCode")) or any(
        code.code == _code(interaction) for code in interaction.contract.fail_codes
    )


def rejected_orders_cost_nothing(interaction: Interaction) -> Iterator[CheckResult]:
    """Between two looks at the balance, where everything was refused, it stays what it was."""
    if interaction.operation is not Operation.BALANCE or interaction.is_error or not isinstance(interaction.data, dict):
        return
    between: list[Interaction] = []
    for before in reversed(interaction.history.interactions):
        if before.exchange.caller == interaction.exchange.caller:
            if before.operation is Operation.BALANCE and not before.is_error:
                yield from _same(interaction, before, between)
                return
            between.append(before)


def _same(interaction: Interaction, before: Interaction, between: list[Interaction]) -> Iterator[CheckResult]:
    asked = [one for one in between if one.operation in BILLABLE]
    running = any(
        task.final_poll is None and task.caller == interaction.exchange.caller
        for task in interaction.history.tasks.values()
    )
    if not asked or running or not all(one.is_error for one in asked):
        return
    fact = next(endpoint for endpoint in interaction.contract.endpoints if endpoint.operation is Operation.BALANCE)
    was, now = before.data.get("balance"), interaction.data.get("balance")
    if was == now:
        yield passed(fact, f"{now} after {len(asked)} refusals")
    else:
        yield failed(fact, "refusals have changed the balance", was, now)


def _rules(interaction: Interaction) -> tuple[Rule, ...]:
    return interaction.contract.rules.get(interaction.operation, ()) if interaction.operation is not None else ()


def _code(interaction: Interaction) -> Any:
    return interaction.contract.response.error_part(interaction.body, "code")


def _message(interaction: Interaction) -> str:
    """What the answer says in words: the field that it names, and its message."""
    response = interaction.contract.response
    found = (response.error_part(interaction.body, part) for part in ("field", "message"))
    return " ".join(str(part) for part in found if part)


def _type(interaction: Interaction) -> Any:
    """The type that the answer tells beside its code; None where its envelope has none."""
    return interaction.contract.response.error_part(interaction.body, "type")


def _answer(interaction: Interaction, limit: int = 200) -> str:
    told = interaction.exchange.response.body[:limit]
    return f"{interaction.status_code} {told or _code(interaction) or ''}".strip()


CHECKS = (
    rule_violations_are_rejected,
    violations_get_the_documented_error,
    errors_name_the_field,
    valid_requests_are_accepted,
    rejected_orders_cost_nothing,
)
