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


def rule_violations_are_rejected(turn: Interaction) -> Iterator[CheckResult]:
    """A request that breaks rules is refused; one that breaks a single one bears that rule out."""
    if not turn.violations or turn.exchange.caller in UNAUTHENTICATED or turn.status_code == 0:
        return
    facts = {violation.fact.id: violation for violation in turn.violations}
    if not turn.is_error:
        for violation in facts.values():
            yield _open(turn, violation.fact) or failed(
                violation.fact, "a request that breaks the rule is taken", violation.message, _answer(turn)
            )
    elif len(facts) == 1:
        violation = turn.violations[0]
        if says_nothing(turn, [violation.kind]) or is_elsewhere(turn, [violation.kind]):
            return
        tells = _told_id(turn)
        if tells is None:
            yield passed(violation.fact, f"{violation.message}: {turn.status_code}")
        else:
            yield failed(violation.fact, "a refusal tells the id of something made", "no id", tells)


def _open(turn: Interaction, fact: Fact) -> CheckResult | None:
    """What is said instead of a rule that holds only in an option that may not be in force."""
    rule = next((rule for rule in _rules(turn) if rule.fact is fact), None)
    only = condition(rule) if rule is not None else None
    if only is None or turn.history.options.get(only[0]) == only[1]:
        return None
    options = next(variant for variant in turn.contract.variants if variant.id == only[0]).options
    seen = " or ".join(option for option in options if option != only[1])
    return failed(turn.contract.fact(only[0]), "another option holds than the default", only[1], seen, Severity.INFO)


def _told_id(turn: Interaction) -> Any:
    told = turn.data if isinstance(turn.data, dict) else turn.body if isinstance(turn.body, dict) else {}
    return next((told[name] for name in turn.contract.response.id_paths if told.get(name) not in (None, "")), None)


def violations_get_the_documented_error(turn: Interaction) -> Iterator[CheckResult]:
    """What breaks a rule is refused with the status, code and type of the rule's kind of error."""
    kinds = dict.fromkeys(violation.kind for violation in turn.violations)
    told = {case.kind for case in turn.error_cases}
    elsewhere = not told & {*kinds} and (_of_another_field(turn) or told & {*unknown_kinds(turn)})
    if kinds and not elsewhere and turn.exchange.caller not in UNAUTHENTICATED:
        yield from answered(turn, kinds)


def unknown_kinds(turn: Interaction) -> tuple[ErrorKind, ...]:
    """What may be said to ids that nobody knows: those of the operation, and of a group where one is named."""
    named = turn.document is not None and turn.document.get("group_id") is not None
    kinds = UNKNOWN.get(turn.operation, ()) if turn.operation is not None else ()
    return (*kinds, ErrorKind.GROUP_NOT_FOUND) if named else kinds


def _of_another_field(turn: Interaction) -> bool:
    """Whether a refusal names a field first of which nothing was wrong: then a rule is not what we think it is."""
    first = _first_field(turn)
    wrong = {re.split(r"[.\[]", violation.field)[0] for violation in turn.violations}
    return first is not None and first not in wrong | {rule.top_field for rule in _broken_rules(turn)}


def answered(turn: Interaction, kinds: Collection[ErrorKind]) -> Iterator[CheckResult]:
    """Whether a refusal is what the upstream says to one of these kinds of error; nothing, if it is about another."""
    if not turn.is_error or turn.status_code == 0 or says_nothing(turn, kinds) or is_elsewhere(turn, kinds):
        return
    order = list(kinds)
    wanted = [case for case in turn.contract.errors if case.kind in kinds and _spoken(turn, case)]
    wanted.sort(key=lambda case: order.index(case.kind))
    if not wanted:
        return
    fitting = [case for case in wanted if case in turn.error_cases and isinstance(turn.body, dict)]
    right = next((case for case in fitting if _type(turn) in (case.type, None)), None)
    case = right or max(fitting or wanted, key=lambda case: _likeness(turn, case))
    if right is not None:
        yield passed(case, _answer(turn, 0))
    elif parts.judgeable(turn):
        expected = f"{case.status} {case.code} {case.type}".strip()
        yield failed(case, f"{case.kind} is answered otherwise", expected, _answer(turn))


