"""`seedmock serve` as a process: its greeting, its errors, and how it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from seedmock_server.cli.main import main

SECONDS = 60
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the command with its own temporary folder; processes are killed at the end."""
    started: list[subprocess.Popen[str]] = []
    (tmp_path / "temporary").mkdir()

    def begin(*arguments: str, **variables: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary"), "PYTHONUNBUFFERED": "1", **variables}
        command = [sys.executable, "-W", "error", "-m", "seedmock_server", "serve", *arguments]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=tmp_path,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def read_greeting(process: subprocess.Popen[str]) -> str:
    """The output up to the last line of the greeting."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            break
    return "".join(lines)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_base_urls_and_a_call_that_works_and_ends_quietly(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    process = start("--port", "0", "--seed", "7", "--cache-dir", str(tmp_path / "clips"), "--pace", "instant")
    greeting = read_greeting(process)
    url = re.findall(r"http://127\.0\.0\.1:\d+", greeting)[0]
    assert f"  apimodels  {url}/api/v1   (also {url}/v1)" in greeting
    assert f"  opeai      {url}/v1\n" in greeting
    assert "pace instant, seed 7" in greeting
    exported = re.findall(r"export (\S+)=(\S+) (\S+)=(\S+)", greeting)[0]
    assert exported == ("SEEDMOCK_BASE_URL", url, "SEEDMOCK_API_KEY", "sk_mock_local")
    assert httpx.get(f"{url}/_mock/health").status_code == 200

    bash, curl = shutil.which("bash"), shutil.which("curl")
    if bash and curl:
        example = greeting[greeting.index("  curl ") : greeting.index("Ctrl-C")]
        run = subprocess.run([bash, "-c", f"{example.strip()} -sS"], capture_output=True, text=True, timeout=SECONDS)
        assert '"status":"queued"' in run.stdout, run.stderr

    process.send_signal(number)
    assert finish(process) == (0, "", "")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_it_stops_when_standard_input_ends_if_it_should(start: Start) -> None:
    process = start("--port", "0", "--stop-on-eof")
    read_greeting(process)
    assert process.stdin is not None
    process.stdin.write("ignored")
    process.stdin.flush()
    assert process.poll() is None
    assert process.communicate(timeout=SECONDS) == ("", "")  # closes it
    assert process.returncode == 0


def test_it_ignores_the_end_of_standard_input_otherwise(start: Start) -> None:
    process = start("--port", "0")
    url = re.findall(r"http://127\.0\.0\.1:\d+", read_greeting(process))[0]
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    assert httpx.get(f"{url}/_mock/health").status_code == 200


@pytest.mark.slow
def test_keys_are_not_printed(start: Start) -> None:
    process = start("--port", "0", "--key", "sk_secret_1", "--key", "sk_secret_2")
    greeting = read_greeting(process)
    assert "sk_secret" not in greeting
    assert "$SEEDMOCK_API_KEY" in greeting


def test_a_host_that_strangers_reach_gets_a_token(start: Start) -> None:
    greeting = read_greeting(start("--host", "0.0.0.0", "--port", "0"))
    url, token = re.findall(r"SEEDMOCK_BASE_URL=(\S+) .* SEEDMOCK_CONTROL_TOKEN=(\S{32})$", greeting, re.MULTILINE)[0]
    assert f"  control token {token}: send it as X-Mock-Token; --control-token sets one" in greeting
    assert httpx.get(f"{url}/_mock/clock").status_code == 401
    assert httpx.get(f"{url}/_mock/clock", headers={"X-Mock-Token": token}).status_code == 200
    assert httpx.get(f"{url}/_mock/health").status_code == 200


def test_a_token_is_drawn_anew_at_each_start_whatever_the_seed(start: Start) -> None:
    first, second = (read_greeting(start("--host", "0.0.0.0", "--port", "0", "--seed", "7")) for _ in range(2))
    pattern = r"  control token (\S{32}):"
    assert re.findall(pattern, first)[0] != re.findall(pattern, second)[0]


@pytest.mark.parametrize("variable", ["SEEDMOCK_SERVE_CONTROL_TOKEN", "SEEDMOCK_CONTROL_TOKEN"])
def test_a_token_that_is_given_is_required_and_not_printed(start: Start, variable: str) -> None:
    greeting = read_greeting(start("--host", "0.0.0.0", "--port", "0", **{variable: "swordfish"}))
    url = re.findall(r"SEEDMOCK_BASE_URL=(\S+)", greeting)[0]
    assert "token" not in greeting.lower()
    assert "swordfish" not in greeting
    assert httpx.get(f"{url}/_mock/clock").status_code == 401
    assert httpx.get(f"{url}/_mock/clock", headers={"X-Mock-Token": "swordfish"}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_loopback_host_needs_no_token(start: Start, host: str) -> None:
    greeting = read_greeting(start("--host", host, "--port", "0"))
    url = re.findall(r"SEEDMOCK_BASE_URL=(\S+)", greeting)[0]
    assert "token" not in greeting.lower()
    assert httpx.get(f"{url}/_mock/clock").status_code == 200


@pytest.mark.slow
def test_every_option_can_be_a_variable(start: Start) -> None:
    greeting = read_greeting(start(SEEDMOCK_SERVE_PORT="0", SEEDMOCK_SERVE_PACE="step", SEEDMOCK_SERVE_SEED="5"))
    assert "pace step, seed 5" in greeting


def test_a_port_in_use_is_one_line_with_a_page_and_exit_1(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = finish(start("--port", str(port)))
    assert (code, out) == (1, "")
    message, page = err.splitlines()
    assert message.startswith(f"Error: port {port} on 127.0.0.1 is in use")
    assert page.startswith("See: ")
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--variant", "nonsense"), "variant is 'nonsense'; allowed: ID=OPTION, such as apimodels.errors=ok"),
        (("--variant", "nonsense=1"), "unknown variant 'nonsense'; available: apimodels.asset_status, "),
        (("--variant", "opeai.status=no"), "variant opeai.status is 'no'; allowed: documented, openai"),
        (("--pace", "slow"), "'instant', 'fast', 'realistic', 'step'"),
        (("--credit", "much"), "credit is 'much'; allowed: a number"),
        (("--token-price", "-1"), "token_price is -1; allowed: 0 or more"),
        (("--port", "70000"), "0<=x<=65535"),
        (("--key", " "), "a key is blank"),
        (("--seed", str(2**70)), "allowed: a whole number of at most 64 bits"),
        (("extra",), "unexpected extra argument"),
    ],
)
def test_an_invalid_option_is_a_usage_error_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.setattr("seedmock_server.http.server.run", lambda *_, **__: pytest.fail("the server has started"))
    result = CliRunner().invoke(main, ["serve", "--port", "0", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: ")
    assert message in " ".join(result.stderr.split())
    assert isinstance(result.exception, SystemExit)


def test_an_address_of_another_machine_is_an_error_of_one_line_with_a_page(start: Start) -> None:
    code, _, err = finish(start("--host", "203.0.113.7"))
    assert code == 1
    message, page = err.splitlines()
    assert message.startswith("Error: cannot listen on 203.0.113.7")
    assert page.startswith("See: ")
