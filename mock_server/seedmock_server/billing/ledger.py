"""Each account's money: what it may spend, what it owes, whether an order is covered. Nothing is ever settled here.

Balances are worked out from the records. What the tallies keep are sums that no clock can change, so that a check
costs the same after 100 000 orders as after one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from decimal import Decimal
from functools import lru_cache
from typing import Any

from seedmock_contracts.enums import ErrorKind, Mode
from seedmock_contracts.pricing import Quote, quote
from seedmock_contracts.upstreams import NAMES

from ..clock import Clocks
from ..errors import ApiError
from ..matching import magic_values as magic
from ..storage import Store
from ..tasks.models import AssetRecord, Task
from ..tasks.timeline import NEVER, Pace, step_clock
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

SHOWN = Decimal(1000)
"""What a balance counts down from where nothing limits the spending."""
QUOTES = 4096


class Tally:
    """What an account has ordered at one upstream, and when which of it comes back."""

    def __init__(self) -> None:
        self._quoted = ZERO
        self._moments: list[float] = []
        self._sums: list[Decimal] = []

    def add(self, amount: Decimal, back: float) -> None:
        """Count an order whose money comes back at a moment, or NEVER."""
        self._quoted += amount
        if back == NEVER:
            return
        place = bisect_right(self._moments, back)
        before = self._sums[place - 1] if place else ZERO
        self._moments.insert(place, back)
        self._sums[place:] = [before + amount, *(later + amount for later in self._sums[place:])]

    def outstanding(self, now: float) -> Decimal:
        """What is held or charged at a reading of the clock."""
        gone = bisect_right(self._moments, now)
        return self._quoted - (self._sums[gone - 1] if gone else ZERO)


class Ledger:
    """The money of all accounts; each upstream has a purse of its own."""

    def __init__(
        self, store: Store, clocks: Clocks, prices: Prices, *, credit: Decimal | None = None, pace: Pace = Pace.FAST
    ) -> None:
        """`credit` is what each account may spend at each upstream; None lets it spend without limit."""
        self.prices = prices
        self._store, self._clocks = store, clocks
        self.default_credit, self._stepping = credit, pace is Pace.STEP
        self.grants: dict[tuple[str, str], Decimal | None] = {}
        self._tallies: dict[str, dict[str, Tally]] = {}
        self._quotes: dict[tuple[Any, ...], Quote] = {}
        self._fee = lru_cache(len(NAMES))(asset_quote)

    # --- what an account may spend ---

    def set_default_credit(self, amount: Decimal | None) -> None:
        """Let every account to which nothing was granted spend so much at each upstream; None: no limit.

        Raises ValueError for an amount below 0.
        """
        self.default_credit = _amount(amount)

    def grant(self, account: str, upstream: str | None, amount: Decimal | None) -> None:
        """Let an account spend so much in all at an upstream (None: at each), from its first order on; None: no limit.

        Raises ValueError for an amount below 0 and for an upstream that is not one of ours.
        """
        amount = _amount(amount)
        if upstream is not None and upstream not in NAMES:
            raise ValueError(f"upstream is {upstream!r}; allowed: {', '.join(NAMES)}")
        for name in NAMES if upstream is None else (upstream,):
            self.grants[account, name] = amount

    def credit(self, account: str, upstream: str) -> Decimal | None:
        """What an account may spend in all at an upstream; None for no limit."""
        if magic.is_penniless(account):
            return ZERO
        return self.grants.get((account, upstream), self.default_credit)

    def balance(self, account: str, upstream: str) -> Decimal:
        """What is left of the credit, never below 0; without a limit it counts down from 1000."""
        credit = self.credit(account, upstream)
        return max(ZERO, (SHOWN if credit is None else credit) - self.spent(account, upstream))

    def reset(self, account: str | None = None) -> None:
        """Forget what was granted to an account, or to all, and read its records anew."""
        self.refresh(account)
        for known in [key for key in self.grants if account in (None, key[0])]:
            del self.grants[known]

    def refresh(self, account: str | None = None) -> None:
        """Read an account's records anew, or everyone's: to be called when a store was changed behind the engine."""
        if account is None:
            self._tallies.clear()
        else:
            self._tallies.pop(account, None)

    # --- before and after an order ---

    def check(self, draft: Task) -> None:
        """Raises ApiError BALANCE when an order costs more than its account has left."""
        if self._limits(draft.account):
            self._cover(draft.account, draft.upstream, self.quote(draft).amount)

    def check_asset(self, account: str, upstream: str) -> None:
        """Raises ApiError BALANCE when the fee of an asset is more than its account has left."""
        if self._limits(account):
            self._cover(account, upstream, self._fee(upstream).amount)

    def book(self, record: Task | AssetRecord) -> None:
        """Count a record that has just been kept."""
        tallies = self._tallies.get(record.account)
        if tallies is not None:
            self._count(tallies, record)

    def _limits(self, account: str) -> bool:
        return bool(self.grants) or self.default_credit is not None or magic.is_penniless(account)

    def _cover(self, account: str, upstream: str, price: Decimal) -> None:
        credit = self.credit(account, upstream)
        if credit is None:
            return
        left = credit - self.spent(account, upstream)
        if left < price:
            said = f"this order costs {format_amount(price)} USD, and {format_amount(max(left, ZERO))} USD are left"
            shown, needed = f"{max(left, ZERO):.6f}", f"{price:.6f}"
            raise ApiError(ErrorKind.BALANCE, said, value=shown, allowed=needed)

    # --- what it owes ---

    def quote(self, record: Task | AssetRecord) -> Quote:
        """What a record costs if it succeeds."""
        if isinstance(record, AssetRecord):
            return self._fee(record.upstream)
        traits = record.upstream, record.mode is Mode.UPSCALE, record.model, record.resolution, record.ratio
        known = (*traits, record.seconds, record.source_seconds)
        found = self._quotes.get(known)
        if found is None:
            if len(self._quotes) >= QUOTES:
                self._quotes.clear()
            found = self._quotes[known] = self._priced(record)
        return found

    def line(self, record: Task | AssetRecord, now: float | None = None) -> StatementLine:
        """A record's line of the statement, now or at another reading of its account's clock."""
        return statement_line(record, self._moment(record, now), self.quote(record), self.prices)

    def statement(self, account: str, at: float | None = None) -> Statement:
        """All that an account has ordered, in the order of arrival, now or as it was or will be at a moment."""
        moment = self._clocks.now(account) if at is None else at
        records = [record for record in self._records(account) if record.created_at <= moment]
        lines = tuple(self.line(record, at) for record in sorted(records, key=lambda record: record.created_at))
        return Statement(account, moment, lines, {name: self.credit(account, name) for name in NAMES})

    def spent(self, account: str, upstream: str) -> Decimal:
        """What an account has been charged and has on hold at an upstream, in USD."""
        if self._stepping:  # there the end of a task hangs on queries, not on a moment
            return outstanding(self.line(one) for one in self._records(account) if one.upstream == upstream)
        return self._tallied(account)[upstream].outstanding(self._clocks.now(account))

    def _tallied(self, account: str) -> dict[str, Tally]:
        tallies = self._tallies.get(account)
        if tallies is None:
            tallies = self._tallies[account] = defaultdict(Tally)
            for record in self._records(account):
                self._count(tallies, record)
        return tallies

    def _count(self, tallies: dict[str, Tally], record: Task | AssetRecord) -> None:
        tallies[record.upstream].add(self.quote(record).amount, refunded_at(record, self.prices))

    def _records(self, account: str) -> list[Task | AssetRecord]:
        store = self._store
        return [*store.tasks(account), *store.removed_assets(account), *store.assets(account)]

    def _moment(self, record: Task | AssetRecord, now: float | None) -> float:
        if self._stepping and isinstance(record, Task):
            return step_clock(record, self._store.queries(record.id))
        return self._clocks.now(record.account) if now is None else now

    def _priced(self, task: Task) -> Quote:
        prices = self.prices
        request = priced_request(task)
        return quote(task.upstream, request, variants=prices.variants, price_per_million=prices.per_million)


def _amount(amount: Decimal | None) -> Decimal | None:
    if amount is not None and not (amount.is_finite() and amount >= 0):
        raise ValueError(f"credit is {amount}; allowed: 0 or more")
    return amount
