"""What the tests of `seedmock verify` share: an emulator that outlives a verification, and targets that go wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from seedmock_contracts.contract import Contract
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.results.verification import Verification
from seedmock_harness.verify.cli import verify
from seedmock_harness.verify.order_log import OrderLog
from seedmock_harness.verify.session import Plan, Session, Silent, about, plan, terms_for
from seedmock_harness.verify.target import KEYS, Target, own
from seedmock_server import create_app
from seedmock_server.app import App
from seedmock_server.clock import ManualClock
from seedmock_server.faults.rules import parse_fault_rule
from seedmock_server.http.in_process import BufferedResponse

Sender = Callable[..., Any]


@dataclass
class World:
    """An emulator on a clock of its own, and verifications of it that take it for a stranger."""

    app: App
    target: Target
    calls: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ordered(self) -> list[str]:
        """The ids of all tasks that were ever made."""
        accounts = [self.app.context.account(key) for key in KEYS.values()]
        return [task.id for account in accounts for task in self.app.context.store.tasks(account)]

    def lie(self, fault: str, **match: Any) -> None:
        """Let calls that match meet a lie, or another fault."""
        self.app.faults.add(parse_fault_rule({"fault": fault, "match": match}))

    def wrapped(self, around: Callable[[Sender], Sender]) -> Target:
        """The target with something between it and who asks."""
        return replace(self.target, send=around(self.target.send))


@pytest.fixture
def world_of() -> Callable[..., Any]:
    """Open a world with the settings given, and close it when the block ends."""

    @contextmanager
    def made(**settings: Any) -> Iterator[World]:
        clock = ManualClock()
        app = create_app(clock=clock, **{"seed": 7, "keys": tuple(KEYS.values()), "pace": "instant", **settings})
        with own(app=app, clock=clock) as target:
            world = World(app, target)

            def counted(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
                world.calls.append((method, url))
                return target.send(method, url, headers=headers, content=content)

            world.target = replace(target, name="http://elsewhere.test/v1", own=False, send=counted)
            yield world

    return made


@pytest.fixture
def verified() -> Callable[..., Verification]:
    """Verifies a target in this process."""

    def run(
        upstream: str,
        target: Target,
        budget: Decimal | None = None,
        *,
        only: tuple[str, ...] = (),
        ledger: Path | None = None,
        steps: Plan | None = None,
    ) -> Verification:
        contract: Contract = get_contract(upstream)
        steps = steps or plan(contract, replace(terms_for(replace(target, own=True)), own_clock=True), only)
        session = Session.prepared(target, steps, budget, OrderLog(ledger, about(contract, target)), Silent())
        return session.run()

    return run


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Runs `seedmock verify` with options, with no keys and no state of the machine's."""
    for name in ("SEEDMOCK_API_KEY", "SEEDMOCK_SECOND_API_KEY", "SEEDMOCK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("seedmock_harness.verify.target.pause", lambda seconds: None)

    def run(*options: str, **environment: str) -> Result:
        return CliRunner().invoke(verify, options, env=environment)

    return run


@pytest.fixture
def report(tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Reads the JSON report that a command was told to write to `tmp_path / "report.json"`."""

    def read() -> dict[str, Any]:
        said = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
        assert isinstance(said, dict)
        return said

    return read


@pytest.fixture
def told() -> Callable[..., Target]:
    """A target that answers everything with one answer, and keeps what it was asked."""

    def made(status: int, body: Any, kind: str = "application/json", keys: Mapping[str, str] | None = None) -> Target:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()

        def send(
            method: str, url: str, *, headers: Mapping[str, str], content_: bytes = b"", **_: Any
        ) -> BufferedResponse:
            return BufferedResponse(status, {"content-type": kind}, content)

        clock = ManualClock()
        return Target("http://stranger.test/v1", send, keys or KEYS, clock.now, clock.sleep, str)

    return made
