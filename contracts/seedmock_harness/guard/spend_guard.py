"""ASGI application of the spend guard: orders are checked, quoted and logged, everything else passes as recorded.

An order leaves once. The same order again, by its Idempotency-Key or else by its key and content, is answered from the
order log. A task that is seen to fail uncharged releases what its order held. A request that may order something, and
is none of the contract's, does not leave at all.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.values import value_of_text
from seedmock_contracts.endpoints import endpoint_path, match_route
from seedmock_contracts.enums import BILLABLE, ErrorKind, Operation
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.generation import first_frame
from seedmock_contracts.lifecycle import UNSUCCESSFUL
from seedmock_contracts.openapi.error_schemas import error_body
from seedmock_contracts.validation import violations
from seedmock_server.billing.statement import format_amount
from seedmock_server.http.asgi import Message, Receive, Send, lifespan
from seedmock_server.http.multipart import Form, FormFile
from seedmock_server.http.request_body import BodyTooLarge, BodyTooSlow, MalformedBody, read_body
from seedmock_server.http.request_document import UnsupportedMediaType, decode_document
from seedmock_server.references.local_urls import SPELLED_BYTES

from ..conversation.history import History
from ..driver.client import ReceivedResponse, Step
from ..driver.http_transport import NoResponse
from ..errors import HarnessError
from ..recordings.proxy import HOP_BY_HOP, RecordingProxy
from ..verify.order_log import LoggedOrder, OrderLogError
from ..verify.paid_transport import OrderingStopped, OrderOutcomeUnknown, PaidTransport
from .order_pricing import price_order

STATUS_PATH = "/_guard"
# The vendors take 100 MB (facts NAME.body.megabytes).
MAX_BODY_BYTES, BODY_SECONDS = 100 << 20, 30.0
# An Idempotency-Key is for the guard alone: no vendor documents one.
NOT_FORWARDED = HOP_BY_HOP | {b"host", b"content-length", b"expect", b"idempotency-key"}
READ_METHODS = ("GET", "HEAD")
NOTE = b"x-seedmock-guard"


class GuardedOrder(Struct, frozen=True):
    """An order that breaks no rule: its id, and the price in USD that it is held at."""

    id: str
    operation: Operation
    price: Decimal


class GuardRefusal(HarnessError):
    """An order that does not leave; the reason is told in the upstream's own envelope."""

    def __init__(self, kind: ErrorKind, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.kind, self.field = kind, field


class SpendGuard:
    """Proxy in front of a paid service. `is_live` False is a dry run: nothing that could cost money leaves."""

    def __init__(
        self,
        contract: Contract,
        proxy: RecordingProxy,
        transport: PaidTransport,
        *,
        is_live: bool,
        token_price: Decimal | None = None,
    ) -> None:
        self._contract, self._proxy, self._transport = contract, proxy, transport
        self._is_live, self._token_price = is_live, token_price
        self._failed_tasks: list[str] = []
        proxy.on_exchange = self._note_failure
        self._order_lock = asyncio.Lock()  # one order at a time: the budget is read and held in one step

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send, self.aclose)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
        elif scope["path"] == STATUS_PATH and scope["method"] in READ_METHODS:
            await _send(send, 200, self.status(), "status")
        else:
            await asyncio.sleep(0)  # the server makes a task of what waits; locks and threads ask for it
            await self._answer(scope, receive, send)

    async def aclose(self) -> None:
        """Close the connections for everything that is no order."""
        await self._proxy.aclose()

    def status(self) -> dict[str, Any]:
        """Return the budget, what is held of it, and the orders, as JSON."""
        budget, orders = self._transport.budget, self._transport.order_log.run.orders
        remaining = None if budget.limit is None else format_amount(max(Decimal(0), budget.limit - budget.spent))
        return {
            "upstream": self._contract.name,
            "live": self._is_live,
            "budget": None if budget.limit is None else format_amount(budget.limit),
            "held": format_amount(budget.spent),
            "remaining": remaining,
            "orders": [_order_json(order) for order in orders],
        }

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        route = match_route(self._contract, method, path)
        try:
            if route is not None and route.endpoint.operation in BILLABLE:
                await self._answer_order(route.endpoint.operation, scope, receive, send)
            elif method in READ_METHODS or route is not None:
                await self._proxy(scope, receive, send)
                await self._release_failed()
            else:
                reason = f"{method[:20]} {path[:200]} is none of {self._contract.name}'s calls, and may cost money"
                raise GuardRefusal(ErrorKind.ROUTE_NOT_FOUND, reason)
        except GuardRefusal as refusal:
            case = self._contract.error_case(refusal.kind)
            body = error_body(self._contract, case, f"seedmock guard: {refusal}; nothing was sent", refusal.field)
            await _send(send, max(case.status, 400), body, "refused")

    def _note_failure(self, exchange: Exchange) -> None:
        """Note the task of a response that says that it has failed, if the contract charges nothing for that."""
        if exchange.operation not in (Operation.QUERY, Operation.CANCEL) or exchange.response.status != 200:
            return
        interaction = History(self._contract).interaction(exchange)
        if interaction.status in UNSUCCESSFUL and interaction.status not in self._contract.charged_statuses:
            self._failed_tasks.append(interaction.requested_id)

    async def _release_failed(self) -> None:
        """Release what failed tasks hold. Under the lock: an order that is under way writes to the log as well."""
        if self._failed_tasks:
            async with self._order_lock:
                while self._failed_tasks:
                    self._transport.release(self._failed_tasks.pop())

    async def _answer_order(self, operation: Operation, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        try:
            body = await read_body(receive, limit=MAX_BODY_BYTES, seconds=BODY_SECONDS)
        except (BodyTooLarge, BodyTooSlow) as error:
            raise GuardRefusal(ErrorKind.MALFORMED, str(error)) from error
        operation, document = self._decode(operation, headers, body)
        order = self._checked(operation, headers, body, document)
        async with self._order_lock:
            earlier = self._find(order.id)
            if earlier is not None:
                await self._repeat(earlier, send)
                return
            self._check_budget(order)
            await self._order(order, headers, body, send)

    def _decode(
        self, operation: Operation, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[Operation, dict[str, Any]]:
        contract = self._contract
        try:
            form, roles = operation in contract.request.file_parts, contract.request.layout.types_by_role
            decoded = decode_document(headers.get(b"content-type"), body, json=True, form=form, types_by_role=roles)
        except MalformedBody as error:
            raise GuardRefusal(ErrorKind.MALFORMED, error.message) from error
        except UnsupportedMediaType as error:
            raise GuardRefusal(ErrorKind.UNSUPPORTED_MEDIA_TYPE, str(error)) from error
        document = _form_document(contract, operation, decoded) if isinstance(decoded, Form) else decoded
        model = contract.request.read(document, "model")
        upscales = any(row.upscales and row.name == model for row in contract.models)
        return (Operation.UPSCALE if upscales and operation is Operation.CREATE else operation), document

    def _checked(
        self, operation: Operation, headers: Mapping[bytes, bytes], body: bytes, document: dict[str, Any]
    ) -> GuardedOrder:
        broken = violations(self._contract.name, operation, document)
        if broken:
            raise GuardRefusal(broken[0].kind, broken[0].message, broken[0].field)
        try:
            price = price_order(self._contract, operation, document, self._token_price)
        except ValueError as error:
            raise GuardRefusal(ErrorKind.INVALID_PARAMETER, f"the order cannot be quoted: {error}") from error
        return GuardedOrder(_order_id(operation, headers, body, document), operation, price)

    def _find(self, order_id: str) -> LoggedOrder | None:
        orders = self._transport.order_log.run.orders
        return next((order for order in orders if order.step == order_id and not order.rejected), None)

    async def _repeat(self, order: LoggedOrder, send: Send) -> None:
        """Answer an order that has left before."""
        if order.response is None:
            price = format_amount(order.price)
            reason = f"this order for {price} USD left before, and may have been accepted: it is not sent again"
            raise GuardRefusal(ErrorKind.STATE_CONFLICT, f"{reason}; another Idempotency-Key makes it a new order")
        response = order.response
        await _send_raw(send, int(response["status"]), response["headers"], str(response["body"]).encode(), "repeated")

    def _check_budget(self, order: GuardedOrder) -> None:
        budget = self._transport.budget
        limit = "no limit" if budget.limit is None else f"{format_amount(budget.limit)} USD"
        costs = f"costs {format_amount(order.price)} USD, with {format_amount(budget.spent)} of {limit} held"
        if not budget.allows(order.price):
            raise GuardRefusal(ErrorKind.BALANCE, f"this {order.operation} {costs}")
        if not self._is_live:
            reason = f"dry run: this {order.operation} keeps every rule and {costs}"
            raise GuardRefusal(ErrorKind.FORBIDDEN, f"{reason}; seedmock guard --live sends it")

    async def _order(self, order: GuardedOrder, headers: Mapping[bytes, bytes], body: bytes, send: Send) -> None:
        method, url = endpoint_path(self._contract, _endpoint_of(order.operation), {})
        forwarded = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers.items()
            if name not in NOT_FORWARDED
        }
        step = Step(order.id, f"an order of {order.operation}", lambda _: (), order.price)
        self._transport.begin(step)
        try:
            response: ReceivedResponse = await asyncio.to_thread(
                self._transport.send, method, url, headers=forwarded, content=body
            )
        except OrderingStopped as error:
            logged = self._last_response(order.id)
            if logged is None:
                raise GuardRefusal(ErrorKind.BALANCE, str(error)) from error
            await _send_raw(send, int(logged["status"]), logged["headers"], str(logged["body"]).encode(), "refused")
            return
        except OrderLogError as error:
            raise GuardRefusal(ErrorKind.OVERLOADED, str(error)) from error
        except (OrderOutcomeUnknown, NoResponse) as error:
            case = self._contract.error_case(ErrorKind.UPSTREAM_FAILED)
            message = f"seedmock guard: {error}"
            await _send(send, 502, error_body(self._contract, case, message), "unknown")
            return
        finally:
            self._transport.end()
        await _send_raw(
            send, response.status_code, response.headers, response.content, f"held {format_amount(order.price)} USD"
        )

    def _last_response(self, order_id: str) -> Mapping[str, Any] | None:
        orders = [order for order in self._transport.order_log.run.orders if order.step == order_id]
        return orders[-1].response if orders else None


def _endpoint_of(operation: Operation) -> Operation:
    """Return the operation whose endpoint is used: an upscale is ordered where clips are."""
    return Operation.CREATE if operation is Operation.UPSCALE else operation


def _order_id(operation: Operation, headers: Mapping[bytes, bytes], body: bytes, document: Mapping[str, Any]) -> str:
    """Return what tells an order from another one: its Idempotency-Key, else its content; and the API key, hashed."""
    own = headers.get(b"idempotency-key", b"")
    # Of a form the document, because the boundary between its parts is another one each time.
    is_form = headers.get(b"content-type", b"").startswith(b"multipart/")
    content = json.dumps(document, sort_keys=True, default=repr).encode() if is_form else body
    # The last part keeps a key from equalling the body of another order.
    parts = (str(operation).encode(), headers.get(b"authorization", b""), own or content, b"key" if own else b"")
    return blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def _form_document(contract: Contract, operation: Operation, form: Form) -> dict[str, Any]:
    """Return a form's document, with numbers and booleans where the contract's field is one: a form has texts alone.

    A file becomes a first frame, whose URI has the digest of its content: another picture makes another order.
    """
    document = dict(form.document)
    for field in contract.fields:
        text = document.get(field.path)
        if isinstance(text, str):
            document[field.path] = value_of_text(text, field.types)
    part, layout = contract.request.file_parts.get(operation), contract.request.layout
    frames = [first_frame(_file_uri(file)) for file in form.files if file.name == part]
    is_text = not isinstance(document.get(str(part), {}), dict)
    if not frames or is_text:  # a text in the file's place is left to its rule
        return document
    return layout.place(document, [*(located.reference for located in layout.find(document)), *frames])


def _file_uri(file: FormFile) -> str:
    digest = blake2b(file.content, digest_size=16).hexdigest()
    return f"data:{file.content_type};digest={digest};base64,{b64encode(file.content[:SPELLED_BYTES]).decode()}"


def _order_json(order: LoggedOrder) -> dict[str, Any]:
    ended = "released" if order.released else "accepted"
    outcome = "rejected" if order.rejected else "unknown" if order.outcome_unknown else ended
    return {
        "id": order.step,
        "price": format_amount(order.price),
        "at": order.at,
        "task": order.task,
        "outcome": outcome,
    }


async def _send(send: Send, status: int, body: Any, note: str) -> None:
    await _send_raw(send, status, {"content-type": "application/json"}, json.dumps(body).encode(), note)


async def _send_raw(send: Send, status: int, headers: Mapping[str, str], content: bytes, note: str) -> None:
    # The content is decoded already, and its length may have changed with that.
    dropped = HOP_BY_HOP | {b"content-length", b"content-encoding"}
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    pairs = [(name, value) for name, value in pairs if name not in dropped]
    pairs += [(b"content-length", b"%d" % len(content)), (NOTE, note.encode())]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": content})
