"""What is verified: an address and its keys, or an emulator of our own on a clock that we move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from seedmock_contracts.contract import Contract
from seedmock_server.app import App
from seedmock_server.clock import Clock, ManualClock, pause
from seedmock_server.control.models import ClockResponse
from seedmock_server.control_client import ControlClient, ControlClientError
from seedmock_server.http.in_process import InProcessClient
from seedmock_server.settings import parse_settings

from ..driver.client import SendRequest
from ..driver.http_transport import HttpTransport, resolve_base_url
from ..results.verification import currency

OWN = "http://emulator.seedmock"
SERVED = "http://127.0.0.1:8000"
KEYS = {"first": "sk_mock_verify_first", "second": "sk_mock_verify_second"}
WRONG = "sk_mock_invalid_verify"
"""Refused by every upstream; an emulator that takes any key refuses this one by its name."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SEED = 20260601


@dataclass(frozen=True)
class Target:
    """Who is asked, with which keys, by whose clock. `name` is shown to people."""

    name: str
    send: SendRequest
    keys: Mapping[str, str]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    where: Callable[[str], str]
    """Makes an address whole that a speaker said, for those who want to ask the same."""
    own: bool = False
    """Whether it is an emulator that was made for this: its money is play money, and it confirms only itself."""
    moves: bool = False
    """Whether its clock moves when it is slept on, so that days can be waited for."""

    @property
    def currency(self) -> str:
        """What it is paid in."""
        return currency(self.own)


@contextmanager
def own(*, app: App | None = None, clock: Clock | None = None, **values: Any) -> Iterator[Target]:
    """An emulator in this process, on a clock that moves only when it is slept on. Raises InvalidSetting.

    `values` are the emulator's settings. An `app` is given together with the clock that it was made with.
    """
    clock = clock or ManualClock()
    keys = {**KEYS, "wrong": WRONG}
    made = app or App(parse_settings({"seed": SEED, "keys": tuple(KEYS.values()), **values}), clock=clock)
    with InProcessClient(made, host=OWN.removeprefix("http://")) as door:
        try:
            yield Target(
                "an emulator of its own", door.request, keys, clock.now, clock.sleep, _served, own=True, moves=True
            )
        finally:
            door.run(made.aclose())


@contextmanager
def elsewhere(contract: Contract, base_url: str, key: str, second: str = "") -> Iterator[Target]:
    """Whatever answers at an address, by the system's clock. Raises wire.InvalidAddress."""
    keys = {"first": key, "wrong": WRONG} | ({"second": second} if second else {})
    resolve_base_url(contract, base_url)
    with httpx.Client(timeout=httpx.Timeout(60.0, connect=10.0)) as client, _clock_of(base_url, key) as hands:
        now, sleep = hands or (Clock().now, pause)
        wire = HttpTransport(contract, base_url, keys, client, now, pause)
        yield Target(wire.base_url, wire, keys, now, sleep, wire.url_for, moves=hands is not None)


@contextmanager
def _clock_of(base_url: str, key: str) -> Iterator[tuple[Callable[[], float], Callable[[float], None]] | None]:
    """How an emulator's clock on this machine is read and moved, for this key alone; None for anybody else.

    Nobody but a machine's own emulator is ever asked.
    """
    if urlsplit(base_url).hostname not in LOOPBACK:
        yield None
        return
    with ControlClient(base_url) as control:
        try:
            hands = _Hands(control, key)
        except ControlClientError:
            yield None
            return
        yield hands.now, hands.sleep


class _Hands:
    """The clock of one key at an emulator, as it was last read or moved. Raises ControlClientError."""

    def __init__(self, control: ControlClient, key: str) -> None:
        self._control, self._key, self._here = control, key, Clock()
        self._read(control.clock.read(key=key))

    def now(self) -> float:
        return self._row.now + (self._here.now() - self._at) * self._row.rate

    def sleep(self, seconds: float) -> None:
        self._read(self._control.clock.advance(seconds, key=self._key))

    def _read(self, row: ClockResponse) -> None:
        self._row, self._at = row, self._here.now()


def _served(url: str) -> str:
    """Where the same would be asked of `seedmock serve`."""
    return SERVED + url.removeprefix(OWN) if url.startswith(("/", OWN)) else url
