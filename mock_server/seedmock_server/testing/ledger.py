"""What the code under test has spent, and assertions on it that show the statement when they fail."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NoReturn

from ..billing.ledger import Ledger
from ..billing.statement import LineKind, Statement, StatementLine, format_amount


class Purse:
    """One key's money, in USD, as it is now on that key's clock."""

    def __init__(self, ledger: Ledger, account: str) -> None:
        self._ledger, self._account = ledger, account

    def __repr__(self) -> str:
        return "\n".join(map(line_of, self.statement.lines)) or "nothing was ordered"

    @property
    def statement(self) -> Statement:
        """All orders with what is held, charged and refunded."""
        return self._ledger.statement(self._account)

    @property
    def charged(self) -> Decimal:
        """What was charged and has not come back."""
        return self.statement.charged

    @property
    def held(self) -> Decimal:
        """What is on hold for tasks that run."""
        return self.statement.totals.held

    def grant(self, amount: str | int | Decimal, upstream: str | None = None) -> None:
        """Let the key spend so much in all at an upstream, or at each. Raises ValueError."""
        try:
            credit = Decimal(amount)
        except (InvalidOperation, TypeError):
            raise ValueError(f"credit is {amount!r}; allowed: an amount in USD such as '5'") from None
        self._ledger.grant(self._account, upstream, credit)

    def assert_spend(self, amount: str | int | Decimal) -> None:
        """What was charged is this amount, rounded to the digits in which it is written: "0.59" takes 0.588."""
        __tracebackhide__ = True
        if isinstance(amount, float):
            raise TypeError(f'the amount is the float {amount}; write it as a text: assert_spend("{amount}")')
        statement = self.statement
        if not statement.is_charged(amount):
            self._fail(f"expected {amount} USD to be spent, found {format_amount(statement.charged)}")

    def assert_charged_once(self) -> None:
        """Exactly one generation or upscale was charged."""
        __tracebackhide__ = True
        charges = [line for line in self.statement.charges if line.kind is not LineKind.ASSET]
        if len(charges) != 1:
            self._fail(f"expected one charge, found {len(charges)}")

    def _fail(self, message: str) -> NoReturn:
        __tracebackhide__ = True
        lines = [line_of(line) for line in self.statement.lines]
        said = "\n  ".join(["the statement:", *lines]) if lines else "nothing was ordered with this test's key"
        raise AssertionError(f"{message}\n{said}")


def line_of(line: StatementLine) -> str:
    """A line of the statement in a few words."""
    states = {"held": line.held, "charged": line.charged, "refunded": line.refunded}
    standing = ", ".join(f"{name} {format_amount(amount)}" for name, amount in states.items() if amount) or "free"
    return f"{line.upstream} {line.kind} {line.id}: {standing}"
