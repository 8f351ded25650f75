"""Order endpoints: forms built from the contracts, previews with a price, and orders sent through the request chain."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import with_value
from seedmock_contracts.documents.values import to_number
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import ORDERS, MediaKind, Operation, Role
from seedmock_contracts.facts import Violation
from seedmock_contracts.generation import GenerationRequest, Reference, UpscaleRequest
from seedmock_contracts.pricing import Quote, quote
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_contracts.validation import notices, violations

from ..billing.statement import format_amount
from ..http.origin import request_origin
from ..http.url_policy import FetchError
from ..journal import hidden_users
from ..references.local_urls import FILES_PREFIX, with_public_links
from .assets import media_facts
from .catalog_models import (
    OrderFormResponse,
    OrderPreviewRequest,
    OrderPreviewResponse,
    OrderProblem,
    OrderQuote,
    OrderRequest,
    OrderResponse,
    UploadResponse,
)
from .context import ControlContext
from .endpoints import KEY_HELP, ControlEndpoint, ControlRequest
from .errors import ControlError, abbreviated
from .order_forms import order_forms
from .order_relay import OrderRelay
from .query_parameters import api_key

UPLOAD_DAYS = 7
DAY_SECONDS = 86400.0
SECONDS = 130.0
"""Longest wait for a response: the fault `hang` ends after 120 s by default."""
# Ark's default, for the preview of an order that does not say how long yet.
USUAL_SECONDS = 5


def forms(_: ControlContext, __: ControlRequest) -> list[OrderFormResponse]:
    return order_forms()


def preview(context: ControlContext, request: ControlRequest) -> OrderPreviewResponse:
    """Return an order as it would be sent, with what is wrong with it and its price; nothing is sent."""
    body: OrderPreviewRequest = request.body
    contract, operation = _order(body.upstream, body.operation)
    document = body.document if body.document is not None else _document(contract, operation, body)
    options = context.settings.variant_options
    public_document = with_public_links(document, request_origin(request.scope, dict(request.scope["headers"])))
    problems = [_problem(row) for row in violations(contract.name, operation, public_document, options)]
    problems += [_problem(row, advice=True) for row in notices(contract.name, public_document)]
    price, problem = _price(context, contract, operation, document)
    method, path = endpoint_path(contract, operation, {})
    return OrderPreviewResponse(
        method=method, path=path, document=document, problems=problems, quote=price, quote_problem=problem
    )


async def send(context: ControlContext, request: ControlRequest) -> OrderResponse:
    """Send an order as any client does: it meets limits and faults, and is journaled."""
    body: OrderRequest = request.body
    contract, operation = _order(body.upstream, body.operation)
    if not (body.key.isascii() and body.key.isprintable() and body.key.strip()):
        # The message never repeats the key: messages end up in logs.
        raise ControlError(
            "key is blank, or has other characters than printable ASCII; allowed: an API key", field="key"
        )
    method, path = endpoint_path(contract, operation, {})
    content = msgspec.json.encode(body.document)
    headers = [
        *((name, value) for name, value in request.scope["headers"] if name == b"host"),
        (b"authorization", f"Bearer {body.key}".encode()),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
    ]
    exchange = OrderRelay(content)
    inner = {
        **request.scope,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "extensions": {"seedmock": exchange},
    }
    try:
        async with asyncio.timeout(SECONDS):
            await context.api(inner, exchange.receive, exchange.send)
    except TimeoutError:
        return OrderResponse(status=0, headers=[], body="", task=None)
    return exchange.response(contract)


async def upload(context: ControlContext, request: ControlRequest) -> UploadResponse:
    """Store a file that orders can refer to. Raises ControlError for a body that is not media."""
    if request.account is None:
        raise ControlError("found no key; allowed: one as X-Mock-Key, whose orders will refer to the file", field="key")
    files = context.checkpoint.reference_files
    try:
        file = await files.store(request.raw)
    except FetchError as error:
        raise ControlError(f"the file cannot be used: {error}; allowed: an image, a video or a sound") from error
    # The same file of the same account gets the same link: to look at it twice draws nothing.
    token = context.checkpoint.random.token(32, "page upload", request.account, file.source.digest)
    name = f"upload.{file.facts.format.lower()}"
    expires = context.clocks.now(request.account) + UPLOAD_DAYS * DAY_SECONDS
    files.publish(token, file, name, expires, request.account)
    origin = context.settings.public_url or request_origin(request.scope, dict(request.scope["headers"]))
    facts = media_facts(file.facts)
    assert facts is not None, "a stored file has facts"
    return UploadResponse(url=f"{origin}{FILES_PREFIX}{token}/{name}", facts=facts)


def _order(upstream: str, operation: str) -> tuple[Contract, Operation]:
    if upstream not in NAMES:
        raise ControlError(f"upstream is {abbreviated(upstream)}; allowed: {', '.join(NAMES)}", field="upstream")
    contract = get_contract(upstream)
    allowed = [row for row in ORDERS if contract.endpoint(row) is not None]
    if operation not in allowed:
        message = f"operation is {abbreviated(operation)}; allowed by {upstream}: {', '.join(allowed)}"
        raise ControlError(message, field="operation", allowed=allowed)
    return contract, Operation(operation)


def _document(contract: Contract, operation: Operation, body: OrderPreviewRequest) -> dict[str, Any]:
    """Build a document of values by path and references. Raises ControlError."""
    document: dict[str, Any] = dict(contract.request.skeleton) if operation is Operation.CREATE else {}
    try:
        for path, value in body.values.items():
            document = with_value(document, path, value)
        references = [Reference(MediaKind(row.kind), row.url, Role(row.role)) for row in body.references]
        return contract.request.layout.place(document, references) if references else document
    except (ValueError, LookupError, TypeError) as error:
        raise ControlError(f"the order cannot be built: {error}; allowed: what GET /_mock/orders lists") from error


def _problem(violation: Violation, *, advice: bool = False) -> OrderProblem:
    fact = violation.fact
    return OrderProblem(
        fact=fact.id,
        basis=fact.basis,
        source=fact.source,
        field=violation.field,
        message=hidden_users(violation.message),
        advice=advice,
    )


def _price(
    context: ControlContext, contract: Contract, operation: Operation, document: Mapping[str, Any]
) -> tuple[OrderQuote | None, str]:
    """Return the price of an order that succeeds, or why there is none."""

    def part(name: str) -> Any:
        value = contract.request.read(document, name, operation)
        field = contract.field(name, operation)
        return field.default if value is None and field is not None else value

    def text(name: str) -> str | None:
        return None if part(name) is None else str(part(name))

    try:
        seconds = to_number(part("seconds"))
        priced: GenerationRequest | UpscaleRequest
        if operation is Operation.UPSCALE:
            priced = UpscaleRequest(url="", resolution=text("resolution") or "")
        else:
            priced = GenerationRequest(
                model=text("model"),
                size=text("size"),
                resolution=text("resolution"),
                ratio=text("ratio"),
                seconds=int(USUAL_SECONDS if seconds is None else seconds),
            )
        prices = context.engine.ledger.prices
        price = quote(contract.name, priced, variants=prices.variants, price_per_million=prices.per_million)
    except (ValueError, LookupError) as error:
        return None, str(error)
    return _quote_response(price), ""


def _quote_response(price: Quote) -> OrderQuote:
    return OrderQuote(
        amount=format_amount(price.amount),
        rate=format_amount(price.rate),
        unit=price.unit,
        seconds=price.seconds,
        tokens=price.tokens,
        basis=price.basis,
        facts=tuple(fact.id for fact in price.facts),
    )


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/orders",
        handler=forms,
        summary="List the operations that create tasks, each with its fields, limits, sizes and references.",
        response=list[OrderFormResponse],
    ),
    ControlEndpoint(
        method="POST",
        path="/_mock/orders/preview",
        handler=preview,
        summary="Show an order as it would be sent, the rules that it breaks, and its price; nothing is sent.",
        body=OrderPreviewRequest,
        response=OrderPreviewResponse,
        steers=False,
    ),
    ControlEndpoint(
        method="POST",
        path="/_mock/orders",
        handler=send,
        summary="Send an order with an API key through limits and faults, as any client does.",
        body=OrderRequest,
        response=OrderResponse,
        steers=False,
    ),
    ControlEndpoint(
        method="POST",
        path="/_mock/uploads",
        handler=upload,
        summary="Store an image, a video or a sound, and return a URL by which this server's orders refer to it.",
        query={"key": api_key(KEY_HELP)},
        response=UploadResponse,
        raw=True,
        steers=False,
    ),
)
