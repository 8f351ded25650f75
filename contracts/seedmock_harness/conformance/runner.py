"""The whole contract as one callable: a machine that talks to an upstream until an answer contradicts a fact.

    from seedmock_harness.conformance.runner import run_conformance

    def test_my_gateway_keeps_the_contract():
        with httpx.Client(base_url="http://localhost:9000") as client:
            run_conformance("opeai", client.request)

What it says is drawn by Hypothesis: orders of every form, polls, downloads, libraries, deletes, time that passes, other
keys, broken rules, hostile bodies. A conversation that ends in a Failure is made as short as it can be, and kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from seedmock_contracts.upstreams import get_contract

from ..driver.actions import KEYS, Action, ActionRunner, AdvanceableClock, dump_reproducer, load_reproducer
from ..driver.client import SendRequest
from ..driver.shrinking import shrink
from ..results.checks import CheckFailure, curl_command
from .state_machine import ConformanceMachine, MachineContext
from .strategies import ReferenceUrls

STEPS = 30


def run_conformance(
    upstream: str,
    send: SendRequest,
    *,
    clock: AdvanceableClock | None = None,
    settings: hypothesis_settings | None = None,
    keys: Mapping[str, str] = KEYS,
    scenario_folder: str | None = None,
    steps: int = STEPS,
    options: Mapping[str, str] | None = None,
    strict: bool = True,
    media: ReferenceUrls | None = None,
    begin: Callable[[], object] | None = None,
) -> None:
    """Talk to whatever answers `send` as an upstream of this name would; raise the shortest Failure that was found.

    Every order that it takes is one that it may charge for. `send` has the signature of
    `httpx.Client(base_url=...).request`. `clock` has `now()` and `advance(seconds)`; without one no time passes.
    `keys` are API keys by the words first, second and wrong; without a wrong one, only having no key is wrong.
    `settings` are Hypothesis's: how many conversations, and whether the same each time. `steps` are the most to a
    conversation, and `begin` is called before each. `options` are those of the variants that are known to hold.
    `strict`: an assumption that the target contradicts is a failure, too. `media` are the URLs that references may
    have, by kind. In `scenario_folder` (which must exist) a failing conversation is kept: see `replay`.

    Raises Failure, with the conversation as a note, and LookupError for an unknown upstream.
    """
    context = MachineContext(get_contract(upstream), send, clock, keys, options or {}, strict, media, begin)
    chosen = hypothesis_settings(
        settings,
        stateful_step_count=steps,
        report_multiple_bugs=False,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),  # what fails is made shorter here, move by move
    )
    machine = type("Machine", (ConformanceMachine,), {"context": context})
    try:
        run_state_machine_as_test(machine, settings=chosen, _min_steps=1)
    except (CheckFailure, Flaky) as error:
        found = context.failure
        if found is None:
            raise
        failure, actions = _shortened(context, found, context.failing)
        raise _told(context, failure, actions, scenario_folder) from (error if isinstance(error, Flaky) else None)


def _shortened(
    context: MachineContext, found: CheckFailure, actions: Sequence[Action]
) -> tuple[CheckFailure, Sequence[Action]]:
    """The failure at the end of the shortest conversation that has it, and the moves of that."""

    def failing(tried: Sequence[Action]) -> CheckFailure | None:
        failure = _failure_of(context.new_play(), tried)
        return failure if failure is not None and failure.identity == found.identity else None

    if failing(actions) is None:
        found.add_note("said again, the same moves do not lead there: the upstream does not answer alike each time")
        return found, actions
    short = shrink(context.contract, actions, lambda tried: failing(tried) is not None)
    again = failing(short) or found
    return again, context.runner.actions


def _failure_of(runner: ActionRunner, actions: Sequence[Action]) -> CheckFailure | None:
    try:
        for action in actions:
            runner.run(action)
    except CheckFailure as failure:
        return failure
    return None


def _told(
    context: MachineContext, failure: CheckFailure, actions: Sequence[Action], folder: str | None
) -> CheckFailure:
    """The failure with the conversation that led there, which is kept in the folder if there is one."""
    runner = context.runner
    said = [f"  {number}. {action}" for number, action in enumerate(actions, 1)]
    failure.add_note("\n".join(["said:", *said]))
    failure.add_note(
        "\n".join(["again:", *(f"  {curl_command(t.exchange.request)}" for t in runner.driver.history.interactions)])
    )
    if folder is not None:
        path = f"{folder}/{context.contract.name}-{failure.check}-{re.sub('[^a-z0-9.-]', '_', failure.fact.id)}.jsonl"
        text = dump_reproducer(
            context.contract.name, actions, failure, {"options": dict(context.options), "strict": context.strict}
        )
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        failure.add_note(f"kept as {path}: replay(path, send) says it again")
    return failure


def replay(
    path: str, send: SendRequest, *, clock: AdvanceableClock | None = None, keys: Mapping[str, str] = KEYS
) -> None:
    """Do what a kept scenario did. Raises the Failure that it led to, if it still does, and InvalidScenario."""
    with open(path, encoding="utf-8") as file:
        head, actions = load_reproducer(file.read())
    runner = ActionRunner(
        get_contract(head["upstream"]), send, clock=clock, keys=keys, options=head["options"], strict=head["strict"]
    )
    for action in actions:
        runner.run(action)
