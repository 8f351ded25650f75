"""Decisions of the supervisor, with workers that are a few lines each: they hang, die, and are late where told."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedmock_server.clock import stopwatch
from seedmock_server.workers import supervisor
from seedmock_server.workers.messages import COUNTED, READY, Message
from seedmock_server.workers.supervisor import Supervisor
from seedmock_server.workers.worker_process import WorkerProcess

pytestmark = pytest.mark.slow
PROLOGUE = """
import json, os, signal, sys, time
from pathlib import Path

FOLDER = Path({folder!r})

def log(line):
    with (FOLDER / "log").open("a") as file:
        file.write(line + "\\n")

def wait_for_file(name):
    while not (FOLDER / name).exists():
        time.sleep(0.01)

def is_first_to_take(number):
    try:
        (FOLDER / str(number)).mkdir()
    except FileExistsError:
        return False
    return True

def main(listener, reports):
    signal.alarm(20)  # no test waits longer for a supervisor that has forgotten this process
    say = lambda kind, **fields: os.write(reports, json.dumps(dict(fields, kind=kind)).encode() + b"\\n")
    log("start")
    number = next(number for number in range(1, 10) if is_first_to_take(number))
"""


class Clock:
    """Stopwatch that can be moved on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moved_by = 0.0
        monkeypatch.setattr(supervisor, "stopwatch", lambda: stopwatch() + self.moved_by)


class Trial:
    """Supervisor of workers whose `main` has a body of its own; the third message, or an end of all, ends it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch
        self.messages: list[str] = []
        self.clock = Clock(monkeypatch)
        monkeypatch.setattr(supervisor, "START_PAUSES", (0.0, 0.01, 0.02, 0.03))

    @property
    def log(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()

    def after(self, kind: str, function: Callable[[], object]) -> None:
        """Call a function whenever the supervisor has received a message of a kind."""
        receive = Supervisor._receive

        def receive_and_call(self: Supervisor, worker: WorkerProcess, message: Message) -> None:
            receive(self, worker, message)
            if message["kind"] == kind:
                function()

        self._monkeypatch.setattr(Supervisor, "_receive", receive_and_call)

    def run(
        self,
        body: str,
        *,
        workers: int = 1,
        deaths: int = 3,
        stop_seconds: float = 0.2,
        on_ready: Callable[[], object] = lambda: None,
    ) -> None:
        module = f"trial_worker_{self.folder.name}"
        (self.folder / f"{module}.py").write_text(PROLOGUE.format(folder=str(self.folder)) + body)
        self._monkeypatch.syspath_prepend(self.folder)

        def note(message: str) -> None:
            self.messages.append(message)
            if len(self.messages) == deaths:
                signal.raise_signal(signal.SIGTERM)

        def ready(_: Message) -> None:
            on_ready()

        with contextlib.ExitStack() as stack:
            listeners: list[Any] = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(workers)]
            Supervisor(module, listeners, {}, stop_seconds=stop_seconds, log=note).run(ready)


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    return Trial(tmp_path, monkeypatch)


def move_on(clock: Clock, seconds: float) -> None:
    clock.moved_by += seconds


def test_a_worker_that_hangs_at_its_start_is_killed_and_replaced(trial: Trial) -> None:
    trial.after(COUNTED, lambda: move_on(trial.clock, supervisor.START_SECONDS))
    trial.run("""
    if number == 2:
        say("counted", statistics={})
        time.sleep(10)
        log("ended by itself")
    say("ready")
    sys.exit(7)
""")
    assert ["was ended by signal 9" in message for message in trial.messages] == [False, True, False]
    assert trial.log == ["start"] * 3


def test_a_worker_that_has_lived_for_long_is_replaced_at_once(trial: Trial) -> None:
    trial.after(COUNTED, lambda: move_on(trial.clock, supervisor.STEADY_SECONDS))
    trial.run('    say("ready")\n    say("counted", statistics={})\n    sys.exit(7)\n')
    assert [message.rpartition("; ")[2] for message in trial.messages] == ["another one starts now"] * 3


def test_a_worker_that_does_not_end_in_time_is_killed(trial: Trial) -> None:
    trial.run(
        """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("ready")
    time.sleep(10)
    log("ended by itself")
""",
        on_ready=lambda: signal.raise_signal(signal.SIGTERM),
    )
    assert (trial.log, trial.messages) == (["start"], [])


def test_the_server_is_ready_when_all_workers_are(trial: Trial) -> None:
    trial.after(READY, (trial.folder / "one is ready").touch)
    logs: list[list[str]] = []

    def note() -> None:
        logs.append(trial.log)
        signal.raise_signal(signal.SIGTERM)

    trial.run(
        """
    if number == 2:
        wait_for_file("one is ready")
        log("second")
    say("ready")
    time.sleep(10)
""",
        workers=2,
        on_ready=note,
    )
    assert logs == [["start", "start", "second"]]


def test_a_worker_that_dies_is_waited_for_by_no_other(trial: Trial) -> None:
    trial.run(
        """
    say("ready")
    if number == 1:
        wait_for_file("all are ready")
        say("settle", id=1)
    for line in sys.stdin:
        kind = json.loads(line)["kind"]
        if number == 1 and kind == "settled":
            log("settled")
            sys.exit(7)
        if number == 2 and kind == "settle":
            sys.exit(7)
""",
        workers=2,
        deaths=2,
        on_ready=(trial.folder / "all are ready").touch,
    )
    assert trial.log.count("settled") == 1


def test_workers_are_asked_to_end_before_they_are_killed(trial: Trial) -> None:
    trial.run(
        """
    def end(*_):
        log("asked")
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    say("ready")
    time.sleep(10)
""",
        workers=2,
        stop_seconds=20.0,
        on_ready=lambda: signal.raise_signal(signal.SIGTERM),
    )
    assert trial.log.count("asked") == 2
