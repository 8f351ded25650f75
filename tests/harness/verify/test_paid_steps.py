"""Paid steps: valid orders at the contract's prices, the cheapest first, covering models, modes and sizes."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from seedmock_contracts.enums import Mode, Operation
from seedmock_contracts.upstreams import get_contract
from seedmock_contracts.validation import violations
from seedmock_harness.conversation.order_parser import parse_order
from seedmock_harness.driver.client import Step
from seedmock_harness.probes.paid_options import PaidOptions, inline_media, order_document
from seedmock_harness.probes.paid_steps import paid_steps
from seedmock_harness.results.verification import VerificationVerdict
from seedmock_harness.verify.target import Target
from seedmock_server.http.in_process import BufferedResponse

if TYPE_CHECKING:
    from .conftest import LiveEmulator, OpenEmulator, Verify


def orders_of(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """Return the documents that the steps order."""
    orders = [getattr(step.run, "keywords", {}).get("order") for step in steps]
    return [order for order in orders if order is not None]


@pytest.mark.parametrize(
    "options", [PaidOptions(), PaidOptions(inline_media()), PaidOptions(deep=True)], ids=["hosted", "inline", "deep"]
)
def test_every_order_is_valid(upstream: str, options: PaidOptions) -> None:
    for order in orders_of(paid_steps(get_contract(upstream), options)):
        assert violations(upstream, Operation.CREATE, order) == []
        assert parse_order(get_contract(upstream), Operation.CREATE, order) is not None


def test_text_comes_first_and_the_rest_by_price(upstream: str) -> None:
    steps = paid_steps(get_contract(upstream), PaidOptions(own_clock=True))
    assert steps[0].name == "text"
    assert all(step.price > 0 or step.name in ("links", "file") for step in steps)
    prices = [step.price for step in steps[1:] if step.price and not step.contingent]
    assert prices == sorted(prices)
    assert len({step.name for step in steps}) == len(steps)


def test_every_model_and_mode_is_ordered_with_and_without_audio(upstream: str) -> None:
    contract = get_contract(upstream)
    orders = orders_of(paid_steps(contract))
    assert {order["model"] for order in orders} == {model.name for model in contract.models if not model.upscales}
    assert {order.get("generate_audio", True) for order in orders} == {True, False}
    roles = {entry.reference.role for order in orders for entry in contract.request.layout.find(order)}
    assert roles == {role for mode in contract.modes if mode.mode is not Mode.UPSCALE for role in mode.roles}


def test_deep_run_orders_every_size_and_the_longest_clip(upstream: str) -> None:
    contract = get_contract(upstream)
    documents = orders_of(paid_steps(contract, PaidOptions(deep=True)))
    orders = [parse_order(contract, Operation.CREATE, document) for document in documents]
    assert {order.size for order in orders if order and order.size} == set(contract.sizes)
    assert max(order.seconds or 0 for order in orders if order) == 15
    orders = [parse_order(contract, Operation.CREATE, document) for document in orders_of(paid_steps(contract))]
    resolutions = {order.size.resolution for order in orders if order and order.size}
    assert resolutions == {size.resolution for size in contract.sizes}


def test_token_price_scales_the_prices() -> None:
    contract = get_contract("opeai")
    steps = zip(paid_steps(contract), paid_steps(contract, PaidOptions(token_price=Decimal(14))), strict=True)
    assert all(abs(double.price - 2 * single.price) <= Decimal("0.000002") for single, double in steps)


def test_inline_media_are_data_uris_and_reproducible() -> None:
    media = inline_media()
    assert media.video == ""
    assert b64decode(media.image.partition(",")[2]).startswith(b"\x89PNG")
    assert b64decode(media.audio.partition(",")[2]).startswith(b"RIFF")
    assert media == inline_media()


def test_order_document_has_its_size_in_either_form(upstream: str) -> None:
    contract = get_contract(upstream)
    size = contract.sizes[0]
    for by_ratio in (False, True):
        document = order_document(contract, contract.models[0], size, by_ratio=by_ratio)
        order = parse_order(contract, Operation.CREATE, document)
        assert order is not None and order.size is not None and order.size.text == size.text


def replacing_responses(
    emulator: LiveEmulator, respond: Callable[[str, str, bytes], BufferedResponse | None]
) -> Target:
    """Return the target; `respond` may replace the response to a request."""
    original = emulator.target.send

    def send(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
        response = respond(method, url, content)
        return response if response is not None else original(method, url, headers=headers, content=content)

    return replace(emulator.target, send=send)


def test_task_that_is_not_found_by_its_id_is_drift(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str
) -> None:
    with open_emulator() as emulator:
        emulator.add_fault("other_id", upstream=upstream, operation="create")
        verification = verify_target(upstream, emulator.target, only=("text",))
    assert verification.verdict is VerificationVerdict.DRIFTED
    assert any(finding.fact.id == f"{upstream}.query" for finding in verification.findings)


def test_rejected_valid_order_is_drift(open_emulator: OpenEmulator, verify_target: Verify, upstream: str) -> None:
    bodies = {
        "opeai": {"error": {"message": "no", "type": "BadRequest", "param": "size", "code": "InvalidParameter"}},
        "apimodels": {"code": 400, "msg": "no", "data": None},
    }

    def reject(method: str, url: str, content: bytes) -> BufferedResponse | None:
        if method != "POST" or b"paper boat" not in content:
            return None
        return BufferedResponse(400, {"content-type": "application/json"}, json.dumps(bodies[upstream]).encode())

    with open_emulator() as emulator:
        verification = verify_target(upstream, replacing_responses(emulator, reject), only=("text", "image"))
    assert verification.verdict is VerificationVerdict.DRIFTED
    assert verification.tasks == ()
    assert verification.spent == 0
