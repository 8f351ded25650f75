"""Ledger of all accounts: credit, balance, and the check that an order is covered. Nothing is ever settled in it.

Balances are computed from the records. The tallies hold only sums that no clock can change, so that a check costs the
same after 100 000 orders as after one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

from seedmock_contracts.enums import ErrorKind, Mode
from seedmock_contracts.pricing import Quote, quote
from seedmock_contracts.upstreams import NAMES

from ..clock import Clocks
from ..errors import ApiError
from ..matching import magic_values as magic
from ..storage import Booking, Store
from ..tasks.models import AccountRecords, AssetRecord, Task
from ..tasks.pace import Pace
from ..tasks.timeline import NEVER, step_clock
from .statement import (
    ZERO,
    Prices,
    Statement,
    StatementLine,
    asset_quote,
    format_amount,
    outstanding,
    priced_request,
    refunded_at,
    statement_line,
)

# A balance counts down from here where no credit limits the spending: clients show it, and some refuse to order at 0.
UNLIMITED_BALANCE = Decimal(1000)
# All resolutions, ratios and lengths of the models are some hundreds of quotes; see `quote` for what has no bound.
MAX_CACHED_QUOTES = 4096


class Tally:
    """Sum of an account's orders at one upstream, with the times and amounts of refunds."""

    def __init__(self) -> None:
        self._quoted = ZERO
        self._refund_times: list[float] = []
        self._refund_sums: list[Decimal] = []

    def add(self, amount: Decimal, refund_at: float) -> None:
        """Add an order that is refunded at a time, or NEVER."""
        self._quoted += amount
        if refund_at == NEVER:
            return
        # A clock can be moved anywhere, so sums are kept by the time of the refund, and never settled.
        place = bisect_right(self._refund_times, refund_at)
        before = self._refund_sums[place - 1] if place else ZERO
        self._refund_times.insert(place, refund_at)
        self._refund_sums[place:] = [before + amount, *(later + amount for later in self._refund_sums[place:])]

    def outstanding(self, now: float) -> Decimal:
        """Return the amount on hold or charged at a reading of the clock."""
        refunds = bisect_right(self._refund_times, now)
        return self._quoted - (self._refund_sums[refunds - 1] if refunds else ZERO)


class Sums(Protocol):
    """Store that keeps the sums itself, since several processes book there."""

    async def outstanding(self, account: str, upstream: str, now: float) -> Decimal:
        """Return the amount on hold or charged at a reading of the account's clock."""
        ...


