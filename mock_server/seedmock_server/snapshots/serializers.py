"""What rooms hold as the records of a snapshot, and those records as what rooms hold.

Knows neither where a snapshot comes from nor what is done with what it tells. Raises InvalidSnapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ..callbacks.dispatcher import Delivery
from ..fates.rules import Fate, FateRule, Fates, Outcomes, outcomes_from
from ..faults.rules import FaultRule, Faults, fault_row
from ..matching.rules import Counter, InvalidRule, match_row
from ..references.declared import MAX_URL_CHARS, Declaration, declaration_from
from ..scenarios.active import ActiveScenario
from ..scenarios.loader import Scenario
from ..tasks.models import Task
from .schema import FatesState, FaultsState, InvalidSnapshot, PostState, RuleState, StageState

R = TypeVar("R", FateRule, FaultRule)

# --- callbacks ---


def post_state(delivery: Delivery) -> PostState:
    """A callback that is still to come."""
    return PostState(delivery.task.id, delivery.at, delivery.begun, delivery.tries, delivery.paused)


def deliveries(posts: Iterable[PostState], tasks: Mapping[str, Task]) -> Iterable[Delivery]:
    """The callbacks that were still to come."""
    return (Delivery(one.at, 0, tasks[one.task], one.begun, one.tries, one.paused) for one in posts)


# --- the stage ---


def stage_state(stage: ActiveScenario) -> StageState | None:
    """The scenario that is on, if one is."""
    on = stage.scenario
    if on is None:
        return None
    before = {url: None if said is None else said.as_table() for url, said in stage.said_before.items()}
    return StageState(on.name, on.title, on.description, on.links, on.covers, on.upstreams, before)


def scenario(said: StageState | None) -> tuple[Scenario | None, dict[str, Declaration | None]]:
    """The scenario as it is told, without its rules, and what its media were before it."""
    if said is None:
        return None, {}
    on = Scenario(
        name=said.name,
        title=said.title,
        description=said.description,
        links=said.links,
        covers=said.covers,
        upstreams=said.upstreams,
    )
    return on, {url: None if row is None else declaration({**row, "url": url})[1] for url, row in said.before.items()}


# --- media ---


def declaration(row: dict[str, Any]) -> tuple[str, Declaration]:
    """A URL and what was declared of it."""
    url = row.get("url")
    if not isinstance(url, str) or not url.strip() or len(url) > MAX_URL_CHARS:
        raise InvalidSnapshot(f"media: url is {str(url)[:80]!r}; allowed: a text")
    try:
        return url, declaration_from({name: value for name, value in row.items() if name != "url"})
    except InvalidRule as error:
        raise InvalidSnapshot(f"media: {error}") from error


# --- rules ---


def _fate_row(fate: Fate) -> dict[str, Any]:
    """A fate as the table that it can be read from again."""
    return {"fate": str(fate.kind), **fate.seconds, **fate.texts}


def _outcomes_row(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Outcomes as the list that they can be read from again."""
    return [{**_fate_row(fate), "weight": weight} for weight, fate in outcomes.weighted]


def fates_state(fates: Fates) -> FatesState:
    """What was said of fates, as it was told."""
    return FatesState(
        number=fates.number,
        default=_outcomes_row(fates.default),
        accounts={account: _outcomes_row(outcomes) for account, outcomes in fates.of_key.items()},
        drawn=dict(fates.drawn),
        rules=_told(fates.rules, _fate_told),
        scenario=_told(fates.scenario, _fate_told),
    )


def faults_state(faults: Faults) -> FaultsState:
    """What was said of faults, as it was told."""
    return FaultsState(
        number=faults.number,
        drawn=dict(faults.calls),
        rules=_told(faults.rules, _fault_told),
        scenario=_told(faults.scenario, _fault_told),
    )


def _told(pairs: Iterable[tuple[Counter, R]], said: Callable[[R], dict[str, Any]]) -> tuple[RuleState, ...]:
    """Rules with their counts; `said` gives what a rule says beside what it is for."""
    return tuple(
        RuleState(counter.label, {"match": match_row(rule.match), **said(rule)}, counter.matched, counter.applied)
        for counter, rule in pairs
    )


def _fate_told(rule: FateRule) -> dict[str, Any]:
    return {"fate": _outcomes_row(rule.outcomes)}


def _fault_told(rule: FaultRule) -> dict[str, Any]:
    return {"fault": fault_row(rule.fault)}


def counted(states: Iterable[RuleState], rule_from: Callable[[dict[str, Any]], R]) -> list[tuple[Counter, R]]:
    """Rules with the counts that they had."""
    pairs = []
    for state in states:
        try:
            rule = rule_from(state.rule)
        except InvalidRule as error:
            raise InvalidSnapshot(f"rule {state.id[:80]!r}: {error}") from error
        counter = Counter(rule.match, state.id)
        counter.matched, counter.applied = state.matched, state.applied
        pairs.append((counter, rule))
    return pairs


def defaults(state: FatesState) -> tuple[Outcomes, dict[str, Outcomes]]:
    """The fate of tasks of which nothing is said: everyone's, and each account's own."""
    try:
        of_key = {account: outcomes_from(said) for account, said in state.accounts.items()}
        return outcomes_from(state.default), of_key
    except InvalidRule as error:
        raise InvalidSnapshot(f"a default fate: {error}") from error
