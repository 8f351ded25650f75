"""One trial: verify an upstream, mutated or not, and collect what the checks found of each fact.

A trial is in process, on a clock that moves when it is slept on. `Observation` is what one check found of one fact.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.checks import run_checks
from seedmock_harness.driver.client import CheckedInteraction, Driver, Step, UnexpectedTask
from seedmock_harness.probes.free_steps import free_steps
from seedmock_harness.probes.paid_options import PaidOptions
from seedmock_harness.probes.paid_steps import paid_steps
from seedmock_harness.probes.task_flows import TaskNotFinished
from seedmock_harness.results.checks import CheckFailure, CheckResult, Severity
from seedmock_harness.verify.target import KEYS, WRONG_KEY
from seedmock_server.app import App
from seedmock_server.clock import ManualClock
from seedmock_server.fates.rules import parse_fate_rule
from seedmock_server.faults.callback_faults import CallbackFaults
from seedmock_server.faults.rules import parse_fault_rule
from seedmock_server.http.coroutines import run_now
from seedmock_server.http.in_process import InProcessClient
from seedmock_server.settings import parse_settings
from seedmock_server.upstreams.protocol import JsonResponse

from .extra_steps import extra_steps
from .mutants import Mutant

SEED = 20260601


@dataclass(frozen=True)
class Observation:
    """The result of one check on one fact. A step that compares answers by itself is its own check."""

    step: str
    check: str
    result: CheckResult


@dataclass
class TrialResult:
    """All observations of a trial."""

    observations: list[Observation] = field(default_factory=list)
    drifted: set[str] = field(default_factory=set)
    """Facts that are contradicted though the vendor documents them."""
    unexpected_task: str = ""
    """Id of a task that a free step created, which ends the trial."""

    @property
    def examined(self) -> dict[str, set[str]]:
        """Each fact that was looked at, with the checks that did."""
        return _checks_by_fact(self.observations)

    @property
    def contradicted(self) -> dict[str, set[str]]:
        """Each fact that was found otherwise, with the checks that found it."""
        return _checks_by_fact(observation for observation in self.observations if not observation.result.passed)


def all_steps(contract: Contract, *, deep: bool = False) -> tuple[Step, ...]:
    """Every step of a verification, free or paid."""
    return (*free_steps(contract), *paid_steps(contract, PaidOptions(own_clock=True, deep=deep)))


def try_mutant(mutant: Mutant, clips: Path, *, with_all_free_steps: bool = False) -> TrialResult:
    """Take the steps that a mutant names; on request every free step too, before any that is paid."""
    contract = get_contract(mutant.upstream)
    steps = [*all_steps(contract, deep=True), *extra_steps(contract)]
    chosen = [step for step in steps if step.name in mutant.steps or (with_all_free_steps and not step.price)]
    missing = set(mutant.steps) - {step.name for step in chosen}
    assert not missing, f"{mutant.name} names unknown steps: {missing}"
    return run_steps(contract, chosen, clips, mutant.mutations, fate=mutant.fate, settings=mutant.settings)


def run_steps(
    contract: Contract,
    steps: Iterable[Step],
    clips: Path,
    mutations: Iterable[Mapping[str, Any]] = (),
    *,
    seed: int = SEED,
    fate: str = "",
    settings: Mapping[str, Any] | None = None,
) -> TrialResult:
    """Take steps against an emulator with these mutations, until one creates a task that it must not create."""
    clock, result = ManualClock(), TrialResult()
    usual = {"seed": seed, "keys": tuple(KEYS.values()), "cache_dir": clips, "pace": "fast", "callbacks": "none"}
    app = App(parse_settings({**usual, **(settings or {})}), clock=clock)
    _add_rules(app, contract, mutations, fate)
    with InProcessClient(app) as client:
        trial = _Trial(contract, app, result)
        keys = {**KEYS, "wrong": WRONG_KEY}
        driver = Driver(contract, client.request, keys, clock.now, clock.sleep, trial.collect)
        for step in steps:
            if not trial.run(step, driver):
                break
        client.run(app.aclose())
    return result


def _add_rules(app: App, contract: Contract, mutations: Iterable[Mapping[str, Any]], fate: str) -> None:
    if fate:
        app.fates.add(parse_fate_rule({"fate": fate, "match": {"upstream": contract.name}}))
    if fate == "failed" and any(endpoint.operation is Operation.ASSET_CREATE for endpoint in contract.endpoints):
        app.fates.add(parse_fate_rule({"fate": fate, "match": {"operation": "asset_create"}}))
    for mutation in mutations:
        app.faults.add(parse_fault_rule(mutation))


@dataclass
class _Trial:
    contract: Contract
    app: App
    result: TrialResult
    step_name: str = ""

    def run(self, step: Step, driver: Driver) -> bool:
        """Take a step. False if it created a task that it must not create."""
        self.step_name, driver.allow_orders = step.name, step.price > 0
        try:
            for result in step.run(driver):
                self._add(Observation(step.name, step.name, result), None)
        except UnexpectedTask as error:
            self.result.unexpected_task = str(error.interaction.created_id)
            return False
        except TaskNotFinished:
            return True
        self._check_callbacks(driver)
        return True

    def collect(self, checked: CheckedInteraction) -> None:
        for check, result in checked.results:
            self._add(Observation(self.step_name, check, result), checked.interaction.exchange)

    def _add(self, observation: Observation, exchange: Exchange | None) -> None:
        self.result.observations.append(observation)
        if not observation.result.passed:
            failure = CheckFailure(observation.check, observation.result, exchange)  # type: ignore[arg-type]
            if failure.severity is not Severity.INFO:
                self.result.drifted.add(observation.result.fact.id)

    def _check_callbacks(self, driver: Driver) -> None:
        """Check callbacks as they would be posted: in process there is no server to take them."""
        faults = CallbackFaults(self.app.faults, self.app.upstreams)
        for history in driver.history.tasks.values():
            task = run_now(self.app.context.engine.store.task(history.id))
            url = (history.created.document or {}).get("callback_url")
            if task is None or not url or history.final_poll is None:
                continue
            body = json.loads(history.final_poll.exchange.response.body)
            posted = run_now(faults.apply(task, JsonResponse(200, body)))
            for _ in range(posted.times):
                request = Request("POST", url, (), posted.body.decode())
                interaction = driver.history.interaction(Exchange("callback", request, Response(200), "", driver.now()))
                self.collect(CheckedInteraction(interaction, tuple(run_checks(interaction))))
                driver.history.add(interaction)


def _checks_by_fact(observations: Iterable[Observation]) -> dict[str, set[str]]:
    checks: dict[str, set[str]] = {}
    for observation in observations:
        checks.setdefault(observation.result.fact.id, set()).add(observation.check)
    return checks
