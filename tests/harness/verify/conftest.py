"""Fixtures for the tests of `seedmock verify`: an emulator that outlives a verification, and targets that fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_harness.results.verification import Verification
from seedmock_harness.verify.cli import verify
from seedmock_harness.verify.order_log import OrderLog
from seedmock_harness.verify.session import (
    NullObserver,
    Session,
    VerificationPlan,
    paid_options_for,
    plan_steps,
    target_fingerprint,
)
from seedmock_harness.verify.target import KEYS, Target, emulator_target
from seedmock_server import create_app
from seedmock_server.app import App
from seedmock_server.clock import ManualClock
from seedmock_server.faults.rules import parse_fault_rule
from seedmock_server.http.coroutines import run_now
from seedmock_server.http.in_process import BufferedResponse

from ...shared_results import make_once

Send = Callable[..., Any]


@dataclass
class LiveEmulator:
    """An emulator on its own clock, verified as if it were a live service."""

    app: App
    target: Target
    calls: list[tuple[str, str]] = field(default_factory=list)

    @property
    def created_tasks(self) -> list[str]:
        """Ids of all tasks that were ever created."""
        accounts = [self.app.context.account(key) for key in KEYS.values()]
        return [task.id for account in accounts for task in run_now(self.app.context.store.tasks(account))]

    def add_fault(self, fault: str, **match: Any) -> None:
        self.app.faults.add(parse_fault_rule({"fault": fault, "match": match}))

    def with_send(self, wrap: Callable[[Send], Send]) -> Target:
        """Return the target with its `send` wrapped."""
        return replace(self.target, send=wrap(self.target.send))


OpenEmulator = Callable[..., AbstractContextManager[LiveEmulator]]


class Verify(Protocol):
    def __call__(
        self,
        upstream: str,
        target: Target,
        budget: Decimal | None = None,
        *,
        only: tuple[str, ...] = (),
        order_log: Path | None = None,
        plan: VerificationPlan | None = None,
    ) -> Verification: ...


@pytest.fixture(params=NAMES)
def upstream(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def open_emulator() -> OpenEmulator:
    """Open an emulator with some settings, and close it when the block ends."""

    @contextmanager
    def open_(**settings: Any) -> Iterator[LiveEmulator]:
        clock = ManualClock()
        app = create_app(clock=clock, **{"seed": 7, "keys": tuple(KEYS.values()), "pace": "instant", **settings})
        with emulator_target(app=app, clock=clock) as target:
            emulator = LiveEmulator(app, target)

            def send(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
                emulator.calls.append((method, url))
                return target.send(method, url, headers=headers, content=content)

            emulator.target = replace(
                target, name="http://live.test/v1", is_own_emulator=False, is_emulator=False, send=send
            )
            yield emulator

    return open_


@pytest.fixture
def verify_target() -> Verify:
    """Verify a target in this process."""

    def run(
        upstream: str,
        target: Target,
        budget: Decimal | None = None,
        *,
        only: tuple[str, ...] = (),
        order_log: Path | None = None,
        plan: VerificationPlan | None = None,
    ) -> Verification:
        contract = get_contract(upstream)
        options = paid_options_for(replace(target, is_own_emulator=True))
        plan = plan or plan_steps(contract, replace(options, own_clock=True), only)
        log = OrderLog(order_log, target_fingerprint(contract, target))
        return Session.create(target, plan, budget, log, NullObserver()).run()

    return run


@pytest.fixture
def run_verify(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Run `seedmock verify` without the keys and the state folder of this machine."""
    for name in ("SEEDMOCK_API_KEY", "SEEDMOCK_SECOND_API_KEY", "SEEDMOCK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("seedmock_harness.verify.target.pause", lambda seconds: None)

    def run(*options: str, **environment: str) -> Result:
        return CliRunner().invoke(verify, options, env=environment)

    return run


@dataclass(frozen=True)
class WholeRun:
    """Output and JSON report of `seedmock verify` that exits with 0: with an unlimited budget, at its own emulator."""

    output: str
    report: dict[str, Any]


VerifyWhole = Callable[[str, int], WholeRun]


@pytest.fixture
def verify_whole(run_verify: Callable[..., Result], tmp_path: Path, run_folder: Path) -> VerifyWhole:
    """Run `seedmock verify` for an upstream with a seed, once for all tests of all workers."""

    def verify_once(upstream: str, seed: int) -> WholeRun:
        path = tmp_path / "whole.json"
        options = ("--budget", "unlimited", "--report", str(path), "--seed", str(seed))
        result = run_verify("--upstream", upstream, *options)
        assert result.exit_code == 0, result.output
        return WholeRun(result.output, json.loads(path.read_text(encoding="utf-8")))

    return lambda upstream, seed: make_once(
        run_folder, f"verify {upstream} {seed}", lambda: verify_once(upstream, seed)
    )


@pytest.fixture
def read_report(tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Read the JSON report at `tmp_path / "report.json"`."""

    def read() -> dict[str, Any]:
        report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
        assert isinstance(report, dict)
        return report

    return read


@pytest.fixture
def static_target() -> Callable[..., Target]:
    """Create a target that gives every request the same response."""

    def create(status: int, body: Any, media_type: str = "application/json") -> Target:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()

        def send(method: str, url: str, *, headers: Mapping[str, str], content_: bytes = b"", **_: Any) -> Any:
            return BufferedResponse(status, {"content-type": media_type}, content)

        clock = ManualClock()
        return Target("http://static.test/v1", send, KEYS, clock.now, clock.sleep, str)

    return create
