"""MCP server, driven by the client of the mcp package: in memory, over stdio, and over streamable HTTP."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.mcp_server import MOCK_KEY
from seedmock_harness.mcp_server.agent_emulator import AgentEmulator
from seedmock_server import serve

COMMAND = ["-c", "from seedmock_server.cli.main import main; main()", "mcp"]
TOOLS = {
    *("quote", "order", "wait", "download", "list_tasks", "read_journal", "read_violations", "set_fate", "set_fault"),
    *("clear_rules", "activate_scenario", "move_clock", "verify", "certify"),
}
Session = Callable[[Any], Awaitable[None]]


@pytest.fixture
def emulator() -> Iterator[AgentEmulator]:
    with serve(pace="instant", seed=1) as server:
        agent = AgentEmulator(server.url, MOCK_KEY)
        yield agent
        agent.close()


def run(server: Any, session: Session) -> None:
    import mcp  # here: it takes seconds, in each worker that collects this module

    async def connect() -> None:
        async with mcp.Client(server) as client:
            await session(client)

    anyio.run(connect)


def in_memory(emulator: AgentEmulator, session: Session) -> None:
    from seedmock_harness.mcp_server.agent_tools import build_server  # which imports mcp

    run(build_server(emulator), session)


def result_of(result: Any) -> Any:
    assert not result.is_error, result.content
    return result.structured_content if result.structured_content is not None else json.loads(result.content[0].text)


def error_of(result: Any) -> str:
    assert result.is_error, result
    return str(result.content[0].text)


async def order_and_download(client: Any, folder: Path) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == TOOLS
    assert all(tool.description for tool in tools.values())
    order: dict[str, Any] = {"upstream": "opeai", "model": "fast", "size": "640x640", "seconds": 4}
    quote = result_of(await client.call_tool("quote", order))
    created = result_of(await client.call_tool("order", {**order, "prompt": "A paper boat"}))
    assert created["quote_usd"] == quote["usd"]
    task = result_of(await client.call_tool("wait", {"task_id": created["task_id"], "timeout_seconds": 20}))
    assert task["status"] == "SUCCESS"
    path = folder / "boat.mp4"
    saved = result_of(await client.call_tool("download", {"task_id": created["task_id"], "path": str(path)}))
    assert path.read_bytes()[4:8] == b"ftyp"
    assert saved["bytes"] == path.stat().st_size


def test_an_agent_orders_waits_and_downloads_at_both_upstreams(emulator: AgentEmulator, tmp_path: Path) -> None:
    async def session(client: Any) -> None:
        await order_and_download(client, tmp_path)
        order = {"upstream": "apimodels", "prompt": "A kite", "model": "mini", "resolution": "720p", "seconds": 4}
        created = result_of(await client.call_tool("order", order))
        path = str(tmp_path / "kite.mp4")
        assert (
            result_of(await client.call_tool("download", {"task_id": created["task_id"], "path": path}))["bytes"] > 100
        )
        tasks = result_of(await client.call_tool("list_tasks", {"upstream": "apimodels"}))
        assert [task["id"] for task in tasks["tasks"]] == [created["task_id"]]

    in_memory(emulator, session)


def test_an_agent_breaks_things_and_reads_what_happened(emulator: AgentEmulator) -> None:
    async def session(client: Any) -> None:
        await client.call_tool("set_fate", {"fate": "failed", "match": {"times": 1}})
        order = {"upstream": "opeai", "prompt": "A kite"}
        created = result_of(await client.call_tool("order", order))
        task = result_of(await client.call_tool("wait", {"task_id": created["task_id"]}))
        assert task["status"] == "FAILURE"
        await client.call_tool("set_fault", {"fault": "status code=503", "match": {"operation": "create", "times": 1}})
        assert "was refused with 503" in error_of(await client.call_tool("order", order))
        assert result_of(await client.call_tool("clear_rules", {})) == {"fates": 1, "faults": 1}
        journal = result_of(await client.call_tool("read_journal", {"limit": 1}))
        assert journal["exchanges"][0]["status"] == 503
        refused = await client.call_tool("order", {**order, "seconds": 99})
        assert "4 to 15" in error_of(refused)
        violations = result_of(await client.call_tool("read_violations", {}))
        assert violations["violations"][-1]["fact"] == "opeai.create.seconds.range"
        before = result_of(await client.call_tool("move_clock", {}))["now"]
        assert result_of(await client.call_tool("move_clock", {"advance": "1h"}))["now"] >= before + 3600
        active = result_of(await client.call_tool("activate_scenario", {"name": "rate-limited"}))
        assert active["scenario"]["name"] == "rate-limited"

    in_memory(emulator, session)


@pytest.mark.parametrize(("tool", "arguments", "text"), [
    ("order", {"upstream": "other", "prompt": "x"}, "available: apimodels, opeai"),
    ("quote", {"upstream": "opeai", "size": "1x1"}, "allowed: 864x496"),
    ("quote", {"upstream": "opeai", "model": "sora"}, "has no model 'sora'; allowed:"),
    ("wait", {"task_id": "cgt-1"}, "unknown task"), ("download", {"task_id": "cgt-1", "path": "x"}, "unknown task"),
    ("set_fate", {"fate": "vanish"}, "allowed: succeed"), ("set_fault", {"fault": "status"}, "neither code nor kind"),
    ("set_fate", {"fate": "stuck", "match": {"colour": "red"}}, "unknown argument 'colour'"),
    ("activate_scenario", {"name": "none"}, "unknown scenario 'none'; available:"),
    ("move_clock", {"advance": "soon"}, "advance is 'soon'; allowed:"), ("dance", {}, "dance"),
    ("certify", {"upstream": "opeai", "command": "true", "only": ["none"]}, "none"),
    ("wait", {"task_id": "x", "timeout_seconds": -1}, "timeout_seconds"),
])  # fmt: skip
def test_errors_say_what_is_allowed(emulator: AgentEmulator, tool: str, arguments: dict[str, Any], text: str) -> None:
    async def session(client: Any) -> None:
        try:
            message = error_of(await client.call_tool(tool, arguments))
        except Exception as error:
            message = str(error)  # an unknown tool is an error of the protocol
        assert text in message

    in_memory(emulator, session)


def test_resources_list_facts_fates_faults_and_scenarios(emulator: AgentEmulator) -> None:
    async def session(client: Any) -> None:
        resources = (await client.list_resources()).resources
        assert {str(row.uri) for row in resources} == {
            f"seedmock://{name}" for name in ("facts", "fates", "faults", "scenarios")
        }
        texts = {
            name: (await client.read_resource(f"seedmock://{name}")).contents[0].text for name in ("facts", "faults")
        }
        assert {"apimodels", "opeai"} == set(json.loads(texts["facts"]))
        assert json.loads(texts["faults"])["status"]["parameters"]["code"].startswith("the HTTP status")

    in_memory(emulator, session)


@pytest.mark.slow
def test_an_agent_verifies_and_certifies(emulator: AgentEmulator) -> None:
    async def session(client: Any) -> None:
        result = result_of(await client.call_tool("verify", {"upstream": "opeai"}))
        assert (result["verdict"], result["findings"]) == ("conforms", [])
        command = f"{sys.executable} -c pass"
        arguments = {"upstream": "opeai", "command": command, "only": ["success"]}
        assert result_of(await client.call_tool("certify", arguments))["verdict"] != "certified"

    in_memory(emulator, session)


@pytest.mark.slow
def test_over_stdio_with_an_emulator_of_its_own(tmp_path: Path) -> None:
    from mcp.client.stdio import StdioServerParameters, stdio_client

    parameters = StdioServerParameters(command=sys.executable, args=[*COMMAND, "--pace", "instant"])
    run(stdio_client(parameters), lambda client: order_and_download(client, tmp_path))


@pytest.mark.slow
def test_over_streamable_http_with_a_given_emulator(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serve(pace="instant", seed=1) as server:
        options = ["--url", server.url, "--transport", "streamable-http", "--port", str(port)]
        with subprocess.Popen([sys.executable, *COMMAND, *options], stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for(port)
                run(f"http://127.0.0.1:{port}/mcp", lambda client: order_and_download(client, tmp_path))
            finally:
                process.terminate()


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the MCP server does not listen")


@pytest.mark.slow
def test_a_server_of_this_machine_is_verified_without_an_order(emulator: AgentEmulator) -> None:
    async def session(client: Any) -> None:
        arguments = {"upstream": "opeai", "base_url": emulator.url}
        assert result_of(await client.call_tool("verify", arguments))["findings"] == []
        await client.call_tool("set_fault", {"fault": "other_envelope form=flat"})
        result = result_of(await client.call_tool("verify", arguments))
        assert result["verdict"] == "drifted" and result["findings"]
        assert result_of(await client.call_tool("list_tasks", {}))["tasks"] == []

    in_memory(emulator, session)


@pytest.mark.parametrize(("base_url", "text"), [
    ("https://evil.example/v1", "allowed: an address of this machine, https://"),
    ("https://127.0.0.1.evil.example", "allowed: an address of this machine, https://"),
    ("https://{host}@evil.example", "allowed: an address of this machine, https://"),
    ("http://{host}", "allowed: an address of this machine, https://"), ("file:///etc/passwd", "allowed: an address"),
    ("https://{host}", "start `seedmock mcp` with SEEDMOCK_API_KEY"), ("http://127.0.0.1:1/?x=1", "not a base URL"),
])  # fmt: skip
def test_the_key_goes_nowhere_but_to_its_service(emulator: AgentEmulator, base_url: str, text: str) -> None:
    host = get_contract("opeai").bases[0].host.removeprefix("https://")

    async def session(client: Any) -> None:
        arguments = {"upstream": "opeai", "base_url": base_url.format(host=host)}
        assert text in error_of(await client.call_tool("verify", arguments))

    in_memory(emulator, session)
