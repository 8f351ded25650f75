"""Measure a render of 15 minutes against a timeout of 10 when emulator and client share one clock.

    python benchmarks/clock.py [--rounds 30]

In process and over a socket; beside them, in the same rounds, the very same requests by bare httpx over that socket,
which is what the wire alone costs. Fails when the median render in process takes 50 ms or more.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

import httpx

from seedmock_client import AsyncClient, Client, GenerationRequest, RetryPolicy, WaitTimeoutError
from seedmock_server import create_app, serve
from seedmock_server.clock import ManualClock

RENDER, TIMEOUT, LIMIT = 900.0, 600.0, 0.050
PROMPT = f"[[mock: slow after={RENDER:g}s]] A paper boat"
ORDER = GenerationRequest(prompt=PROMPT, model="seedance-2-0-fast", size="640x640", seconds=4)
OPTIONS: dict[str, Any] = {"api_key": "sk_mock_bench", "retry_policy": RetryPolicy(wait_seconds=TIMEOUT)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    return asyncio.run(compare(rounds))


async def compare(rounds: int) -> int:
    clock = ManualClock()
    options = {"sleep": clock.sleep, "now": clock.now, **OPTIONS}
    requests: list[httpx.Request] = []
    with (
        serve(clock=clock, pace="fast", seed=1) as server,
        Client("opeai", base_url=server.url, transport=recording(requests), **options) as recorded,
        Client("opeai", base_url=server.url, **options) as client,
        httpx.Client() as bare,
    ):
        render(recorded)
        repeat(bare, requests)
        render(client)
        table = [(await in_process(), timed(render, client), timed(repeat, bare, requests)) for _ in range(rounds)]
    return report(table, len(requests))


async def in_process() -> float:
    """One render on an emulator without a socket; making the emulator is not counted."""
    clock = ManualClock()

    async def sleep(seconds: float) -> None:
        clock.sleep(seconds)

    async with create_app(clock=clock, pace="fast", seed=1) as app:
        transport = httpx.ASGITransport(app)
        options: dict[str, Any] = {"base_url": "http://127.0.0.1", "sleep": sleep, "now": clock.now, **OPTIONS}
        async with AsyncClient("opeai", transport=transport, **options) as client:
            before = time.perf_counter()
            await timing_out(client)
            return time.perf_counter() - before


async def timing_out(client: AsyncClient) -> None:
    try:
        await client.wait(await client.create(ORDER))
    except WaitTimeoutError:
        return
    raise AssertionError("the render ended before the timeout")


def render(client: Client) -> None:
    """Create, and wait until the timeout: ten minutes pass on the clock."""
    try:
        client.wait(client.create(ORDER))
    except WaitTimeoutError:
        return
    raise AssertionError("the render ended before the timeout")


def recording(requests: list[httpx.Request]) -> httpx.HTTPTransport:
    """A transport that appends its requests to a list."""

    class Recording(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            requests.append(request)
            return super().handle_request(request)

    return Recording()


def repeat(bare: httpx.Client, requests: list[httpx.Request]) -> None:
    for request in requests:
        bare.request(request.method, request.url, content=request.content, headers=request.headers).raise_for_status()


def timed(act: Callable[..., None], *arguments: Any) -> float:
    before = time.perf_counter()
    act(*arguments)
    return time.perf_counter() - before


def report(table: list[tuple[float, float, float]], requests: int) -> int:
    columns = list(zip(*table, strict=True))
    inside, socket, bare = (statistics.median(column) * 1000 for column in columns)
    best = [min(column) * 1000 for column in columns]
    print(f"a render of {RENDER / 60:g} minutes against a timeout of {TIMEOUT / 60:g}: {requests} requests")
    print(f"{'':24}median      best   to bare httpx")
    for name, median, least in zip(("in process", "over a socket"), (inside, socket), best, strict=False):
        print(f"{name:18}{median:9.1f} ms{least:7.1f} ms{median / bare:12.2f}")
    print(f"{'bare httpx':18}{bare:9.1f} ms{best[2]:7.1f} ms        the same requests over the socket")
    print(f"{'ok' if inside < LIMIT * 1000 else 'TOO SLOW'}: the limit in process is {LIMIT * 1000:g} ms")
    return 0 if inside < LIMIT * 1000 else 1


if __name__ == "__main__":
    raise SystemExit(main())
