"""What is verified: an address and its keys, or an emulator of our own on a clock that we move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from seedmock_contracts.contract import Contract
from seedmock_contracts.speaking import Send

from ..app import App
from ..clock import Clock, ManualClock, pause
from ..settings import from_texts
from .wire import Answer, Wire

OWN = "http://emulator.seedmock"
SERVED = "http://127.0.0.1:8000"
KEYS = {"first": "sk_mock_verify_first", "second": "sk_mock_verify_second"}
WRONG = "sk_mock_invalid_verify"
"""Refused by every upstream; an emulator that takes any key refuses this one by its name."""
SEED = 20260601


@dataclass(frozen=True)
class Target:
    """Who is asked, with which keys, by whose clock. `name` is shown to people."""

    name: str
    send: Send
    keys: Mapping[str, str]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    where: Callable[[str], str]
    """Makes an address whole that a speaker said, for those who want to ask the same."""
    own: bool = False
    """Whether it is an emulator that was made for this: its money is play money, and it confirms only itself."""


@contextmanager
def own(*, app: App | None = None, clock: Clock | None = None, **values: Any) -> Iterator[Target]:
    """An emulator in this process, on a clock that moves only when it is slept on. Raises InvalidSetting.

    `values` are the emulator's settings. An `app` is given together with the clock that it was made with.
    """
    clock = clock or ManualClock()
    keys = {**KEYS, "wrong": WRONG}
    made = app or App(from_texts({"seed": SEED, "keys": tuple(KEYS.values()), **values}), clock=clock)
    loop = asyncio.new_event_loop()
    client = httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url=OWN)

    def send(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Answer:
        answer = loop.run_until_complete(client.request(method, url, headers=dict(headers), content=content))
        return Answer(answer.status_code, answer.headers, answer.content)

    try:
        yield Target("an emulator of its own", send, keys, clock.now, clock.sleep, _served, own=True)
    finally:
        loop.run_until_complete(client.aclose())
        loop.run_until_complete(made.aclose())
        loop.close()


@contextmanager
def elsewhere(said: Contract, base_url: str, key: str, second: str = "") -> Iterator[Target]:
    """Whatever answers at an address, by the system's clock. Raises wire.InvalidAddress."""
    keys = {"first": key, "wrong": WRONG} | ({"second": second} if second else {})
    clock = Clock()
    with httpx.Client(timeout=httpx.Timeout(60.0, connect=10.0)) as client:
        wire = Wire(said, base_url, keys, client, clock.now, pause)
        yield Target(wire.shown, wire, keys, clock.now, pause, wire.where)


def _served(url: str) -> str:
    """Where the same would be asked of `seedmock serve`."""
    return SERVED + url.removeprefix(OWN) if url.startswith(("/", OWN)) else url
