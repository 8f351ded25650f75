"""Tools and resources of the MCP server. Each tool says in its errors what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import msgspec
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from seedmock_contracts import __version__
from seedmock_contracts.generation import GenerationRequest
from seedmock_contracts.upstreams import NAMES, contracts, get_contract
from seedmock_server.control_client import ControlClientError

from ..errors import HarnessError
from .agent_emulator import AgentEmulator, RefusedCall

INSTRUCTIONS = """seedmock emulates paid video APIs on this machine: orders cost play money. Quote before you order,
wait for a task, download its clip. Fates decide what becomes of a task, faults what goes wrong on the wire; the clock
can be moved. read_violations lists what requests did against the documented contract."""
UpstreamName = Annotated[str, Field(description="an upstream", examples=[NAMES[0]])]
Prompt = Annotated[str, Field(description="what the clip shows", examples=["A paper boat crosses a puddle."])]
ModelName = Annotated[str | None, Field(description="a model or a tier; default: the first one", examples=["fast"])]
SizeText = Annotated[str | None, Field(description="width x height, instead of a resolution", examples=["1280x720"])]
Resolution = Annotated[str | None, Field(examples=["720p"])]
Ratio = Annotated[str | None, Field(examples=["16:9"])]
Seconds = Annotated[int, Field(description="length of the clip", examples=[5])]
Match = Annotated[
    dict[str, Any] | None,
    Field(description="which calls: upstream, operation, prompt, model, nth, times", examples=[{"times": 1}]),
]
P = ParamSpec("P")
R = TypeVar("R")


def _answering(tool: Callable[P, R]) -> Callable[P, R]:
    """Turn refusals into errors that the agent reads."""

    @wraps(tool)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return tool(*args, **kwargs)
        except (HarnessError, ControlClientError, LookupError, OSError, ValueError) as error:
            raise ToolError(str(error.args[0] if error.args else error)) from error

    return call


def build_server(emulator: AgentEmulator) -> MCPServer[Any]:
    """Return the server for an emulator."""
    server: MCPServer[Any] = MCPServer("seedmock", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")
    for tool in (
        *_order_tools(emulator),
        *_reading_tools(emulator),
        *_control_tools(emulator),
        *_harness_tools(emulator),
    ):
        server.add_tool(_answering(tool))
    _add_resources(server, emulator)
    return server


def _order_tools(emulator: AgentEmulator) -> list[Callable[..., Any]]:
    def quote(
        upstream: UpstreamName, model: ModelName = None, size: SizeText = None, resolution: Resolution = None,
        ratio: Ratio = None, seconds: Seconds = 5,
    ) -> dict[str, Any]:  # fmt: skip
        """Price of an order in USD, with the facts behind it. Orders nothing."""
        return emulator.quote(upstream, _request(upstream, "", model, size, resolution, ratio, seconds))

    def order(
        upstream: UpstreamName, prompt: Prompt, model: ModelName = None, size: SizeText = None,
        resolution: Resolution = None, ratio: Ratio = None, seconds: Seconds = 5,
    ) -> dict[str, Any]:  # fmt: skip
        """Order a clip. Returns the task's id and the upstream's response; wait and download come next."""
        return emulator.order(upstream, _request(upstream, prompt, model, size, resolution, ratio, seconds))

    def wait(
        task_id: str, timeout_seconds: Annotated[float, Field(ge=0, le=600, examples=[30])] = 60
    ) -> dict[str, Any]:
        """Poll a task until it ends, or until the timeout; returns its status, fate and the last response."""
        return emulator.wait(task_id, timeout_seconds)

    def download(task_id: str, path: Annotated[str, Field(examples=["boat.mp4"])]) -> dict[str, Any]:
        """Save the clip of a finished task to a file."""
        return emulator.download(task_id, Path(path))

    def list_tasks(
        upstream: str | None = None, status: str | None = None, limit: Annotated[int, Field(ge=0, le=1000)] = 50
    ) -> Any:
        """List tasks with status, fate and model, oldest first."""
        return _plain(emulator.control.tasks(upstream=upstream, status=status, limit=limit))

    return [quote, order, wait, download, list_tasks]


def _request(
    upstream: str, prompt: str, model: str | None, size: str | None, resolution: str | None, ratio: str | None,
    seconds: int,
) -> GenerationRequest:  # fmt: skip
    """Return an order; without a size it gets the first of the model's that the contract has."""
    if upstream not in NAMES:
        raise RefusedCall(f"unknown upstream {upstream!r}; available: {', '.join(NAMES)}")
    if size is None and resolution is None:
        size = get_contract(upstream).sizes[0].text
    elif resolution is not None:
        ratio = ratio or "16:9"
    return GenerationRequest(prompt=prompt, model=model, size=size, resolution=resolution, ratio=ratio, seconds=seconds)


