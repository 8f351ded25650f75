"""Where paid calls go through: written down before they are made, never beyond the budget, never made twice.

An order that an interrupted run has made already is answered from the book, as the upstream answered it then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import BILLABLE, ErrorKind
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_server.http.in_process import BufferedResponse

from ..conversation.history import History, Interaction
from ..driver.client import ReceivedResponse, Step
from ..driver.http_transport import NoResponse
from .budget import Budget
from .order_log import LoggedOrder, OrderLog
from .target import Target

ENDING = {
    ErrorKind.BALANCE: "the balance of the key is exhausted",
    ErrorKind.AUTHENTICATION: "the key was refused",
    ErrorKind.FORBIDDEN: "the key may not order",
    ErrorKind.RATE_LIMIT: "the upstream takes no more orders for now",
}
"""Refusals that say nothing of an order, and after which no other is made."""


class OrderOutcomeUnknown(Exception):
    """An order may have been taken, and nobody can say; it is not made again."""


class OrderingStopped(Exception):
    """The upstream takes no orders from this key."""


@dataclass
class PaidTransport:
    """Sends for a speaker. While a paid step runs, `step` is that one."""

    contract: Contract
    target: Target
    budget: Budget
    book: OrderLog
    step: Step | None = None
    doubts: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    resumed: int = 0
    _numbers: dict[str, int] = field(default_factory=dict)
    _paid_for: str = ""
    _answered_at: float | None = None

    def __post_init__(self) -> None:
        known = {endpoint.operation for endpoint in self.contract.endpoints}
        self._paths = {
            endpoint_path(self.contract, operation, {})[1]: operation for operation in BILLABLE if operation in known
        }

    def now(self) -> float:
        """The target's time; of an answer from the book, once, the time at which it came."""
        at, self._answered_at = self._answered_at, None
        return self.target.now() if at is None else at

    def begin(self, step: Step) -> None:
        """From here on, orders belong to a step, and the first of them has its whole price."""
        self.step, self._paid_for = step, ""

    def end(self) -> None:
        """Nothing may be ordered from here on."""
        self.step = None

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> ReceivedResponse:
        """Raises NoAnswer, OrderOutcomeUnknown, OrderingStopped."""
        if self.step is None or method != "POST" or url not in self._paths:
            return self.target.send(method, url, headers=headers, content=content)
        number = self._numbers.get(self.step.name, 0)
        self._numbers[self.step.name] = number + 1
        before = self.book.run.order(self.step.name, number)
        if before is not None:
            return self._again(before)
        return self._order(url, headers, content)

    def _again(self, order: LoggedOrder) -> ReceivedResponse:
        """What was answered to an order that was made before the interruption."""
        self._paid_for = order.step
        if order.answer is None:
            raise OrderOutcomeUnknown(f"the order of step {order.step} was interrupted")
        self.resumed += 1
        self._answered_at = order.answered_at
        if order.task:
            self.tasks.append(order.task)
        told = order.answer
        return BufferedResponse(int(told["status"]), dict(told["headers"]), str(told["body"]).encode())

    def _order(self, url: str, headers: Mapping[str, str], content: bytes) -> ReceivedResponse:
        assert self.step is not None
        price = Decimal(0) if self._paid_for == self.step.name else self.step.price
        if not self.budget.affords(price):
            raise OrderingStopped(
                f"step {self.step.name} costs {price} {self.target.currency} more, which the budget does not allow"
            )
        order = self.book.ordering(self.step.name, price, self.target.now())
        self._paid_for = self.step.name
        self.budget.spend(price)
        try:
            answer = self.target.send("POST", url, headers=headers, content=content)
        except NoResponse as error:
            if error.may_have_arrived:
                raise self._doubt(order, str(error)) from error
            self._gone(order)
            raise
        except BaseException:
            self._doubt(order, "the call was interrupted")
            raise
        return self._judged(order, self._turn(url, content, answer), answer)

    def _judged(self, order: LoggedOrder, turn: Interaction, answer: ReceivedResponse) -> ReceivedResponse:
        """Write what became of an order. An answer that is no refusal in the upstream's words leaves it in doubt."""
        now, kept = self.target.now(), _kept(answer)
        ending = next((kind for kind in ENDING if any(case.kind is kind for case in turn.error_cases)), None)
        if turn.created_id is not None:
            self.tasks.append(turn.created_id)
            self.book.answered(order, now, turn.created_id, kept, refused=False)
        elif turn.is_error and (turn.error_cases or 400 <= turn.status_code < 500) and turn.status_code < 500:
            self._gone(order, kept)
            if ending is not None:
                raise OrderingStopped(f"{ENDING[ending]} ({turn.status_code} at step {order.step})")
        else:
            self.book.answered(order, now, "", kept, refused=False)
            why = f"the answer was {turn.status_code} without an id"
            self.doubts.append(doubt(order, why, self.target.currency))
        return answer

    def _gone(self, order: LoggedOrder, kept: Mapping[str, Any] | None = None) -> None:
        """An order that was not taken costs nothing."""
        self.budget.spend(-order.price)
        self.book.answered(order, self.target.now(), "", kept, refused=True)

    def _doubt(self, order: LoggedOrder, why: str) -> OrderOutcomeUnknown:
        self.doubts.append(doubt(order, why, self.target.currency))
        return OrderOutcomeUnknown(f"the order of step {order.step} may have been taken: {why}")

    def _turn(self, url: str, content: bytes, answer: ReceivedResponse) -> Interaction:
        """The answer in the light of nothing: only whether something was made, or refused, is asked."""
        assert self.step is not None
        request = Request("POST", url, body=content.decode("utf-8", "replace"))
        response = Response(answer.status_code, body=answer.content.decode("utf-8", "replace"))
        return History(self.contract).interaction(Exchange(self._paths[url], request, response))


def doubt(order: LoggedOrder, why: str, money: str) -> str:
    """The sentence that names an order of which nobody knows whether it was taken."""
    which = "an order" if not order.number else f"order {order.number + 1}"
    return f"step {order.step}: {which} for {order.price} {money} may have been taken, its id is not known: {why}"


def _kept(answer: ReceivedResponse) -> dict[str, Any]:
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "set-cookie"}
    return {"status": answer.status_code, "headers": headers, "body": answer.content.decode("utf-8", "replace")}
