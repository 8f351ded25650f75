"""An upstream that keeps the verification from looking is never green, and the hole is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from msgspec.structs import replace

from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_harness.driver.http_transport import HttpTransport
from seedmock_harness.probes.paid_options import PaidOptions
from seedmock_harness.results.verification import Verification, VerificationVerdict
from seedmock_harness.verify.order_log import OrderLog
from seedmock_harness.verify.session import NullObserver, Session, paid_options_for, plan_steps, target_fingerprint
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import BufferedResponse

from ....profiles import IS_DEEP
from .upstreams import REPLACEMENTS, UPSTREAMS, UninformativeUpstream

if TYPE_CHECKING:
    from ..conftest import OpenEmulator, Send, Verify

CASES = [(row, upstream) for row in UPSTREAMS for upstream in row.upstreams]


def steps_of(upstream: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The steps that an upstream has, of some names."""
    plan = plan_steps(get_contract(upstream), PaidOptions(own_clock=True))
    return tuple(step.name for step in plan.steps if step.name in names)


def sentences(verification: Verification) -> str:
    """Everything that a run says about what it found and could not look at."""
    findings = (
        f"{finding.title}: {finding.fact.id}: {finding.expected}: {finding.observed}"
        for finding in verification.findings
    )
    return " | ".join(sentence for sentence in (verification.problem, *findings) if sentence)


def test_table_has_at_least_25_upstreams() -> None:
    assert len(UPSTREAMS) >= 25
    assert len({row.name for row in UPSTREAMS}) == len(UPSTREAMS)


@pytest.mark.parametrize(("row", "upstream"), CASES, ids=[f"{row.name}-{upstream}" for row, upstream in CASES])
def test_uninformative_upstream_is_a_finding_or_could_not_look(
    open_emulator: OpenEmulator, verify_target: Verify, row: UninformativeUpstream, upstream: str
) -> None:
    with open_emulator(pace="fast") as emulator:
        target = emulator.with_send(lambda send: row.wrap(upstream, send))
        verification = verify_target(upstream, target, only=steps_of(upstream, row.steps))
    output = sentences(verification)
    assert verification.verdict is not VerificationVerdict.CONFORMS, output
    assert output
    missing = [text for text in row.texts if text not in output]
    assert not missing, output


STEPS_OF_RULES = 12
"""One in so many steps about rules is tried: they are alike."""
HONEST_404 = {"free.paths", "free.methods", "links"}
"""Steps that a 404 of any form answers: to a path or method that does not exist, and to an expired link of a store."""


def replaced_steps(upstream: str) -> Iterator[tuple[str, str]]:
    """Each step with the replacements that it is tried with: one of them, since a run takes a second; in depth, all."""
    plan = plan_steps(get_contract(upstream), PaidOptions(own_clock=True))
    rules = {rule.fact.id for rules in get_contract(upstream).rules.values() for rule in rules}
    for number, step in enumerate(plan.steps):
        is_rule = f"{upstream}.{step.name.removeprefix('free.').removeprefix('rule.')}" in rules
        for kind_number, kind in enumerate(REPLACEMENTS):
            period = STEPS_OF_RULES if is_rule else len(REPLACEMENTS)
            if IS_DEEP or number % period == kind_number:
                yield step.name, kind


class StepWatcher(NullObserver):
    """Observer that knows the current step."""

    current = ""
    replaced = 0

    def step(self, name: str, number: int, of: int, spent: Decimal) -> None:
        self.current = name


def verify_with_replaced_step(
    open_emulator: OpenEmulator, upstream: str, step: str, kind: str
) -> tuple[Verification, int]:
    """Verify two steps, with every response of one replaced; also returns the number of these responses."""
    contract, watcher = get_contract(upstream), StepWatcher()
    other = "text" if not step.startswith("free.") else "free.bodies" if step != "free.bodies" else "free.auth"

    def replacing(send: Send) -> Send:
        def replaced(method: str, url: str, **arguments: Any) -> Any:
            response = send(method, url, **arguments)
            watcher.replaced += watcher.current == step
            return REPLACEMENTS[kind] if watcher.current == step else response

        return replaced

    with open_emulator(pace="fast") as emulator:
        target = emulator.with_send(replacing)
        options = replace(paid_options_for(replace(target, is_own_emulator=True)), own_clock=True)
        plan = plan_steps(contract, options, tuple({step, other}))
        log = OrderLog(None, target_fingerprint(contract, target))
        return Session.create(target, plan, None, log, watcher).run(), watcher.replaced


@pytest.mark.slow
@pytest.mark.parametrize("kind", REPLACEMENTS)
def test_step_without_its_responses_is_never_green(open_emulator: OpenEmulator, upstream: str, kind: str) -> None:
    green, attempts = {}, 0
    for step, replacement in replaced_steps(upstream):
        if replacement == kind and not (kind == "json-404" and step in HONEST_404):
            verification, replaced = verify_with_replaced_step(open_emulator, upstream, step, kind)
            attempts += replaced > 0  # some steps send nothing, as no free question shows their rule
            if replaced and verification.verdict is VerificationVerdict.CONFORMS:
                green[step] = sentences(verification)
    assert green == {}
    assert attempts > 5


