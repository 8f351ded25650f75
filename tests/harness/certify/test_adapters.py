"""Adapters that are no clients at all: each gets one clear sentence, and none keeps the certification from its end."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedmock_harness.certify import runner as running
from seedmock_harness.certify.adapters import ClientEnvironment, Outcome, Program, Run, outcome_from
from seedmock_harness.certify.runner import run_certification
from seedmock_harness.results.certification import CertificationVerdict, Invariant

ORDER = {"prompt": "A paper boat", "seconds": 4, "references": [], "timeout_seconds": 1}


class Clock:
    """A watch that stops a run after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.until = time.time() + seconds

    def now(self) -> float:
        return time.time()

    def is_over(self) -> bool:
        return time.time() > self.until


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Program]:
    def make(text: str) -> Program:
        file = tmp_path / "adapter.py"
        file.write_text(text)
        return Program(shlex.join([sys.executable, str(file)]))

    return make


@pytest.fixture
def run(program: Callable[[str], Program], tmp_path: Path) -> Callable[..., Run]:
    def run(text: str, seconds: float = 20.0) -> Run:
        where = ClientEnvironment("opeai", "http://127.0.0.1:9", "sk_mock_key", tmp_path / "out.mp4", 0.05)
        return program(text).run(ORDER, where, Clock(seconds))

    return run


def test_an_adapter_is_told_exactly_what_it_is_promised(
    run: Callable[..., Run], monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEEDMOCK_SERVE_PORT", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")
    seen = tmp_path / "seen.json"
    text = (
        "import json, os, sys\n"
        "told = {name: value for name, value in os.environ.items() if 'SEEDMOCK' in name or 'PROXY' in name.upper()}\n"
        f"open({str(seen)!r}, 'w').write(json.dumps([told, json.load(sys.stdin)]))\n"
        "print('talk before'); print(json.dumps({'ok': True, 'task_id': 7}))\n"
    )
    assert run(text).outcome == Outcome(True, "", "7")
    told, order = json.loads(seen.read_text())
    assert order == ORDER
    assert told == {
        "SEEDMOCK_UPSTREAM": "opeai",
        "SEEDMOCK_BASE_URL": "http://127.0.0.1:9",
        "SEEDMOCK_API_KEY": "sk_mock_key",
        "SEEDMOCK_OUT": str(tmp_path / "out.mp4"),
        "SEEDMOCK_POLL_SECONDS": "0.05",
    }


def test_a_crash_is_told_with_its_last_words(run: Callable[..., Run]) -> None:
    found = run("raise RuntimeError('out of paper')")
    assert found.outcome is None
    assert found.trouble == (
        "it ended with code 1: RuntimeError: out of paper; it printed nothing, where one JSON object is expected"
    )


def test_garbage_is_no_outcome(run: Callable[..., Run]) -> None:
    found = run("import sys; sys.stdout.buffer.write(bytes(range(256)) * 9 + b'\\nnonsense')")
    assert found.outcome is None
    assert "its last line is 'nonsense'" in found.trouble


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ("[]", "is no outcome"),
        ('{"ok": "yes"}', "is no outcome"),
        ('{"ok": false, "kind": "sad"}', "kind is 'sad'; allowed: validation"),
        ('{"ok": false}', "kind is None; allowed: validation"),
    ],
)
def test_an_outcome_of_another_form_is_refused_with_what_is_expected(said: str, trouble: str) -> None:
    with pytest.raises(ValueError, match=trouble.replace("?", r"\?")):
        outcome_from(json.loads(said))


def test_a_gigabyte_is_read_and_forgotten_but_for_its_end(run: Callable[..., Run]) -> None:
    text = (
        "import sys\n"
        "for _ in range(1024): sys.stdout.buffer.write(b'x' * (1 << 20))\n"
        'print(); print(\'{"ok": false, "kind": "timeout", "task_id": null}\')\n'
    )
    assert run(text, 60.0).outcome == Outcome(False, "timeout")


