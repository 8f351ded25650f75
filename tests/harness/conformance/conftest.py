"""Emulators to talk to, honest ones and liars, behind two doors: in process, and on a socket."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import create_app, serve
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import InProcessClient

KEYS = {"first": "sk_conformance_first", "second": "sk_conformance_second", "wrong": "sk_conformance_wrong"}
ALLOWED = (KEYS["first"], KEYS["second"])


@dataclass(frozen=True)
class Target:
    """An emulator that one can talk to: what `run_conformance` and `replay` want to know of it."""

    send: Callable[..., Any]
    clock: ManualClock
    lies: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def begin(self) -> None:
        """Forget everything, and lie as before."""
        assert self.send("POST", "/_mock/reset", headers={}, content=b"").status_code == 200
        for fault, match in self.lies:
            self._lie(fault, match)

    def _lie(self, fault: str, match: dict[str, Any]) -> None:
        rule = {"match": match, "fault": fault}
        answer = self.send(
            "POST", "/_mock/faults", headers={"content-type": "application/json"}, content=json.dumps(rule).encode()
        )
        assert answer.status_code in (200, 201), answer.content


@contextlib.contextmanager
def in_process(**chosen: Any) -> Iterator[Target]:
    clock = ManualClock()
    app = create_app(clock=clock, **chosen)
    with InProcessClient(app) as door:
        yield Target(door.request, clock)
        door.run(app.aclose())


@contextlib.contextmanager
def on_a_socket(**chosen: Any) -> Iterator[Target]:
    clock = ManualClock()
    with serve(clock=clock, **chosen) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        yield Target(client.request, clock)


DOORS = {"in process": in_process, "on a socket": on_a_socket}


@contextlib.contextmanager
def _opening(clips: Path) -> Iterator[Callable[..., Target]]:
    with contextlib.ExitStack() as stack:

        def opened(kind: str = "in process", lies: Any = (), **chosen: Any) -> Target:
            values = {"pace": "fast", "seed": 1, "cache_dir": clips, "keys": ALLOWED, **chosen}
            return replace(stack.enter_context(DOORS[kind](**values)), lies=list(lies))

        yield opened


@pytest.fixture
def open_target(clips: Path) -> Iterator[Callable[..., Target]]:
    """Opens a target with settings of its own; `kind` names its door."""
    with _opening(clips) as opened:
        yield opened


@pytest.fixture(scope="session")
def open_lasting(clips: Path) -> Iterator[Callable[..., Target]]:
    """Opens a target in process that is there for all tests, with its lies."""
    with _opening(clips) as opened:
        known: dict[str, Target] = {}

        def lasting(lies: Any = ()) -> Target:
            if repr(lies) not in known:
                known[repr(lies)] = opened(lies=lies)
                known[repr(lies)].begin()
            return known[repr(lies)]

        yield lasting


@pytest.fixture(params=DOORS)
def target(request: pytest.FixtureRequest, open_target: Callable[..., Target]) -> Target:
    return open_target(request.param)
