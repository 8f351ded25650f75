"""Testbed for trials: an emulator, and a listener on another origin that must never receive a key.

Serves one trial after another, each with its own key, and records the traffic on both origins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.upstreams import get_contract
from seedmock_server.app import App
from seedmock_server.billing.statement import Statement
from seedmock_server.clock import Clock
from seedmock_server.control_client import ControlTransport, FateControl, FaultControl
from seedmock_server.errors import ApiError
from seedmock_server.http.asgi import Message, Receive, Send, lifespan
from seedmock_server.http.coroutines import run_now
from seedmock_server.http.file_response import stream_file
from seedmock_server.http.server import RunningServer, serve_in_thread
from seedmock_server.journal import JournalEntry, JournalFilter
from seedmock_server.randomness import SeededRandom, fresh_seed
from seedmock_server.settings import Settings
from seedmock_server.tasks.models import Task

from .scenario import ScenarioStep, StepKind, TrialScenario
from .traffic_recorder import MAX_CALLS, Redirects, TrafficRecorder

# Eight of the client's pauses: most faults of polls apply to the second one, at which the task must still run.
DEFAULT_FATE = "succeed after=400ms"
"""Fate of the tasks of a scenario that sets none."""
RENDER_TIMEOUT = 30.0
KEY_PREFIX = "sk_mock_"


@dataclass(slots=True)
class Testbed:
    """A running emulator, prepared for one trial at a time; `url` and `other_url` are origins."""

    contract: Contract
    app: App
    recorder: TrafficRecorder
    other_recorder: TrafficRecorder
    clock: Clock
    random: SeededRandom
    url: str = ""
    other_url: str = ""
    number: int = 0
    key: str = ""
    account: str = ""
    server: RunningServer | None = None
    _control: ControlTransport = field(init=False)

    def __post_init__(self) -> None:
        self._control = ControlTransport.in_process(self.app)

    def prepare(self, scenario: TrialScenario) -> None:
        """Discard the previous trial, and set up the steps of this one for a new key."""
        if self.account:
            run_now(self.app.context.checkpoint.reset(self.account))
        self.number += 1
        kind = next((step.text for step in scenario.steps if step.kind is StepKind.KEY), "certify")
        self.key = f"{KEY_PREFIX}{kind}_{self.random.token(24, 'key', self.number)}"
        self.account = self.app.context.account(self.key)
        self.recorder.start_trial(self.key)
        self.other_recorder.start_trial(self.key)
        FateControl(self._control, self.key).set_default(DEFAULT_FATE)
        redirects = Redirects(origin=self.other_url)
        for step in scenario.steps:
            self._apply(step, redirects)
        self.recorder.redirects = redirects

    def _apply(self, step: ScenarioStep, redirects: Redirects) -> None:
        count = {name: value for name, value in (("nth", step.nth), ("times", step.times)) if value is not None}
        match: dict[str, Any] = {"upstream": self.contract.name, **count}
        if step.kind is StepKind.FATE:
            FateControl(self._control, self.key).add(step.text, **match)
        elif step.kind is StepKind.FAULT:
            FaultControl(self._control, self.key).add(step.text, operation=step.operation, **match)
        elif step.kind is StepKind.CREDIT:
            self.app.ledger.grant(self.account, self.contract.name, Decimal(step.text))
        elif step.kind is StepKind.REDIRECT:
            redirects.codes[step.operation] = (int(step.text), step.times)
        elif step.kind is StepKind.LINKS:
            redirects.links = True

    def settle(self) -> None:
        """Wait until the responses that a client has received whole are recorded: that follows the last byte."""
        assert self.server is not None, "the emulator is not running"
        self.server.settle()

    # --- evidence ---

    @property
    def tasks(self) -> list[Task]:
        """The tasks of the trial's key in the order of their creation."""
        return sorted(run_now(self.app.context.store.tasks(self.account)), key=lambda task: task.created_at)

    @property
    def statement(self) -> Statement:
        """The statement of the trial's key."""
        return run_now(self.app.ledger.statement(self.account)).for_upstream(self.contract.name)

    @property
    def entries(self) -> Mapping[int, JournalEntry]:
        """The journal entries of the trial's key by number."""
        return dict(run_now(self.app.journal.read(JournalFilter(account=self.account))))

    async def clip_path(self, task: Task) -> Path:
        """Render a task's clip, available or not; to be awaited in the emulator's event loop."""
        return (await self.app.renderer.clip(self.app.context.engine.clip_spec(task))).path

    def clip_bytes(self, task: Task) -> bytes:
        assert self.recorder.loop is not None, "the emulator is not running"
        rendering = asyncio.run_coroutine_threadsafe(self.clip_path(task), self.recorder.loop)
        return rendering.result(RENDER_TIMEOUT).read_bytes()


class ForeignOrigin:
    """ASGI application of the other origin: serves the clips that links and redirects point to, and nothing else."""

    def __init__(self) -> None:
        self.testbed: Testbed | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send, self.aclose)
            return
        while (await receive()).get("more_body"):
            pass
        task = self._task(scope["path"])
        if task is None or self.testbed is None or self.testbed.recorder.loop is None:
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        rendering = asyncio.run_coroutine_threadsafe(self.testbed.clip_path(task), self.testbed.recorder.loop)
        path = await asyncio.wrap_future(rendering)
        await stream_file(scope, receive, send, path, etag='"other-origin"', media_type="video/mp4")

    async def aclose(self) -> None:
        pass

    def _task(self, path: str) -> Task | None:
        """Return the finished task whose clip is requested."""
        if self.testbed is None or not path.endswith(("/content", ".mp4")):
            return None
        engine = self.testbed.app.context.engine
        task = next((task for task in self.testbed.tasks if f"/{task.id}/" in path), None)
        try:
            return task if task is not None and engine.state(task).status == "SUCCESS" else None
        except ApiError:
            return None


@contextmanager
def open_testbed(upstream: str, seed: int) -> Iterator[Testbed]:
    """Run a testbed of an upstream inside the block."""
    contract, clock = get_contract(upstream), Clock()
    app = App(Settings(seed=seed, max_journal_entries=MAX_CALLS), clock=clock)
    foreign_origin = ForeignOrigin()
    recorder = TrafficRecorder(app, contract, clock, app.journal)
    other_recorder = TrafficRecorder(foreign_origin, contract, clock)
    # The keys are not from `seed`: a client abandoned by an earlier run may still call the same port with its key.
    testbed = Testbed(contract, app, recorder, other_recorder, clock, SeededRandom(fresh_seed()))
    foreign_origin.testbed = testbed
    # `localhost` instead of 127.0.0.1: some clients compare origins by host name alone.
    with serve_in_thread(recorder) as main, serve_in_thread(other_recorder, host="localhost") as other:
        testbed.server = main
        testbed.url, testbed.other_url = main.url, f"http://localhost:{other.port}"
        yield testbed
