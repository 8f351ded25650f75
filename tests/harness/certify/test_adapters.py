"""Adapters that are not clients: each gets one clear sentence, and none keeps the certification from ending."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from seedmock_harness.certify import runner
from seedmock_harness.certify.adapters import (
    ClientEnvironment,
    ClientOutcome,
    ClientRun,
    SubprocessAdapter,
    parse_outcome,
)
from seedmock_harness.certify.runner import run_certification
from seedmock_harness.results.certification import CertificationVerdict, Invariant

if TYPE_CHECKING:
    from .conftest import MakeClient

ORDER = {"prompt": "A paper boat", "seconds": 4, "references": [], "timeout_seconds": 1}
MakeProgram = Callable[[str], SubprocessAdapter]
RunProgram = Callable[..., ClientRun]


class FixedDeadline:
    """Deadline a number of seconds from now."""

    def __init__(self, seconds: float) -> None:
        self.end = time.time() + seconds

    def now(self) -> float:
        return time.time()

    def expired(self) -> bool:
        return time.time() > self.end


@pytest.fixture
def make_program(tmp_path: Path) -> MakeProgram:
    """Create an adapter from Python source."""

    def make(source: str) -> SubprocessAdapter:
        file = tmp_path / "adapter.py"
        file.write_text(source)
        return SubprocessAdapter(shlex.join([sys.executable, str(file)]))

    return make


@pytest.fixture
def run_program(make_program: MakeProgram, tmp_path: Path) -> RunProgram:
    """Run Python source as an adapter."""

    def run(source: str, seconds: float = 20.0) -> ClientRun:
        environment = ClientEnvironment("opeai", "http://127.0.0.1:9", "sk_mock_key", tmp_path / "out.mp4", 0.05)
        return make_program(source).run(ORDER, environment, FixedDeadline(seconds))

    return run


def test_program_gets_the_documented_environment_and_the_order(
    run_program: RunProgram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEEDMOCK_SERVE_PORT", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")
    file = tmp_path / "received.json"
    source = (
        "import json, os, sys\n"
        "names = {name: value for name, value in os.environ.items() if 'SEEDMOCK' in name or 'PROXY' in name.upper()}\n"
        f"open({str(file)!r}, 'w').write(json.dumps([names, json.load(sys.stdin)]))\n"
        "print('other output'); print(json.dumps({'ok': True, 'task_id': 7}))\n"
    )
    assert run_program(source).outcome == ClientOutcome(True, "", "7")
    environment, order = json.loads(file.read_text())
    assert order == ORDER
    assert environment == {
        "SEEDMOCK_UPSTREAM": "opeai",
        "SEEDMOCK_BASE_URL": "http://127.0.0.1:9",
        "SEEDMOCK_API_KEY": "sk_mock_key",
        "SEEDMOCK_OUT": str(tmp_path / "out.mp4"),
        "SEEDMOCK_POLL_SECONDS": "0.05",
    }


def test_crash_is_reported_with_the_last_line_of_standard_error(run_program: RunProgram) -> None:
    run = run_program("raise RuntimeError('out of paper')")
    assert run.outcome is None
    assert run.problem == (
        "it exited with code 1: RuntimeError: out of paper; it printed nothing; expected one JSON object"
    )


def test_binary_output_is_not_an_outcome(run_program: RunProgram) -> None:
    run = run_program("import sys; sys.stdout.buffer.write(bytes(range(256)) * 9 + b'\\nnonsense')")
    assert run.outcome is None
    assert "its last line is 'nonsense'" in run.problem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "is not an outcome"),
        ('{"ok": "yes"}', "is not an outcome"),
        ('{"ok": false, "kind": "sad"}', "kind is 'sad'; allowed: validation"),
        ('{"ok": false}', "kind is None; allowed: validation"),
    ],
)
def test_invalid_outcome_is_rejected_with_what_is_expected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        parse_outcome(json.loads(text))


def test_only_the_end_of_a_gigabyte_of_output_is_kept(run_program: RunProgram) -> None:
    source = (
        "import sys\n"
        "for _ in range(1024): sys.stdout.buffer.write(b'x' * (1 << 20))\n"
        'print(); print(\'{"ok": false, "kind": "timeout", "task_id": null}\')\n'
    )
    assert run_program(source, 60.0).outcome == ClientOutcome(False, "timeout")


@pytest.mark.slow
def test_program_beyond_its_deadline_is_killed_with_its_children(run_program: RunProgram, tmp_path: Path) -> None:
    child = tmp_path / "child"
    source = (
        "import subprocess, sys, time\n"
        f"started = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(child)!r}, 'w').write(str(started.pid))\n"
        "time.sleep(60)\n"
    )
    run = run_program(source, 2.0)
    assert run.stopped
    assert run.problem == "it did not end, and was stopped"
    for _ in range(100):
        if not is_alive(int(child.read_text())):
            return
        time.sleep(0.02)
    raise AssertionError("the child process is still running")


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return not Path("/proc").is_dir()
    return state != "Z"


def test_missing_program_could_not_run() -> None:
    certification = run_certification(SubprocessAdapter("no-such-program --at all"), upstream="opeai", seed=1)
    assert certification.verdict is CertificationVerdict.COULD_NOT_RUN
    assert certification.problem == (
        "the adapter sent no request: cannot start no-such-program: No such file or directory"
    )
    assert certification.violations == ()


def test_program_that_crashes_at_start_could_not_run(make_program: MakeProgram) -> None:
    certification = run_certification(make_program("import no_such_module"), upstream="apimodels", seed=1)
    assert certification.verdict is CertificationVerdict.COULD_NOT_RUN
    assert "ModuleNotFoundError: No module named 'no_such_module'" in certification.problem


@pytest.mark.slow
def test_program_that_hangs_at_start_is_stopped_and_could_not_run(
    make_program: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "IDLE_TIMEOUT", 2.0)
    program = make_program("import time; time.sleep(60)")
    certification = run_certification(program, upstream="opeai", seed=1, only=("stuck-queued",))
    assert certification.verdict is CertificationVerdict.COULD_NOT_RUN
    assert certification.problem == "the adapter sent no request: it did not end, and was stopped"
    assert [violation.invariant for violation in certification.violations] == [Invariant.BOUNDED_WAIT]


@pytest.mark.slow
def test_client_without_an_outcome_could_not_run(make_client: MakeClient) -> None:
    def factory(environment: ClientEnvironment) -> Callable[[Any], None]:
        client = make_client("plain")(environment)
        return lambda order: client(order) and None

    certification = run_certification(factory, upstream="opeai", seed=1)
    assert certification.verdict is CertificationVerdict.COULD_NOT_RUN
    assert certification.problem.startswith("the adapter reported no outcome: None is not an outcome")
    assert len(certification.trials) == 2


@pytest.mark.slow
def test_crash_in_some_trials_is_judged_by_the_requests(make_client: MakeClient) -> None:
    def factory(environment: ClientEnvironment) -> Callable[[Any], Any]:
        client = make_client("plain")(environment)

        def run(order: Any) -> Any:
            outcome = client(order)
            if not outcome["ok"]:
                raise RuntimeError("what now")
            return outcome

        return run

    names = ("success", "failed", "create-400", "create-500")
    certification = run_certification(factory, upstream="opeai", seed=1, only=names)
    assert {(violation.invariant, violation.scenario) for violation in certification.violations} == {
        (Invariant.TASK_ID_REPORTED, "failed"),
        (Invariant.NO_BLIND_RESUBMIT, "create-500"),
    }
    (unreported,) = (
        violation for violation in certification.violations if violation.invariant is Invariant.TASK_ID_REPORTED
    )
    assert unreported.detail.endswith("there is no outcome with its id: it raised RuntimeError: what now")


@pytest.mark.slow
def test_calls_of_an_abandoned_client_are_not_counted_in_the_next_trial(make_client: MakeClient) -> None:
    earlier: list[tuple[str, str]] = []

    def factory(environment: ClientEnvironment) -> Callable[[Any], Any]:
        client = make_client("plain")(environment)

        def run(order: Any) -> Any:
            for url, key in earlier:  # as a client of an earlier trial would call on
                headers = {"authorization": f"Bearer {key}"}
                httpx.get(f"{url}/v1/videos/cgt-of-old/content", headers=headers, trust_env=False)
            earlier.append((environment.base_url, environment.api_key))
            return client(order)

        return run

    certification = run_certification(factory, upstream="opeai", seed=1, only=("success", "failed"))
    assert certification.verdict is CertificationVerdict.CERTIFIED
    assert len({key for _, key in earlier}) == 2