OTHER_OPTIONS = {
    contract.name: {
        variant.id: [option for option in variant.options if option != variant.default] for variant in contract.variants
    }
    for contract in contracts()
}
COMBINATIONS = [
    (name, {variant: options[number] for variant, options in variants.items() if number < len(options)})
    for name, variants in OTHER_OPTIONS.items()
    for number in range(max(map(len, variants.values())))
]
"""Every option other than the default once, in as few emulators as there are options of one variant."""


@pytest.mark.slow
@pytest.mark.parametrize(("upstream", "variants"), COMBINATIONS)
def test_unmodified_emulator_conforms_under_every_option(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str, variants: dict[str, str]
) -> None:
    with open_emulator(pace="fast", variants=variants) as emulator:
        verification = verify_target(upstream, emulator.target)
    assert (verification.verdict, verification.problem) == (VerificationVerdict.CONFORMS, "")


def losing(lost: list[str], is_lost: Callable[[str, str, dict[str, Any]], bool], status: int) -> Callable[[Send], Send]:
    """Answer some requests with an error page, and note them in `lost`."""

    def wrap(send: Send) -> Send:
        def lossy(method: str, url: str, **arguments: Any) -> Any:
            if not is_lost(method, url, arguments):
                return send(method, url, **arguments)
            lost.append(f"{method} {url} {arguments}")
            return BufferedResponse(status, {"content-type": "text/html"}, b"<html>later</html>")

        return lossy

    return wrap


@pytest.mark.parametrize("status", [500, 503])
def test_read_that_fails_once_is_no_finding(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str, status: int
) -> None:
    lost: list[str] = []

    def is_new_read(method: str, url: str, arguments: dict[str, Any]) -> bool:
        return method in ("GET", "HEAD") and f"{method} {url} {arguments}" not in lost

    with open_emulator(pace="fast") as emulator:
        target = emulator.with_send(losing(lost, is_new_read, status))
        verification = verify_target(upstream, target, only=("text", "free.unknown"))
    assert lost
    assert (verification.verdict, sentences(verification)) == (VerificationVerdict.CONFORMS, "")


def test_free_step_that_fails_once_is_repeated_and_looks(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str
) -> None:
    lost: list[str] = []

    def is_first_question(method: str, url: str, arguments: dict[str, Any]) -> bool:
        return method == "POST" and b"no-such-value" in arguments["content"] and not lost

    with open_emulator(pace="fast") as emulator:
        target = emulator.with_send(losing(lost, is_first_question, 503))
        verification = verify_target(upstream, target, only=("free.models", "free.bases"))
    assert lost
    assert (verification.verdict, sentences(verification)) == (VerificationVerdict.CONFORMS, "")


def test_limited_rate_is_waited_for(open_emulator: OpenEmulator, verify_target: Verify, upstream: str) -> None:
    limited: set[str] = set()

    def through_http(send: Send) -> Send:
        def respond(request: httpx.Request) -> httpx.Response:
            key = f"{request.method} {request.url} {request.content!r}"
            if key not in limited:
                limited.add(key)
                return httpx.Response(429, headers={"retry-after": "3"}, json={"error": {"message": "slow down"}})
            headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
            url = str(request.url).removeprefix("http://live.test")
            response = send(request.method, url, headers=headers, content=request.content)
            return httpx.Response(response.status_code, headers=dict(response.headers), content=response.content)

        clock = ManualClock()
        client = httpx.Client(transport=httpx.MockTransport(respond))
        return HttpTransport(get_contract(upstream), "http://live.test", {}, client, clock.now, clock.sleep)

    with open_emulator(pace="fast") as emulator:
        verification = verify_target(upstream, emulator.with_send(through_http), only=("text", "free.unknown"))
    assert limited
    assert (verification.verdict, sentences(verification)) == (VerificationVerdict.CONFORMS, "")


def test_failure_is_not_hidden_by_an_earlier_flake(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str
) -> None:
    """A fact that fails once in one step, and always in a later one, is drift."""
    watcher: dict[str, int] = {}

    def answering(send: Send) -> Send:
        def changed(method: str, url: str, **arguments: Any) -> Any:
            response = send(method, url, **arguments)
            if method not in ("PUT", "PATCH") and "seedmock-no-such-path" not in url:
                return response
            number = watcher[method] = watcher.get(method, 0) + 1
            is_changed = method == "PUT" or number == 1
            return REPLACEMENTS["html-500"] if is_changed else response

        return changed

    with open_emulator(pace="fast") as emulator:
        target = emulator.with_send(answering)
        verification = verify_target(upstream, target, only=("free.paths", "free.methods", "free.bodies"))
    assert watcher["PUT"] > 1
    assert verification.verdict is not VerificationVerdict.CONFORMS
