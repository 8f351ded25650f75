"""What records and balances say of orders: each is charged once, at its price, when it has succeeded.

Only what is certain is judged: a balance after orders whose end nobody has seen says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from seedmock_contracts.enums import BILLABLE, AssetStatus, Operation, TaskStatus
from seedmock_contracts.facts import Fact

from ..conversation.history import AssetHistory, History, Interaction, TaskHistory
from ..results.checks import CheckResult, failed, passed
from .assets import status_of
from .prices import SECONDS, Price, judged_price, near, price
from .variants import chosen

SETTLING = 60.0
"""Seconds after the end of an order in which it may not be settled yet."""
NOTHING = Decimal(0)


def records_show_the_charge(interaction: Interaction) -> Iterator[CheckResult]:
    """A record tells an order's price when it has succeeded; nothing before, and nothing where it has failed."""
    task, charged = interaction.task, _number(interaction, "credits")
    if interaction.operation is not Operation.RECORD or interaction.is_error or task is None or charged is None:
        return
    settled, ended = interaction.data.get("settled"), task.final_poll
    once = interaction.contract.fact(f"{interaction.contract.name}.billing.completion")
    if ended is None:
        if settled is False:
            right = near(charged, NOTHING)
            title, expected = "an order is charged before it is settled", "0 USD"
            yield passed(once, "0 USD") if right else failed(once, title, expected, f"{charged} USD")
    elif ended.status is TaskStatus.FAILURE:
        yield _free(interaction, "billing.success", "a failed order is charged", charged)
    elif settled is False:
        if interaction.exchange.at > ended.exchange.at + SETTLING:
            yield failed(once, "a finished order is not settled", "settled", "not settled")
    else:
        yield passed(once, "settled")
        yield from judged_price(interaction, task, charged, "a record tells another price")


def balances_fall_by_the_price(interaction: Interaction) -> Iterator[CheckResult]:
    """Between two balances lies the price of what has succeeded between them, and nothing else."""
    left = _number(interaction, "balance")
    if interaction.operation is not Operation.BALANCE or interaction.is_error or not left:
        return
    account = _account(interaction.history, interaction.exchange.caller)
    before = account.balance
    if before is None or account.unclear:
        return
    fell = _exact(before.data["balance"]) - left
    if account.charged:
        yield from _charged(interaction, account, fell)
    elif account.free:
        for name, title in dict(account.free).items():
            yield _free(interaction, name, title, fell)
    elif account.tasks:
        once = interaction.contract.fact(f"{interaction.contract.name}.billing.completion")
        right, title = near(fell, NOTHING), "the balance falls without an order"
        yield passed(once, f"{fell} USD") if right else failed(once, title, "0 USD", f"{fell} USD")


@dataclass
class _Account:
    """What a caller did since its latest balance, as far as money goes."""

    balance: Interaction | None = None
    tasks: list[TaskHistory] = field(default_factory=list)
    charged: list[TaskHistory | AssetHistory] = field(default_factory=list)
    free: list[tuple[str, str]] = field(default_factory=list)
    unclear: bool = False


def _account(before: History, caller: str) -> _Account:
    """The caller's orders since its latest balance; unclear where an earlier one had not ended by then."""
    places = {id(interaction): place for place, interaction in enumerate(before.interactions)}
    found = _Account()
    for interaction in reversed(before.interactions):
        if (
            interaction.exchange.caller == caller
            and interaction.operation is Operation.BALANCE
            and not interaction.is_error
        ):
            found.balance = interaction if _number(interaction, "balance") is not None else None
            break
    if found.balance is None:
        return found
    since = places[id(found.balance)]
    for interaction in before.interactions:
        if interaction.exchange.caller == caller and interaction.operation in BILLABLE:
            _note_create(found, interaction, places[id(interaction)] > since)
    made: list[TaskHistory | AssetHistory] = [*before.tasks.values(), *before.assets.values()]
    for one in made:
        if one.caller == caller:
            _note_end(found, one, places, since)
    return found


def _note_create(found: _Account, interaction: Interaction, lately: bool) -> None:
    if (
        interaction.created_id is None
        and not 400 <= interaction.status_code < 500
        and not (interaction.is_error and interaction.status_code == 200)
    ):
        found.unclear = True
    elif interaction.is_error and lately:
        asset = interaction.operation is Operation.ASSET_CREATE
        found.free.append(_FREE_ASSET if asset else ("billing.success", "an order that was refused is charged"))