@pytest.mark.slow
def test_a_program_that_does_not_end_is_stopped_with_all_that_it_has_started(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    child = tmp_path / "child"
    text = (
        "import subprocess, sys, time\n"
        f"started = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(child)!r}, 'w').write(str(started.pid))\n"
        "time.sleep(60)\n"
    )
    found = run(text, 2.0)
    assert found.stopped
    assert found.trouble == "it did not end, and was stopped"
    for _ in range(100):
        if not is_alive(int(child.read_text())):
            return
        time.sleep(0.02)
    raise AssertionError("what the adapter had started goes on")


def is_alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        try:
            os.kill(number, 0)
        except OSError:
            return False
        return not Path("/proc").is_dir()
    return state != "Z"


def test_a_program_that_is_not_there_could_not_run() -> None:
    found = run_certification(Program("no-such-program --at all"), upstream="opeai", seed=1)
    assert found.verdict is CertificationVerdict.COULD_NOT_RUN
    assert found.problem == ("the adapter sent nothing: no-such-program cannot be started: No such file or directory")
    assert found.violations == ()


def test_a_program_that_crashes_at_once_could_not_run(program: Callable[[str], Program]) -> None:
    found = run_certification(program("import no_such_module"), upstream="apimodels", seed=1)
    assert found.verdict is CertificationVerdict.COULD_NOT_RUN
    assert "ModuleNotFoundError: No module named 'no_such_module'" in found.problem


@pytest.mark.slow
def test_a_program_that_hangs_at_once_is_stopped_and_could_not_run(
    program: Callable[[str], Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "QUIET", 2.0)
    found = run_certification(program("import time; time.sleep(60)"), upstream="opeai", seed=1, only=("stuck-queued",))
    assert found.verdict is CertificationVerdict.COULD_NOT_RUN
    assert found.problem == "the adapter sent nothing: it did not end, and was stopped"
    assert [one.invariant for one in found.violations] == [Invariant.BOUNDED_WAIT]


@pytest.mark.slow
def test_a_client_that_sends_and_never_says_what_came_of_it_could_not_run(making: Callable[..., Any]) -> None:
    def make(where: Any) -> Callable[[Any], None]:
        client = making("plain")(where)
        return lambda order: client(order) and None

    found = run_certification(make, upstream="opeai", seed=1)
    assert found.verdict is CertificationVerdict.COULD_NOT_RUN
    assert found.problem.startswith("the adapter says nothing that can be read: None is no outcome")
    assert len(found.trials) == 2


@pytest.mark.slow
def test_a_crash_in_one_trial_is_judged_by_what_the_client_did(making: Callable[..., Any]) -> None:
    def make(where: Any) -> Callable[[Any], Any]:
        client = making("plain")(where)

        def run(order: Any) -> Any:
            said = client(order)
            if not said["ok"]:
                raise RuntimeError("what now")
            return said

        return run

    found = run_certification(make, upstream="opeai", seed=1, only=("ordinary", "failed", "create-400", "create-500"))
    assert {(one.invariant, one.scenario) for one in found.violations} == {
        (Invariant.TASK_ID_KEPT, "failed"),
        (Invariant.NO_BLIND_RESUBMIT, "create-500"),
    }
    (lost,) = [one for one in found.violations if one.invariant is Invariant.TASK_ID_KEPT]
    assert lost.detail.endswith("there is no outcome that names it: it raised RuntimeError: what now")


@pytest.mark.slow
def test_a_client_that_was_left_behind_is_not_taken_for_the_next_one(making: Callable[..., Any]) -> None:
    left: list[tuple[str, str]] = []

    def make(where: Any) -> Callable[[Any], Any]:
        client = making("plain")(where)

        def run(order: Any) -> Any:
            import httpx

            for url, key in left:  # what an earlier trial's client asks while this one is on
                headers = {"authorization": f"Bearer {key}"}
                httpx.get(f"{url}/v1/videos/cgt-of-old/content", headers=headers, trust_env=False)
            left.append((where.base_url, where.api_key))
            return client(order)

        return run

    names = ("ordinary", "failed")
    assert run_certification(make, upstream="opeai", seed=1, only=names).verdict is CertificationVerdict.CERTIFIED
    assert len({key for _, key in left}) == 2
