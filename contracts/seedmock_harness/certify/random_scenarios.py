"""Random scenarios: a fate and a few faults combined from a seed. Violations found in them are shrunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation, TaskStatus
from seedmock_contracts.upstreams import get_contract
from seedmock_server.matching.syntax import quote_value
from seedmock_server.randomness import SeededRandom

from .sample_orders import order_names
from .scenario import ScenarioStep, TrialScenario, fate, fault

COUNT, DEEP_COUNT = 6, 60
MIN_STEPS, MAX_STEPS = 3, 8
# More than any draw takes: five polls with a Retry-After of 1 s, and a fate that ends within 0.7 s.
TIMEOUT_SECONDS = 6.0
FATES = (
    *("succeed after=200ms", "succeed after=500ms", "content_late after=200ms by=500ms"),
    *("failed after=300ms", "moderated after=300ms what=video", "expired after=300ms raw_status=expired"),
    *("unknown_status raw_status=PAUSED after=200ms duration=300ms", "not_started_first duration=100ms after=300ms"),
)
CREATE_FAULTS = ("status code=500", "response_lost", "reset", "malformed", "status code=502 body=html", "body_cut")
QUERY_FAULTS = (
    *("status code=500", "status code=502 body=html", "status code=404", "status code=429 retry_after=1s"),
    *("reset", "response_lost", "malformed", "truncated", "hang seconds=200ms", "latency seconds=200ms"),
)
CONTENT_FAULTS = (
    *("body_cut", "reset when=during", "wrong_length delta=10"),
    *("status code=500", "status code=502 body=html", "response_lost"),
)


def random_scenarios(upstream: str, seed: int, *, deep: bool = False) -> Iterator[TrialScenario]:
    """Yield scenarios drawn from a seed: the same seed gives the same ones."""
    contract, random = get_contract(upstream), SeededRandom(seed)
    for number in range(1, (DEEP_COUNT if deep else COUNT) + 1):
        steps = tuple(_steps(contract, _Draw(random, number)))
        order = _Draw(random, number, "order").choice(order_names(contract))
        yield TrialScenario(f"random-{number}", f"drawn from seed {seed}", steps, order, TIMEOUT_SECONDS)


class _Draw:
    """Sequence of draws for one scenario."""

    def __init__(self, random: SeededRandom, *labels: object) -> None:
        self._random, self._labels, self._count = random, labels, 0

    def integer(self, below: int) -> int:
        self._count += 1
        return self._random.integer(below, "scenario", *self._labels, self._count)

    def choice(self, choices: Sequence[str]) -> str:
        return choices[self.integer(len(choices))]


def _steps(contract: Contract, draw: _Draw) -> Iterator[ScenarioStep]:
    yield fate(draw.choice(FATES))
    if draw.integer(4) == 0:
        yield fault(Operation.CREATE, draw.choice(CREATE_FAULTS), times=1)
    running = (TaskStatus.QUEUED, TaskStatus.IN_PROGRESS)
    spellings = [row.spelling for row in contract.status_spellings if row.status in running]
    for nth in range(1, MIN_STEPS + draw.integer(MAX_STEPS - MIN_STEPS - 1)):
        text = draw.choice(QUERY_FAULTS) if draw.integer(2) else f"backwards to={quote_value(draw.choice(spellings))}"
        yield fault(Operation.QUERY, text, nth=nth)
    if draw.integer(2):
        yield fault(Operation.CONTENT, draw.choice(CONTENT_FAULTS), times=1)
