"""Ledger of one API key, with assertions that show its statement when they fail."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NoReturn

from ..billing.statement import LineKind, Statement, StatementLine, format_amount
from .accounts import KeyAccount


class AccountLedger:
    """Money of one key in USD, as it is now on that key's clock."""

    def __init__(self, account: KeyAccount) -> None:
        self._account = account

    def __repr__(self) -> str:
        return "\n".join(map(describe_line, self.statement.lines)) or "no orders"

    @property
    def statement(self) -> Statement:
        """All orders with what is on hold, charged and refunded."""
        return self._account.statement()

    @property
    def charged(self) -> Decimal:
        """The charges that were not refunded."""
        return self.statement.charged

    @property
    def on_hold(self) -> Decimal:
        """The amount on hold for tasks that run."""
        return self.statement.totals.on_hold

    def grant(self, amount: str | int | Decimal, upstream: str | None = None) -> None:
        """Set the credit of the key at an upstream, or at each. Raises ValueError."""
        try:
            credit = Decimal(amount)
        except (InvalidOperation, TypeError):
            raise ValueError(f"credit is {amount!r}; allowed: an amount in USD such as '5'") from None
        self._account.grant(upstream, credit)

    def assert_spend(self, amount: str | int | Decimal) -> None:
        """Assert the sum of the charges, rounded to the digits of `amount`: "0.59" accepts 0.588."""
        __tracebackhide__ = True
        if isinstance(amount, float):
            raise TypeError(f'the amount is the float {amount}; write it as a string: assert_spend("{amount}")')
        statement = self.statement
        if not statement.charged_equals(amount):
            self._fail(f"expected charges of {amount} USD, found {format_amount(statement.charged)}")

    def assert_charged_once(self) -> None:
        """Assert that exactly one generation or upscale was charged."""
        __tracebackhide__ = True
        charges = [line for line in self.statement.charges if line.kind is not LineKind.ASSET]
        if len(charges) != 1:
            self._fail(f"expected one charge, found {len(charges)}")

    def _fail(self, message: str) -> NoReturn:
        __tracebackhide__ = True
        lines = [describe_line(line) for line in self.statement.lines]
        listing = "\n  ".join(["statement:", *lines]) if lines else "no orders with this test's key"
        raise AssertionError(f"{message}\n{listing}")


def describe_line(line: StatementLine) -> str:
    """Describe a line of the statement in a few words."""
    amounts = {"on hold": line.on_hold, "charged": line.charged, "refunded": line.refunded}
    described = ", ".join(f"{name} {format_amount(amount)}" for name, amount in amounts.items() if amount) or "free"
    return f"{line.upstream} {line.kind} {line.id}: {described}"
