"""What an agent does with the MCP server: order within a budget, wait, break things, and read the violations.

python agent.py                         prints each call and what came back
python agent.py --record session.jsonl  also writes them, one JSON object a line
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
COMMAND = shutil.which("seedmock", path=PATH) or "seedmock"
SERVER = StdioServerParameters(command=COMMAND, args=["mcp", "--pace", "instant"])
ORDER = {"upstream": "opeai", "prompt": "A paper boat", "model": "fast", "size": "640x640", "seconds": 4}
TOO_LONG = {**ORDER, "seconds": 99}


class Agent:
    """Calls tools, and remembers each call with its result. `budget` is in USD."""

    def __init__(self, client: Client, budget: float) -> None:
        self.client, self.budget, self.calls = client, budget, []

    async def call(self, tool: str, **arguments: Any) -> Any:
        """Return the result of a tool, or its error as a text: an agent reads both."""
        answer = await self.client.call_tool(tool, arguments)
        result = answer.content[0].text if answer.is_error else answer.structured_content
        if result is None:
            result = json.loads(answer.content[0].text)
        self.calls.append({"tool": tool, "arguments": arguments, "is_error": answer.is_error, "result": result})
        return result

    async def order(self, **order: Any) -> dict[str, Any] | None:
        """Order a clip if the budget holds it, and wait for its end; None if it is too dear."""
        quote = await self.call("quote", **{name: value for name, value in order.items() if name != "prompt"})
        if float(quote["usd"]) > self.budget:
            return None
        created = await self.call("order", **order)
        ended: dict[str, Any] = await self.call("wait", task_id=created["task_id"])
        self.budget -= float(quote["usd"]) if ended["status"] == "SUCCESS" else 0
        return ended


async def session(folder: Path) -> list[dict[str, Any]]:
    """Run a session; return its calls. The clip is saved in the folder."""
    async with Client(stdio_client(SERVER)) as client:
        agent = Agent(client, budget=0.5)
        first = await agent.order(**ORDER)
        assert first is not None
        await agent.call("download", task_id=first["id"], path=str(folder / "boat.mp4"))
        await agent.order(**ORDER)  # 0.2716 USD: the second is too dear
        agent.budget = 5
        await agent.call("set_fate", fate="moderated", match={"times": 1})
        await agent.order(**ORDER)  # ends in failure, and costs nothing
        await agent.call("order", **TOO_LONG)  # refused, with what is allowed
        await agent.call("read_violations")
        await agent.call("clear_rules")
        await agent.call("verify", upstream="opeai")
        return agent.calls


def main() -> None:
    parser = argparse.ArgumentParser(description="Run an agent's session with `seedmock mcp`.")
    parser.add_argument("--record", type=Path, metavar="FILE", help="Write each call and its result to this file.")
    parser.add_argument("--folder", type=Path, default=Path(), help="Where the clip is saved.")
    options = parser.parse_args()
    calls = anyio.run(session, options.folder)
    lines = [json.dumps(call, ensure_ascii=False) for call in calls]
    if options.record:
        options.record.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for call, line in zip(calls, lines, strict=True):
        print(f"{call['tool']}: {line[:300]}")


if __name__ == "__main__":
    main()
