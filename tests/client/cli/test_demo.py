"""The demo and the commands as processes of their own, over real sockets and in real time."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from seedmock_client import UsageError
from seedmock_client.cli import demo
from seedmock_client.cli.demo import emulator
from seedmock_contracts.mp4 import Movie, read_movie
from seedmock_server import serve

SEEDMOCK = (sys.executable, "-m", "seedmock_server")


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1", **variables}


def measure(path: Path) -> Movie:
    with path.open("rb") as file:
        return read_movie(file)


def is_listening(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_the_demo_prints_three_clips_within_30_s_and_stops_the_emulator(tmp_path: Path) -> None:
    started = time.monotonic()
    process = subprocess.run(
        [*SEEDMOCK, "demo", "--out", "clips"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 0, process.stderr
    assert time.monotonic() - started < 30
    clips = sorted(path.name for path in (tmp_path / "clips").glob("*.mp4"))
    assert clips == ["apimodels-first-last.mp4", "apimodels-upscaled.mp4", "opeai-text.mp4"]
    for name in clips:
        movie = measure(tmp_path / "clips" / name)
        assert movie.size in process.stdout
        assert str(movie.bytes) in process.stdout
    port = int(process.stderr.split("127.0.0.1:")[1].split()[0])
    assert not is_listening(port)


def test_the_table_fits_80_columns_without_breaking_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    clip: Any = SimpleNamespace(
        movie=SimpleNamespace(size="1920x1080", seconds=4.0, has_audio=True),
        video=SimpleNamespace(task_id="cl0123456789abcdefghijklm"),
        statuses=("QUEUED", "IN_PROGRESS", "SUCCESS"),
        bytes=1_644_276,
        quote=SimpleNamespace(amount=Decimal("0.225")),
    )
    demo._print_table([demo.DemoResult("apimodels", "first + last frame", clip, ())])
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    cells = ("first + last frame", clip.video.task_id, *clip.statuses, "1920x1080", "4.00", "1644276", "$0.2250")
    assert [cell for cell in cells if cell not in printed] == []


def test_the_demo_fails_when_a_clip_has_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip: Any = None
    result_of_demo = demo.DemoResult("opeai", "text", clip, ("no sound",))
    monkeypatch.setattr(demo, "emulator", lambda: contextlib.nullcontext("http://127.0.0.1:9"))
    monkeypatch.setattr(demo, "_generate", lambda url, out: [result_of_demo])
    monkeypatch.setattr(demo, "_print_table", lambda results: None)
    result = CliRunner().invoke(demo.demo, ["--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "opeai text: no sound" in result.stderr


def test_the_emulator_is_stopped_after_an_error() -> None:
    ports: list[int] = []

    def fail() -> None:
        with emulator() as url:
            ports.append(int(url.rsplit(":", 1)[1]))
            assert is_listening(ports[0])
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        fail()
    assert not is_listening(ports[0])


@pytest.mark.slow
def test_the_emulator_is_stopped_when_the_demo_is_terminated(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*SEEDMOCK, "demo", "--out", "clips"], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    port = int(process.stderr.readline().rsplit(":", 1)[1])
    assert is_listening(port)
    process.send_signal(signal.SIGTERM)
    process.stderr.read()
    process.stderr.close()
    assert process.wait(20) == 143
    assert not is_listening(port)


def test_an_emulator_that_does_not_start_is_an_error_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "SERVER_ARGUMENTS", ("-c", "raise SystemExit('no such thing')"))
    with pytest.raises(UsageError, match="ended at once: no such thing"), emulator():
        pass


@pytest.mark.slow
def test_generate_runs_as_a_process_over_a_socket(tmp_path: Path) -> None:
    with serve(pace="instant", keys=("sk_mock_one",)) as server:
        order = [*SEEDMOCK, "generate", "a boat", "--upstream", "opeai", "--size", "640x640", "--seconds", "4"]
        process = subprocess.run(
            [*order, "-o", "boat.mp4", "--poll-seconds", "0.05"],
            cwd=tmp_path,
            env=environment(SEEDMOCK_BASE_URL=server.url, SEEDMOCK_API_KEY="sk_mock_one"),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines()[0] == "boat.mp4"
    assert measure(tmp_path / "boat.mp4").size == "640x640"


@pytest.mark.slow
def test_ctrl_c_prints_the_task_id_and_the_command_to_resume(tmp_path: Path) -> None:
    with serve(pace="realistic", keys=("sk_mock_one",)) as server:
        order = [*SEEDMOCK, "generate", "a boat", "--upstream", "opeai", "--size", "640x640", "--poll-seconds", "0.1"]
        process = subprocess.Popen(
            order,
            cwd=tmp_path,
            env=environment(SEEDMOCK_BASE_URL=server.url, SEEDMOCK_API_KEY="sk_mock_one"),
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        task = next(line.split()[1] for line in lines if line.startswith("task "))
        process.send_signal(signal.SIGINT)
        rest = "".join(lines)
        process.stderr.close()
        assert process.wait(20) == 130
    assert f"interrupted: task {task} may still finish" in rest
    assert f"--task {task} -o out.mp4" in rest
    assert "Traceback" not in rest
