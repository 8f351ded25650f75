"""An emulator in process for the free steps: as it is, with other rules, or with changed responses."""

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
from seedmock_contracts.validation import Verdict, condition, violations
from seedmock_harness.driver.client import CheckedInteraction, Driver, UnexpectedTask
from seedmock_harness.probes.free_steps import free_steps
from seedmock_harness.probes.paid_options import PaidOptions
from seedmock_harness.probes.priced_rules import rule_steps
from seedmock_harness.results.checks import CheckFailure, CheckResult, Severity
from seedmock_server import create_app
from seedmock_server.api import pipeline
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import InProcessClient

KEYS = {"first": "sk-first", "second": "sk-second"}
NOW = 1_780_275_602.0
Around = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass
class LadderRun:
    """Run of free steps: each result with its step and check, and every interaction."""

    contract: Contract
    results: list[tuple[str, str, CheckResult, Any]] = field(default_factory=list)
    interactions: list[Any] = field(default_factory=list)
    created_id: str = ""

    @property
    def passed(self) -> set[str]:
        """Facts that were confirmed."""
        return {result.fact.id for _, _, result, _ in self.results if result.passed}

    @property
    def failed(self) -> dict[str, str]:
        """Facts that were contradicted, and how."""
        return {
            result.fact.id: f"{step} {check}: {result.title}"
            for step, check, result, _ in self.results
            if not result.passed
        }

    @property
    def unexpected(self) -> set[str]:
        """Facts that were contradicted and are not merely assumed."""
        return {
            result.fact.id
            for _, check, result, exchange in self.results
            if not result.passed and CheckFailure(check, result, exchange).severity is not Severity.INFO
        }


def run_free_steps(
    name: str, *, only: Iterable[str] = (), around: Around | None = None, paying: bool = False, **settings: Any
) -> LadderRun:
    """Run the free steps, or the free and contingent ones whose names begin so, in the order of the ladder."""
    clock = ManualClock(NOW)
    app = create_app(pace="instant", keys=tuple(KEYS.values()), clock=clock, **{"seed": 7, **settings})
    contract = get_contract(name)
    run, step_name = LadderRun(contract), ""

    def add_results(checked: CheckedInteraction) -> None:
        run.interactions.append(checked.interaction)
        run.results += [(step_name, check, result, checked.interaction.exchange) for check, result in checked.results]

    with InProcessClient(app) as client:
        send = client.request if around is None else around(client.request)
        driver = Driver(
            contract, send, {**KEYS, "wrong": "sk-wrong"}, clock.now, clock.sleep, add_results, allow_orders=paying
        )
        for step in (*free_steps(contract), *rule_steps(contract, PaidOptions())):
            if not step.name.startswith(tuple(only) or "free."):
                continue
            step_name = step.name
            try:
                for result in step.run(driver):
                    run.results.append((step.name, step.name, result, driver.current.exchange))
            except UnexpectedTask as unexpected:
                run.created_id = unexpected.interaction.created_id or ""
                break
        client.run(app.aclose())
    return run


@cache
def run_ladder_once(name: str) -> LadderRun:
    return run_free_steps(name)


@pytest.fixture
def conforming_run() -> Callable[[str], LadderRun]:
    """Run of all free steps against the unchanged emulator; made once."""
    return run_ladder_once


@pytest.fixture
def run_ladder() -> Callable[..., LadderRun]:
    return run_free_steps


def replace_violations(monkeypatch: pytest.MonkeyPatch, find: Callable[..., list[Violation]]) -> None:
    """Let the emulator alone find these violations in a document. No document counts as read whole."""
    monkeypatch.setattr(pipeline, "judge", lambda *document: Verdict(tuple(find(*document)), False))


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace, in the emulator alone, the rule with a fact's id by another; None removes it."""

    def move(fact: str, change: Callable[[Any], Rule | None]) -> None:
        def mutated(
            upstream: str, operation: Operation, document: Document, options: Mapping[str, str]
        ) -> list[Violation]:
            contract = get_contract(upstream)
            if fact not in {rule.fact.id for rule in contract.rules.get(operation, ())}:
                return violations(upstream, operation, document, options)
            rules = [change(rule) if rule.fact.id == fact else rule for rule in contract.rules[operation]]
            active_rules = [rule for rule in rules if rule is not None and _holds(rule, options)]
            slots = contract.request.layout.find(document)
            return [violation for rule in active_rules if (violation := rule.check(document, slots))]

        replace_violations(monkeypatch, mutated)

    return move


def _holds(rule: Rule, options: Mapping[str, str]) -> bool:
    only = condition(rule)
    return only is None or options[only[0]] == only[1]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `name` runs for each upstream; one that asks for `contract_rule`, for each of its rules."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", [contract.name for contract in contracts()])
    if "contract_rule" in metafunc.fixturenames:
        every = [
            (contract, operation, rule)
            for contract in contracts()
            for operation, rules in contract.rules.items()
            for rule in rules
        ]
        metafunc.parametrize(
            "contract_rule", every, ids=[f"{contract.name}-{rule.fact.id}" for contract, _, rule in every]
        )


@pytest.fixture
def reordered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the emulator alone result at its rules in another order."""

    def reorder(key: Callable[[Violation], Any]) -> None:
        def mutated(
            upstream: str, operation: Operation, document: Document, options: Mapping[str, str]
        ) -> list[Violation]:
            return sorted(violations(upstream, operation, document, options), key=key)

        replace_violations(monkeypatch, mutated)

    return reorder
