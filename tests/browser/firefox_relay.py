"""Start Firefox for Playwright and answer for it the one command that Firefox ESR does not know.

Playwright sets the colour scheme of each new context by `emulation.setMediaFeaturesOverride`, without which there is no
context. A newer Firefox carries it out; an older one keeps the scheme that it has. Run in the place of Firefox.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from asyncio import StreamReader

from aiohttp import ClientSession, ClientWebSocketResponse, web

ANNOUNCEMENT = "WebDriver BiDi listening on "
"""Playwright waits for it, and connects to the address that follows."""
UNKNOWN = "unknown command"
OPTIONAL = "emulation.setMediaFeaturesOverride"


async def run(command: list[str]) -> int:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    address = await announced_address(process.stderr)
    if address:
        app = web.Application()
        app.router.add_get("/{path:.*}", Relay(address).connect)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        sys.stderr.write(f"{ANNOUNCEMENT}ws://{host}:{port}\n")
        sys.stderr.flush()
        while await process.stderr.readline():  # a pipe that is full would stop Firefox
            pass
    return await process.wait()


async def announced_address(stderr: StreamReader) -> str:
    """Return the address at which Firefox listens; empty if it has ended."""
    while line := (await stderr.readline()).decode("utf-8", "replace"):
        if match := re.search(rf"{ANNOUNCEMENT}(\S+)", line):
            return match[1]
        sys.stderr.write(line)
    return ""


class Relay:
    """Passes the messages of a connection on, in both directions."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        playwright = web.WebSocketResponse(max_msg_size=0, compress=False)
        await playwright.prepare(request)
        async with (
            ClientSession() as session,
            session.ws_connect(self.address + request.path, max_msg_size=0) as firefox,
        ):
            await asyncio.gather(forward(playwright, firefox), forward(firefox, playwright))
        return playwright


AnySocket = web.WebSocketResponse | ClientWebSocketResponse


async def forward(source: AnySocket, target: AnySocket) -> None:
    async for message in source:
        await target.send_str(answered(message.data))
    await target.close()


def answered(message: str) -> str:
    """Return a message, or a success in the place of Firefox's error for the command that it does not know."""
    if UNKNOWN not in message or OPTIONAL not in message:
        return message
    reply = json.loads(message)
    return json.dumps({"type": "success", "id": reply["id"], "result": {}}) if reply["error"] == UNKNOWN else message


if __name__ == "__main__":
    sys.exit(asyncio.run(run(sys.argv[1:])))
