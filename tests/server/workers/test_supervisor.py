"""Workers on one port: how they start, stop, die and are replaced."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from seedmock_server.clock import pause, stopwatch
from seedmock_server.workers import supervisor
from seedmock_server.workers.supervisor import Supervisor, WorkerFailure

from .conftest import HEADERS, Serve, WorkerServer, command

pytestmark = pytest.mark.slow


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended, and that no parent has asked for, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for_end(*pids: int) -> None:
    deadline = stopwatch() + 20
    while any(map(is_alive, pids)):
        assert stopwatch() < deadline, "processes stay behind"
        pause(0.05)


def test_workers_answer_on_one_port_and_end_with_the_supervisor(serve_by: Serve) -> None:
    with serve_by(2) as server:
        health = server.call("GET", "/_mock/health")
        assert (health["store"], health["workers"]) == ("sqlite", 2)
        pids = server.pids(2)
        assert len(pids) == 2
        assert server.process.pid not in pids
        task = server.order()
        assert {server.call("GET", f"/v1/videos/{task}")["id"] for _ in range(10)} == {task}
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
        (["--workers", "2", "--store", "sqlite:x.db", "--variant", "x=y"], "unknown variant 'x'"),
        (["--workers", "2", "--store", "sqlite:x.db", "--scenario", "nope"], "unknown scenario 'nope'"),
    ],
)
def test_invalid_options_exit_with_one_sentence(options: list[str], message: str, tmp_path: Path) -> None:
    result = subprocess.run(command(*options), capture_output=True, text=True, timeout=30, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_a_store_that_no_worker_can_open_ends_the_server_with_its_sentence_once(tmp_path: Path) -> None:
    (tmp_path / "mock.db").write_text("This is no database. " * 1000)
    arguments = command("--workers", "3", "--store", f"sqlite:{tmp_path}/mock.db")
    result = subprocess.run(arguments, capture_output=True, text=True, timeout=30)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("mock.db") == 1


def test_a_port_in_use_ends_the_server_before_a_worker_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = command("--workers", "2", "--store", f"sqlite:{tmp_path}/mock.db")
        result = subprocess.run([*arguments, "--port", str(port)], capture_output=True, text=True, timeout=30)
    assert (result.returncode, f"port {port} on 127.0.0.1 is in use" in result.stderr) == (1, True)
    assert not (tmp_path / "mock.db").exists()


# --- stopping ---


@contextlib.contextmanager
def answer_under_way(server: WorkerServer) -> Iterator[list[int]]:
    """Poll by a connection whose answer takes a second; the list has its status in the end."""
    fault = {"match": {"operation": "query"}, "fault": "latency seconds=1"}
    server.call("POST", "/_mock/faults", fault, status=201)
    task, statuses, begun = server.order(), list[int](), threading.Event()

    def poll() -> None:
        with httpx.Client(base_url=server.url, headers=HEADERS) as client:
            client.get("/_mock/health")
            begun.set()
            with contextlib.suppress(httpx.TransportError):
                statuses.append(client.get(f"/v1/videos/{task}").status_code)

    thread = threading.Thread(target=poll)
    thread.start()
    begun.wait()
    pause(0.3)  # the poll has reached its worker
    yield statuses
    thread.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_responses_under_way_are_finished_however_the_supervisor_ends(number: signal.Signals, serve_by: Serve) -> None:
    with serve_by(3) as server:
        pids = server.pids(3)
        with answer_under_way(server) as statuses:
            server.process.send_signal(number)
        assert statuses == [200]
        assert server.process.wait(20) == (-9 if number == signal.SIGKILL else 0)
        wait_for_end(*pids)
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url)


def test_a_second_ctrl_c_aborts_what_is_under_way(serve_by: Serve) -> None:
    with serve_by(2) as server:
        pids = server.pids(2)
        server.call("POST", "/_mock/faults", {"match": {"operation": "query"}, "fault": "hang"}, status=201)
        task = server.order()
        threading.Timer(0.3, interrupt_twice, (server,)).start()
        started_at = stopwatch()
        with pytest.raises(httpx.TransportError):
            server.call("GET", f"/v1/videos/{task}")
        assert stopwatch() - started_at < 2.5  # the grace is 3 seconds
        assert server.process.wait(20) == 0
        wait_for_end(*pids)


def interrupt_twice(server: WorkerServer) -> None:
    server.process.send_signal(signal.SIGINT)
    pause(0.3)
    server.process.send_signal(signal.SIGINT)


def test_the_end_of_standard_input_ends_all(tmp_path: Path) -> None:
    arguments = command("--workers", "2", "--store", f"sqlite:{tmp_path}/mock.db", "--stop-on-eof")
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert ", 2 workers)" in process.stdout.readline()
        process.stdin.close()
        assert process.wait(20) == 0


# --- deaths ---


def test_a_killed_worker_is_replaced_with_a_message(serve_by: Serve) -> None:
    with serve_by(2) as server:
        pids = server.pids(2)
        killed = min(pids)
        os.kill(killed, signal.SIGKILL)
        wait_for_end(killed)
        deadline = stopwatch() + 20
        while len(now := server.pids(2, calls=60)) < 2 or killed in now:
            assert stopwatch() < deadline
        assert f"worker {killed} was ended by signal 9; another one starts" in server.errors.read_text()


WORKER = """
import json, os, sys

def main(listener, reports):
    with open({log!r}, "a") as log:
        log.write("start\\n")
    if {is_ready} or len(open({log!r}).readlines()) == 1:
        os.write(reports, json.dumps({{"kind": "ready"}}).encode() + b"\\n")
    sys.exit(7)
"""


def run_dying_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_ready: bool) -> tuple[list[str], int]:
    """Supervise one worker that dies at once; return the messages, and how often it was started."""
    (tmp_path / "dying_worker.py").write_text(WORKER.format(log=str(tmp_path / "log"), is_ready=is_ready))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(supervisor, "START_PAUSES", (0.0, 0.01, 0.02, 0.03))
    messages: list[str] = []

    def note(message: str) -> None:
        messages.append(message)
        if len(messages) == 8:
            signal.raise_signal(signal.SIGTERM)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Supervisor("dying_worker", [listener], {}, stop_seconds=5, log=note).run(lambda _: None)
    return messages, len((tmp_path / "log").read_text().splitlines())


def test_a_worker_that_dies_at_its_start_again_and_again_ends_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WorkerFailure, match=r"no worker starts any more; .*: ended with exit code 7") as failure:
        run_dying_workers(tmp_path, monkeypatch, is_ready=False)
    assert failure.value.status == 7
    assert len((tmp_path / "log").read_text().splitlines()) == 4


def test_a_worker_that_dies_soon_after_its_start_is_replaced_ever_more_slowly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages, starts = run_dying_workers(tmp_path, monkeypatch, is_ready=True)
    pauses = [message.rpartition("another one starts ")[2] for message in messages]
    assert pauses[:4] == ["in 0.01 s", "in 0.02 s", "in 0.03 s", "in 0.03 s"]
    assert starts == 8


def test_a_worker_imports_nothing_of_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the working directory is on the path')")
    script = Path(sys.executable).with_name("seedmock")
    arguments = [str(script), "serve", "--port", "0", "--workers", "2", "--store", f"sqlite:{tmp_path}/mock.db"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert ", 2 workers)" in process.stdout.readline()
        process.terminate()
