"""Conversion between the state of components and the records of a snapshot. Parsing raises InvalidSnapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ..callbacks.delivery import Delivery
from ..fates.models import Fate, Outcomes, parse_outcomes
from ..fates.rules import FateRule, FateRules
from ..faults.rules import FaultRule, FaultRules, fault_table
from ..matching.rules import Counter, InvalidRule, match_table
from ..references.declared import MAX_URL_CHARS, Declaration, declaration_from
from ..scenarios.active import ActiveScenario
from ..scenarios.loader import Scenario
from ..storage import DueCallback
from ..tasks.models import Task
from .schema import CallbackState, FatesState, InvalidSnapshot, RulesState, RuleState, ScenarioState

R = TypeVar("R", FateRule, FaultRule)

# --- callbacks ---


def callback_state(callback: DueCallback) -> CallbackState:
    return CallbackState(callback.task_id, callback.at, callback.started_at, callback.attempts, callback.paused)


def deliveries(callbacks: Iterable[CallbackState], tasks: Mapping[str, Task]) -> Iterable[Delivery]:
    return (
        Delivery(callback.at, 0, tasks[callback.task], callback.started_at, callback.attempts, callback.paused)
        for callback in callbacks
    )


# --- the active scenario ---


def scenario_state(active_scenario: ActiveScenario) -> ScenarioState | None:
    scenario = active_scenario.scenario
    if scenario is None:
        return None
    previous = active_scenario.previous_media.items()
    return ScenarioState(
        name=scenario.name,
        title=scenario.title,
        description=scenario.description,
        links=scenario.links,
        covers=scenario.covers,
        upstreams=scenario.upstreams,
        previous_media={url: None if facts is None else facts.as_table() for url, facts in previous},
    )


def parse_scenario_state(state: ScenarioState | None) -> tuple[Scenario | None, dict[str, Declaration | None]]:
    """Parse a scenario without its rules, and what was declared of its media before it."""
    if state is None:
        return None, {}
    scenario = Scenario(
        name=state.name,
        title=state.title,
        description=state.description,
        links=state.links,
        covers=state.covers,
        upstreams=state.upstreams,
    )
    previous_media = {
        url: None if table is None else parse_declaration({**table, "url": url})[1]
        for url, table in state.previous_media.items()
    }
    return scenario, previous_media


# --- media ---


def parse_declaration(table: Mapping[str, Any]) -> tuple[str, Declaration]:
    url = table.get("url")
    if not isinstance(url, str) or not url.strip() or len(url) > MAX_URL_CHARS:
        raise InvalidSnapshot(
            f"media: url is {str(url)[:80]!r}; allowed: a string of at most {MAX_URL_CHARS} characters"
        )
    try:
        return url, declaration_from({name: value for name, value in table.items() if name != "url"})
    except InvalidRule as error:
        raise InvalidSnapshot(f"media: {error}") from error


# --- rules ---


def fates_state(fates: FateRules) -> FatesState:
    return FatesState(
        number=fates.number,
        default=_outcomes_table(fates.default),
        account_defaults={account: _outcomes_table(outcomes) for account, outcomes in fates.account_defaults.items()},
        draws=dict(fates.draws),
        rules=_rule_states(fates.rules, _fate_table),
        scenario_rules=_rule_states(fates.scenario, _fate_table),
    )


def faults_state(faults: FaultRules) -> RulesState:
    return RulesState(
        number=faults.number,
        draws=dict(faults.draws),
        rules=_rule_states(faults.rules, _fault_table),
        scenario_rules=_rule_states(faults.scenario, _fault_table),
    )


def parse_rules(
    state: RulesState, parse: Callable[[dict[str, Any]], R]
) -> tuple[list[tuple[Counter, R]], list[tuple[Counter, R]]]:
    """Parse rules, and a scenario's rules, with their counts."""
    return _parse_rules(state.rules, parse), _parse_rules(state.scenario_rules, parse)


def parse_defaults(state: FatesState) -> tuple[Outcomes, dict[str, Outcomes]]:
    """Parse the default fate, and those of single accounts."""
    try:
        account_defaults = {account: parse_outcomes(table) for account, table in state.account_defaults.items()}
        return parse_outcomes(state.default), account_defaults
    except InvalidRule as error:
        raise InvalidSnapshot(f"a default fate: {error}") from error


def _rule_states(rules: Iterable[tuple[Counter, R]], to_table: Callable[[R], dict[str, Any]]) -> tuple[RuleState, ...]:
    return tuple(
        RuleState(
            id=counter.label,
            rule={"match": match_table(rule.match), **to_table(rule)},
            matched=counter.matched,
            applied=counter.applied,
            place=counter.place,
            draws=counter.draws,
        )
        for counter, rule in rules
    )


def _parse_rules(states: Iterable[RuleState], parse: Callable[[dict[str, Any]], R]) -> list[tuple[Counter, R]]:
    rules = []
    for state in states:
        try:
            rule = parse(state.rule)
        except InvalidRule as error:
            raise InvalidSnapshot(f"rule {state.id[:80]!r}: {error}") from error
        counter = Counter(rule.match, state.id, state.place)
        # `nth` and `times` go on where they were: a rule that is used up must not be applied again.
        counter.matched, counter.applied, counter.draws = state.matched, state.applied, dict(state.draws)
        rules.append((counter, rule))
    return rules


def _fate_table(rule: FateRule) -> dict[str, Any]:
    return {"fate": _outcomes_table(rule.outcomes)}


def _fault_table(rule: FaultRule) -> dict[str, Any]:
    return {"fault": fault_table(rule.fault)}


def _outcomes_table(outcomes: Outcomes) -> list[dict[str, Any]]:
    # Always a list with weights, even for one certain fate: one form to parse, and the one that people write in TOML.
    return [{**_single_fate_table(fate), "weight": weight} for weight, fate in outcomes.weighted]


def _single_fate_table(fate: Fate) -> dict[str, Any]:
    return {"fate": str(fate.kind), **fate.seconds, **fate.texts}
