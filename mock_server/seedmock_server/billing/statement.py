"""Statement of an account: for each order, the amount on hold, charged or refunded. Pure functions of record and time.

At every time exactly one of `on_hold`, `charged` and `refunded` is the quoted amount, and the others are 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from seedmock_contracts.enums import Mode, TaskStatus
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.pricing import Quote, asset_fee
from seedmock_contracts.upstreams import get_contract

from ..tasks.models import AssetRecord, Task
from ..tasks.timeline import NEVER, end_status, ends_at

ZERO = Decimal(0)


class LineKind(StrEnum):
    """Kind of order on a statement line."""

    GENERATION = "generation"
    UPSCALE = "upscale"
    ASSET = "asset"


class Prices(Struct, frozen=True):
    """Settings of pricing: options of variants, the price of a million tokens if it is set, and late refunds.

    `refund_seconds` is how long a failed order stays charged before it is refunded.
    """

    variants: Mapping[str, str] = field(default_factory=dict)
    per_million: Decimal | None = None
    refund_seconds: float = 0.0


class StatementLine(Struct, frozen=True, kw_only=True):
    """One order on the statement, in USD. `settled_at` is when it was charged or refunded; None while it is on hold."""

    upstream: str
    kind: LineKind
    id: str
    model: str
    created_at: float
    settled_at: float | None
    quote: Quote
    on_hold: Decimal = ZERO
    charged: Decimal = ZERO
    refunded: Decimal = ZERO

    @property
    def as_json(self) -> dict[str, Any]:
        """JSON value of the line; amounts are texts, exact to the last digit."""
        return {
            "upstream": self.upstream,
            "kind": self.kind.value,
            "id": self.id,
            "model": self.model,
            "created_at": self.created_at,
            "settled_at": self.settled_at,
            # Strings: a float would make 0.588 USD a number with 17 digits, and tests compare amounts exactly.
            "quoted": format_amount(self.quote.amount),
            "on_hold": format_amount(self.on_hold),
            "charged": format_amount(self.charged),
            "refunded": format_amount(self.refunded),
            "rate": format_amount(self.quote.rate),
            "unit": self.quote.unit,
            "seconds": self.quote.seconds,
            "tokens": self.quote.tokens,
            "facts": [fact.id for fact in self.quote.facts],
            "basis": self.quote.basis.value,
        }


class Totals(Struct, frozen=True):
    """Sums over lines, in USD."""

    quoted: Decimal
    on_hold: Decimal
    charged: Decimal
    refunded: Decimal

    @property
    def as_json(self) -> dict[str, str]:
        """JSON value of the sums, as texts."""
        return {name: format_amount(getattr(self, name)) for name in ("quoted", "on_hold", "charged", "refunded")}


class Statement(Struct, frozen=True):
    """Orders of an account at a time. `credits` is what it may spend at each upstream, None for no limit."""

    account: str
    at: float
    lines: tuple[StatementLine, ...]
    credits: Mapping[str, Decimal | None]

    def for_upstream(self, upstream: str) -> Statement:
        """Return the part of one upstream."""
        lines = tuple(line for line in self.lines if line.upstream == upstream)
        return Statement(self.account, self.at, lines, {upstream: self.credits.get(upstream)})

    @property
    def totals(self) -> Totals:
        """Sums over all lines."""
        return Totals(
            sum((line.quote.amount for line in self.lines), ZERO),
            sum((line.on_hold for line in self.lines), ZERO),
            sum((line.charged for line in self.lines), ZERO),
            sum((line.refunded for line in self.lines), ZERO),
        )

    @property
    def charged(self) -> Decimal:
        """Amount that was charged and not refunded."""
        return self.totals.charged

    @property
    def charges(self) -> tuple[StatementLine, ...]:
        """Lines that were charged and not refunded."""
        return tuple(line for line in self.lines if line.charged)

    def charged_equals(self, amount: str | int | Decimal) -> bool:
        """Compare the charged amount, rounded to the digits in which `amount` is written.

        0.588 equals "0.588" and "0.59", but neither "0.58" nor "0.5880001".
        """
        return equals_rounded(self.charged, amount)

    @property
    def as_json(self) -> dict[str, Any]:
        """JSON value: the lines, the sums of each upstream with its credit and the rest of it, and all sums."""
        upstreams = {name: self._upstream_json(name) for name in self.credits}
        return {
            "account": self.account,
            "at": self.at,
            "currency": "USD",
            "lines": [line.as_json for line in self.lines],
            "upstreams": upstreams,
            "totals": self.totals.as_json,
        }

    def _upstream_json(self, upstream: str) -> dict[str, Any]:
        totals, credit = self.for_upstream(upstream).totals, self.credits[upstream]
        remaining = None if credit is None else format_amount(credit - totals.on_hold - totals.charged)
        return {**totals.as_json, "credit": None if credit is None else format_amount(credit), "remaining": remaining}


def equals_rounded(amount: Decimal, expected: str | int | Decimal) -> bool:
    """Compare an amount, rounded half up to the digits in which the expected amount is written."""
    # The digits that a test writes say how exact it means to be: 0.59 accepts 0.588, 0.590 does not.
    expected = Decimal(expected)
    return expected.is_finite() and amount.quantize(expected, ROUND_HALF_UP) == expected


def format_amount(amount: Decimal) -> str:
    """Format an amount without an exponent and without trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def priced_request(task: Task) -> GenerationRequest | UpscaleRequest:
    """Return the request of a task, as far as its price depends on it."""
    if task.mode is Mode.UPSCALE:
        return UpscaleRequest(url="", resolution=task.resolution, seconds=task.source_seconds)
    return GenerationRequest(model=task.model, resolution=task.resolution, ratio=task.ratio, seconds=task.seconds)


