"""Checks of billing: each order is charged once, at its price, and only if it succeeds.

Checks nothing that is uncertain: a balance shows nothing if an order may have ended since the last poll.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from seedmock_contracts.enums import BILLABLE, AssetStatus, Operation, TaskStatus
from seedmock_contracts.facts import Fact

from ..conversation.history import AssetHistory, History, Interaction, TaskHistory
from ..results.checks import CheckResult, failed, passed
from .assets import asset_status
from .prices import SECONDS, TOKENS, Price, calculate_price, check_price, is_same_amount
from .variants import check_option

SETTLEMENT_SECONDS = 60.0
"""Seconds after the end of a task in which its order may not be settled yet."""
ZERO = Decimal(0)
_FREE_ASSET = ("assets.fee_on_success", "a failed asset is charged")
_FREE_TASK = ("billing.success", "a failed order is charged")
_FREE_ORDER = ("billing.success", "a rejected order is charged")
"""Each with the fact by which nothing is charged, and the title of a failure."""
_OTHER_AMOUNT = "the balance falls by another amount"
BillableResource: TypeAlias = TaskHistory | AssetHistory


def records_show_the_charge(interaction: Interaction) -> Iterator[CheckResult]:
    """The record of a successful order has its price; that of a running or a failed one has none."""
    task, charged = interaction.task, _amount(interaction, "price")
    if interaction.operation is not Operation.RECORD or interaction.is_error or task is None or charged is None:
        return
    settled, final_poll = interaction.part("settled"), task.final_poll
    completion = interaction.fact("billing.completion")
    if final_poll is None:
        if settled is False:
            yield _check_free(completion, "an order is charged before it is settled", charged)
    elif final_poll.status is TaskStatus.FAILURE:
        yield _check_free(interaction.fact(_FREE_TASK[0]), _FREE_TASK[1], charged)
    elif settled is False:
        if interaction.at > final_poll.at + SETTLEMENT_SECONDS:
            yield failed(completion, "a finished order is not settled", "settled", "not settled")
    else:
        yield passed(completion, "settled")
        yield from check_price(interaction, task, charged, "a record has another price")


def balances_fall_by_the_price(interaction: Interaction) -> Iterator[CheckResult]:
    """The difference between two balances is the price of the orders that succeeded between them."""
    balance = _amount(interaction, "balance")
    if interaction.operation is not Operation.BALANCE or interaction.is_error or not balance:
        return
    activity = _activity(interaction.history, interaction.caller)
    if activity.balance is None or activity.is_uncertain:
        return
    charged = _exact(activity.balance.part("balance")) - balance
    if activity.charged:
        yield from _check_charge(interaction, activity, charged)
    elif activity.free:
        for name, title in dict(activity.free).items():
            yield _check_free(interaction.fact(name), title, charged)
    elif activity.tasks:
        yield _check_free(interaction.fact("billing.completion"), "the balance falls without an order", charged)


@dataclass
class _Activity:
    """Billable actions of a caller since its latest balance.

    `charged`: resources that must be charged. `free`: facts by which nothing may be charged, with the title of a
    failure. `is_uncertain`: an order may have been charged that is in neither.
    """

    balance: Interaction | None = None
    tasks: list[TaskHistory] = field(default_factory=list)
    charged: list[BillableResource] = field(default_factory=list)
    free: list[tuple[str, str]] = field(default_factory=list)
    is_uncertain: bool = False


def _activity(history: History, caller: str) -> _Activity:
    # Before and after are told by the order of interactions, since clocks may jump.
    positions = {id(interaction): position for position, interaction in enumerate(history.interactions)}
    activity = _Activity()
    for interaction in reversed(history.interactions):
        if interaction.caller == caller and interaction.operation is Operation.BALANCE and not interaction.is_error:
            activity.balance = interaction if _amount(interaction, "balance") is not None else None
            break
    if activity.balance is None:
        return activity
    since = positions[id(activity.balance)]
    for interaction in history.interactions:
        if interaction.caller == caller and interaction.operation in BILLABLE:
            _add_order(activity, interaction, is_recent=positions[id(interaction)] > since)
    resources: list[BillableResource] = [*history.tasks.values(), *history.assets.values()]
    for resource in resources:
        if resource.caller == caller:
            _add_resource(activity, resource, positions, since)
    return activity


def _add_order(activity: _Activity, interaction: Interaction, *, is_recent: bool) -> None:
    status_code = interaction.status_code
    # A 5xx may come from a proxy although the order was accepted.
    is_rejected = 400 <= status_code < 500 or (interaction.is_error and status_code == 200)
    if interaction.created_id is None and not is_rejected:
        activity.is_uncertain = True
    elif interaction.is_error and is_recent:
        is_asset = interaction.operation is Operation.ASSET_CREATE
        activity.free.append(_FREE_ASSET if is_asset else _FREE_ORDER)


def _add_resource(activity: _Activity, resource: BillableResource, positions: dict[int, int], since: int) -> None:
    final, is_success = _final_interaction(resource)
    if isinstance(resource, TaskHistory):
        activity.tasks.append(resource)
    if final is None:
        activity.is_uncertain = True
    elif positions[id(resource.created)] <= since:
        activity.is_uncertain = activity.is_uncertain or positions[id(final)] > since
    elif is_success:
        activity.charged.append(resource)
    else:
        activity.free.append(_FREE_TASK if isinstance(resource, TaskHistory) else _FREE_ASSET)


def _final_interaction(resource: BillableResource) -> tuple[Interaction | None, bool]:
    """The first interaction with a terminal status, and whether that is success."""
    if isinstance(resource, TaskHistory):
        final_poll = resource.final_poll
        return final_poll, final_poll is not None and final_poll.status is TaskStatus.SUCCESS
    for interaction in (resource.created, *resource.interactions):
        if (status := asset_status(interaction)) in (AssetStatus.ACTIVE, AssetStatus.FAILED):
            return interaction, status is AssetStatus.ACTIVE
    return None, False


def _check_charge(interaction: Interaction, activity: _Activity, charged: Decimal) -> Iterator[CheckResult]:
    tasks = [resource for resource in activity.charged if isinstance(resource, TaskHistory)]
    prices = [price for task in tasks if (price := calculate_price(interaction, task)) is not None]
    if len(prices) < len(tasks):
        return
    terms = interaction.contract.assets
    fee = terms.fee if terms is not None else None
    fees = fee.value * (len(activity.charged) - len(tasks)) if fee is not None else Decimal(0)
    if len(tasks) == 1 and not fees and not activity.free:
        yield from check_price(interaction, tasks[0], charged, _OTHER_AMOUNT)
        return
    by_seconds, by_tokens = (fees + _total(prices, option) for option in (SECONDS, TOKENS))
    facts: list[Fact] = [price.tariff for price in prices] + ([fee] if fee is not None and fees else [])
    free = [interaction.fact(name) for name in dict(activity.free)]
    if not is_same_amount(charged, by_seconds) and not is_same_amount(charged, by_tokens):
        # More than all prices together: something was charged that is free.
        fact = free[0] if free and charged > by_seconds - fees else [*facts, *free][0]
        yield failed(fact, _OTHER_AMOUNT, f"{by_seconds} USD", f"{charged} USD")
        return
    yield from (passed(fact, f"{charged} USD") for fact in dict.fromkeys([*facts, *free]))
    billing = interaction.contract.billing
    if billing is not None and not is_same_amount(by_seconds, by_tokens):
        option = SECONDS if is_same_amount(charged, by_seconds) else TOKENS
        yield check_option(interaction, billing, option)


def _total(prices: list[Price], option: str) -> Decimal:
    return sum((price.amounts.get(option, price.amounts[SECONDS]) for price in prices), ZERO)


def _check_free(fact: Fact, title: str, charged: Decimal) -> CheckResult:
    observed = f"{charged} USD"
    return passed(fact, observed) if is_same_amount(charged, ZERO) else failed(fact, title, "0 USD", observed)


def _amount(interaction: Interaction, name: str) -> Decimal | None:
    value = interaction.part(name)
    return _exact(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _exact(value: float) -> Decimal:
    """A JSON number with the digits that it was written with."""
    return Decimal(str(value))


CHECKS = (records_show_the_charge, balances_fall_by_the_price)
