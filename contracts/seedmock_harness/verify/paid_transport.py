"""Transport for billable requests: logs each before sending it, enforces the budget, never repeats one.

An order that an interrupted run has sent already is answered from the order log, with the response of that time.
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
from ..driver.http_transport import REPEATABLE_METHODS, NoResponse
from ..errors import HarnessError
from .budget import Budget
from .order_log import LoggedOrder, OrderLog
from .target import Target

PAUSE_SECONDS = 1.0
"""Seconds between two tries: gateways lose single requests."""
STOPPING_ERRORS = {
    ErrorKind.BALANCE: "the balance of the key is exhausted",
    ErrorKind.AUTHENTICATION: "the key was rejected",
    ErrorKind.FORBIDDEN: "the key may not order",
    ErrorKind.RATE_LIMIT: "the upstream accepts no more orders for now",
}
"""Errors that say nothing about the order itself, and after which further orders are pointless."""


class OrderOutcomeUnknown(HarnessError):
    """An order may have been accepted, and cannot be looked up; it is not sent again."""


class OrderingStopped(HarnessError):
    """No further orders can be sent with this key or this budget."""


@dataclass
class PaidTransport:
    """Sends requests for a driver; orders only between `begin` and `end` of a paid step."""

    contract: Contract
    target: Target
    budget: Budget
    order_log: OrderLog
    step: Step | None = None
    unresolved_orders: list[str] = field(default_factory=list)
    """A sentence for each order with an unknown outcome."""
    tasks: list[str] = field(default_factory=list)
    resumed: int = 0
    """Number of orders answered from the log."""
    _numbers: dict[str, int] = field(default_factory=dict)
    _charged_step: str = ""
    _responded_at: float | None = None

    def __post_init__(self) -> None:
        offered = {endpoint.operation for endpoint in self.contract.endpoints}
        self._paths = {
            endpoint_path(self.contract, operation, {}): operation for operation in BILLABLE if operation in offered
        }

    def now(self) -> float:
        """Return the target's time; right after a logged response, once, the time at which that arrived."""
        at, self._responded_at = self._responded_at, None
        return self.target.now() if at is None else at

    def begin(self, step: Step) -> None:
        """Assign the following orders to a step; its whole price is charged with the first of them."""
        self.step, self._charged_step = step, ""

    def end(self) -> None:
        """Stop sending orders."""
        self.step = None

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> ReceivedResponse:
        """Send a request. Raises NoResponse, OrderOutcomeUnknown, OrderingStopped, OrderLogError."""
        if self.step is None or (method, url) not in self._paths:
            return self._send_unpaid(method, url, headers, content)
        number = self._numbers.get(self.step.name, 0)
        self._numbers[self.step.name] = number + 1
        logged = self.order_log.run.order(self.step.name, number)
        if logged is not None:
            return self._logged_response(logged)
        return self._send_order(method, url, headers, content)

    def _send_unpaid(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> ReceivedResponse:
        """Send a request that orders nothing.

        A free question is sent once more when its response is a server error or is lost, and a read after a server
        error: the target itself repeats a read whose response was lost.
        """
        is_question = (method, url) in self._paths
        try:
            response = self.target.send(method, url, headers=headers, content=content)
            if response.status_code < 500 or not (is_question or method in REPEATABLE_METHODS):
                return response
        except NoResponse as error:
            if not (is_question and error.may_have_arrived):
                raise
        self.target.sleep(PAUSE_SECONDS)
        return self.target.send(method, url, headers=headers, content=content)

    def _logged_response(self, order: LoggedOrder) -> ReceivedResponse:
        self._charged_step = order.step
        if order.response is None:
            raise OrderOutcomeUnknown(f"the order of step {order.step} was interrupted")
        self.resumed += 1
        self._responded_at = order.responded_at
        if order.task:
            self.tasks.append(order.task)
        response = order.response
        return BufferedResponse(int(response["status"]), dict(response["headers"]), str(response["body"]).encode())

    def _send_order(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> ReceivedResponse:
        assert self.step is not None
        price = Decimal(0) if self._charged_step == self.step.name else self.step.price
        if not self.budget.allows(price):
            raise OrderingStopped(
                f"step {self.step.name} costs {price} {self.target.currency} more, which the budget does not allow"
            )
        # Logged before it is sent: a process that is killed in between must not order again.
        order = self.order_log.log_order(self.step.name, price, self.target.now())
        self._charged_step = self.step.name
        self.budget.spend(price)
        try:
            response = self.target.send(method, url, headers=headers, content=content)
        except NoResponse as error:
            if error.may_have_arrived:
                raise self._outcome_unknown(order, str(error)) from error
            self._refund(order)
            raise
        # Ctrl-C in particular: the order may have arrived.
        except BaseException:
            self._outcome_unknown(order, "the call was interrupted")
            raise
        self._log_response(order, self._interpret(method, url, content, response), response)
        return response

    def _log_response(self, order: LoggedOrder, interaction: Interaction, response: ReceivedResponse) -> None:
        """Log the outcome. A response that is neither a task nor an error of the upstream's leaves it unknown."""
        now, logged, status = self.target.now(), _loggable(response), interaction.status_code
        kinds = {case.kind for case in interaction.error_cases}
        stopping = next((kind for kind in STOPPING_ERRORS if kind in kinds), None)
        if interaction.created_id is not None:
            self.tasks.append(interaction.created_id)
            self.order_log.log_outcome(order, now, interaction.created_id, logged, rejected=False)
        # A 5xx can be that of a proxy, behind which the order was accepted.
        elif interaction.is_error and (interaction.error_cases or 400 <= status < 500) and status < 500:
            self._refund(order, logged)
            if stopping is not None:
                raise OrderingStopped(f"{STOPPING_ERRORS[stopping]} ({status} at step {order.step})")
        else:
            self.order_log.log_outcome(order, now, "", logged, rejected=False)
            reason = f"the response was {status} without an id"
            self.unresolved_orders.append(describe_unresolved(order, reason, self.target.currency))

    def _refund(self, order: LoggedOrder, response: Mapping[str, Any] | None = None) -> None:
        self.budget.spend(-order.price)
        if order.price:
            self._charged_step = ""  # the next order of the step is charged in its place
        self.order_log.log_outcome(order, self.target.now(), "", response, rejected=True)

    def release(self, task_id: str) -> None:
        """Give back what is held for a task that has failed uncharged; once. Raises OrderLogError."""
        for order in self.order_log.run.orders:
            if order.task == task_id and not order.rejected and not order.released:
                self.order_log.log_release(order, self.target.now())
                self.budget.spend(-order.price)

    def _outcome_unknown(self, order: LoggedOrder, reason: str) -> OrderOutcomeUnknown:
        self.unresolved_orders.append(describe_unresolved(order, reason, self.target.currency))
        return OrderOutcomeUnknown(f"the order of step {order.step} may have been accepted: {reason}")

    def _interpret(self, method: str, url: str, content: bytes, response: ReceivedResponse) -> Interaction:
        """Read the response without a history: only whether it is an error or a task matters here."""
        request = Request(method, url, body=content.decode("utf-8", "replace"))
        answer = Response(response.status_code, body=response.content.decode("utf-8", "replace"))
        return History(self.contract).interaction(Exchange(self._paths[method, url], request, answer))


def describe_unresolved(order: LoggedOrder, reason: str, currency: str) -> str:
    """Return the sentence that reports an order with an unknown outcome."""
    name = "an order" if not order.number else f"order {order.number + 1}"
    return f"step {order.step}: {name} for {order.price} {currency} may have been accepted, its id is unknown: {reason}"


def _loggable(response: ReceivedResponse) -> dict[str, Any]:
    # The log outlives the run, and a cookie may be a session's secret.
    headers = {name: value for name, value in response.headers.items() if name.lower() != "set-cookie"}
    return {"status": response.status_code, "headers": headers, "body": response.content.decode("utf-8", "replace")}
