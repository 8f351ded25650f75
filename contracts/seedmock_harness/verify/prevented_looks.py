"""Report what unexpected responses kept from being looked at, as findings or as what could not be checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from seedmock_contracts.enums import Basis
from seedmock_contracts.facts import Fact

from ..results.checks import failed
from .expected_responses import ResponseKind, UnexpectedResponse
from .results import Observation, ResultSet

CHECK = "responses_are_of_the_expected_kind"
MAX_NAMED = 12
"""Facts that a sentence names; a report has all of them."""


class PreventedLook(Struct, frozen=True):
    """A step whose look was prevented, by its most telling response, with the facts that nothing has shown."""

    steps: tuple[str, ...]
    response: UnexpectedResponse
    facts: tuple[str, ...]

    @property
    def is_unavailable(self) -> bool:
        """True if the response is about the key, the balance or the rate: it says nothing about the contract."""
        return self.response.kind is ResponseKind.UNAVAILABLE

    @property
    def sentence(self) -> str:
        """The look that the run could not take, as a problem."""
        response = self.response
        return f"{self._steps} could not look: {response.name} got {response.observed}; {self._effect}"

    @property
    def title(self) -> str:
        return f"{self._steps}: {self._effect}"

    @property
    def _steps(self) -> str:
        return f"step {name_some(self.steps)}" if len(self.steps) == 1 else f"steps {name_some(self.steps)}"

    @property
    def _effect(self) -> str:
        if not self.facts:
            return "an unexpected response, whose facts other responses show"
        number = "a fact" if len(self.facts) == 1 else f"{len(self.facts)} facts"
        return f"an unexpected response keeps {number} from being looked at: {name_some(self.facts)}"

    def observation(self) -> Observation:
        """Return the failure of the fact that the response should have shown."""
        response = self.response
        result = failed(response.fact, self.title, f"{response.name}: {response.expected}", response.observed)
        return Observation(response.step, CHECK, result, response.interaction.exchange)


def name_some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def prevented_looks(
    unexpected: Mapping[str, Sequence[UnexpectedResponse]], emulated: Sequence[Observation], results: ResultSet
) -> Iterator[PreventedLook]:
    """Yield the prevented looks of a run, one for each fact that a response should have shown.

    `unexpected`: responses by step. `emulated`: what the checks observe in these steps at an emulator.
    """
    looks: dict[tuple[str, bool], PreventedLook] = {}
    for step, responses in unexpected.items():
        facts = _unseen_facts(step, emulated, results)
        for response in (_most_telling(group, facts) for group in _by_availability(responses)):
            prevented = PreventedLook((step,), response, tuple(facts))
            key = response.fact.id, prevented.is_unavailable
            first = looks.get(key)
            if first is not None:
                prevented = replace(
                    first, steps=(*first.steps, step), facts=tuple(dict.fromkeys((*first.facts, *facts)))
                )
            looks[key] = prevented
    yield from looks.values()


def _unseen_facts(step: str, emulated: Iterable[Observation], results: ResultSet) -> dict[str, Fact]:
    """The facts that the step shows at an emulator, and that nothing has shown at the target."""
    facts = {row.result.fact.id: row.result.fact for row in emulated if row.step == step}
    return {id_: fact for id_, fact in facts.items() if not results.has_seen(fact)}


def _by_availability(responses: Sequence[UnexpectedResponse]) -> Iterator[Sequence[UnexpectedResponse]]:
    unavailable = [response for response in responses if response.kind is ResponseKind.UNAVAILABLE]
    others = [response for response in responses if response not in unavailable]
    yield from (group for group in (others, unavailable) if group)


def _most_telling(responses: Sequence[UnexpectedResponse], unseen: Mapping[str, Fact]) -> UnexpectedResponse:
    """The first response about a fact that nothing has shown, or else about the one with the strongest basis."""
    for response in responses:
        broken = [violation.fact for violation in response.interaction.violations if violation.fact.id in unseen]
        certain = [fact for fact in broken if fact.basis is not Basis.ASSUMED]
        if certain:
            return replace(response, fact=certain[0])
    return min(responses, key=lambda response: [*Basis].index(response.fact.basis))
