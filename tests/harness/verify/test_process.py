"""A real process that is really stopped: by Ctrl-C, and by a kill that leaves it no last word."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from seedmock_server import ControlClient, serve

KEY = "sk_secret_first"
PATIENCE = 60.0
COMMAND = [sys.executable, "-c", "from seedmock_server.cli.main import main; main()", "verify", "--upstream", "opeai"]


def _events(ledger: Path) -> list[str]:
    if not ledger.exists():
        return []
    return [json.loads(line)["event"] for line in ledger.read_text().splitlines() if line.endswith("}")]


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a system with POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill -9"])
def test_the_same_command_goes_on_where_it_was_stopped(tmp_path: Path, number: signal.Signals) -> None:
    ledger = tmp_path / "ledger.jsonl"
    environment = {**os.environ, "SEEDMOCK_API_KEY": KEY, "XDG_STATE_HOME": str(tmp_path)}
    with serve(pace="fast", seed=5) as server, ControlClient(server.url) as control:
        options = ["--base-url", server.url, "--only", "text", "--only", "image", "--budget", "0.6"]
        command = [*COMMAND, *options, "--ledger", str(ledger)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            _until(lambda: "taken" in _events(ledger) or process.poll() is not None)
            process.send_signal(number)
            told = process.communicate(timeout=PATIENCE)[0].decode()
        if process.returncode == 0:
            pytest.fail(f"it was too fast to be stopped: {told}")
        made = [task.id for task in control.tasks().tasks]
        if number is signal.SIGINT:
            assert process.returncode == 3, told
            assert "interrupted" in told and made[0] in told
            assert "the same command goes on" in told
        again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert "going on with the run that was interrupted" in again.stdout
        assert again.returncode in (0, 3), again.stdout + again.stderr
        assert control.tasks().total == 2 - again.stdout.count("in doubt")
    assert _events(ledger)[-1] == "closed"
    assert KEY not in ledger.read_text() + told + again.stdout
