"""`pytest --live-upstream`: a verification among the tests, skipped or failed if it could not check anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

import seedmock_server.testing.host_redirect
import seedmock_server.testing.upstreams  # noqa: F401  pytester discards modules imported while it runs
from seedmock_harness.verify import live_verification
from seedmock_harness.verify.session import plan_steps
from seedmock_server import create_app
from seedmock_server.faults.rules import FaultRules, parse_fault_rule
from seedmock_server.http.server import serve_in_thread

pytest_plugins = ["pytester"]
Run = Callable[..., pytest.RunResult]
Emulator = tuple[str, FaultRules]

TESTS = """
    def test_live(live_upstream):
        assert live_upstream.verdict == "conforms"

    def test_other():
        pass
"""


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verify with three steps only, without pauses."""
    monkeypatch.setattr(
        live_verification, "plan_steps", partial(plan_steps, only=("free.auth", "free.unknown", "text"))
    )
    monkeypatch.setattr("seedmock_harness.verify.target.pause", lambda seconds: None)


@pytest.fixture
def live_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDMOCK_API_KEY", "sk_mock_live")


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """URL and fault rules of an emulator."""
    app = create_app(pace="instant", seed=5)
    with serve_in_thread(app) as server:
        yield server.url, app.faults


@pytest.fixture
def run_pytest(pytester: pytest.Pytester) -> Run:
    """Run pytest with options over two tests, one of which uses `live_upstream`."""

    def run(*options: str, ini: str = "") -> pytest.RunResult:
        pytester.makeini(f"[pytest]\naddopts = -p no:cacheprovider -p no:randomly\nfilterwarnings = error\n{ini}")
        pytester.makepyfile(TESTS)
        return pytester.runpytest_inprocess(*options)

    return run


def test_missing_key_skips_with_the_reason(run_pytest: Run) -> None:
    result = run_pytest("--live-upstream", "opeai", "-rs")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED * could not verify: SEEDMOCK_API_KEY is not set"])


def test_missing_option_skips_only_the_tests_that_need_it(run_pytest: Run) -> None:
    result = run_pytest("-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * could not verify: no upstream is named (--live-upstream NAME)"])


@pytest.mark.usefixtures("live_key")
@pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
def test_conforming_service_passes_and_is_verified_once(run_pytest: Run, emulator: Emulator, upstream: str) -> None:
    options = ("--live-upstream", upstream, "--live-base-url", emulator[0])
    result = run_pytest(*options, ini="seedmock_guard = true")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([f"live {upstream} at {emulator[0]}*: conforms (*; 0 USD)"])


@pytest.mark.usefixtures("live_key")
def test_drifted_service_fails_with_the_findings(run_pytest: Run, emulator: Emulator) -> None:
    emulator[1].add(parse_fault_rule({"fault": "other_refusal code=418", "match": {"upstream": "opeai"}}))
    result = run_pytest("--live-upstream", "opeai", "--live-base-url", emulator[0])
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["breaking: *(opeai.*", "  expected  *", "  observed  *"])
    result.stdout.no_fnmatch_line("*runtest*")


@pytest.mark.usefixtures("live_key")
def test_paid_checks_run_within_the_budget(run_pytest: Run, emulator: Emulator) -> None:
    options = ("--live-upstream", "opeai", "--live-base-url", emulator[0], "--live-budget", "0.30", "-k", "live[")
    result = run_pytest(*options)
    result.stdout.fnmatch_lines(["live opeai *0.271600 USD, tasks cgt-*"])


@pytest.mark.usefixtures("live_key")
def test_unreachable_service_fails_if_there_is_a_key(run_pytest: Run) -> None:
    options = ("--live-upstream", "opeai", "--live-base-url", "http://127.0.0.1:9", "-k", "live[")
    result = run_pytest(*options)
    result.assert_outcomes(failed=1, deselected=2)
    result.stdout.fnmatch_lines(["could not verify: http://127.0.0.1:9 cannot be reached:*"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--live-upstream", "openai"), "--live-upstream: unknown upstream 'openai'; available: apimodels, opeai"),
        (("--live-upstream", "opeai", "--live-budget", "much"), "--live-budget: 'much' is not an amount; allowed: *"),
        (("--live-upstream", "opeai", "-n", "2"), "--live-upstream does not work with -n: *"),
    ],
)
def test_invalid_option_is_a_usage_error(run_pytest: Run, options: tuple[str, ...], message: str) -> None:
    result = run_pytest(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
