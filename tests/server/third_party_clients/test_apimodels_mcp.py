"""A's own MCP server, asked over its standard input as an agent's program asks it, with A's address changed."""

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
PATIENCE = 60.0


class Agent:
    """The other end of the pipe: JSON-RPC, one message a line."""

    def __init__(self, sent: IO[str], received: IO[str]) -> None:
        self._sent, self._received, self._number = sent, received, 0
        who = {"name": "seedmock", "version": "0"}
        self.ask("initialize", {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": who})
        self._say({"method": "notifications/initialized"})

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        self._say({"id": self._number, "method": method, "params": params})
        answer = json.loads(self._received.readline())
        assert answer["id"] == self._number, answer
        result: dict[str, Any] = answer["result"]
        return result

    def call(self, tool: str, **arguments: Any) -> tuple[str, bool]:
        """What a tool said, and whether it called that an error."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        return result["content"][0]["text"], bool(result.get("isError"))

    def _say(self, message: dict[str, Any]) -> None:
        self._sent.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._sent.flush()


@pytest.fixture(scope="module", params=["/v1", "/api/v1"])
def base(request: pytest.FixtureRequest) -> str:
    """A's two bases: the client's own default ends in the first, the page's in the second."""
    return str(request.param)


@pytest.fixture(scope="module")
def agent(node: Callable[[str], list[str]], emulate: Callable[..., Any], base: str) -> Iterator[Agent]:
    command = node("node_modules/apimodels-mcp/dist/index.js")
    address = {"APIMODELS_BASE_URL": emulate().url + base, "APIMODELS_API_KEY": "sk_test"}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **address},
    ) as process:
        alarm = threading.Timer(PATIENCE, process.kill)
        alarm.start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Agent(process.stdin, process.stdout)
        finally:
            alarm.cancel()
            process.kill()


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        content: bytes = answer.read()
        return content


def task_in(text: str) -> str:
    return text.partition("video task ")[2].partition(",")[0]


@pytest.mark.slow
def test_a_video_is_created_waited_for_and_found_without_a_key(agent: Agent, watch: Any) -> None:
    """One second is two looks: not done yet. The agent is told to ask again, and the next look finds it done."""
    text, failed = agent.call("generate_video", **BOAT, wait_seconds=1)
    assert not failed
    assert text.startswith("STILL RUNNING"), text
    url, failed = agent.call("get_task", task_id=task_in(text), wait_seconds=0)
    assert not failed
    seen = watch(fetched(url))
    assert (seen["size"], seen["frames"], seen["audio"]) == ((960, 960), 96, True)


def test_a_picture_on_this_machine_is_uploaded_first(
    agent: Agent, emulate: Any, base: str, picture: Any, tmp_path: Any
) -> None:
    (tmp_path / "red.png").write_bytes(picture("red"))
    before = len(emulate().heard(base + "/files"))
    text, failed = agent.call("generate_video", **BOAT, image_url=str(tmp_path / "red.png"), wait_seconds=0)
    assert not failed, text
    assert emulate().heard(base + "/files")[before:] == [("POST", base + "/files", 200)]


def test_models_are_listed(agent: Agent) -> None:
    text, failed = agent.call("list_models")
    assert not failed
    assert MODEL in text.splitlines()


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("generate_video", {**BOAT, "duration": 40}, "(HTTP 400): duration"),
        ("generate_video", {**BOAT, "model": "seedance-2"}, "(HTTP 400): Invalid model: seedance-2. Supported: "),
        ("get_task", {"task_id": "cl0123456789abcdefghijklm", "wait_seconds": 0}, "(HTTP 404): "),
        ("chat", {"prompt": "A paper boat"}, "(HTTP 404): "),
    ],
)
def test_refusals_are_read_out(agent: Agent, tool: str, arguments: dict[str, Any], said: str) -> None:
    text, failed = agent.call(tool, **arguments)
    assert failed
    assert said in text
