"""The paid ladder: orders that keep every rule, at the contract's prices, the cheapest first, seeing all there is."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from seedmock_contracts.enums import Mode, Operation
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_contracts.validation import violations
from seedmock_harness.conversation.order_parser import parse_order
from seedmock_harness.driver.client import Step
from seedmock_harness.probes.paid_steps import PaidOptions, inline_media, order_document, paid_steps
from seedmock_harness.results.verification import VerificationVerdict
from seedmock_server.http.in_process import BufferedResponse


@pytest.fixture(params=NAMES)
def upstream(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def orders(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """The documents that steps order by themselves."""
    kept = [getattr(step.run, "keywords", {}).get("order") for step in steps]
    return [order for order in kept if order is not None]


@pytest.mark.parametrize(
    "terms", [PaidOptions(), PaidOptions(inline_media()), PaidOptions(deep=True)], ids=["example", "carried", "deep"]
)
def test_every_order_keeps_every_rule(upstream: str, terms: PaidOptions) -> None:
    for order in orders(paid_steps(get_contract(upstream), terms)):
        assert violations(upstream, Operation.CREATE, order) == []
        assert parse_order(get_contract(upstream), Operation.CREATE, order) is not None


def test_the_first_is_a_text_and_from_there_on_prices_only_rise(upstream: str) -> None:
    steps = paid_steps(get_contract(upstream), PaidOptions(own_clock=True))
    assert steps[0].name == "text"
    assert all(step.price > 0 or step.name in ("links", "file") for step in steps)
    dearer = [step.price for step in steps[1:] if step.price]
    assert dearer == sorted(dearer)
    assert len({step.name for step in steps}) == len(steps)


def test_every_model_and_mode_is_ordered_and_sound_is_both_on_and_off(upstream: str) -> None:
    contract = get_contract(upstream)
    made = orders(paid_steps(contract))
    assert {order["model"] for order in made} == {model.name for model in contract.models if not model.upscales}
    assert {order.get("generate_audio", True) for order in made} == {True, False}
    seen = {reference.reference.role for order in made for reference in contract.request.layout.find(order)}
    wanted = {role for mode in contract.modes if mode.mode is not Mode.UPSCALE for role in mode.roles}
    assert seen == wanted


def test_a_deep_run_orders_every_size_and_the_longest_clip(upstream: str) -> None:
    contract = get_contract(upstream)
    made = [
        parse_order(contract, Operation.CREATE, order) for order in orders(paid_steps(contract, PaidOptions(deep=True)))
    ]
    assert {order.size for order in made if order and order.size} == set(contract.sizes)
    assert max(order.seconds or 0 for order in made if order) == 15
    shallow = [parse_order(contract, Operation.CREATE, order) for order in orders(paid_steps(contract))]
    assert {order.size.resolution for order in shallow if order and order.size} == {
        s.resolution for s in contract.sizes
    }


def test_a_price_of_tokens_can_be_given() -> None:
    contract = get_contract("opeai")
    steps = zip(paid_steps(contract), paid_steps(contract, PaidOptions(token_price=Decimal(14))), strict=True)
    assert all(abs(dear.price - 2 * cheap.price) <= Decimal("0.000002") for cheap, dear in steps)


def test_what_a_stranger_must_read_travels_in_the_order() -> None:
    props = inline_media()
    assert props.video == ""
    assert b64decode(props.image.partition(",")[2]).startswith(b"\x89PNG")
    assert b64decode(props.audio.partition(",")[2]).startswith(b"RIFF")
    assert props == inline_media()


def test_an_order_says_its_size_in_either_form(upstream: str) -> None:
    contract = get_contract(upstream)
    size = contract.sizes[0]
    for by_ratio in (False, True):
        made = order_document(contract, contract.models[0], size, by_ratio=by_ratio)
        found = parse_order(contract, Operation.CREATE, made)
        assert found is not None and found.size is not None and found.size.text == size.text


def _between(world: Any, answer: Callable[[str, str, bytes], BufferedResponse | None]) -> Any:
    """The target, but some requests are answered otherwise."""
    send = world.target.send

    def asked(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
        found = answer(method, url, content)
        return found if found is not None else send(method, url, headers=headers, content=content)

    return replace(world.target, send=asked)


def test_a_task_that_is_not_found_by_its_id_is_drift(
    world_of: Callable[..., Any], verified: Any, upstream: str
) -> None:
    with world_of() as world:
        world.lie("other_id", upstream=upstream, operation="create")
        found = verified(upstream, world.target, only=("text",))
    assert found.verdict is VerificationVerdict.DRIFTED
    assert any(finding.fact.id == f"{upstream}.query" for finding in found.findings)


def test_an_order_that_keeps_every_rule_and_is_refused_is_drift(
    world_of: Callable[..., Any], verified: Any, upstream: str
) -> None:
    bodies = {
        "opeai": {"error": {"message": "no", "type": "BadRequest", "param": "size", "code": "InvalidParameter"}},
        "apimodels": {"code": 400, "msg": "no", "data": None},
    }

    def refused(method: str, url: str, content: bytes) -> BufferedResponse | None:
        if method != "POST" or b"paper boat" not in content:
            return None
        return BufferedResponse(400, {"content-type": "application/json"}, json.dumps(bodies[upstream]).encode())

    with world_of() as world:
        found = verified(upstream, _between(world, refused), only=("text", "image"))
    assert found.verdict is VerificationVerdict.DRIFTED
    assert found.tasks == ()
    assert found.spent == 0
