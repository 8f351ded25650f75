"""Steps that no verification of a live service takes: their answers cannot be provoked there, or cost too much.

Each is a step like those of `seedmock_harness.probes`; the checks judge its exchanges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_harness.driver.client import Driver, Step
from seedmock_harness.probes.task_flows import poll_to_end

CALLBACK_URL = "http://127.0.0.1:9/hook"


def extra_steps(contract: Contract) -> Iterator[Step]:
    """Steps that an upstream of this contract can take."""
    yield _step("two", "two orders in a row", _order_twice)
    if any(endpoint.operation is Operation.BALANCE for endpoint in contract.endpoints):
        yield _step("rejected", "an order that is rejected, and the balance before and after", _order_unknown_model)
        yield _step("poor", "an order that costs more than the balance", _order_beyond_balance)
        yield _step("hook", "an order with a callback", _order_with_callback)


def _step(name: str, description: str, run: Callable[[Driver], None]) -> Step:
    def steps(driver: Driver) -> tuple[()]:
        run(driver)
        return ()

    return Step(f"extra.{name}", description, steps, Decimal(1))


def _order_twice(driver: Driver) -> None:
    _order(driver)
    _order(driver)


def _order_unknown_model(driver: Driver) -> None:
    driver.call(Operation.BALANCE)
    driver.call(Operation.CREATE, {**driver.contract.example(Operation.CREATE), "model": "nonesuch"})
    driver.call(Operation.BALANCE)


def _order_beyond_balance(driver: Driver) -> None:
    driver.call(Operation.BALANCE)
    driver.call(Operation.CREATE, {**driver.contract.example(Operation.CREATE), "aspect_ratio": "16:9"})


def _order_with_callback(driver: Driver) -> None:
    _order(driver, callback_url=CALLBACK_URL)


def _order(driver: Driver, **fields: str) -> None:
    task = driver.call(Operation.CREATE, {**driver.contract.example(Operation.CREATE), **fields}).created_id
    if task is not None:
        poll_to_end(driver, task)
