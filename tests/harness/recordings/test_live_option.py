"""`pytest --live-upstream`: a verification among tests, which says so when it could not look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import seedmock_server.testing.host_redirect
import seedmock_server.testing.upstreams  # noqa: F401  pytester forgets what is imported after it has begun
from seedmock_harness.verify import api as live
from seedmock_harness.verify.session import plan_steps
from seedmock_server import create_app
from seedmock_server.faults.rules import parse_fault_rule
from seedmock_server.http.server import serve_in_thread

pytest_plugins = ["pytester"]
Run = Callable[..., pytest.RunResult]

LOOKS = """
    def test_it_is_looked_at(live_upstream):
        assert live_upstream.verdict == "conforms"

    def test_another():
        pass
"""


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "plan_steps", partial(plan_steps, only=("free.auth", "free.unknown", "text")))
    monkeypatch.setattr("seedmock_harness.verify.target.pause", lambda seconds: None)


@pytest.fixture
def emulator() -> Iterator[Any]:
    """An emulator at an address, and where it can be told to lie."""
    app = create_app(pace="instant", seed=5)
    with serve_in_thread(app) as server:
        yield server.url, app.faults


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    def run(*options: str, ini: str = "") -> pytest.RunResult:
        pytester.makeini(f"[pytest]\naddopts = -p no:cacheprovider -p no:randomly\nfilterwarnings = error\n{ini}")
        pytester.makepyfile(LOOKS)
        return pytester.runpytest_inprocess(*options)

    return run


def test_without_a_key_the_skip_says_that_nobody_could_look(run: Run) -> None:
    told = run("--live-upstream", "opeai", "-rs")
    told.assert_outcomes(passed=1, skipped=2)
    told.stdout.fnmatch_lines(["SKIPPED * could not look: SEEDMOCK_API_KEY is not set"])


def test_without_the_option_only_what_needs_it_is_skipped(run: Run) -> None:
    told = run("-rs")
    told.assert_outcomes(passed=1, skipped=1)
    told.stdout.fnmatch_lines(["SKIPPED * could not look: no upstream is named (--live-upstream NAME)"])


@pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
def test_a_service_that_conforms_passes_and_is_asked_once(
    run: Run, emulator: Any, upstream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEDMOCK_API_KEY", "sk_mock_live")
    told = run("--live-upstream", upstream, "--live-base-url", emulator[0], ini="seedmock_guard = true")
    told.assert_outcomes(passed=3)
    told.stdout.fnmatch_lines([f"live {upstream} at {emulator[0]}*: conforms (*; 0 USD)"])


def test_a_service_that_has_drifted_fails_with_what_was_found(
    run: Run, emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEDMOCK_API_KEY", "sk_mock_live")
    emulator[1].add(parse_fault_rule({"fault": "other_refusal code=418", "match": {"upstream": "opeai"}}))
    told = run("--live-upstream", "opeai", "--live-base-url", emulator[0])
    told.assert_outcomes(passed=1, failed=2)
    told.stdout.fnmatch_lines(["breaking: *(opeai.*", "  expected  *", "  observed  *"])
    told.stdout.no_fnmatch_line("*runtest*")


def test_money_is_spent_within_the_budget_only(run: Run, emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDMOCK_API_KEY", "sk_mock_live")
    told = run("--live-upstream", "opeai", "--live-base-url", emulator[0], "--live-budget", "0.30", "-k", "live[")
    told.stdout.fnmatch_lines(["live opeai *0.271600 USD, tasks cgt-*"])


def test_a_service_that_is_not_there_fails_for_who_has_a_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDMOCK_API_KEY", "sk_mock_live")
    told = run("--live-upstream", "opeai", "--live-base-url", "http://127.0.0.1:9", "-k", "live[")
    told.assert_outcomes(failed=1, deselected=2)
    told.stdout.fnmatch_lines(["could not look: http://127.0.0.1:9 cannot be reached:*"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--live-upstream", "openai"), "--live-upstream: unknown upstream 'openai'; available: apimodels, opeai"),
        (("--live-upstream", "opeai", "--live-budget", "much"), "--live-budget: 'much' is not an amount; allowed: *"),
        (("--live-upstream", "opeai", "-n", "2"), "--live-upstream does not work with -n: *"),
    ],
)
def test_options_that_are_wrong_are_told(run: Run, options: tuple[str, ...], said: str) -> None:
    told = run(*options)
    assert told.ret == pytest.ExitCode.USAGE_ERROR
    told.stderr.fnmatch_lines([f"ERROR: {said}"])
