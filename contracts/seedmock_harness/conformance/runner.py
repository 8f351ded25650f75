"""Run the whole contract against anything that serves an upstream's API, until a response contradicts a fact.

    from seedmock_harness import run_conformance

    def test_my_gateway_conforms():
        with httpx.Client(base_url="http://localhost:9000") as client:
            run_conformance("opeai", client.request)

Hypothesis generates the requests: all kinds of orders, polls, downloads, assets, deletions, other keys, broken rules,
and hostile bodies. A failing sequence is shrunk and can be saved as a reproducer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from seedmock_contracts.upstreams import get_contract

from ..driver.action_runner import KEYS, ActionRunner, AdvanceableClock
from ..driver.actions import Action, dump_reproducer, load_reproducer
from ..driver.client import SendRequest
from ..driver.shrinking import shrink
from ..results.checks import CheckFailure, curl_command
from .machine_base import MachineContext
from .state_machine import ConformanceMachine
from .strategies import ReferenceUrls

MAX_STEPS = 30


def run_conformance(
    upstream: str,
    send: SendRequest,
    *,
    clock: AdvanceableClock | None = None,
    settings: hypothesis_settings | None = None,
    keys: Mapping[str, str] = KEYS,
    reproducer_folder: str | None = None,
    steps: int = MAX_STEPS,
    options: Mapping[str, str] | None = None,
    strict: bool = True,
    media: ReferenceUrls | None = None,
    begin: Callable[[], object] | None = None,
) -> None:
    """Send generated requests to an upstream until a check fails; raise the failure with the shortest sequence.

    Accepted orders may be charged. `send` has the signature of `httpx.Client(base_url=...).request`. `clock` has
    `now()` and `advance(seconds)`; without one no time passes between requests. `keys`: API keys by caller, first,
    second and wrong. `settings`: those of Hypothesis, such as the number of sequences. `steps`: maximum length of a
    sequence; `begin` is called before each. `options`: options of variants that are known to hold. `strict`: a
    contradicted assumption is a failure, too. `media`: URLs of references, by kind. `reproducer_folder`: an existing
    folder for the reproducer of the failure; see `replay`.

    Raises CheckFailure, with the requests as a note, and LookupError for an unknown upstream.
    """
    context = MachineContext(get_contract(upstream), send, clock, keys, options or {}, strict, media, begin)
    machine = type("Machine", (ConformanceMachine,), {"context": context})
    try:
        run_state_machine_as_test(machine, settings=_machine_settings(settings, steps), _min_steps=1)
    except (CheckFailure, Flaky) as error:
        if context.failure is None:
            raise
        failure, actions = _shrink_failure(context, context.failure)
        _add_notes(context, failure, actions)
        if reproducer_folder is not None:
            path = _write_reproducer(context, failure, actions, reproducer_folder)
            failure.add_note(f"reproducer written to {path}; run it with replay(path, send)")
        raise failure from (error if isinstance(error, Flaky) else None)


def _machine_settings(settings: hypothesis_settings | None, steps: int) -> hypothesis_settings:
    return hypothesis_settings(
        settings,
        stateful_step_count=steps,
        report_multiple_bugs=False,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # Without shrinking: Hypothesis shrinks draws, and `shrink` the actions that they led to.
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
    )


def _shrink_failure(context: MachineContext, original: CheckFailure) -> tuple[CheckFailure, Sequence[Action]]:
    """The failure at the end of the shortest sequence that leads to it, and the actions of that sequence."""

    def run_again(actions: Sequence[Action]) -> CheckFailure | None:
        failure = _run_actions(context.new_runner(), actions)
        return failure if failure is not None and failure.identity == original.identity else None

    if run_again(context.failing_actions) is None:
        original.add_note("flaky: the same requests do not lead to it again")
        return original, context.failing_actions
    shortest = shrink(context.contract, context.failing_actions, lambda actions: run_again(actions) is not None)
    failure = run_again(shortest) or original
    return failure, context.runner.actions


def _run_actions(runner: ActionRunner, actions: Sequence[Action]) -> CheckFailure | None:
    try:
        for action in actions:
            runner.run(action)
    except CheckFailure as failure:
        return failure
    return None


def _add_notes(context: MachineContext, failure: CheckFailure, actions: Sequence[Action]) -> None:
    """Add the actions, and a curl command for each request, to a failure."""
    lines = (f"  {number}. {action}" for number, action in enumerate(actions, 1))
    failure.add_note("\n".join(["actions:", *lines]))
    requests = (interaction.exchange.request for interaction in context.runner.driver.history.interactions)
    failure.add_note("\n".join(["requests:", *(f"  {curl_command(request)}" for request in requests)]))


def _write_reproducer(context: MachineContext, failure: CheckFailure, actions: Sequence[Action], folder: str) -> str:
    upstream, fact = context.contract.name, re.sub("[^a-z0-9.-]", "_", failure.fact.id)
    path = f"{folder}/{upstream}-{failure.check}-{fact}.jsonl"
    settings = {"options": dict(context.options), "strict": context.strict}
    with open(path, "w", encoding="utf-8") as file:
        file.write(dump_reproducer(upstream, actions, failure, settings))
    return path


def replay(
    path: str, send: SendRequest, *, clock: AdvanceableClock | None = None, keys: Mapping[str, str] = KEYS
) -> None:
    """Run the actions of a reproducer. Raises CheckFailure if one fails again, and InvalidReproducer."""
    with open(path, encoding="utf-8") as file:
        header, actions = load_reproducer(file.read())
    runner = ActionRunner(
        get_contract(header["upstream"]),
        send,
        clock=clock,
        keys=keys,
        options=header["options"],
        strict=header["strict"],
    )
    for action in actions:
        runner.run(action)