class Ledger:
    """Credit and orders of all accounts; each upstream counts apart."""

    def __init__(
        self, store: Store, clocks: Clocks, prices: Prices, *, credit: Decimal | None = None, pace: Pace = Pace.FAST
    ) -> None:
        """`credit` is what each account may spend at each upstream; None is no limit."""
        self._sums: Sums | None = None
        self.prices = prices
        self._store, self._clocks = store, clocks
        self.default_credit, self._stepping = credit, pace is Pace.STEP
        self.grants: dict[tuple[str, str], Decimal | None] = {}
        self._tallies: dict[str, dict[str, Tally]] = {}
        self._quotes: dict[tuple[Any, ...], Quote] = {}
        self._fee = lru_cache(len(NAMES))(asset_quote)

    def use_sums(self, sums: Sums) -> None:
        """Take the sums from a store from now on, instead of computing them from the records."""
        self._sums = sums

    @property
    def has_sums(self) -> bool:
        """Tell that the store keeps sums, and checks each order's money itself."""
        return self._sums is not None

    # --- credit ---

    def set_default_credit(self, amount: Decimal | None) -> None:
        """Set what every account without a grant may spend at each upstream; None is no limit.

        Raises ValueError for an amount below 0.
        """
        self.default_credit = _checked_amount(amount)

    def grant(self, account: str, upstream: str | None, amount: Decimal | None) -> None:
        """Set what an account may spend at an upstream in all, from its first order on; None is no limit.

        Upstream None stands for each. Raises ValueError for an amount below 0 and for an unknown upstream.
        """
        amount = _checked_amount(amount)
        if upstream is not None and upstream not in NAMES:
            raise ValueError(f"unknown upstream {upstream!r}; available: {', '.join(NAMES)}")
        for name in NAMES if upstream is None else (upstream,):
            self.grants[account, name] = amount

    def credit(self, account: str, upstream: str) -> Decimal | None:
        """Return what an account may spend at an upstream in all; None for no limit."""
        if magic.has_no_credit(account):
            return ZERO
        return self.grants.get((account, upstream), self.default_credit)

    async def balance(self, account: str, upstream: str) -> Decimal:
        """Return what remains of the credit, never below 0; without a limit it counts down from UNLIMITED_BALANCE."""
        credit = self.credit(account, upstream)
        return max(ZERO, (UNLIMITED_BALANCE if credit is None else credit) - await self.spent(account, upstream))

    def reset(self, account: str | None = None) -> None:
        """Remove the grants of an account, or of all accounts, and read the records again."""
        self.refresh(account)
        for key in [key for key in self.grants if account in (None, key[0])]:
            del self.grants[key]

    def refresh(self, account: str | None = None) -> None:
        """Read the records of an account, or of all, again, after the store was changed other than by the engine."""
        if account is None:
            self._tallies.clear()
        else:
            self._tallies.pop(account, None)

    # --- orders ---

    def is_limited(self, account: str) -> bool:
        """Tell whether an account may have a limit. Most emulators limit nothing: then an order needs no quote."""
        return bool(self.grants) or self.default_credit is not None or magic.has_no_credit(account)

    async def check(self, draft: Task) -> None:
        """Raise ApiError BALANCE if an order costs more than its account has left."""
        if self.is_limited(draft.account):
            await self._check_covered(draft.account, draft.upstream, self.quote(draft).amount)

    async def check_asset(self, account: str, upstream: str) -> None:
        """Raise ApiError BALANCE if the fee of an asset is more than its account has left."""
        if self.is_limited(account):
            await self._check_covered(account, upstream, self._fee(upstream).amount)

    def booking(self, record: Task | AssetRecord) -> Booking | None:
        """Return the money of a record for the store; None if the store keeps no sums."""
        if self._sums is None:
            return None
        return Booking(self.quote(record).amount, refunded_at(record, self.prices))

    def bookings(self, records: AccountRecords) -> dict[str, Booking]:
        """Return the money of all records of an account, by their ids; empty if the store keeps no sums."""
        if self._sums is None:
            return {}
        priced: list[Task | AssetRecord] = [*records.tasks, *records.assets, *records.removed_assets]
        return {record.id: Booking(self.quote(record).amount, refunded_at(record, self.prices)) for record in priced}

    def enforced_credit(self, account: str, upstream: str) -> Decimal | None:
        """Return the credit that a store enforces; None where it is checked beforehand alone, as under `step`."""
        return None if self._sums is None or self._stepping else self.credit(account, upstream)

    def book(self, record: Task | AssetRecord) -> None:
        """Add a record that was just stored."""
        tallies = self._tallies.get(record.account)
        # An account that was not asked about yet is counted whole at the first question.
        if tallies is not None:
            self._count(tallies, record)

    async def _check_covered(self, account: str, upstream: str, price: Decimal) -> None:
        credit = self.credit(account, upstream)
        if credit is None:
            return
        remaining = credit - await self.spent(account, upstream)
        if remaining < price:
            raise balance_error(price, remaining)

    # --- statements ---

    def quote(self, record: Task | AssetRecord) -> Quote:
        """Return the price of a record, which is charged if it succeeds."""
        if isinstance(record, AssetRecord):
            return self._fee(record.upstream)
        traits = record.upstream, record.mode is Mode.UPSCALE, record.model, record.resolution, record.ratio
        key = (*traits, record.seconds, record.source_seconds)
        cached = self._quotes.get(key)
        if cached is None:
            # Lengths of upscaled videos are measured, not chosen: their number has no bound.
            if len(self._quotes) >= MAX_CACHED_QUOTES:
                self._quotes.clear()
            cached = self._quotes[key] = self._price(record)
        return cached

    def line(self, record: Task | AssetRecord, now: float | None = None) -> StatementLine:
        """Return a record's statement line, now or at another reading of its account's clock."""
        return statement_line(record, self._time(record, now), self.quote(record), self.prices)

    async def statement(self, account: str, at: float | None = None) -> Statement:
        """Return the statement of an account, in the order of arrival, now or at a time in the past or future."""
        time = self._clocks.now(account) if at is None else at
        records = [record for record in await self._records(account) if record.created_at <= time]
        lines = tuple(self.line(record, at) for record in sorted(records, key=lambda record: record.created_at))
        return Statement(account, time, lines, {name: self.credit(account, name) for name in NAMES})

    async def spent(self, account: str, upstream: str) -> Decimal:
        """Return what an account has been charged and has on hold at an upstream, in USD."""
        if self._stepping:  # the end of a task depends on queries there, not on the time, so no sum can be kept
            records = (record for record in await self._records(account) if record.upstream == upstream)
            return outstanding(self.line(record) for record in records)
        now = self._clocks.now(account)
        if self._sums is not None:
            return await self._sums.outstanding(account, upstream, now)
        return (await self._tallies_of(account))[upstream].outstanding(now)

    async def _tallies_of(self, account: str) -> dict[str, Tally]:
        tallies = self._tallies.get(account)
        if tallies is None:
            tallies = self._tallies[account] = defaultdict(Tally)
            for record in await self._records(account):
                self._count(tallies, record)
        return tallies

    def _count(self, tallies: dict[str, Tally], record: Task | AssetRecord) -> None:
        tallies[record.upstream].add(self.quote(record).amount, refunded_at(record, self.prices))

    async def _records(self, account: str) -> list[Task | AssetRecord]:
        store = self._store
        # Removed assets stay: deleting what was paid for gives no money back.
        return [*await store.tasks(account), *await store.removed_assets(account), *await store.assets(account)]

    def _time(self, record: Task | AssetRecord, now: float | None) -> float:
        if self._stepping and isinstance(record, Task):
            return step_clock(record, record.queries)
        return self._clocks.now(record.account) if now is None else now

    def _price(self, task: Task) -> Quote:
        prices = self.prices
        request = priced_request(task)
        return quote(task.upstream, request, variants=prices.variants, price_per_million=prices.per_million)


def balance_error(price: Decimal, remaining: Decimal) -> ApiError:
    """Return the error for an order that costs more than is left."""
    remaining = max(remaining, ZERO)
    message = f"this order costs {format_amount(price)} USD, and {format_amount(remaining)} USD are left"
    return ApiError(ErrorKind.BALANCE, message, value=f"{remaining:.6f}", allowed=f"{price:.6f}")


def _checked_amount(amount: Decimal | None) -> Decimal | None:
    if amount is not None and not (amount.is_finite() and amount >= 0):
        raise ValueError(f"credit is {amount}; allowed: 0 or more")
    return amount
