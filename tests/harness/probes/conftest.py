"""An emulator in process for the free ladder to look at: honest, or with other rules, or with answers changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import Document, Violation
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_contracts.validation import condition, violations
from seedmock_harness.driver.client import CheckedInteraction, Driver, UnexpectedTask
from seedmock_harness.probes.free_steps import free_steps
from seedmock_harness.results.checks import CheckFailure, CheckResult, Severity
from seedmock_server import create_app
from seedmock_server.api import pipeline as doorway
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import InProcessClient

KEYS = {"first": "sk-first", "second": "sk-second"}
NOW = 1_780_275_602.0
Around = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass
class Climb:
    """What one ladder saw: each look with the step or check that took it, and every exchange."""

    contract: Contract
    looks: list[tuple[str, str, CheckResult, Any]] = field(default_factory=list)
    turns: list[Any] = field(default_factory=list)
    made: str = ""

    @property
    def held(self) -> set[str]:
        """The facts that were borne out."""
        return {look.fact.id for _, _, look, _ in self.looks if look.passed}

    @property
    def broken(self) -> dict[str, str]:
        """The facts that were contradicted, and how."""
        return {look.fact.id: f"{step} {check}: {look.title}" for step, check, look, _ in self.looks if not look.passed}

    @property
    def red(self) -> set[str]:
        """The facts that were contradicted though they were promised."""
        return {
            look.fact.id
            for _, check, look, exchange in self.looks
            if not look.passed and CheckFailure(check, look, exchange).severity is not Severity.INFO
        }


def climbed(
    name: str, *, only: Iterable[str] = (), around: Around | None = None, paying: bool = False, **settings: Any
) -> Climb:
    """Make the free steps whose names begin so, or all, in the ladder's order."""
    clock = ManualClock(NOW)
    app = create_app(pace="instant", keys=tuple(KEYS.values()), clock=clock, **{"seed": 7, **settings})
    contract = get_contract(name)
    climb, step_name = Climb(contract), ""

    def heard(judged: CheckedInteraction) -> None:
        climb.turns.append(judged.interaction)
        climb.looks += [(step_name, check, look, judged.interaction.exchange) for check, look in judged.results]

    with InProcessClient(app) as door:
        send = door.request if around is None else around(door.request)
        speaker = Driver(
            contract, send, {**KEYS, "wrong": "sk-wrong"}, clock.now, clock.sleep, heard, allow_orders=paying
        )
        for step in free_steps(contract):
            if only and not step.name.startswith(tuple(only)):
                continue
            step_name = step.name
            try:
                for look in step.run(speaker):
                    climb.looks.append((step.name, step.name, look, speaker.current.exchange))
            except UnexpectedTask as made:
                climb.made = made.interaction.created_id or ""
                break
        door.run(app.aclose())
    return climb


@cache
def climbed_once(name: str) -> Climb:
    return climbed(name)


@pytest.fixture
def honest() -> Callable[[str], Climb]:
    """All of the ladder against the emulator as it is; made once for all who ask."""
    return climbed_once


@pytest.fixture
def climb() -> Callable[..., Climb]:
    return climbed


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the emulator alone go by another rule in the place of the one with this fact's id; None takes it away."""

    def move(fact: str, change: Callable[[Any], Rule | None]) -> None:
        def mutated(
            upstream: str, operation: Operation, document: Document, options: Mapping[str, str]
        ) -> list[Violation]:
            contract = get_contract(upstream)
            if fact not in {rule.fact.id for rule in contract.rules.get(operation, ())}:
                return violations(upstream, operation, document, options)
            rules = [change(rule) if rule.fact.id == fact else rule for rule in contract.rules[operation]]
            held = [rule for rule in rules if rule is not None and _holds(rule, options)]
            found = contract.request.layout.find(document)
            return [violation for rule in held if (violation := rule.check(document, found))]

        monkeypatch.setattr(doorway, "violations", mutated)

    return move


def _holds(rule: Rule, options: Mapping[str, str]) -> bool:
    only = condition(rule)
    return only is None or options[only[0]] == only[1]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `name` runs for each upstream; one that asks for `spoken_rule`, for each of its rules."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", [contract.name for contract in contracts()])
    if "spoken_rule" in metafunc.fixturenames:
        every = [
            (contract, operation, rule)
            for contract in contracts()
            for operation, rules in contract.rules.items()
            for rule in rules
        ]
        metafunc.parametrize(
            "spoken_rule", every, ids=[f"{contract.name}-{rule.fact.id}" for contract, _, rule in every]
        )


@pytest.fixture
def reordered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the emulator alone look at its rules in another order."""

    def reorder(key: Callable[[Violation], Any]) -> None:
        def mutated(
            upstream: str, operation: Operation, document: Document, options: Mapping[str, str]
        ) -> list[Violation]:
            return sorted(violations(upstream, operation, document, options), key=key)

        monkeypatch.setattr(doorway, "violations", mutated)

    return reorder
