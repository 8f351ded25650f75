"""What no ladder does, because nobody can make a live service do it or it costs more than it tells: small errands.

Each is a step like those of the ladders; the checks judge what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_harness.driver.client import Driver, Step
from seedmock_harness.probes.task_flows import ended

HOOK = "http://127.0.0.1:9/hook"


def errands(contract: Contract) -> Iterator[Step]:
    """Those that make sense for an upstream."""
    yield _errand("two", "two orders in a row", _two)
    if any(endpoint.operation is Operation.BALANCE for endpoint in contract.endpoints):
        yield _errand("refused", "an order that is refused, and the balance before and after", _refused)
        yield _errand("poor", "an order that costs more than is left", _poor)
        yield _errand("hook", "an order that wants a callback", _hook)


def _errand(name: str, says: str, run: Callable[[Driver], None]) -> Step:
    def steps(speaker: Driver) -> tuple[()]:
        run(speaker)
        return ()

    return Step(f"errand.{name}", says, steps, Decimal(1))


def _two(speaker: Driver) -> None:
    _order(speaker)
    _order(speaker)


def _refused(speaker: Driver) -> None:
    speaker.ask(Operation.BALANCE)
    speaker.ask(Operation.CREATE, {**speaker.contract.example(Operation.CREATE), "model": "nonesuch"})
    speaker.ask(Operation.BALANCE)


def _poor(speaker: Driver) -> None:
    speaker.ask(Operation.BALANCE)
    speaker.ask(Operation.CREATE, {**speaker.contract.example(Operation.CREATE), "aspect_ratio": "16:9"})


def _hook(speaker: Driver) -> None:
    _order(speaker, callback_url=HOOK)


def _order(speaker: Driver, **more: str) -> None:
    made = speaker.ask(Operation.CREATE, {**speaker.contract.example(Operation.CREATE), **more}).made
    if made is not None:
        ended(speaker, made)