def _reading_tools(emulator: AgentEmulator) -> list[Callable[..., Any]]:
    control = emulator.control

    def read_journal(task: str | None = None, limit: Annotated[int, Field(ge=0, le=1000)] = 20) -> Any:
        """Last exchanges with the upstreams: requests, responses, faults, notes and violations."""
        return _plain(control.journal(limit=limit, task=task))

    def read_violations(limit: Annotated[int, Field(ge=0, le=1000)] = 50) -> Any:
        """Contract violations by requests, each with the fact, its basis and a sentence."""
        return _plain(control.violations(limit=limit))

    return [read_journal, read_violations]


def _control_tools(emulator: AgentEmulator) -> list[Callable[..., Any]]:
    control = emulator.control

    def set_fate(fate: Annotated[str, Field(examples=["moderated after=120s"])], match: Match = None) -> Any:
        """Decide what becomes of tasks that match: the resource seedmock://fates lists the kinds."""
        return _plain(control.fates.add(fate, **(match or {})))

    def set_fault(fault: Annotated[str, Field(examples=["status code=502"])], match: Match = None) -> Any:
        """Decide what goes wrong on the wire for calls that match: seedmock://faults lists the kinds."""
        return _plain(control.faults.add(fault, **(match or {})))

    def clear_rules() -> dict[str, int]:
        """Remove all fates and faults."""
        return {"fates": control.fates.clear().removed, "faults": control.faults.clear().removed}

    def activate_scenario(name: Annotated[str, Field(examples=["rate-limited"])]) -> Any:
        """Activate a built-in scenario: seedmock://scenarios lists them."""
        return _plain(control.activate_scenario(name))

    def move_clock(
        advance: Annotated[str | None, Field(examples=["15m"])] = None, next_event: bool = False, freeze: bool = False
    ) -> Any:
        """Advance the clock by a duration, to the next event, or freeze it; without an argument, read it."""
        if advance is not None:
            return _plain(control.clock.advance(advance))
        if next_event:
            return _plain(control.clock.next())
        return _plain(control.clock.freeze() if freeze else control.clock.read())

    return [set_fate, set_fault, clear_rules, activate_scenario, move_clock]


def _harness_tools(emulator: AgentEmulator) -> list[Callable[..., Any]]:
    def verify(
        upstream: UpstreamName,
        base_url: Annotated[
            str | None,
            Field(description="on this machine, or the upstream's own", examples=["http://127.0.0.1:8000"]),
        ] = None,
    ) -> dict[str, Any]:
        """Check a service against the documented contract by free checks alone: it orders nothing, wherever it is.

        Without base_url the service is an emulator that is started for this call.
        """
        from .harness_runs import verify_free

        return verify_free(upstream, base_url, emulator.key)

    def certify(
        upstream: UpstreamName,
        command: Annotated[str, Field(description="runs the client: order on stdin", examples=["python client.py"])],
        only: Annotated[list[str] | None, Field(examples=[["success"]])] = None,
    ) -> dict[str, Any]:
        """Run a client through faults and failing tasks, and tell if it loses money or clips."""
        from .harness_runs import certify_command

        return certify_command(upstream, command, only or [])

    return [verify, certify]


def _add_resources(server: MCPServer[Any], emulator: AgentEmulator) -> None:
    from seedmock_server.fates.models import PARAMETERS as FATES
    from seedmock_server.faults.kinds import MEANINGS
    from seedmock_server.faults.parameters import PARAMETERS as FAULTS

    @server.resource("seedmock://facts", mime_type="application/json")
    def facts() -> dict[str, Any]:
        """Every fact of the upstreams: id, basis and source."""
        return {
            contract.name: [{"id": fact.id, "basis": fact.basis, "source": fact.source} for fact in contract.facts()]
            for contract in contracts()
        }

    @server.resource("seedmock://fates", mime_type="application/json")
    def fates() -> dict[str, Any]:
        """Kinds of fates, with their parameters."""
        return {str(kind): dict(names) for kind, names in FATES.items()}

    @server.resource("seedmock://faults", mime_type="application/json")
    def faults() -> dict[str, Any]:
        """Kinds of faults, with their meanings and parameters."""
        return {str(kind): {"meaning": MEANINGS[kind], "parameters": dict(names)} for kind, names in FAULTS.items()}

    @server.resource("seedmock://scenarios", mime_type="application/json")
    def scenarios() -> Any:
        """Built-in scenarios, with the reports that they come from."""
        return _plain(emulator.control.scenarios())


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
