"""Money as a computed statement: held while a task runs, charged when it succeeds, nothing when it fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.pricing import asset_fee, quote
from seedmock_contracts.terms import AssetStatus, Mode, TaskStatus

from .task import Asset, Task
from .timeline import asset_status_at, state_at

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Prices:
    """What the settings say of money: the options of variants, and the price of B's tokens if it is set."""

    variants: Mapping[str, str]
    per_million: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """What a task costs in USD: `held` while it runs, `charged` once it has succeeded; `settled` when it has ended."""

    held: Decimal
    charged: Decimal
    settled: bool


def price(task: Task, prices: Prices) -> Decimal:
    """What a task costs if it succeeds."""
    if task.mode is Mode.UPSCALE:
        order: GenerationRequest | UpscaleRequest = UpscaleRequest(
            url="", resolution=task.resolution, seconds=task.source_seconds
        )
    else:
        order = GenerationRequest(model=task.model, resolution=task.resolution, ratio=task.ratio, seconds=task.seconds)
    return quote(task.upstream, order, variants=prices.variants, price_per_million=prices.per_million).amount


def charge(task: Task, now: float, prices: Prices) -> Charge:
    """A task's line of the statement at a reading of the clock."""
    status = state_at(task, now).status
    if status is TaskStatus.SUCCESS:
        return Charge(NOTHING, price(task, prices), True)
    if status is TaskStatus.FAILURE:
        return Charge(NOTHING, NOTHING, True)
    return Charge(price(task, prices), NOTHING, False)


def spent(tasks: Iterable[Task], assets: Iterable[Asset], now: float, prices: Prices) -> Decimal:
    """What an account has been charged, and has on hold, up to a reading of the clock."""
    charges = [charge(task, now, prices) for task in tasks]
    fees = [asset_fee_at(asset, now) for asset in assets]
    return sum((line.held + line.charged for line in charges), NOTHING) + sum(fees, NOTHING)


def asset_fee_at(asset: Asset, now: float) -> Decimal:
    """The fee of an asset, due when it has become Active."""
    return asset_fee(asset.upstream).value if asset_status_at(asset, now) is AssetStatus.ACTIVE else NOTHING
