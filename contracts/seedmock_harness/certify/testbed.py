"""Where trials take place: an emulator and, on another origin, a listener that no key should ever reach.

A bench serves one trial after another, each with a key of its own. What the caller says is heard on both origins.
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
from seedmock_server.http.file_response import stream_file
from seedmock_server.http.server import serve_in_thread
from seedmock_server.journal import JournalEntry, JournalFilter
from seedmock_server.randomness import SeededRandom, fresh_seed
from seedmock_server.settings import Settings
from seedmock_server.tasks.models import Task

from .scenario import Scenario, Step, StepKind
from .traffic_recorder import Redirects, TrafficRecorder

LIFE = "succeed after=400ms"
"""What becomes of a task of which a scenario says nothing."""
ENTRIES = 20_000
CLIP_SECONDS = 30.0
MAGIC = "sk_mock_"


@dataclass(slots=True)
class Testbed:
    """An emulator that runs, and how it is set up for one trial: `url` and `elsewhere` are origins."""

    contract: Contract
    app: App
    heard: TrafficRecorder
    heard_elsewhere: TrafficRecorder
    clock: Clock
    random: SeededRandom
    url: str = ""
    elsewhere: str = ""
    number: int = 0
    key: str = ""
    account: str = ""
    _control: ControlTransport = field(init=False)

    def __post_init__(self) -> None:
        self._control = ControlTransport.in_process(self.app)

    def prepare(self, scenario: Scenario) -> None:
        """Forget the trial before, and set up this one's steps for a fresh key."""
        if self.account:
            self.app.context.checkpoint.reset(self.account)
        self.number += 1
        kind = next((step.text for step in scenario.steps if step.kind is StepKind.KEY), "certify")
        self.key = f"{MAGIC}{kind}_{self.random.token(24, 'key', self.number)}"
        self.account = self.app.context.account(self.key)
        self.heard.begin(self.key)
        self.heard_elsewhere.begin(self.key)
        FateControl(self._control, self.key).set_default(LIFE)
        detours = Redirects(origin=self.elsewhere)
        for step in scenario.steps:
            self._take(step, detours)
        self.heard.detours = detours

    def _take(self, step: Step, detours: Redirects) -> None:
        count = {name: value for name, value in (("nth", step.nth), ("times", step.times)) if value is not None}
        match: dict[str, Any] = {"upstream": self.contract.name, **count}
        if step.kind is StepKind.FATE:
            FateControl(self._control, self.key).add(step.text, **match)
        elif step.kind is StepKind.FAULT:
            FaultControl(self._control, self.key).add(step.text, operation=step.operation, **match)
        elif step.kind is StepKind.CREDIT:
            self.app.ledger.grant(self.account, self.contract.name, Decimal(step.text))
        elif step.kind is StepKind.DETOUR:
            detours.codes[step.operation] = (int(step.text), step.times)
        elif step.kind is StepKind.LINKS:
            detours.links = True

    # --- what is known afterwards ---

    @property
    def tasks(self) -> list[Task]:
        """The tasks that the trial's key made, in their order."""
        return sorted(self.app.context.store.tasks(self.account), key=lambda task: task.created_at)

    @property
    def statement(self) -> Statement:
        """What the trial's key owes at the upstream."""
        return self.app.ledger.statement(self.account).for_upstream(self.contract.name)

    @property
    def entries(self) -> Mapping[int, JournalEntry]:
        """What the journal has of the trial's key, by number."""
        return dict(self.app.journal.read(JournalFilter(account=self.account)))

    async def clip(self, task: Task) -> Path:
        """The file of a task's clip, whether or not it can be had just now; in the emulator's loop."""
        return (await self.app.renderer.clip(self.app.context.engine.clip_spec(task))).path

    def clip_of(self, task: Task) -> bytes:
        """The bytes of a task's clip."""
        assert self.heard.loop is not None, "the emulator has started"
        found = asyncio.run_coroutine_threadsafe(self.clip(task), self.heard.loop)
        return found.result(CLIP_SECONDS).read_bytes()


class ForeignOrigin:
    """Another origin, as plain ASGI: has the clips that links and redirects lead to, and nothing else."""

    def __init__(self) -> None:
        self.bench: Testbed | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send, self.aclose)
            return
        while (await receive()).get("more_body"):
            pass
        task = self._task(scope["path"])
        if task is None or self.bench is None or self.bench.heard.loop is None:
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        found = asyncio.run_coroutine_threadsafe(self.bench.clip(task), self.bench.heard.loop)
        path = await asyncio.wrap_future(found)
        await stream_file(scope, receive, send, path, etag='"elsewhere"', media_type="video/mp4")

    async def aclose(self) -> None:
        """There is nothing to close."""

    def _task(self, path: str) -> Task | None:
        """The task whose clip is asked for; None for what is no clip, or has none yet."""
        if self.bench is None or not path.endswith(("/content", ".mp4")):
            return None
        engine = self.bench.app.context.engine
        found = next((task for task in self.bench.tasks if f"/{task.id}/" in path), None)
        try:
            return found if found is not None and engine.state(found).status == "SUCCESS" else None
        except ApiError:
            return None


@contextmanager
def bench(upstream: str, seed: int) -> Iterator[Testbed]:
    """A bench of an upstream while the block lasts."""
    contract, clock = get_contract(upstream), Clock()
    app = App(Settings(seed=seed, max_journal_entries=ENTRIES), clock=clock)
    elsewhere = ForeignOrigin()
    heard, heard_elsewhere = (
        TrafficRecorder(app, contract, clock, app.journal),
        TrafficRecorder(elsewhere, contract, clock),
    )
    # No run has the keys of another: what one has left behind may call at the ports of the next.
    made = Testbed(contract, app, heard, heard_elsewhere, clock, SeededRandom(fresh_seed()))
    elsewhere.bench = made
    # By name, not by number: some clients tell origins apart by their hosts alone.
    with serve_in_thread(heard) as here, serve_in_thread(heard_elsewhere, host="localhost") as there:
        made.url, made.elsewhere = here.url, f"http://localhost:{there.port}"
        yield made
