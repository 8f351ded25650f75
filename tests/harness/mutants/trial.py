"""One upstream with lies in it, verified by the ladders: what was looked at, and what was found to be otherwise.

The lies are those of `mutants.toml`; a trial is in process, on a clock that moves when it is slept on.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_harness.checks import judged
from seedmock_harness.driver.client import Driver, Judged, Step, UnexpectedTask
from seedmock_harness.probes.free_steps import free
from seedmock_harness.probes.paid_steps import PaidOptions, paid
from seedmock_harness.probes.task_flows import Unfinished
from seedmock_harness.results.checks import CheckFailure, CheckResult, Severity
from seedmock_harness.verify.target import KEYS, WRONG
from seedmock_server.app import App
from seedmock_server.clock import ManualClock
from seedmock_server.fates.rules import fate_rule_from
from seedmock_server.faults.callback_faults import CallbackFaults
from seedmock_server.faults.rules import fault_rule_from
from seedmock_server.http.in_process import InProcessClient
from seedmock_server.settings import parse_settings
from seedmock_server.upstreams.protocol import encode_json

__all__ = ["Mutant", "Seen", "Sight", "contracts", "get_contract", "looked_at", "mutants", "tried", "whole"]
TABLE = Path(__file__).with_name("mutants.toml")
SEED = 20260601


def _beside(name: str) -> Any:
    """A module that stands beside this one; tests are no package."""
    spec = importlib.util.spec_from_file_location(f"mutants_{name}", TABLE.with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[f"mutants_{name}"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


errands: Callable[[Contract], Iterable[Step]] = _beside("errands").errands


@dataclass(frozen=True, kw_only=True, eq=False)
class Mutant:
    """An upstream that lies. `fact` is what must be found to be otherwise, `companions` what may be besides.

    A companion that ends in a dot stands for all facts that begin so. `steps` are those of the ladders that find it:
    if all of them are free, the free ladder alone does. `settles`: the fact is assumed, so that it is no drift.
    """

    name: str
    family: str
    upstream: str
    lies: tuple[Mapping[str, Any], ...]
    fact: str
    steps: tuple[str, ...]
    companions: tuple[str, ...] = ()
    settles: bool = False
    fate: str = ""
    """What becomes of everything that is ordered, if not success."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The emulator's, where they are not the usual ones."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the others."""
        return self.upstream, self.name, self.fact

    @property
    def free(self) -> bool:
        """Whether no task is needed to find it."""
        return all(step.startswith("free.") for step in self.steps)

    def explains(self, fact: str) -> bool:
        """Whether a fact may be found to be otherwise."""
        begun = (companion for companion in self.companions if companion.endswith("."))
        return fact in (self.fact, *self.companions) or fact.startswith(tuple(begun))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the lies."""
        return tuple(str(lie["fault"]).split()[0] for lie in self.lies)


@dataclass(frozen=True)
class Sight:
    """What was seen: in which step, by which check, of which fact."""

    step: str
    check: str
    look: CheckResult

    @property
    def name(self) -> str:
        return f"{self.check}: {self.look.fact.id}"


@dataclass
class Seen:
    """All that a trial saw."""

    sights: list[Sight] = field(default_factory=list)
    reds: set[str] = field(default_factory=set)
    """The facts that are contradicted though they were promised."""
    made: str = ""
    """The task that a free question made, which ends the trial."""

    @property
    def looked(self) -> dict[str, set[str]]:
        """Each fact that was looked at, and the checks that did."""
        return _by_fact(self.sights)

    @property
    def broken(self) -> dict[str, set[str]]:
        """Each fact that was found to be otherwise, and the checks that found it."""
        return _by_fact(sight for sight in self.sights if not sight.look.holds)


