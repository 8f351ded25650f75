"""Emulators as targets of conformance runs, with and without mutations, in process and on a socket."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import httpx
import pytest

from seedmock_harness.driver.client import SendRequest
from seedmock_server import create_app, serve
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import InProcessClient

KEYS = {"first": "sk_conformance_first", "second": "sk_conformance_second", "wrong": "sk_conformance_wrong"}
Mutation: TypeAlias = tuple[str, dict[str, Any]]
"""A fault rule: the fault, and the requests that it matches."""


@dataclass(frozen=True)
class Target:
    """A running emulator, with all that `run_conformance` and `replay` need of it."""

    send: SendRequest
    clock: ManualClock
    mutations: list[Mutation] = field(default_factory=list)

    def begin(self) -> None:
        """Reset the emulator, and add its mutations again."""
        assert self.send("POST", "/_mock/reset", headers={}, content=b"").status_code == 200
        for fault, match in self.mutations:
            self._add_rule(fault, match)

    def _add_rule(self, fault: str, match: dict[str, Any]) -> None:
        body = json.dumps({"match": match, "fault": fault}).encode()
        headers = {"content-type": "application/json"}
        response = self.send("POST", "/_mock/faults", headers=headers, content=body)
        assert response.status_code in (200, 201), response.content


class OpenTarget(Protocol):
    """Open a target with settings of the emulator; `transport` is one of TRANSPORTS."""

    def __call__(
        self, transport: str = "in process", mutations: Iterable[Mutation] = (), **settings: Any
    ) -> Target: ...


OpenSharedTarget: TypeAlias = Callable[[tuple[Mutation, ...]], Target]


@contextlib.contextmanager
def in_process(**settings: Any) -> Iterator[Target]:
    clock = ManualClock()
    app = create_app(clock=clock, **settings)
    with InProcessClient(app) as client:
        yield Target(client.request, clock)
        client.run(app.aclose())


@contextlib.contextmanager
def on_a_socket(**settings: Any) -> Iterator[Target]:
    clock = ManualClock()
    with serve(clock=clock, **settings) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        yield Target(client.request, clock)


TRANSPORTS = {"in process": in_process, "on a socket": on_a_socket}


@contextlib.contextmanager
def opener(clips: Path) -> Iterator[OpenTarget]:
    with contextlib.ExitStack() as stack:

        def open_target(transport: str = "in process", mutations: Iterable[Mutation] = (), **settings: Any) -> Target:
            keys = (KEYS["first"], KEYS["second"])
            values = {"pace": "fast", "seed": 1, "cache_dir": clips, "keys": keys, **settings}
            target = stack.enter_context(TRANSPORTS[transport](**values))
            return replace(target, mutations=list(mutations))

        yield open_target


@pytest.fixture
def open_target(clips: Path) -> Iterator[OpenTarget]:
    with opener(clips) as open_target:
        yield open_target


@pytest.fixture(scope="session")
def open_shared_target(clips: Path) -> Iterator[OpenSharedTarget]:
    """Opens a target in process that all tests with these mutations share."""
    with opener(clips) as open_target:
        targets: dict[str, Target] = {}

        def open_shared_target(mutations: tuple[Mutation, ...] = ()) -> Target:
            if repr(mutations) not in targets:
                targets[repr(mutations)] = open_target(mutations=mutations)
                targets[repr(mutations)].begin()
            return targets[repr(mutations)]

        yield open_shared_target


@pytest.fixture(params=TRANSPORTS)
def target(request: pytest.FixtureRequest, open_target: OpenTarget) -> Target:
    return open_target(request.param)
