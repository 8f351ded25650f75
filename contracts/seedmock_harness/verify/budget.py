"""What a verification may spend, and what it has spent: exact, in USD, and never more than the limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ..driver.client import Step

UNLIMITED = "unlimited"


class InvalidBudget(ValueError):
    """A text that is no budget: the message says what was found and what is allowed."""


def budget_from(text: str) -> Decimal | None:
    """An amount in USD; None is no limit. Raises InvalidBudget."""
    if text.strip().lower() == UNLIMITED:
        return None
    return amount_from(text, f"an amount in USD from 0, such as 0.50, or {UNLIMITED}")


def amount_from(text: str, allowed: str) -> Decimal:
    """An amount in USD. Raises InvalidBudget."""
    plain = text.strip().removeprefix("$")
    try:
        amount = Decimal(plain) if plain.isascii() and "_" not in plain else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise InvalidBudget(f"{text!r} is no amount; allowed: {allowed}")
    return amount


@dataclass
class Budget:
    """A limit (None: there is none) and what has been spent of it."""

    limit: Decimal | None = Decimal(0)
    spent: Decimal = Decimal(0)

    def affords(self, price: Decimal) -> bool:
        """Whether so much more may be spent."""
        return self.limit is None or price == 0 or self.spent + price <= self.limit

    def spend(self, price: Decimal) -> None:
        """Count an amount as spent."""
        self.spent += price

    def planned(self, steps: Iterable[Step]) -> list[Step]:
        """The steps that can be paid, taken in their order; one that is too dear does not keep back a cheaper one.

        Steps that cost nothing go on with what others have ordered, so that by themselves there are none.
        """
        trial = Budget(self.limit, self.spent)
        chosen = []
        for step in steps:
            if trial.affords(step.price):
                trial.spend(step.price)
                chosen.append(step)
        return chosen if any(step.price for step in chosen) else []
