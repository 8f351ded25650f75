"""Ledger endpoints: a statement for each account, and its credit."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import msgspec

from seedmock_contracts.upstreams import NAMES

from ..billing.statement import Statement
from .activity_models import LedgerResponse, StatementResponse
from .context import ControlContext
from .endpoints import ACCOUNT_QUERY, ControlEndpoint, ControlRequest
from .errors import ControlError, abbreviated
from .models import CreditRequest
from .query_parameters import choice, string, whole_number

DEFAULT_LIMIT, MAX_LIMIT = 1000, 100_000


async def read(context: ControlContext, request: ControlRequest) -> LedgerResponse:
    upstream = request.query.get("upstream")
    limit, task = request.query.get("limit", DEFAULT_LIMIT), request.query.get("task")
    accounts = await context.store.accounts() if request.account is None else [request.account]
    statements = [await context.engine.ledger.statement(account) for account in accounts]
    if upstream is not None:
        statements = [statement.for_upstream(upstream) for statement in statements]
    return LedgerResponse(statements=[statement_response(statement, limit, task) for statement in statements])


def statement_response(statement: Statement, limit: int = DEFAULT_LIMIT, task: str | None = None) -> StatementResponse:
    """Return a statement with its newest lines, or with those of one task; the sums are those of all lines."""
    response = msgspec.convert(statement.as_json, StatementResponse)
    count = len(response.lines)
    lines = response.lines if task is None else [line for line in response.lines if line.id == task]
    return msgspec.structs.replace(response, lines=lines[max(0, len(lines) - limit) :], total=count)


async def set_credit(context: ControlContext, request: ControlRequest) -> LedgerResponse:
    """Set the credit of an account, or of every account that was granted none."""
    body: CreditRequest = request.body
    ledger = context.engine.ledger
    try:
        amount = None if body.amount is None else Decimal(str(body.amount))
        if request.account is not None:
            ledger.grant(request.account, body.upstream, amount)
        elif body.upstream is not None:
            raise ControlError("found an upstream without a key; allowed: upstream beside key only", field="upstream")
        else:
            ledger.set_default_credit(amount)
    except InvalidOperation:
        message = f"amount is {abbreviated(body.amount)}; allowed: USD as a number or a string, or null for no limit"
        raise ControlError(message, field="amount") from None
    except ValueError as error:
        raise ControlError(str(error)) from error
    if request.account is None:
        return LedgerResponse(statements=[])
    return LedgerResponse(statements=[statement_response(await ledger.statement(request.account))])


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/ledger",
        handler=read,
        summary="Show a statement for each key: quoted, on hold, charged and refunded, by order and in total.",
        query={
            "upstream": choice(NAMES, "orders at this upstream"),
            "limit": whole_number(MAX_LIMIT, "maximum number of lines of each, the newest", DEFAULT_LIMIT),
            "task": string("the line of this task alone; the sums are still those of all orders"),
            **ACCOUNT_QUERY,
        },
        response=LedgerResponse,
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/credit",
        handler=set_credit,
        summary="Set what a key can spend at an upstream, or at each; without a key, what every other key can spend.",
        body=CreditRequest,
        response=LedgerResponse,
    ),
)
