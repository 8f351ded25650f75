"""Paid steps about rules: questions without a documented reason for refusal, which cost an order if they are accepted.

Each step ends with the first accepted order, so that it costs one at most, and usually nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import BILLABLE, ORDERS, Operation, TaskStatus
from seedmock_contracts.facts import Document, MediaFormats, MediaLimit
from seedmock_contracts.generation import UpscaleRequest
from seedmock_contracts.pricing import asset_fee, quote
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.validation import condition

from ..conversation.history import Interaction
from ..conversation.order_parser import ParsedOrder, parse_order
from ..driver.client import Driver, Step, UnexpectedTask
from ..results.checks import CheckResult, failed
from .attribution import send_document
from .base_documents import base_documents
from .boundary_probes import BoundaryProbe, is_covered, probes_for
from .limit_checks import check_limits
from .media_limits import media_limit_probe
from .paid_options import PaidOptions, clip_price, shortest_seconds
from .second_violations import broken_facts, is_reason
from .step_descriptions import describe_limit, describe_rule
from .task_flows import poll_to_end


def rule_steps(contract: Contract, options: PaidOptions) -> Iterator[Step]:
    """Steps about the rules and limits that no free question shows, and about documented rules in general."""
    for operation in (operation for operation in BILLABLE if operation in contract.rules):
        price = request_price(contract, options, operation)
        run = partial(_ask_documented_rules, operation=operation)
        description = f"{operation}: requests that break one documented rule each"
        yield Step(f"refusals.{operation}", description, run, price, contingent=True)
        for index, rule in enumerate(contract.rules[operation]):
            probes = probes_for(contract, operation, rule, documented=False)
            if not is_covered(contract.name, operation, index) and next(iter(probes), None) is not None:
                yield _step(contract, rule, describe_rule(contract, operation, rule), operation, price)
        run = partial(_check_remaining_rules, operation=operation)
        description = f"{operation}: the limits of rules that no earlier step has shown"
        yield Step(f"rules.{operation}", description, run, price, contingent=True)
    media: tuple[MediaLimit | MediaFormats, ...] = (*contract.formats, *contract.limits)
    for limit in media:
        probe = media_limit_probe(contract, limit)
        if probe is not None:
            price, description = request_price(contract, options, Operation.CREATE), describe_limit(limit)
            yield _step(contract, probe.rule, f"{limit.kind}: {description}", Operation.CREATE, price, (probe,))


def request_price(contract: Contract, options: PaidOptions, operation: Operation) -> Decimal:
    """The most that a request made from a base document of an operation can cost, in USD."""
    if operation is Operation.ASSET_CREATE:
        return asset_fee(contract.name).value
    orders = (parse_order(contract, operation, base) for base in base_documents(contract.name, operation))
    if operation is Operation.CREATE:
        return max(_order_price(contract, options, order) for order in orders if order is not None)
    targets = (target for model in contract.models if model.upscales for target in model.resolutions)
    seconds = shortest_seconds(contract)
    requests = (UpscaleRequest(url="https://example.com/a.mp4", resolution=row, seconds=seconds) for row in targets)
    return max(quote(contract.name, request).amount for request in requests)


def _order_price(contract: Contract, options: PaidOptions, order: ParsedOrder) -> Decimal:
    """Price of an order in USD; the highest of its resolution if the upstream chooses the ratio."""
    sizes = [order.size] if order.size else [size for size in contract.sizes if size.resolution == order.resolution]
    return max(clip_price(contract, options, order.model, size, order.seconds) for size in sizes)


def _step(
    contract: Contract,
    rule: Rule,
    description: str,
    operation: Operation,
    price: Decimal,
    probes: tuple[BoundaryProbe, ...] | None = None,
) -> Step:
    def run(driver: Driver) -> Iterator[CheckResult]:
        results = check_limits(driver, operation, rule, probes, documented=False)
        yield from until_accepted(driver, results, partial(_judge_accepted, driver, rule, probes or ()))

    return Step(f"rule.{rule.fact.id.removeprefix(f'{contract.name}.')}", description, run, price, contingent=True)


def until_accepted(
    driver: Driver,
    results: Iterable[CheckResult],
    judge: Callable[[Interaction], Iterable[CheckResult]] = lambda interaction: (),
) -> Iterator[CheckResult]:
    """Yield results until a request is accepted; then track what it created, and yield the judgement on it."""
    allowed, driver.allow_orders = driver.allow_orders, False
    try:
        yield from results
    except UnexpectedTask as error:
        yield from judge(error.interaction)
    finally:
        driver.allow_orders = allowed


def _judge_accepted(
    driver: Driver, rule: Rule, probes: tuple[BoundaryProbe, ...], interaction: Interaction
) -> Iterator[CheckResult]:
    """A limit on media is broken if an order beyond it is accepted, and the task does not fail for it."""
    violating = (case for probe in probes for case in probe.violating)
    case = next((case for case in violating if case.document == interaction.document), None)
    final_poll = poll_to_end(driver, interaction.created_id or "") if interaction.operation in ORDERS else None
    has_succeeded = final_poll is not None and final_poll.status is TaskStatus.SUCCESS
    if isinstance(rule.fact, MediaLimit | MediaFormats) and case is not None and has_succeeded:
        title, expected = "media beyond a limit are used", "an error response or a failed task"
        yield failed(rule.fact, title, expected, f"{rule.field} {case.value} is used")


def _ask_documented_rules(driver: Driver, operation: Operation) -> Iterator[CheckResult]:
    """Break each documented rule alone; the checks judge the responses."""
    yield from until_accepted(driver, _send_violations(driver, operation))


def _check_remaining_rules(driver: Driver, operation: Operation) -> Iterator[CheckResult]:
    """Check the rules that were not shown beside documented reasons: beside other ones, and if need be alone."""
    yield from until_accepted(driver, _remaining_results(driver, operation))


def _remaining_results(driver: Driver, operation: Operation) -> Iterator[CheckResult]:
    for rule in driver.contract.rules[operation]:
        if rule.fact.id not in driver.attributed and condition(rule) is None:
            yield from check_limits(driver, operation, rule, documented=False)
        # Beside other rules it may have been shown just now; only otherwise an order is risked for it.
        if rule.fact.id not in driver.attributed and condition(rule) is None:
            document = _violating_document(driver.contract, operation, rule)
            if document is not None:
                send_document(driver, operation, dict(document))


def _send_violations(driver: Driver, operation: Operation) -> Iterator[CheckResult]:
    for rule in driver.contract.rules[operation]:
        is_documented = is_reason(driver.contract, operation, rule)
        document = _violating_document(driver.contract, operation, rule) if is_documented else None
        if document is not None:
            send_document(driver, operation, dict(document))
    yield from ()


def _violating_document(contract: Contract, operation: Operation, rule: Rule) -> Document | None:
    """A document that breaks this rule and no other, if there is one."""
    bases = base_documents(contract.name, operation)
    cases = (case for base in bases for case in rule.boundary_cases(base, contract.request.layout) if case.gross)
    documents = (case.document for case in cases)
    only = {rule.fact.id}
    return next((document for document in documents if broken_facts(contract, operation, document) == only), None)
