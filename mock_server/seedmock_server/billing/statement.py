"""What became of each order's price: held, charged or given back. Pure functions of a record and a moment.

At every moment exactly one of `held`, `charged` and `refunded` is the amount that was quoted, and the others are 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from seedmock_contracts.enums import Mode
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.pricing import Quote, asset_fee

from ..tasks.models import AssetRecord, Task
from ..tasks.timeline import NEVER, ends_at

ZERO = Decimal(0)


class LineKind(StrEnum):
    """What was ordered."""

    GENERATION = "generation"
    UPSCALE = "upscale"
    ASSET = "asset"


@dataclass(frozen=True, slots=True)
class Prices:
    """What the settings say of money: the options of variants, the price of B's tokens if it is set, late refunds."""

    variants: Mapping[str, str] = field(default_factory=dict)
    per_million: Decimal | None = None
    refund_seconds: float = 0.0
    """How long what has failed stays charged before the money comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One order on the statement, in USD. `settled_at` is when it was charged or given back; None while it is held."""

    upstream: str
    kind: LineKind
    id: str
    model: str
    created_at: float
    settled_at: float | None
    quote: Quote
    held: Decimal = ZERO
    charged: Decimal = ZERO
    refunded: Decimal = ZERO

    @property
    def as_json(self) -> dict[str, Any]:
        """The line as a JSON value: amounts are texts, exact to the last digit."""
        return {
            "upstream": self.upstream,
            "kind": self.kind.value,
            "id": self.id,
            "model": self.model,
            "created_at": self.created_at,
            "settled_at": self.settled_at,
            "quoted": format_amount(self.quote.amount),
            "held": format_amount(self.held),
            "charged": format_amount(self.charged),
            "refunded": format_amount(self.refunded),
            "rate": format_amount(self.quote.rate),
            "unit": self.quote.unit,
            "seconds": self.quote.seconds,
            "tokens": self.quote.tokens,
            "facts": [fact.id for fact in self.quote.facts],
            "basis": self.quote.basis.value,
        }


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over lines, in USD."""

    quoted: Decimal
    held: Decimal
    charged: Decimal
    refunded: Decimal

    @property
    def as_json(self) -> dict[str, str]:
        """The sums as texts."""
        return {name: format_amount(getattr(self, name)) for name in ("quoted", "held", "charged", "refunded")}


@dataclass(frozen=True, slots=True)
class Statement:
    """What an account owes at a moment; `credits` is what it may spend at each upstream, None for no limit."""

    account: str
    at: float
    lines: tuple[StatementLine, ...]
    credits: Mapping[str, Decimal | None]

    def for_upstream(self, upstream: str) -> Statement:
        """The part of one upstream."""
        lines = tuple(statement_line for statement_line in self.lines if statement_line.upstream == upstream)
        return Statement(self.account, self.at, lines, {upstream: self.credits.get(upstream)})

    @property
    def totals(self) -> Totals:
        """The sums over all lines."""
        return Totals(
            sum((statement_line.quote.amount for statement_line in self.lines), ZERO),
            sum((statement_line.held for statement_line in self.lines), ZERO),
            sum((statement_line.charged for statement_line in self.lines), ZERO),
            sum((statement_line.refunded for statement_line in self.lines), ZERO),
        )

    @property
    def charged(self) -> Decimal:
        """What was charged and has not come back."""
        return self.totals.charged

    @property
    def charges(self) -> tuple[StatementLine, ...]:
        """The lines that were charged."""
        return tuple(statement_line for statement_line in self.lines if statement_line.charged)

    def is_charged(self, amount: str | int | Decimal) -> bool:
        """Whether what was charged is this amount, rounded to the digits in which the amount is written.

        0.588 is "0.588" and "0.59", not "0.58" nor "0.5880001".
        """
        return equals_rounded(self.charged, amount)

    @property
    def as_json(self) -> dict[str, Any]:
        """The statement as a JSON value: the lines, the sums of each upstream with credit and balance, all sums."""
        upstreams = {name: self._account_row(name) for name in self.credits}
        return {
            "account": self.account,
            "at": self.at,
            "currency": "USD",
            "lines": [statement_line.as_json for statement_line in self.lines],
            "upstreams": upstreams,
            "totals": self.totals.as_json,
        }

    def _account_row(self, upstream: str) -> dict[str, Any]:
        totals, credit = self.for_upstream(upstream).totals, self.credits[upstream]
        left = None if credit is None else format_amount(credit - totals.held - totals.charged)
        return {**totals.as_json, "credit": None if credit is None else format_amount(credit), "remaining": left}


def equals_rounded(found: Decimal, said: str | int | Decimal) -> bool:
    """Whether an amount, rounded half up to the digits in which another is written, is that other."""
    wanted = Decimal(said)
    return wanted.is_finite() and found.quantize(wanted, ROUND_HALF_UP) == wanted


def format_amount(amount: Decimal) -> str:
    """An amount without exponent and without idle zeros."""
    plain = f"{amount:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def priced_request(task: Task) -> GenerationRequest | UpscaleRequest:
    """What was ordered, as far as the price depends on it."""
    if task.mode is Mode.UPSCALE:
        return UpscaleRequest(url="", resolution=task.resolution, seconds=task.source_seconds)
    return GenerationRequest(model=task.model, resolution=task.resolution, ratio=task.ratio, seconds=task.seconds)


def asset_quote(upstream: str) -> Quote:
    """What an asset costs if it becomes Active."""
    fee = asset_fee(upstream)
    return Quote(fee.value, 0, None, fee.value, "asset", (fee,))


def refunded_at(record: Task | AssetRecord, prices: Prices) -> float:
    """When the money for a record comes back: never for what succeeds, and for what fails and is charged."""
    if record.failure is None or (isinstance(record, Task) and record.charged_when_failed):
        return NEVER
    return settles_at(record) + prices.refund_seconds


def settles_at(record: Task | AssetRecord) -> float:
    """When a record comes to its end."""
    return record.created_at + record.processing_seconds if isinstance(record, AssetRecord) else ends_at(record)


def statement_line(record: Task | AssetRecord, now: float, said: Quote, prices: Prices) -> StatementLine:
    """A record's line at a reading of the clock."""
    end, back = settles_at(record), refunded_at(record, prices)
    amount = said.amount
    return StatementLine(
        upstream=record.upstream,
        kind=_kind(record),
        id=record.id,
        model=record.model if isinstance(record, Task) else "",
        created_at=record.created_at,
        settled_at=None if now < end else back if now >= back else end,
        quote=said,
        held=amount if now < end else ZERO,
        charged=amount if end <= now < back else ZERO,
        refunded=amount if now >= max(back, end) else ZERO,
    )


def _kind(record: Task | AssetRecord) -> LineKind:
    if isinstance(record, AssetRecord):
        return LineKind.ASSET
    return LineKind.UPSCALE if record.mode is Mode.UPSCALE else LineKind.GENERATION


def outstanding(lines: Iterable[StatementLine]) -> Decimal:
    """What lines take off a balance: what is held and what is charged."""
    return sum((statement_line.held + statement_line.charged for statement_line in lines), ZERO)
