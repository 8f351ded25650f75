"""Budget of a verification in USD: exact amounts, never exceeded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ..driver.client import Step
from ..errors import HarnessError

UNLIMITED = "unlimited"


class InvalidBudget(HarnessError, ValueError):
    """A text that is not an amount; the message has the text and the allowed form."""


def parse_budget(text: str) -> Decimal | None:
    """Parse an amount in USD, or `unlimited` (None). Raises InvalidBudget."""
    if text.strip().lower() == UNLIMITED:
        return None
    return parse_amount(text, f"an amount in USD from 0, such as 0.50, or {UNLIMITED}")


def parse_amount(text: str, allowed: str) -> Decimal:
    """Parse an amount in USD; `allowed` completes the error message. Raises InvalidBudget."""
    plain = text.strip().removeprefix("$")
    try:
        # Decimal also reads the digits of other scripts, and underscores.
        amount = Decimal(plain) if plain.isascii() and "_" not in plain else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise InvalidBudget(f"{text!r} is not an amount; allowed: {allowed}")
    return amount


@dataclass
class Budget:
    """A limit in USD (None for no limit) and the amount spent so far."""

    limit: Decimal | None = Decimal(0)
    spent: Decimal = Decimal(0)

    def allows(self, price: Decimal) -> bool:
        """Return True if `price` more may be spent."""
        return self.limit is None or price == 0 or self.spent + price <= self.limit

    def spend(self, price: Decimal) -> None:
        """Add an amount to `spent`; a negative one refunds a rejected order."""
        self.spent += price

    def affordable(self, steps: Iterable[Step]) -> list[Step]:
        """Return the steps that fit, in their order; an expensive one does not keep out a cheaper one after it.

        Of contingent steps, each that fits after the others: together they cost one order at most. Free steps only
        continue what paid ones have ordered, so without a paid step there are none.
        """
        steps, trial = list(steps), Budget(self.limit, self.spent)
        chosen = []
        for step in sorted(steps, key=lambda step: step.contingent):
            if trial.allows(step.price):
                trial.spend(Decimal(0) if step.contingent else step.price)
                chosen.append(step)
        return [step for step in steps if step in chosen] if any(step.price for step in chosen) else []


def price_of(steps: Iterable[Step]) -> Decimal:
    """Return the most that steps cost together: contingent ones that of the dearest."""
    steps = list(steps)
    contingency = max((step.price for step in steps if step.contingent), default=Decimal(0))
    return sum((step.price for step in steps if not step.contingent), contingency)
