"""Money: what each order was quoted, holds, was charged and was given back; and what a key may spend."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import msgspec

from seedmock_contracts.upstreams import NAMES

from ..billing.statement import Statement
from .activity_models import LedgerResponse, StatementResponse
from .context import ControlContext
from .endpoints import MINE, ControlEndpoint, ControlRequest
from .errors import ControlError, shown
from .models import CreditRequest

LIMIT, MOST = 1000, 100_000


def read(world: ControlContext, asked: ControlRequest) -> LedgerResponse:
    """The statements of all accounts that have ordered anything, or of one."""
    upstream, limit = asked.one_of("upstream", NAMES), asked.whole("limit", LIMIT, MOST)
    accounts = world.store.accounts() if asked.account is None else [asked.account]
    told = [world.engine.ledger.statement(account) for account in accounts]
    narrowed = told if upstream is None else [one.for_upstream(upstream) for one in told]
    return LedgerResponse(statements=[statement_row(one, limit) for one in narrowed])


def statement_row(statement: Statement, limit: int = LIMIT) -> StatementResponse:
    """A statement with its newest lines; the sums are of all."""
    row = msgspec.convert(statement.as_json, StatementResponse)
    return msgspec.structs.replace(row, lines=row.lines[max(0, len(row.lines) - limit) :], total=len(row.lines))


def set_credit(world: ControlContext, asked: ControlRequest) -> LedgerResponse:
    """Let a key, or every key to which nothing was granted, spend so much."""
    order: CreditRequest = asked.body
    try:
        amount = None if order.amount is None else Decimal(str(order.amount))
        if asked.account is not None:
            world.engine.ledger.grant(asked.account, order.upstream, amount)
        elif order.upstream is not None:
            raise ControlError("found an upstream without a key; allowed: upstream beside key only", field="upstream")
        else:
            world.engine.ledger.set_default_credit(amount)
    except InvalidOperation:
        said = f"amount is {shown(order.amount)}; allowed: USD as a number or a text, or null for no limit"
        raise ControlError(said, field="amount") from None
    except ValueError as error:
        raise ControlError(str(error)) from error
    return LedgerResponse(
        statements=[statement_row(world.engine.ledger.statement(asked.account))] if asked.account else []
    )


ROWS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/ledger",
        handler=read,
        summary="A statement for each key: quoted, held, charged and refunded, by order and in sums.",
        query={
            "upstream": f"one of {', '.join(NAMES)}",
            "limit": f"how many lines of each at most, the newest; {LIMIT} unless said, {MOST} at most",
            **MINE,
        },
        response=LedgerResponse,
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/credit",
        handler=set_credit,
        summary="What a key may spend in all at an upstream (or at each), or every key to which nothing was granted.",
        body=CreditRequest,
        response=LedgerResponse,
    ),
)
"""The rows of the table."""
