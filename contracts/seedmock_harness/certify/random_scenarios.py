"""Scenarios that nobody wrote: a few troubles drawn together from a seed. What breaks in them is shrunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation, TaskStatus
from seedmock_contracts.upstreams import get_contract
from seedmock_server.randomness import SeededRandom

from .sample_orders import order_names
from .scenario import Scenario, Step, fate, fault

FEW, MANY = 6, 60
"""How many are drawn, and how many if somebody looks deep."""
LEAST_STEPS, MOST_STEPS = 3, 8
SECONDS = 6.0
EARLY_POLLS = 6
FATES = (
    *("succeed after=200ms", "succeed after=500ms", "content_late after=200ms by=500ms"),
    *("failed after=300ms", "moderated after=300ms what=video", "expired after=300ms word=expired"),
    *("unknown_status word=PAUSED after=200ms lasts=300ms", "not_started_first lasts=100ms after=300ms"),
)
AT_CREATE = ("status code=500", "response_lost", "reset", "malformed", "status code=502 body=html", "body_cut")
AT_QUERY = (
    *("status code=500", "status code=502 body=html", "status code=404", "status code=429 retry_after=1s"),
    *("reset", "response_lost", "malformed", "truncated", "hang seconds=200ms", "latency seconds=200ms"),
)
AT_CONTENT = (
    "body_cut",
    "reset when=during",
    "wrong_length off=10",
    "status code=500",
    "status code=502 body=html",
    "response_lost",
)


def generated(upstream: str, seed: int, *, deep: bool = False) -> Iterator[Scenario]:
    """Scenarios drawn from a seed: the same seed gives the same ones."""
    contract, random = get_contract(upstream), SeededRandom(seed)
    for number in range(1, (MANY if deep else FEW) + 1):
        steps = tuple(_steps(contract, _Draw(random, number)))
        order = _Draw(random, number, "order").of(order_names(contract))
        yield Scenario(f"generated-{number}", f"drawn from the seed {seed}", steps, order, SECONDS)


class _Draw:
    """Draws for one scenario, each with a label of its own."""

    def __init__(self, random: SeededRandom, *labels: object) -> None:
        self._random, self._labels, self._count = random, labels, 0

    def below(self, number: int) -> int:
        self._count += 1
        return self._random.integer(number, "scenario", *self._labels, self._count)

    def of(self, choices: Sequence[str]) -> str:
        return choices[self.below(len(choices))]


def _steps(contract: Contract, draw: _Draw) -> Iterator[Step]:
    yield fate(draw.of(FATES))
    if draw.below(4) == 0:
        yield fault(Operation.CREATE, draw.of(AT_CREATE), times=1)
    running = (TaskStatus.QUEUED, TaskStatus.IN_PROGRESS)
    words = [word.spelling for word in contract.status_spellings if word.status in running]
    for nth in range(1, LEAST_STEPS + draw.below(MOST_STEPS - LEAST_STEPS - 1)):
        trouble = draw.of(AT_QUERY) if draw.below(2) else f"backwards to={draw.of(words)}"
        yield fault(Operation.QUERY, trouble, nth=min(nth, EARLY_POLLS))
    if draw.below(2):
        yield fault(Operation.CONTENT, draw.of(AT_CONTENT), times=1)
