"""Composition root: builds the components of an emulator and routes requests to them, as one ASGI application."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import finalize

from seedmock_contracts.upstreams import contracts

from .api.downloads import Downloads
from .api.pipeline import ApiHandler
from .api.root import METHODS, ServerRoot
from .billing.ledger import Ledger
from .billing.statement import Prices
from .callbacks.delivery import retry_schedule
from .callbacks.dispatcher import CallbackDispatcher
from .callbacks.sender import CallbackSender
from .clock import Clock, Clocks
from .dashboard.static_files import StaticFiles, serves
from .fates.rules import FateRules
from .faults.callback_faults import CallbackFaults
from .faults.execution import FaultExecution
from .faults.plan import connection_of
from .faults.rules import FaultRules
from .faults.selection import FaultSelector
from .generation.assets import AssetLibrary
from .generation.engine import Engine, EngineConfig
from .http.asgi import AsgiApp, Receive, Scope, Send, lifespan
from .journal import Journal, JournalEntry, MemoryJournal
from .media.renderer import ClipRenderer
from .randomness import SeededRandom, fresh_seed, fresh_token
from .rate_limits import RateLimit, RateLimits
from .references.declared import DeclaredMedia
from .references.face_detection import FaceDetector
from .references.files import ReferenceFiles
from .references.files_address import files_path
from .references.inspection import MediaInspector
from .references.remote_files import files_identity, open_remote_files
from .references.resolver import ReferenceResolver
from .settings import InvalidSetting, Settings, default_cache_folder
from .storage import MemoryStore, Store
from .storage.opening import MEMORY, agree_on_settings, files_folder, open_shared_store
from .storage.protocol import SharedStore
from .storage.steering import LocalSteering, Steering
from .storage.timed_store import StoreTimings, timed_store
from .tasks.models import Task
from .tasks.pace import LogNormal, Pace
from .upstreams import upstreams
from .upstreams.context import FILES, RESULTS, UpstreamContext
from .upstreams.protocol import JsonResponse
from .workers.siblings import SettledJournal, Siblings

# The control API is imported for its first request: it takes a third of an emulator's start, and load tests make none.
if TYPE_CHECKING:
    from .control.app import ControlApp
    from .control.context import ControlContext
    from .control.exchange_tally import ExchangeTally
    from .scenarios.active import ActiveScenario
    from .scenarios.loader import Scenario
    from .snapshots.checkpoint import Checkpoint
    from .storage.live_agreements import LiveAgreements

DOWNLOAD_PREFIXES = (RESULTS + "/", FILES + "/")


class App:
    """ASGI application of an emulator: the upstreams, and the control API under /_mock/."""

    warning = ""
    """Sentence for who starts the server, if it runs, but not as they may think."""

    def __init__(
        self, settings: Settings | None = None, *, clock: Clock | None = None, siblings: Siblings | None = None
    ) -> None:
        """`siblings` are the other processes that serve the same address, from one store."""
        self.settings = settings = settings or Settings()
        self._siblings = siblings
        self.clock = clock or Clock()
        self.clocks = Clocks(self.clock)
        self._uploads = self._data_dir() / "sources"
        self._shared = self._open_shared_store()
        self.seed = self._agreed_seed()
        random, store = SeededRandom(self.seed), self._shared or MemoryStore()
        self.steering, journal = self._steering_and_journal()
        self.journal = _observed(journal, settings, siblings, lambda entry: self._tally.count(entry))
        self.fates, self.faults = FateRules(random), FaultRules(random)
        self.limits = RateLimits(store, RateLimit(rate=settings.rate_limit, concurrency=settings.concurrency_limit))
        self.declared_media = DeclaredMedia()
        self.ledger = _ledger(settings, store, self.clocks)
        self.renderer = _renderer(settings)
        context = self._upstream_context(store, random)
        engine = context.engine
        self.upstreams = upstreams(context)
        self.callbacks = self._callback_dispatcher(store)
        engine.schedule_callback, engine.expect_callback = self.callbacks.schedule, self.callbacks.expected
        faults = FaultSelector(self.faults, context), FaultExecution(context, self.renderer), self.steering
        self._root = ServerRoot(settings, contracts())
        self._api = _with_cors(
            ApiHandler(self.upstreams, settings, engine, self.journal, self.limits, *faults), settings
        )
        self._downloads = Downloads(context, self.upstreams, self.journal, *faults)
        self._page = StaticFiles()
        self._engine, self._services = engine, context
        self._load_scenario()
        if self._shared is not None:
            self._share(self._shared)

    def _open_shared_store(self) -> SharedStore | None:
        """Raises StoreError."""
        settings, self._timings = self.settings, StoreTimings()
        if settings.store == MEMORY:
            return None
        if settings.data_dir or settings.files:
            # First, so that a folder that cannot be used leaves no new database behind. One that lies beside a database
            # is only looked at afterwards: the database may be another program's.
            files_identity(self._remote_files, self._uploads)
        store = open_shared_store(
            settings.store,
            self._uploads,
            journal_entries=settings.max_journal_entries,
            caches_tasks=settings.pace is not Pace.STEP,
        )
        return None if store is None else timed_store(store, self._timings)

    def _agreed_seed(self) -> int:
        """Return the seed, on which all processes of a store agree, as on what else decides ids and prices."""
        settings, drawn = self.settings, fresh_seed()
        self._live: LiveAgreements | None = None
        if self._shared is None:
            return drawn if settings.seed is None else settings.seed
        from .storage.live_agreements import LiveAgreements, encoder_here

        own = {name: f"{value}" for name, value in settings.shared_values.items() if value is not None}
        encoder = encoder_here(default_cache_folder())
        files = files_identity(self._remote_files, self._uploads)
        self._live = LiveAgreements(self._shared, encoder=encoder, files=files, pace=settings.pace)
        agreed = agree_on_settings(self._shared, own, {"seed": str(drawn), **self._live.values})
        place, is_chosen = settings.files or str(self._uploads.parent), settings.files is not None
        self.warning = self._live.join(agreed, place, needs_same_files=is_chosen)
        return int(agreed["seed"])

    def _steering_and_journal(self) -> tuple[Steering, Journal]:
        if self._shared is None:
            return LocalSteering(), MemoryJournal(self.settings.max_journal_entries)
        from .storage.shared_steering import SharedSteering

        return SharedSteering(self._shared), self._shared.journal

    def _share(self, store: SharedStore) -> None:
        """Let this process and others that use the store see one state."""
        from .callbacks.lease import CallbackLease
        from .snapshots.steering_parts import steering_parts
        from .storage.shared_counts import StoreCounts
        from .storage.shared_steering import SharedSteering

        assert isinstance(self.steering, SharedSteering), "a shared store has shared steering"
        self.fates.share_counts(StoreCounts(store, "fate"))
        self.faults.share_counts(StoreCounts(store, "fault"))
        self.ledger.use_sums(store)
        self.callbacks.share(CallbackLease(store, f"{os.getpid()}-{fresh_token()}", self.steering.refresh))
        self.steering.attach(steering_parts(self.checkpoint, self.active_scenario))

    async def start(self) -> None:
        """Continue what an earlier process has left in the store: callbacks that are due."""
        await self.steering.refresh()
        await self.callbacks.resume()
        if self._live is not None:
            self._live.start()
        if self._siblings is not None and self._shared is not None:
            # A total follows what waits to be written.
            self._siblings.attach(self._shared.journal.total, self._counts)

    def _counts(self) -> Counter[str]:
        from .control.metrics import flat_counts, process_counts

        return flat_counts(process_counts(self.context))

    def _load_scenario(self) -> None:
        """Put the scenario of the settings in force, if there is one. Raises InvalidSetting."""
        source = self.settings.scenario
        self._initial_scenario = None if source is None else _load_scenario(source)
        if source is not None:
            self.active_scenario  # noqa: B018 - it puts its rules in force when it is made

    def _data_dir(self) -> Path:
        # What a store names has to outlive the process as the store does.
        settings = self.settings
        self._remote_files = open_remote_files(settings.files)
        lasting = files_path(settings.files) or settings.data_dir or files_folder(settings.store)
        folder = lasting or Path(tempfile.mkdtemp(prefix="seedmock-"))
        self._remove_temporary: Callable[[], object] = lambda: None
        if lasting is None:
            # A finalizer, because an app that was never started is never closed.
            self._remove_temporary = finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _upstream_context(self, store: Store, random: SeededRandom) -> UpstreamContext:
        settings, options = self.settings, self.settings.variant_options
        files = ReferenceFiles(
            self._uploads, fetch=settings.fetch, limit_bytes=settings.max_body_bytes, public_url=settings.public_url,
            remote=self._remote_files,
        )  # fmt: skip
        self.renderer.fetch_source = files.copy
        inspector = MediaInspector(files, self.declared_media, FaceDetector())
        resolver = ReferenceResolver(store, self.clocks, inspector, options)
        config = EngineConfig(pace=settings.pace, latencies=_latencies(), options=options)
        engine = Engine(
            store, self.clocks, random, self.renderer, resolver, self.fates, self.ledger, self.limits, config
        )
        library = AssetLibrary(
            store, self.clocks, files, inspector, self.fates, self.ledger, self.steering,
            pace=settings.pace, options=options,
        )  # fmt: skip
        return UpstreamContext(engine, library, files, random, settings)

    def _callback_dispatcher(self, store: Store) -> CallbackDispatcher:
        async def render(task: Task) -> JsonResponse | None:
            current = await store.task(task.id)  # deleted or cancelled since the callback was scheduled
            if current is None:
                return None
            return self.upstreams[task.upstream].render_task(current, current.origin)

        faults = CallbackFaults(self.faults, self.upstreams)
        sender = CallbackSender(self.clocks, render, policy=self.settings.callbacks, faults=faults)
        plans = {name: upstream.contract.callbacks for name, upstream in self.upstreams.items()}
        schedules = {name: retry_schedule(plan) for name, plan in plans.items() if plan is not None}
        return CallbackDispatcher(store, self.clocks, self.journal, sender, schedules)

    @cached_property
    def checkpoint(self) -> Checkpoint:
        from .snapshots.checkpoint import Checkpoint

        return Checkpoint(
            store=self._engine.store,
            clocks=self.clocks,
            fates=self.fates,
            faults=self.faults,
            limits=self.limits,
            declared_media=self.declared_media,
            journal=self.journal,
            engine=self._engine,
            callbacks=self.callbacks,
            reference_files=self._services.sources,
            random=self._services.random,
            folder=self._uploads,
        )

    @cached_property
    def active_scenario(self) -> ActiveScenario:
        from .scenarios.active import ActiveScenario

        return ActiveScenario(self._engine, self.faults, self.limits, self.declared_media, self._initial_scenario)

    @cached_property
    def context(self) -> ControlContext:
        from .api.accounts import ApiKeys
        from .control.context import ControlContext

        return ControlContext(
            settings=self.settings,
            steering=self.steering,
            keys=ApiKeys(self.settings.keys),
            engine=self._engine,
            checkpoint=self.checkpoint,
            active_scenario=self.active_scenario,
            due_sources=[self.callbacks.due_at],
            find_clip=self.renderer.find,
            siblings=self._siblings,
            tally=self._tally,
            timings=self._timings,
            renderer=self.renderer,
            api=self._api,
        )

    @cached_property
    def _tally(self) -> ExchangeTally:
        from .control.exchange_tally import ExchangeTally

        return ExchangeTally()

    @cached_property
    def _control(self) -> ControlApp:
        from .control.app import ControlApp

        return ControlApp(self.context)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send, self.aclose, self.start if self._shared else None)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
        elif scope["path"] == "/" and scope["method"] in METHODS:
            await self._root(scope, receive, send)
        elif not scope["path"].startswith("/_mock/"):
            await self._api(scope, receive, send)
            self._touch_events()
        elif scope["path"].startswith(DOWNLOAD_PREFIXES):
            await self._downloads(scope, receive, send)
            self._touch_events()
        elif serves(scope["path"]):
            await self._control.serve_page(self._page, scope, receive, send)
        else:
            if connection_of(scope) is not None:
                await asyncio.sleep(0)  # starlette asks for the current task, and the server makes one of what waits
            await self._control(scope, receive, send)

    def _touch_events(self) -> None:
        # Not through the property: a control API that was not asked for yet has no subscribers, and is not imported.
        if "_control" in self.__dict__:
            self._control.events.touch()

    def end_streams(self) -> None:
        """End the responses that would never end by themselves: a server that stops waits for all others."""
        if "_control" in self.__dict__:
            self._control.events.close()

    async def aclose(self) -> None:
        """End background work and remove temporary files."""
        self.end_streams()
        await self.callbacks.aclose()
        if self._live is not None:
            await self._live.aclose()
        await self.renderer.aclose()
        await self._engine.store.aclose()
        self._remove_temporary()

    async def __aenter__(self) -> App:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.aclose()


def _observed(
    journal: Journal, settings: Settings, siblings: Siblings | None, count: Callable[[JournalEntry], None]
) -> Journal:
    """Wrap the journal for other workers, logs and traces. Raises InvalidSetting where a library is missing."""
    observers: list[Callable[[JournalEntry], None]] = []
    if siblings is not None:
        journal = SettledJournal(journal, siblings)
        observers.append(count)
    if settings.log == "json":
        from .control.observed_journal import json_log

        observers.append(json_log())
    if settings.otel:
        try:
            from .control.tracing import ExchangeTracer, exporting_provider

            observers.append(ExchangeTracer(exporting_provider()))
        except ImportError as error:
            hint = 'allowed with pip install "seedmock[otel]"'
            raise InvalidSetting(f"otel is True, but {error.name} is not installed; {hint}") from error
    if not observers:
        return journal
    from .control.observed_journal import ObservedJournal

    return ObservedJournal(journal, observers)


def _with_cors(api: AsgiApp, settings: Settings) -> AsgiApp:
    if not settings.cors:
        return api
    from .api.cors import allow_origins  # few emulators serve a browser

    return allow_origins(api, settings.cors)


def _ledger(settings: Settings, store: Store, clocks: Clocks) -> Ledger:
    prices = Prices(settings.variant_options, settings.token_price, settings.refund_after)
    return Ledger(store, clocks, prices, credit=settings.credit, pace=settings.pace)


def _renderer(settings: Settings) -> ClipRenderer:
    folder = settings.cache_dir or default_cache_folder() / "clips"
    return ClipRenderer(folder, cache_bytes=settings.max_cache_bytes)


def _load_scenario(source: str | Path) -> Scenario:
    """Load the scenario of the settings. Raises InvalidSetting."""
    from .scenarios.catalog import load_scenario
    from .scenarios.loader import InvalidScenario

    try:
        return load_scenario(source)
    except InvalidScenario as error:
        raise InvalidSetting(f"scenario: {error}") from error


def _latencies() -> dict[str, LogNormal]:
    return {contract.name: LogNormal(contract.latency.p50, contract.latency.p90) for contract in contracts()}
