"""The composition root: builds the rooms and puts them under one ASGI application."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from weakref import finalize

import platformdirs

from seedmock_contracts.upstreams import contracts

from .api.downloads import Downloads
from .api.pipeline import ApiHandler, ApiKeys
from .billing.ledger import Ledger
from .billing.statement import Prices
from .callbacks.dispatcher import CallbackDispatcher, plan_of
from .clock import Clock, Clocks
from .control.app import ControlApp
from .control.context import ControlContext
from .fates.rules import Fates
from .faults.callback_faults import CallbackFaults
from .faults.rules import Faults
from .faults.selection import FaultSelector
from .generation.assets import AssetLibrary
from .generation.engine import Engine, EngineConfig
from .http.asgi import Receive, Scope, Send, lifespan
from .journal import Journal
from .media.renderer import ClipRenderer
from .randomness import SeededRandom, fresh_seed
from .rate_limits import Limit, Limits
from .references.declared import DeclaredMedia
from .references.face_detection import FaceDetector
from .references.files import ReferenceFiles
from .references.inspection import MediaInspector
from .references.resolver import ReferenceResolver
from .scenarios.active import ActiveScenario
from .scenarios.catalog import named
from .scenarios.loader import InvalidScenario, Scenario
from .settings import InvalidSetting, Settings
from .snapshots.checkpoint import Checkpoint
from .storage import MemoryStore
from .tasks.models import Task
from .tasks.timeline import LogNormal
from .upstreams import upstreams
from .upstreams.context import FILES, RESULTS, UpstreamContext
from .upstreams.protocol import Upstream, encode_json

DOWNLOADS = (RESULTS + "/", FILES + "/")


class App:
    """Both upstreams on one port, and everything of ours under /_mock/."""

    def __init__(self, settings: Settings | None = None, *, clock: Clock | None = None) -> None:
        self.settings = settings or Settings()
        self.clock = clock or Clock()
        self.clocks = Clocks(self.clock)
        self.seed = fresh_seed() if self.settings.seed is None else self.settings.seed
        folder = self._folder()
        random, store = SeededRandom(self.seed), MemoryStore()
        cache = self.settings.cache_dir or Path(platformdirs.user_cache_dir("seedmock", appauthor=False)) / "clips"
        self.renderer = ClipRenderer(cache, cache_bytes=self.settings.max_cache_bytes)
        reference_files = ReferenceFiles(
            folder / "sources", fetch=self.settings.fetch, limit_bytes=self.settings.max_body_bytes
        )
        self.journal = Journal(self.settings.max_journal_entries)
        rules = EngineConfig(pace=self.settings.pace, latencies=_latencies(), options=self.settings.variant_options)
        self.fates = Fates(random)
        self.declared = DeclaredMedia()
        sight = MediaInspector(reference_files, self.declared, FaceDetector())
        self.ledger = _ledger(self.settings, store, self.clocks)
        inputs = ReferenceResolver(store, self.clocks, sight)
        engine = Engine(store, self.clocks, random, self.renderer, inputs, self.fates, self.ledger, rules)
        library = AssetLibrary(
            store, self.clocks, reference_files, sight, self.fates, self.ledger, pace=self.settings.pace
        )
        rooms = UpstreamContext(engine, library, reference_files, random, self.settings)
        self.upstreams = spoken = upstreams(rooms)
        self.faults = Faults(random)
        self.courier = _courier(self.settings, self.clocks, self.journal, store, spoken, self.faults)
        engine.schedule_callback = self.courier.expect
        self.limits = Limits(Limit(rate=self.settings.rate_limit, concurrency=self.settings.concurrency_limit))
        gate = FaultSelector(self.faults, self.limits, rooms, self.renderer)
        self._doorway = ApiHandler(spoken, self.settings, self.clocks, self.journal, gate)
        self._downloads = Downloads(rooms, spoken, gate, self.journal)
        books = (self.fates, self.faults, self.limits, self.declared, self.journal)
        self.state = Checkpoint(
            store, self.clocks, *books, engine, self.courier, reference_files, random, folder / "sources"
        )
        self.stage = ActiveScenario(engine, self.faults, self.limits, self.declared, _scenario(self.settings))
        keys = ApiKeys(self.settings.keys)
        self.world = ControlContext(
            settings=self.settings, keys=keys, engine=engine, library=library, state=self.state, stage=self.stage
        )
        self.world.due.append(self.courier.due_at)
        self._control = ControlApp(self.world)

    def _folder(self) -> Path:
        folder = self.settings.data_dir or Path(tempfile.mkdtemp(prefix="seedmock-"))
        self._remove_temporary: Callable[[], object] = lambda: None
        if self.settings.data_dir is None:  # gone with the app, even one that was never started
            self._remove_temporary = finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send, self.aclose)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
        elif not scope["path"].startswith("/_mock/"):
            await self._doorway(scope, receive, send)
        elif scope["path"].startswith(DOWNLOADS):
            await self._downloads(scope, receive, send)
        else:
            await self._control(scope, receive, send)

    async def aclose(self) -> None:
        """End background work and remove what is temporary; for an app that is used in process."""
        await self.courier.aclose()
        await self.renderer.aclose()
        self._remove_temporary()

    async def __aenter__(self) -> App:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.aclose()


def _ledger(settings: Settings, store: MemoryStore, clocks: Clocks) -> Ledger:
    prices = Prices(settings.variant_options, settings.token_price, settings.refund_after)
    return Ledger(store, clocks, prices, credit=settings.credit, pace=settings.pace)


def _scenario(settings: Settings) -> Scenario | None:
    """The scenario of the settings. Raises InvalidSetting."""
    try:
        return None if settings.scenario is None else named(settings.scenario)
    except InvalidScenario as error:
        raise InvalidSetting(f"scenario: {error}") from error


def _courier(
    settings: Settings,
    clocks: Clocks,
    journal: Journal,
    store: MemoryStore,
    spoken: Mapping[str, Upstream],
    faults: Faults,
) -> CallbackDispatcher:
    def tell(task: Task) -> bytes | None:
        if store.task(task.id) is None:
            return None
        return encode_json(spoken[task.upstream].render_task(task, task.origin).body)

    spoiler = CallbackFaults(faults, {name: upstream.contract for name, upstream in spoken.items()})
    plans = {contract.name: plan_of(contract.callbacks) for contract in contracts() if contract.callbacks}
    return CallbackDispatcher(clocks, journal, tell, plans=plans, policy=settings.callbacks, spoil=spoiler.spoil)


def _latencies() -> dict[str, LogNormal]:
    return {contract.name: LogNormal(contract.latency.p50, contract.latency.p90) for contract in contracts()}
