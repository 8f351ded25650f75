"""Workers on one port: how they start, stop, die and are replaced."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from .conftest import Serve, command

pytestmark = pytest.mark.slow


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_answer_on_one_port_and_end_with_the_supervisor(serve_by: Serve) -> None:
    with serve_by(2) as server:
        health = server.call("GET", "/_mock/health")
        assert (health["store"], health["workers"]) == ("sqlite", 2)
        pids = server.pids(2)
        assert len(pids) == 2
        assert server.process.pid not in pids
        task = server.order()
        statuses = {server.call("GET", f"/v1/videos/{task}")["id"] for _ in range(10)}
        assert statuses == {task}
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        assert not any(map(is_alive, pids))
        assert server.errors.read_text() == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--workers", "2"], "--store is memory; choose sqlite:PATH (one machine) or redis://HOST:PORT/DB"),
        (["--workers", "0"], "0 is not in the range 1<=x<=64"),
        (["--workers", "-3"], "-3 is not in the range 1<=x<=64"),
        (["--workers", "100000"], "100000 is not in the range 1<=x<=64"),
        (["--workers", "two"], "'two' is not a valid integer range"),
        (["--workers", "2", "--store", "sqlite:x.db", "--pace", "instant", "--seed", "x"], "'x' is not a valid int"),
        (["--workers", "2", "--store", "sqlite:x.db", "--variant", "x=y"], "unknown variant 'x'"),
        (["--workers", "2", "--store", "sqlite:x.db", "--scenario", "nope"], "unknown scenario 'nope'"),
    ],
)
def test_invalid_options_exit_with_one_sentence(options: list[str], message: str, tmp_path: Path) -> None:
    result = subprocess.run(command(*options), capture_output=True, text=True, timeout=30, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
