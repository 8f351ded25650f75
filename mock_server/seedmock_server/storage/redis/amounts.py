"""Amounts of money for Lua, whose numbers are floats: whole dollars, and a fraction in units of 10**-15. Exact."""

from __future__ import annotations

from decimal import Decimal, localcontext

from ...tasks.timeline import NEVER
from ..models import Booking

DECIMALS = 15
ONE = 10**DECIMALS
"""Two of these are below 2**53, up to which a float is exact."""


def split_amount(amount: Decimal) -> tuple[int, int]:
    """Return the whole dollars, rounded down, and the rest in units. Raises ValueError for more decimals than that."""
    with localcontext(prec=60):
        units: int = int(amount.scaleb(DECIMALS))
        if Decimal(units).scaleb(-DECIMALS) != amount:
            raise ValueError(f"{amount} has more than {DECIMALS} decimals")
    return units // ONE, units % ONE


def joined_amount(dollars: bytes, rest: bytes, decimals: bytes = b"6") -> Decimal:
    """Return an amount with at least so many decimals."""
    with localcontext(prec=60):
        amount = Decimal(int(dollars) * ONE + int(rest)).scaleb(-DECIMALS)
        rounded = amount.quantize(Decimal(1).scaleb(-int(decimals)))
        return rounded if rounded == amount else amount


def money_of(booking: Booking | None) -> tuple[str | int, str | int, str | int, str]:
    """Return dollars, rest, decimals, and the time of the refund, as scripts take them: empty where there is none."""
    if booking is None:
        return "", "", "", ""
    exponent = booking.amount.as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    return *split_amount(booking.amount), decimals, "" if booking.refund_at == NEVER else repr(booking.refund_at)


def split_credit(credit: Decimal | None) -> tuple[str | int, str | int]:
    return ("", "") if credit is None else split_amount(credit)