def mutants() -> tuple[Mutant, ...]:
    """The table."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["mutants"]
    return tuple(Mutant(**{name: _frozen(value) for name, value in row.items()}) for row in rows)


def tried(mutant: Mutant, clips: Path, *, every: bool = False) -> Seen:
    """What the steps that a mutant names see of it; `every`: all free ones too, before any that is paid."""
    contract = get_contract(mutant.upstream)
    steps = [*whole(contract, deep=True), *errands(contract)]
    chosen = [step for step in steps if step.name in mutant.steps or (every and not step.price)]
    missing = set(mutant.steps) - {step.name for step in chosen}
    assert not missing, f"{mutant.name} names steps that there are not: {missing}"
    return looked_at(contract, chosen, clips, mutant.lies, fate=mutant.fate, settings=mutant.settings)


def whole(contract: Contract, *, deep: bool = False) -> tuple[Step, ...]:
    """Every step that there is, free or paid."""
    return (*free(contract), *paid(contract, PaidOptions(own_clock=True, deep=deep)))


def looked_at(
    contract: Contract,
    steps: Iterable[Step],
    clips: Path,
    lies: Iterable[Mapping[str, Any]] = (),
    *,
    seed: int = SEED,
    fate: str = "",
    settings: Mapping[str, Any] | None = None,
) -> Seen:
    """Take steps against an emulator with lies in it."""
    clock, seen = ManualClock(), Seen()
    usual = {"seed": seed, "keys": tuple(KEYS.values()), "cache_dir": clips, "pace": "fast", "callbacks": "none"}
    app = App(parse_settings({**usual, **(settings or {})}), clock=clock)
    if fate:
        app.fates.add(fate_rule_from({"fate": fate, "match": {"upstream": contract.name}}))
    if fate == "failed" and contract.name == "apimodels":
        app.fates.add(fate_rule_from({"fate": fate, "match": {"operation": "asset_create"}}))
    for lie in lies:
        app.faults.add(fault_rule_from(lie))
    with InProcessClient(app) as door:
        step_name = ""

        def heard(judged: Judged) -> None:
            for check, look in judged.looks:
                _note(seen, Sight(step_name, check, look), judged)

        keys = {**KEYS, "wrong": WRONG}
        speaker = Driver(contract, door.request, keys, clock.now, clock.sleep, heard)
        for step in steps:
            step_name, speaker.paying = step.name, step.price > 0
            try:
                for look in step.run(speaker):
                    _note(seen, Sight(step.name, step.name, look), None)
            except UnexpectedTask as made:
                seen.made = str(made.turn.made)
                break
            except Unfinished:
                continue
            _called_back(app, contract, speaker, heard)
        door.run(app.aclose())
    return seen


def _called_back(app: App, contract: Contract, speaker: Driver, heard: Callable[[Judged], None]) -> None:
    """The callbacks of what was ordered with one, as they are posted; in process nobody is there to take them."""
    spoiler = CallbackFaults(app.faults, {contract.name: contract})
    for story in speaker.conversation.tasks.values():
        task = app.context.engine.store.task(story.id)
        url = (story.created.document or {}).get("callback_url")
        if task is None or not url or story.ended is None:
            continue
        body = encode_json(json.loads(story.ended.exchange.response.body))
        posted = spoiler.spoil(task, body, ((b"content-type", b"application/json"),))
        for _ in range(posted.times):
            asked = Request("POST", url, (), posted.body.decode())
            turn = speaker.conversation.turn(Exchange("callback", asked, Response(200), "", speaker.now()))
            heard(Judged(turn, tuple(judged(turn))))
            speaker.conversation.remember(turn)


def _note(seen: Seen, sight: Sight, judged: Judged | None) -> None:
    seen.sights.append(sight)
    if not sight.look.holds:
        exchange: Any = judged.turn.exchange if judged is not None else None
        if CheckFailure(sight.check, sight.look, exchange).severity is not Severity.INFO:
            seen.reds.add(sight.look.fact.id)


def _by_fact(sights: Iterable[Sight]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for sight in sights:
        found.setdefault(sight.look.fact.id, set()).add(sight.check)
    return found


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
