"""The command `seedmock guard`: options, and an order log that survives kill -9."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from seedmock_harness.guard.cli import guard
from seedmock_server import ControlClient, serve

ORDER = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4"}
HEADERS = {"Authorization": "Bearer sk_guarded"}


@pytest.mark.parametrize(("options", "text"), [
    (["--upstream", "opeai"], "--budget"), (["--upstream", "opeai", "--budget", "much"], "'much' is not an amount"),
    (["--upstream", "opeai", "--budget", "1", "--target", "ftp://x"], "is not a base URL"),
    (["--upstream", "opeai", "--budget", "1", "--token-price", "x"], "USD for a million tokens"),
])  # fmt: skip
def test_invalid_options_exit_before_any_request(options: list[str], text: str) -> None:
    result = CliRunner().invoke(guard, options)
    assert (result.exit_code, text in result.output) == (2, True), result.output


def test_a_file_that_is_no_order_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("diary\nof mine\n")
    options = ["--upstream", "opeai", "--budget", "1", "--order-log", str(tmp_path / "log"), "--out", str(tmp_path)]
    result = CliRunner().invoke(guard, options)
    assert (result.exit_code, "is not an order log" in result.output) == (3, True), result.output


def start(target: str, folder: Path) -> tuple[subprocess.Popen[str], str]:
    code = "from seedmock_server.cli.main import main; main()"
    options = ["--upstream", "opeai", "--budget", "0.5", "--live", "--port", "0", "--target", target]
    files = ["--order-log", str(folder / "orders.jsonl"), "--out", str(folder / "recordings")]
    process = subprocess.Popen(
        [sys.executable, "-c", code, "guard", *options, *files], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    match = re.search(r"at (http://\S+)", line)
    assert match, line
    return process, match[1]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a system with POSIX signals")
def test_an_order_that_was_under_way_at_a_kill_is_held_and_not_sent_again(tmp_path: Path) -> None:
    with serve(pace="instant", seed=1) as server, ControlClient(server.url) as control:
        control.faults.add("hang seconds=60", operation="create", times=1)
        process, url = start(server.url, tmp_path)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/v1/videos", json=ORDER, headers=HEADERS, timeout=2)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        events = [json.loads(line)["event"] for line in (tmp_path / "orders.jsonl").read_text().splitlines()]
        assert events == ["run_started", "order_pending"]

        process, url = start(server.url, tmp_path)
        again: Any = httpx.post(f"{url}/v1/videos", json=ORDER, headers=HEADERS)
        other = httpx.post(f"{url}/v1/videos", json={**ORDER, "prompt": "Another"}, headers=HEADERS)
        process.terminate()
        process.communicate(timeout=30)
        assert again.status_code == 409
        assert "it is not sent again" in again.json()["error"]["message"]
        assert other.status_code == 403, "what may have been ordered is held still"
        assert control.tasks().total <= 1