def _spoken(turn: Interaction, case: ErrorCase) -> bool:
    """Whether a case's style is one that may be in force: another is pinned only where an option is known to hold."""
    option = case.style.partition(".")[0]
    known = [
        turn.history.options[v.id]
        for v in turn.contract.variants
        if option in v.options and v.id in turn.history.options
    ]
    return not option or not known or option in known


def _likeness(turn: Interaction, case: ErrorCase) -> int:
    alike = case.status == turn.status_code, str(case.code) == str(_code(turn)), case.type == _type(turn)
    return sum(weight for weight, same in zip((1, 2, 1), alike, strict=True) if same)


def says_nothing(turn: Interaction, kinds: Collection[ErrorKind]) -> bool:
    """Whether a refusal is about something else than what was asked: the key, the balance, too many calls.

    One that this caller gets for the first time, where others were answered, may be about the request all the same.
    """
    told = {case.kind for case in turn.error_cases}
    if told & {*kinds} or not told & ELSEWHERE:
        return False
    if turn.status_code == 429 or turn.status_code >= 500:
        return True
    if ErrorKind.AUTHENTICATION in kinds:
        return False
    mine = [before for before in turn.history.interactions if before.exchange.caller == turn.exchange.caller]
    return not any(before.status_code != turn.status_code for before in mine)


def is_elsewhere(turn: Interaction, kinds: Collection[ErrorKind]) -> bool:
    """Whether an endpoint is refused as one that there is not, and never was served before."""
    told = {case.kind for case in turn.error_cases}
    if turn.operation is None or told & {*kinds} or not (told & NO_ENDPOINT or turn.status_code == 405):
        return False
    return not any(
        before.operation is turn.operation
        and before.status_code not in (404, 405)
        and before.exchange.caller not in UNAUTHENTICATED
        for before in turn.history.interactions
    )


def errors_name_the_field(turn: Interaction) -> Iterator[CheckResult]:
    """The message of a refusal, or its param, names a field that is wrong. The wording is ours, so this is advice."""
    if not turn.violations or not turn.is_error or turn.exchange.caller in UNAUTHENTICATED:
        return
    case = next((case for case in turn.error_cases if case.kind in {v.kind for v in turn.violations}), None)
    if case is None or says_nothing(turn, [case.kind]):
        return
    words = set(re.findall(r"\w+", turn.exchange.response.body))
    others = {rule.top_field for rules in turn.contract.rules.values() for rule in rules} & words
    fields = {violation.field for violation in turn.violations} | {rule.field for rule in _broken_rules(turn)}
    names = {name for field in fields for name in re.findall(r"[A-Za-z_]+", field)}
    if names & words:
        yield passed(case, f"names {', '.join(sorted(names & words))}")
    elif not others:
        yield failed(
            case, "a refusal does not name the field", " or ".join(sorted(fields)), _answer(turn), Severity.WARNING
        )


def _first_field(turn: Interaction) -> str | None:
    """The field of the operation's that a refusal names first."""
    fields = {rule.top_field for rule in _rules(turn)}
    return next((word for word in re.findall(r"\w+", _message(turn)) if word in fields), None)


def _broken_rules(turn: Interaction) -> list[Rule]:
    facts = {violation.fact.id for violation in turn.violations}
    return [rule for rule in _rules(turn) if rule.fact.id in facts]


def valid_requests_are_accepted(turn: Interaction) -> Iterator[CheckResult]:
    """A request that keeps every rule is not refused for breaking one."""
    document = turn.document
    if document is None or turn.violations or not turn.is_error or turn.operation not in turn.contract.rules:
        return
    kinds = {case.kind for case in turn.error_cases}
    rule = _blamed(turn, document) if kinds & OF_RULES and not _of_moderation(turn) else None
    if rule is None or says_nothing(turn, OF_RULES):
        return
    only = condition(rule)
    if only is not None and turn.history.options.get(only[0]) is None:
        variant = turn.contract.fact(only[0])
        seen = turn.contract.defaults[only[0]]
        yield failed(variant, "another option holds than the default", seen, only[1], Severity.INFO)
        return
    tried = format_value(document.get(rule.top_field))
    yield failed(
        rule.fact, "a request that keeps the rule is refused for it", f"{rule.field} {tried} is taken", _answer(turn)
    )


