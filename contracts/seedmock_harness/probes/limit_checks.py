"""Check the limits of a rule with boundary probes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.values import format_value
from seedmock_contracts.enums import BILLABLE, ORDERS, Operation
from seedmock_contracts.facts import Document, Fact
from seedmock_contracts.rules.boundaries import BoundaryCase
from seedmock_contracts.rules.fields import JsonType
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.validation import condition

from ..checks.error_responses import shorten_response
from ..checks.variants import OTHER_OPTION
from ..driver.client import Driver
from ..results.checks import CheckResult, Severity, failed, passed
from .attribution import (
    Calibration,
    calibrate,
    disputed_option,
    is_confirmed,
    is_uninformative,
    send_document,
    signature,
)
from .boundary_probes import (
    BoundaryProbe,
    CaseKey,
    case_key,
    probe_with_last_violation,
    probe_with_violation,
    probed_cases,
    probes_for,
)

MAX_PROBES = 6
"""Probes of one rule that are tried, each with another second violation."""
MAX_WITNESSES, MIN_WITNESSES = 3, 6
"""Other rules that must be enforced before one counts as not enforced: at most the first number are tried if there is a
second violation that is found last, and at least the second if there is none."""


def check_limits(
    driver: Driver,
    operation: Operation,
    rule: Rule,
    probes: Iterable[BoundaryProbe] | None = None,
    *,
    documented: bool = True,
) -> Iterator[CheckResult]:
    """Check each boundary case of a rule. No result for one that cannot be attributed. `probes` replace the rule's.

    Free only if `documented`: then every question rests on a documented reason for refusal.
    """
    checked: set[CaseKey] = set()
    failures = 0
    own = probes_for(driver.contract, operation, rule, documented=documented)
    for probe in islice(own if probes is None else probes, MAX_PROBES):
        left = [case for case in (*probe.conforming, *probe.violating) if case_key(case) not in checked]
        if not left:
            continue
        calibration = calibrate(driver, probe)
        if calibration is None:
            failures += 1
            if failures == MAX_PROBES // 2 and condition(rule) is not None:
                break
            continue
        for case in left:
            yield from _check_case(driver, calibration, case)
        checked |= {case_key(case) for case in left}
        if probes is None and _is_complete(driver.contract, operation, rule, checked):
            return
    if not checked and probes is None:
        yield from _check_enforcement(driver, operation, rule, documented)


def _is_complete(contract: Contract, operation: Operation, rule: Rule, checked: set[CaseKey]) -> bool:
    """True if no further probe is needed: requests that order nothing are probed with one second violation only."""
    return operation not in ORDERS or checked >= probed_cases(contract, operation, rule)


def _check_case(driver: Driver, calibration: Calibration, case: BoundaryCase) -> Iterator[CheckResult]:
    """Send a boundary case, and compare the response with the expected one."""
    rule, contract = calibration.probe.rule, driver.contract
    interaction = calibration.find(case)
    is_expected = interaction is not None and calibration.is_attributed(interaction) is not case.valid
    if interaction is None or not is_expected or is_uninformative(interaction, rule):
        # An unexpected response is sent for again: a failure needs two.
        interaction = send_document(driver, calibration.probe.operation, case.document)
    else:
        driver.revisit(interaction)
    if is_uninformative(interaction, rule):
        return
    is_rejected = calibration.is_attributed(interaction)
    if (only := condition(rule)) is not None:
        if case.gross:
            yield _check_condition(contract, only, is_rejected)
        if not is_rejected:
            return
    option = _explaining_option(driver, calibration, case) if is_rejected and case.valid else None
    if option is not None:
        yield _check_condition(contract, option, True)
        return
    value, observed = format_value(case.value), shorten_response(interaction)
    fact = fact_of_value(contract, rule, case) if case.valid else rule.fact
    if is_rejected is not case.valid:
        yield passed(fact, f"{rule.field} {value}: {'accepted' if case.valid else 'rejected'}")
    elif case.valid:
        yield failed(fact, f"{rule.field} rejects an allowed value", f"{value} is accepted", observed)
    else:
        yield failed(fact, f"{rule.field} accepts a value that is not allowed", f"{value} is rejected", observed)


def _explaining_option(driver: Driver, calibration: Calibration, case: BoundaryCase) -> tuple[str, str] | None:
    """The option of a variant that explains the rejection of a valid case: under it, all values are rejected."""
    probe = calibration.probe
    option = disputed_option(driver.contract, probe.operation, case)
    if option is None:
        return None
    others = [other for other in probe.conforming if other is not case]
    disputed = [other for other in others if disputed_option(driver.contract, probe.operation, other) == option]
    if all(calibration.is_attributed(send_document(driver, probe.operation, other.document)) for other in disputed):
        return option
    send_document(driver, probe.operation, case.document)  # the result belongs to the latest interaction
    return None


def check_ignored_change(driver: Driver, fact: Fact, rule: Rule, change: Document) -> Iterator[CheckResult]:
    """Check that a change to a rejected request does not change the response."""
    probe = next(iter(probes_for(driver.contract, Operation.CREATE, rule)))
    document = probe.conforming[0].document
    if not is_confirmed(driver, Operation.CREATE, probe.reason):
        return
    before = signature(send_document(driver, Operation.CREATE, document))
    interaction = send_document(driver, Operation.CREATE, {**document, **change})
    if signature(interaction) == before:
        yield passed(fact, format_value(change))
    elif not is_uninformative(interaction):
        expected, observed = f"{format_value(change)} is ignored", shorten_response(interaction)
        yield failed(fact, "a change that must be ignored changes the response", expected, observed)


def _check_enforcement(driver: Driver, operation: Operation, rule: Rule, documented: bool) -> Iterator[CheckResult]:
    """A rule that no response is attributed to is not enforced, if other rules are with the same second violation.

    The order in which an upstream checks a request is unknown, but media are read, and ids looked up, when everything
    else is valid. Beside a documented second violation, all rules before that in the contract must be enforced.
    """
    contract = driver.contract
    is_last = not documented or operation not in BILLABLE
    find_probe = probe_with_last_violation if is_last else _probe_with_later_violation
    probe = find_probe(contract, operation, rule)
    if probe is None or calibrate(driver, probe) is not None:
        return
    witnesses = list(_witnesses(contract, rule, probe, is_last))
    if len(witnesses) < (1 if is_last else MIN_WITNESSES):
        return
    if not all(calibrate(driver, witness) is not None for witness in witnesses):
        return
    interaction = send_document(driver, operation, probe.violating[0].document)
    if (only := condition(rule)) is not None:
        yield _check_condition(contract, only, False)
    else:
        expected, observed = f"an error of {rule.field}", shorten_response(interaction)
        yield failed(rule.fact, "the rule is not enforced", expected, observed)


def _probe_with_later_violation(contract: Contract, operation: Operation, rule: Rule) -> BoundaryProbe | None:
    """A free probe whose second violation is of a later rule, beside which that of this rule should be reported."""
    index = contract.rules[operation].index(rule)
    return next((probe for probe in probes_for(contract, operation, rule) if probe.position > index), None)


def _witnesses(contract: Contract, rule: Rule, probe: BoundaryProbe, is_last: bool) -> Iterator[BoundaryProbe]:
    """Probes of other rules with the same second violation: a few if that is found last, else of all before it."""
    rules, operation = contract.rules[probe.operation], probe.operation
    others = [other for other in rules[: probe.position] if other is not rule and condition(other) is None]
    if is_last:
        candidates = (probe_with_last_violation(contract, operation, other) for other in others)
    else:
        candidates = (probe_with_violation(contract, operation, other, probe.second_violation) for other in others)
    yield from islice((one for one in candidates if one is not None), MAX_WITNESSES if is_last else None)


def _check_condition(contract: Contract, only: tuple[str, str], is_enforced: bool) -> CheckResult:
    """The option of a variant that follows from the enforcement of a rule which applies only under `only`."""
    id_, option = only
    variant = next(variant for variant in contract.variants if variant.id == id_)
    others = " or ".join(other for other in variant.options if other != option)
    observed = option if is_enforced else others
    if (variant.default == option) is is_enforced:
        return passed(variant, observed)
    return failed(variant, OTHER_OPTION, variant.default, observed, Severity.INFO)


def fact_of_value(contract: Contract, rule: Rule, case: BoundaryCase) -> Fact:
    """The fact that a value is allowed: its own if it has one, else that of the rule."""
    if case.fact is not None:
        return case.fact
    value, path = case.value, contract.request.path
    if isinstance(value, str) and rule.field == path("model") and (model := contract.model(value)) is not None:
        return model
    if isinstance(value, str) and rule.field == path("size") and (size := contract.parse_size(value)) is not None:
        return size
    own = contract.type_fact(rule.fact, rule.field, value) if isinstance(rule, JsonType) else None
    return own or rule.fact