def asset_quote(upstream: str) -> Quote:
    """Return the quote of an asset, which is charged if it becomes Active."""
    fee = asset_fee(upstream)
    return Quote(fee.value, 0, None, fee.value, "asset", (fee,))


def refunded_at(record: Task | AssetRecord, prices: Prices) -> float:
    """Return the time of a record's refund; NEVER for what is charged at its end, success or not."""
    # Before the failure: a task that was planned to fail and is cancelled first never failed.
    if isinstance(record, Task) and record.cancelled_at is not None:
        charged = TaskStatus.CANCELLED in get_contract(record.upstream).charged_statuses
        return NEVER if charged else record.cancelled_at
    if record.failure is None:
        return NEVER
    if isinstance(record, Task):
        charged = end_status(record) in get_contract(record.upstream).charged_statuses
        # Reports of users contradict the pages here (failed tasks that stay charged): a fate can play it.
        if charged or record.charged_when_failed:
            return NEVER
    return settles_at(record) + prices.refund_seconds


def settles_at(record: Task | AssetRecord) -> float:
    """Return the time at which a record comes to its end."""
    return record.created_at + record.processing_seconds if isinstance(record, AssetRecord) else ends_at(record)


def statement_line(record: Task | AssetRecord, now: float, quote: Quote, prices: Prices) -> StatementLine:
    """Return a record's line at a reading of the clock."""
    end, refund = settles_at(record), refunded_at(record, prices)
    amount = quote.amount
    return StatementLine(
        upstream=record.upstream,
        kind=_kind(record),
        id=record.id,
        model=record.model if isinstance(record, Task) else "",
        created_at=record.created_at,
        settled_at=None if now < end else refund if now >= refund else end,
        quote=quote,
        on_hold=amount if now < end else ZERO,
        charged=amount if end <= now < refund else ZERO,
        refunded=amount if now >= max(refund, end) else ZERO,
    )


def _kind(record: Task | AssetRecord) -> LineKind:
    if isinstance(record, AssetRecord):
        return LineKind.ASSET
    return LineKind.UPSCALE if record.mode is Mode.UPSCALE else LineKind.GENERATION


def outstanding(lines: Iterable[StatementLine]) -> Decimal:
    """Sum up what lines take off a balance: the amounts on hold and charged."""
    return sum((line.on_hold + line.charged for line in lines), ZERO)