def _blamed(turn: Interaction, document: dict[str, Any]) -> Rule | None:
    """The rule that a refusal names by its field, as far as one can tell; references are refused for much besides."""
    first = _first_field(turn)
    references = {
        found.path.partition("[")[0].partition(".")[0] for found in turn.contract.request.layout.find(document)
    }
    named = [rule for rule in _rules(turn) if rule.top_field == first and first not in references]
    conditional = [rule for rule in named if condition(rule) is not None and _would_break(turn, rule, document)]
    present = [
        rule
        for rule in named
        if rule.top_field in document and not isinstance(rule, RequiredField | JsonType | UnsupportedField)
    ]
    absent = [rule for rule in named if rule.top_field not in document]
    return next(iter([*conditional, *reversed(present), *absent]), None)


def _would_break(turn: Interaction, rule: Rule, document: dict[str, Any]) -> bool:
    only = condition(rule)
    assert only is not None
    assert turn.operation is not None
    options = {**turn.contract.defaults, only[0]: only[1]}
    return any(found.fact is rule.fact for found in violations(turn.contract.name, turn.operation, document, options))


def _of_moderation(turn: Interaction) -> bool:
    """Whether a refusal is about what is shown or said in the request, not about its form."""
    told = turn.data if isinstance(turn.data, dict) else {}
    return bool(told.get("failCode")) or any(code.code == _code(turn) for code in turn.contract.fail_codes)


def rejected_orders_cost_nothing(turn: Interaction) -> Iterator[CheckResult]:
    """Between two looks at the balance, where everything was refused, it stays what it was."""
    if turn.operation is not Operation.BALANCE or turn.is_error or not isinstance(turn.data, dict):
        return
    between: list[Interaction] = []
    for before in reversed(turn.history.interactions):
        if before.exchange.caller == turn.exchange.caller:
            if before.operation is Operation.BALANCE and not before.is_error:
                yield from _same(turn, before, between)
                return
            between.append(before)


def _same(turn: Interaction, before: Interaction, between: list[Interaction]) -> Iterator[CheckResult]:
    asked = [one for one in between if one.operation in BILLABLE]
    running = any(
        story.final_poll is None and story.caller == turn.exchange.caller for story in turn.history.tasks.values()
    )
    if not asked or running or not all(one.is_error for one in asked):
        return
    fact = next(endpoint for endpoint in turn.contract.endpoints if endpoint.operation is Operation.BALANCE)
    was, now = before.data.get("balance"), turn.data.get("balance")
    if was == now:
        yield passed(fact, f"{now} after {len(asked)} refusals")
    else:
        yield failed(fact, "refusals have changed the balance", was, now)


def _rules(turn: Interaction) -> tuple[Rule, ...]:
    return turn.contract.rules.get(turn.operation, ()) if turn.operation is not None else ()


def _error(turn: Interaction) -> dict[str, Any]:
    body = turn.body if isinstance(turn.body, dict) else {}
    error = body.get("error")
    return error if isinstance(error, dict) else body


def _code(turn: Interaction) -> Any:
    return _error(turn).get("code")


def _message(turn: Interaction) -> str:
    error = _error(turn)
    return " ".join(str(error[name]) for name in ("param", "message", "msg") if error.get(name))


def _type(turn: Interaction) -> Any:
    """The type that the answer tells beside its code; None where its envelope has none."""
    return _error(turn).get("type")


def _answer(turn: Interaction, limit: int = 200) -> str:
    told = turn.exchange.response.body[:limit]
    return f"{turn.status_code} {told or _code(turn) or ''}".strip()


CHECKS = (
    rule_violations_are_rejected,
    violations_get_the_documented_error,
    errors_name_the_field,
    valid_requests_are_accepted,
    rejected_orders_cost_nothing,
)
