"""The MCP server of apimodels, used over its standard input as an agent does, with the emulator's address."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from typing import IO, Any

import pytest

MODEL = "seedance2-a/seedance-2.0-mini"
BOAT = {"prompt": "A paper boat on a canal", "model": MODEL, "duration": "4", "aspect_ratio": "1:1"}
TIMEOUT = 60.0


class Agent:
    """MCP client on the other end of the pipe: JSON-RPC, one message a line."""

    def __init__(self, stdin: IO[str], stdout: IO[str]) -> None:
        self._stdin, self._stdout, self._number = stdin, stdout, 0
        client_info = {"name": "seedmock", "version": "0"}
        self.request("initialize", {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": client_info})
        self._send({"method": "notifications/initialized"})

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        response = json.loads(self._stdout.readline())
        assert response["id"] == self._number, response
        result: dict[str, Any] = response["result"]
        return result

    def call(self, tool: str, **arguments: Any) -> tuple[str, bool]:
        """Call a tool; return its text, and if that is an error."""
        result = self.request("tools/call", {"name": tool, "arguments": arguments})
        return result["content"][0]["text"], bool(result.get("isError"))

    def _send(self, message: dict[str, Any]) -> None:
        self._stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._stdin.flush()


@pytest.fixture(scope="module", params=["/v1", "/api/v1"])
def base(request: pytest.FixtureRequest) -> str:
    """The base paths of apimodels: the default of the MCP server, and that of the documentation."""
    return str(request.param)


@pytest.fixture(scope="module")
def agent(node: Callable[[str], list[str]], start_emulator: Callable[..., Any], base: str) -> Iterator[Agent]:
    command = node("node_modules/apimodels-mcp/dist/index.js")
    address = {"APIMODELS_BASE_URL": start_emulator().url + base, "APIMODELS_API_KEY": "sk_test"}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **address},
    ) as process:
        alarm = threading.Timer(TIMEOUT, process.kill)
        alarm.start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Agent(process.stdin, process.stdout)
        finally:
            alarm.cancel()
            process.kill()


def download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as response:
        content: bytes = response.read()
        return content


def task_id_in(text: str) -> str:
    return text.partition("video task ")[2].partition(",")[0]


@pytest.mark.slow
def test_a_video_is_created_polled_and_downloaded_without_a_key(agent: Agent, watch: Any) -> None:
    """Waiting for one second is two polls, so that the agent is asked to poll again."""
    text, failed = agent.call("generate_video", **BOAT, wait_seconds=1)
    assert not failed
    assert text.startswith("STILL RUNNING"), text
    url, failed = agent.call("get_task", task_id=task_id_in(text), wait_seconds=0)
    assert not failed
    clip = watch(download(url))
    assert (clip["size"], clip["frames"], clip["audio"]) == ((960, 960), 96, True)


def test_a_local_picture_is_uploaded_first(
    agent: Agent, start_emulator: Any, base: str, picture: Any, tmp_path: Any
) -> None:
    (tmp_path / "red.png").write_bytes(picture("red"))
    before = len(start_emulator().requests(base + "/files"))
    text, failed = agent.call("generate_video", **BOAT, image_url=str(tmp_path / "red.png"), wait_seconds=0)
    assert not failed, text
    assert start_emulator().requests(base + "/files")[before:] == [("POST", base + "/files", 200)]


def test_models_are_listed(agent: Agent) -> None:
    text, failed = agent.call("list_models")
    assert not failed
    assert MODEL in text.splitlines()


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("generate_video", {**BOAT, "duration": 40}, "(HTTP 400): duration"),
        ("generate_video", {**BOAT, "model": "seedance-2"}, "(HTTP 400): Invalid model: seedance-2. Supported: "),
        ("get_task", {"task_id": "cl0123456789abcdefghijklm", "wait_seconds": 0}, "(HTTP 404): "),
        ("chat", {"prompt": "A paper boat"}, "(HTTP 404): "),
    ],
)
def test_errors_are_reported_with_their_status_and_message(
    agent: Agent, tool: str, arguments: dict[str, Any], message: str
) -> None:
    text, failed = agent.call(tool, **arguments)
    assert failed
    assert message in text
