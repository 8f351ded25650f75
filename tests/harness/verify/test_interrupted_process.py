"""A process that is stopped by Ctrl-C or killed: the same command resumes its run."""

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
TIMEOUT = 60.0
COMMAND = [sys.executable, "-c", "from seedmock_server.cli.main import main; main()", "verify", "--upstream", "opeai"]


def _events(order_log: Path) -> list[str]:
    if not order_log.exists():
        return []
    return [json.loads(line)["event"] for line in order_log.read_text().splitlines() if line.endswith("}")]


def _wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "timeout"
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a system with POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill -9"])
def test_same_command_resumes_after_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    order_log = tmp_path / "orders.jsonl"
    environment = {**os.environ, "SEEDMOCK_API_KEY": KEY, "XDG_STATE_HOME": str(tmp_path)}
    with serve(pace="fast", seed=5) as server, ControlClient(server.url) as control:
        options = ["--base-url", server.url, "--only", "text", "--only", "image", "--budget", "0.6"]
        command = [*COMMAND, *options, "--order-log", str(order_log)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            _wait_until(lambda: "order_accepted" in _events(order_log) or process.poll() is not None)
            process.send_signal(number)
            output = process.communicate(timeout=TIMEOUT)[0].decode()
        if process.returncode == 0:
            pytest.fail(f"the process ended before the signal: {output}")
        tasks = [task.id for task in control.tasks().tasks]
        if number is signal.SIGINT:
            assert process.returncode == 3, output
            assert "interrupted" in output and tasks[0] in output
            assert "the same command resumes this run" in output
        again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        assert "resuming an interrupted run" in again.stdout
        assert again.returncode in (0, 3), again.stdout + again.stderr
        assert control.tasks().total == 2 - again.stdout.count("unresolved order")
    assert _events(order_log)[-1] == "run_finished"
    assert KEY not in order_log.read_text() + output + again.stdout