_FREE_ASSET = ("assets.fee_on_success", "an asset that came to nothing is charged")


def _note_end(found: _Account, one: TaskHistory | AssetHistory, places: dict[int, int], since: int) -> None:
    created, (ended, success) = one.created, _end(one)
    if isinstance(one, TaskHistory):
        found.tasks.append(one)
    if ended is None:
        found.unclear = True
    elif places[id(created)] <= since:
        found.unclear = found.unclear or places[id(ended)] > since
    elif success:
        found.charged.append(one)
    else:
        found.free.append(
            ("billing.success", "a failed order is charged") if isinstance(one, TaskHistory) else _FREE_ASSET
        )


def _end(one: TaskHistory | AssetHistory) -> tuple[Interaction | None, bool]:
    """The first answer that told the end of a task or an asset, and whether that was success."""
    if isinstance(one, TaskHistory):
        return one.final_poll, one.final_poll is not None and one.final_poll.status is TaskStatus.SUCCESS
    for interaction in (one.created, *one.interactions):
        if (status := status_of(interaction)) in (AssetStatus.ACTIVE, AssetStatus.FAILED):
            return interaction, status is AssetStatus.ACTIVE
    return None, False


def _charged(interaction: Interaction, account: _Account, fell: Decimal) -> Iterator[CheckResult]:
    tasks = [one for one in account.charged if isinstance(one, TaskHistory)]
    prices = [price(interaction, task) for task in tasks]
    fee = interaction.contract.amount(f"{interaction.contract.name}.assets.create.fee")
    fees = fee.value * (len(account.charged) - len(tasks))
    known = [found for found in prices if found is not None]
    if len(known) < len(tasks):
        return
    if len(tasks) == 1 and not fees and not account.free:
        yield from judged_price(interaction, tasks[0], fell, "the balance falls by another amount")
        return
    option = next((name for name in _OPTIONS if near(fell, fees + _sum(known, name))), None)
    facts: list[Fact] = [found.tariff for found in known] + ([fee] if fees else [])
    facts += [interaction.contract.fact(f"{interaction.contract.name}.{name}") for name in dict(account.free)]
    if option is None:
        expected = f"{fees + _sum(known, SECONDS)} USD"
        yield failed(
            _blamed(interaction, account, facts, fell), "the balance falls by another amount", expected, f"{fell} USD"
        )
        return
    yield from (passed(fact, f"{fell} USD") for fact in dict.fromkeys(facts))
    if not near(_sum(known, SECONDS), _sum(known, _OPTIONS[1])):
        yield chosen(interaction, f"{interaction.contract.name}.billing", option)


_OPTIONS = (SECONDS, "tokens")


def _blamed(interaction: Interaction, account: _Account, facts: list[Fact], fell: Decimal) -> Fact:
    """What is free was charged if more is gone than the rest costs; else the first price is another."""
    known = [
        found
        for one in account.charged
        if isinstance(one, TaskHistory) and (found := price(interaction, one)) is not None
    ]
    if account.free and fell > _sum(known, SECONDS):
        return interaction.contract.fact(f"{interaction.contract.name}.{account.free[0][0]}")
    return facts[0]


def _sum(prices: list[Price], option: str) -> Decimal:
    return sum((found.amounts.get(option, found.amounts[SECONDS]) for found in prices), NOTHING)


def _free(interaction: Interaction, name: str, title: str, charged: Decimal) -> CheckResult:
    fact = interaction.contract.fact(f"{interaction.contract.name}.{name}")
    right = near(charged, NOTHING)
    return passed(fact, f"{charged} USD") if right else failed(fact, title, "0 USD", f"{charged} USD")


def _number(interaction: Interaction, name: str) -> Decimal | None:
    value = interaction.data.get(name) if isinstance(interaction.data, dict) else None
    return _exact(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _exact(value: float) -> Decimal:
    """A number of JSON as it was written, as near as a float can hold it."""
    return Decimal(str(value))


CHECKS = (records_show_the_charge, balances_fall_by_the_price)
