"""Targets of a verification: a live service with its keys, or an emulator in this process on a manual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from msgspec import Struct

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

EMULATOR_ORIGIN = "http://emulator.seedmock"
SERVE_ORIGIN = "http://127.0.0.1:8000"
"""Default address of `seedmock serve`: the curl commands of an emulator's findings use it."""
KEYS = {"first": "sk_mock_verify_first", "second": "sk_mock_verify_second"}
WRONG_KEY = "sk_mock_invalid_verify"
"""Rejected by every upstream, and by an emulator that accepts any other key (magic value `invalid`)."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Fixed, so that the emulator draws the same ids, fates and latencies in each run.
SEED = 20260601


class Target(Struct, frozen=True):
    """A service to verify: how to send to it, its keys by caller, and its clock. `name` is for people."""

    name: str
    send: SendRequest
    keys: Mapping[str, str]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    absolute_url: Callable[[str], str]
    """Completes the URL of a request, so that it can be repeated by hand."""
    is_own_emulator: bool = False
    """True for an emulator started by the harness: orders cost play money, and it confirms only itself."""
    has_manual_clock: bool = False
    """True if sleeping advances the target's clock at once, so that days can be waited for."""
    is_emulator: bool = False
    """True for any emulator: it confirms only itself."""

    @property
    def currency(self) -> str:
        return currency(self.is_own_emulator)


@contextmanager
def emulator_target(*, app: App | None = None, clock: Clock | None = None, **settings: Any) -> Iterator[Target]:
    """Run an emulator in this process on a clock that only sleeping advances. Raises InvalidSetting.

    `settings` are the emulator's. An `app` must come with the clock that it was created with.
    """
    clock = clock or ManualClock()
    keys = {**KEYS, "wrong": WRONG_KEY}
    app = app or App(parse_settings({"seed": SEED, "keys": tuple(KEYS.values()), **settings}), clock=clock)
    with InProcessClient(app, host=EMULATOR_ORIGIN.removeprefix("http://")) as client:
        try:
            yield Target(
                name="an emulator started for this run",
                send=client.request,
                keys=keys,
                now=clock.now,
                sleep=clock.sleep,
                absolute_url=_served_url,
                is_own_emulator=True,
                has_manual_clock=True,
                is_emulator=True,
            )
        finally:
            client.run(app.aclose())


@contextmanager
def live_target(contract: Contract, base_url: str, key: str, second_key: str = "") -> Iterator[Target]:
    """Connect to the service at a base URL, on the system clock. Raises InvalidBaseUrl."""
    keys = {"first": key, "wrong": WRONG_KEY} | ({"second": second_key} if second_key else {})
    resolve_base_url(contract, base_url)
    with httpx.Client(timeout=httpx.Timeout(60.0, connect=10.0)) as client, _emulator_clock(base_url, key) as remote:
        now, sleep = remote or (Clock().now, pause)
        # Real pauses between tries, since moving a clock does not help a busy server.
        transport = HttpTransport(contract, base_url, keys, client, now, pause)
        yield Target(
            transport.base_url,
            transport,
            keys,
            now,
            sleep,
            transport.url_for,
            has_manual_clock=remote is not None,
            is_emulator=remote is not None,
        )


@contextmanager
def _emulator_clock(base_url: str, key: str) -> Iterator[tuple[Callable[[], float], Callable[[float], None]] | None]:
    """Yield `now` and `sleep` of the key's clock at an emulator on this machine; None for any other service.

    The control API is only ever requested on loopback: a live service must not see a request it does not know.
    """
    if urlsplit(base_url).hostname not in LOOPBACK:
        yield None
        return
    with ControlClient(base_url) as control:
        try:
            clock = _RemoteClock(control, key)
        except ControlClientError:
            yield None
            return
        yield clock.now, clock.sleep


class _RemoteClock:
    """Clock of one key at an emulator, extrapolated from its last reading. Raises ControlClientError."""

    def __init__(self, control: ControlClient, key: str) -> None:
        self._control, self._key, self._local = control, key, Clock()
        self._update(control.clock.read(key=key))

    def now(self) -> float:
        return self._row.now + (self._local.now() - self._read_at) * self._row.rate

    def sleep(self, seconds: float) -> None:
        self._update(self._control.clock.advance(seconds, key=self._key))

    def _update(self, row: ClockResponse) -> None:
        self._row, self._read_at = row, self._local.now()


def _served_url(url: str) -> str:
    """Return the URL of the same request at `seedmock serve`."""
    return SERVE_ORIGIN + url.removeprefix(EMULATOR_ORIGIN) if url.startswith(("/", EMULATOR_ORIGIN)) else url
