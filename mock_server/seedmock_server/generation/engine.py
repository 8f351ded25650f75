"""Engine of generation: accept orders, look up tasks, render clips. Knows no HTTP, and no upstream by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import msgspec
from msgspec import Struct, field

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.references import ASSET_SCHEME, LocatedReference
from seedmock_contracts.enums import ErrorKind, Mode, Operation, TaskStatus
from seedmock_contracts.facts import MediaFormats, MediaLimit
from seedmock_contracts.generation import UpscaleRequest
from seedmock_contracts.lifecycle import TERMINAL, UNSUCCESSFUL
from seedmock_contracts.upstreams import get_contract

from ..billing.ledger import Ledger, balance_error
from ..clock import Clocks
from ..errors import ApiError
from ..fates.lifecycle import plan_task, refused_for_face
from ..fates.models import SUCCEED, Fate
from ..fates.rules import FateRules
from ..matching import magic_values as magic
from ..matching.rules import RequestFacts
from ..media.clip_cache import CachedClip
from ..media.clip_spec import ClipSpec
from ..media.errors import RenderBug, Unrenderable
from ..media.renderer import ClipRenderer
from ..randomness import SeededRandom
from ..rate_limits import RateLimits, too_many_tasks
from ..references.resolver import Input, ReferenceResolver, first_face_path, log_notes
from ..storage import DueCallback, Order, Store
from ..storage.models import IdTaken, NotCovered, Refusal, StaleNumber, TooManyTasks
from ..tasks.latency import LatencyRules
from ..tasks.models import Task, TaskFailure
from ..tasks.pace import LogNormal, Pace, durations_at_pace
from ..tasks.timeline import NEVER, TaskState, ends_at, standard_phases, state_at, step_clock
from .drafts import GenerationOrder, generation_draft, unusable_source, upscale_draft

SEED_LIMIT = 1 << 31
# Ids of one upstream have only five random characters a second, so that a busy second repeats some.
MAX_ID_ATTEMPTS = 1000
ScheduleCallback = Callable[[Task, DueCallback], Awaitable[None]]
ExpectCallback = Callable[[str], AbstractContextManager[None]]
"""Send the callback of a task when it is due. The store has it already."""
IdFactory = Callable[[str, float, int, int], str]
"""Build a task id from the account, the time of creation, the number of the attempt, and that of the account's draw."""


class Caller(msgspec.Struct, frozen=True):
    """Sender of a request: its account, and the scheme, host and port by which it reached the server.

    `fate` is the fate that a header asks for, `log_notes` collects notes for the journal, `limits` and `formats`
    replace the media limits and formats of the contract where a fault overrides them.
    """

    account: str
    origin: str
    fate: str = ""
    log_notes: list[str] = []
    limits: tuple[MediaLimit, ...] | None = None
    formats: tuple[MediaFormats, ...] | None = None


class EngineConfig(Struct, frozen=True):
    """Settings of the engine; `latencies` are by upstream, `options` by variant."""

    pace: Pace
    latencies: Mapping[str, LogNormal]
    options: Mapping[str, str] = field(default_factory=dict)


class Engine:
    """Tasks of all upstreams and accounts."""

    def __init__(
        self,
        store: Store,
        clocks: Clocks,
        random: SeededRandom,
        renderer: ClipRenderer,
        resolver: ReferenceResolver,
        fates: FateRules,
        ledger: Ledger,
        limits: RateLimits,
        config: EngineConfig,
    ) -> None:
        self.store = store
        self.clocks = clocks
        self.fates = fates
        self.ledger = ledger
        self._limits = limits
        self.latencies = LatencyRules()
        self.schedule_callback: ScheduleCallback = _leave_to_the_store
        self.expect_callback: ExpectCallback = lambda _: nullcontext()
        """Entered with a task's id around the storing of a callback and its scheduling, which are not one step."""
        self._random = random
        self._resolver = resolver
        self._config = config
        self._renderer = renderer

    async def next_number(self, account: str) -> int:
        """Count 1, 2, 3, ... for an account: with it, the label that makes each of its draws differ."""
        # By account, as all draws are: what a test draws must not depend on the tests that ran before it.
        return await self.store.draw(account)

    # --- orders ---

    async def generate(
        self,
        contract: Contract,
        caller: Caller,
        order: GenerationOrder,
        references: Sequence[LocatedReference],
        new_id: IdFactory,
        private_failure: TaskFailure | None = None,
    ) -> Task:
        """Accept an order. `private_failure` is how the upstream's tasks fail for a reference with a private address.

        Raises ApiError for references that cannot be used, and for an order that the account cannot pay.
        """
        account, origin = caller.account, caller.origin
        inputs: Sequence[Input] = ()
        if references:
            inputs = await self._resolver.resolve_all(
                contract, account, references, origin, caller.limits, caller.formats
            )
            if inputs:
                caller.log_notes.extend(log_notes(inputs))
        draft = generation_draft(contract, account, origin, order, inputs, private_failure)
        urls = [reference.url for reference in order.references]
        return await self._accept(contract, caller, draft, new_id, urls, first_face_path(inputs) if inputs else None)

    async def upscale(
        self,
        contract: Contract,
        caller: Caller,
        request: UpscaleRequest,
        reference: LocatedReference,
        new_id: IdFactory,
        private_failure: TaskFailure | None = None,
    ) -> Task:
        """Accept an order to upscale a video; an unusable video makes a task that fails.

        `private_failure` is as for `generate`. Raises ApiError for an asset that cannot be used, and for an order that
        the account cannot pay.
        """
        failure: TaskFailure | None = None
        try:
            video = await self._resolver.resolve(caller.account, reference, caller.origin)
        except ApiError as error:
            if reference.reference.url.startswith(ASSET_SCHEME):
                raise
            video, failure = Input(reference.path, reference.reference), unusable_source(error.detail)
        if private_failure and failure is None and video.is_private_address:
            failure = private_failure
        draft = upscale_draft(contract, caller.account, caller.origin, request, video, failure)
        return await self._accept(contract, caller, draft, new_id, [request.url])

    async def _accept(
        self,
        contract: Contract,
        caller: Caller,
        draft: Task,
        new_id: IdFactory,
        references: Sequence[str],
        face_path: str | None = None,
    ) -> Task:
        """Turn a draft into a task, store it, and prepare its callback and its clip."""
        account, store = draft.account, self.store
        if self.ledger.is_limited(account):
            await self.ledger.check(draft)
        number = await store.next_draw(account)
        # Nearly every order can match no rule; it is spared the building of facts and the look-up.
        is_plain = face_path is None and not caller.fate and self.fates.is_plain
        if is_plain and not magic.may_have_fate(draft.prompt, references):
            fate = SUCCEED
        else:
            fate = await self._choose_fate(contract, caller, draft, number, references, face_path)
        now = self.clocks.now(account)
        number = await store.next_draw(account)
        expected: int | None = number
        for attempt in range(MAX_ID_ATTEMPTS):
            task = self._plan(contract, draft, fate, new_id(account, now, attempt, number), now, number)
            order = self._order(task, now, expected)
            refusal = await (
                store.accept(order) if order.callback is None else self._accept_with(order, order.callback)
            )
            if refusal is None:
                self._prepare(task)
                return task
            if not isinstance(refusal, IdTaken | StaleNumber):
                raise _order_error(refusal, order)
            number = refusal.number if isinstance(refusal, StaleNumber) else await store.draw(account)
            expected = None
        raise RuntimeError(f"{MAX_ID_ATTEMPTS} task ids in a row were taken")

    async def _accept_with(self, order: Order, callback: DueCallback) -> Refusal | None:
        with self.expect_callback(callback.task_id):
            refusal = await self.store.accept(order)
            if refusal is None:
                await self.schedule_callback(order.task, callback)
        return refusal

    def _order(self, task: Task, now: float, number: int | None) -> Order:
        ledger, account, upstream = self.ledger, task.account, task.upstream
        if not ledger.has_sums and not task.callback_url:
            return Order(task, now)
        return Order(
            task,
            now,
            ledger.booking(task),
            ledger.enforced_credit(account, upstream),
            self._limits.of(account).concurrency if self._limits.is_active else None,
            self._callback_at_end(task),
            number,
        )

    def _callback_at_end(self, task: Task) -> DueCallback | None:
        # Under the pace `step` queries end a task, and no clock does.
        if not task.callback_url or self._config.pace is Pace.STEP:
            return None
        end = ends_at(task)
        return None if end == NEVER else DueCallback(task.id, task.account, end, end)

    async def _choose_fate(
        self,
        contract: Contract,
        caller: Caller,
        draft: Task,
        number: int,
        references: Sequence[str],
        face_path: str | None,
    ) -> Fate:
        operation = Operation.UPSCALE if draft.mode is Mode.UPSCALE else Operation.CREATE
        facts = RequestFacts(
            contract.name,
            operation,
            caller.account,
            number,
            draft.model,
            draft.prompt,
            tuple(references),
            draft.resolution,
            draft.seconds,
        )
        media_fate = refused_for_face(face_path) if face_path is not None else None
        model = contract.model(draft.model)
        spared = model.unmoderated if model is not None else ()
        return await self.fates.choose(contract, facts, caller.fate, media_fate=media_fate, spared=spared)

    def _plan(self, contract: Contract, draft: Task, fate: Fate, task_id: str, now: float, number: int) -> Task:
        """Give a draft its id, its phases and, where the order has none, its seed."""
        # Draws are labelled with the number that the id was drawn with, and never with the time: a run is reproducible
        # at any time of day.
        queue, render = self._durations(draft, number)
        plan = plan_task(contract, fate, queue, render)
        seed = draft.seed if draft.seed >= 0 else self._random.integer(SEED_LIMIT, "seed", draft.account, number)
        if fate is SUCCEED and draft.failure is None:  # as most are; to name the fields below takes as long again
            phases, kind = plan.phases, fate.kind
            return msgspec.structs.replace(draft, id=task_id, seed=seed, created_at=now, phases=phases, fate=kind)
        phases = plan.phases if draft.failure is None else standard_phases(queue, render, TaskStatus.FAILURE)
        return msgspec.structs.replace(
            draft,
            id=task_id,
            seed=seed,
            created_at=now,
            phases=phases,
            failure=draft.failure or plan.failure,
            fate=fate.kind if fate is SUCCEED else str(fate),
            with_url=plan.with_url,
            clip_delay=plan.late,
            link_seconds=plan.link_seconds,
            charged_when_failed=plan.charged_when_failed,
        )

    def _durations(self, draft: Task, number: int) -> tuple[float, float]:
        """Return the seconds in the queue and in rendering: by a latency rule, else by the pace."""
        if self.latencies.rules:
            durations = self.latencies.durations(draft, self._random.uniform("latency", draft.account, number))
            if durations is not None:
                return durations
        latency = self._config.latencies[draft.upstream]
        return durations_at_pace(self._config.pace, latency, self._random, draft.account, number)

    def _prepare(self, task: Task) -> None:
        """Count the money of a task that was accepted, and begin to render its clip."""
        self.ledger.book(task)
        if self._config.pace is not Pace.INSTANT and task.failure is None:
            self._renderer.prepare(partial(self.clip_spec, task))

    # --- tasks ---

    async def task(self, account: str, upstream: str, task_id: str, *, query: bool = False) -> Task:
        """Look up an account's task; `query` advances it under the pace `step`. Raises ApiError TASK_NOT_FOUND."""
        task = await self.store.task(task_id)
        if task is None or task.account != account or task.upstream != upstream:
            raise ApiError(ErrorKind.TASK_NOT_FOUND, "no task of this key has this id", value=task_id)
        if query and self._config.pace is Pace.STEP:
            return await self._step(task)
        return task

    async def tasks(self, account: str, upstream: str) -> list[Task]:
        """Return an account's tasks at an upstream, oldest first."""
        return [task for task in await self.store.tasks(account) if task.upstream == upstream]

    async def cancel(self, account: str, upstream: str, task_id: str) -> Task:
        """Cancel a task that has not ended. Raises ApiError TASK_NOT_FOUND or STATE_CONFLICT."""
        task = await self.task(account, upstream, task_id)
        state = self.state(task)
        if state.status in TERMINAL:
            detail = f"the task is {state.status}; allowed: a task that has not ended"
            raise ApiError(ErrorKind.STATE_CONFLICT, detail, value=state.status)
        cancelled = msgspec.structs.replace(task, cancelled_at=self.now_for(task))
        callback = self._callback_now(cancelled) if cancelled.callback_url else None
        with self.expect_callback(task_id):
            await self.store.replace_task(cancelled, self.ledger.booking(cancelled), callback)
            self.ledger.refresh(account)
            if callback is not None:
                await self.schedule_callback(cancelled, callback)
        return cancelled

    async def _step(self, task: Task) -> Task:
        """Advance a task's own clock by a query, and schedule its callback if that ends the task."""
        task = await self.store.count_query(task)
        end, before = ends_at(task), task.queries - 1
        has_ended = end <= step_clock(task, task.queries)
        if task.callback_url and has_ended and (before == 0 or step_clock(task, before) < end):
            callback = self._callback_now(task)
            with self.expect_callback(task.id):
                await self.store.save_callback(callback)
                await self.schedule_callback(task, callback)
        return task

    def _callback_now(self, task: Task) -> DueCallback:
        now = self.clocks.now(task.account)
        return DueCallback(task.id, task.account, now, now)

    def now_for(self, task: Task) -> float:
        """Return the time that applies to a task: the account's, or under the pace `step` the task's own."""
        if self._config.pace is not Pace.STEP:
            return self.clocks.now(task.account)
        return step_clock(task, task.queries)

    async def count_unfinished(self, account: str, upstream: str) -> int:
        """Count an account's tasks at one upstream that have not ended."""
        if self._config.pace is not Pace.STEP:
            return await self.store.unfinished(account, upstream, self.clocks.now(account))
        return sum(self.state(task).status not in TERMINAL for task in await self.tasks(account, upstream))

    def state(self, task: Task) -> TaskState:
        """Return the current state of a task."""
        return state_at(task, self.now_for(task))

    # --- clips ---

    def clip_spec(self, task: Task) -> ClipSpec:
        return ClipSpec(
            model=task.model,
            width=task.width,
            height=task.height,
            seconds=task.seconds,
            audio=task.audio,
            seed=task.seed,
            prompt=task.prompt,
            extra_frame=self._has_extra_frame(task.upstream),
            first=task.first,
            last=task.last,
            source=task.source,
        )

    def _has_extra_frame(self, upstream: str) -> bool:
        variant = get_contract(upstream).frames
        return variant is not None and self._config.options.get(variant.id) == "billed"

    async def clip(self, task: Task, link_seconds: float = NEVER) -> CachedClip:
        """Render the clip of a succeeded task; its link lives for `link_seconds`, unless its fate says otherwise.

        Raises ApiError NOT_READY, TASK_FAILED, CONTENT_NOT_FOUND (the task has no clip, or the source of an upscale is
        damaged) or LINK_EXPIRED, and Unrenderable.
        """
        now = self.now_for(task)
        state = state_at(task, now)
        if state.status in UNSUCCESSFUL:
            reason = task.failure.message if task.failure and state.status is not TaskStatus.CANCELLED else ""
            end = "has failed" if state.status is TaskStatus.FAILURE else f"is {state.status}"
            raise ApiError(ErrorKind.TASK_FAILED, f"the task {end}: {reason}", value=state.status)
        if state.status is not TaskStatus.SUCCESS:
            message = f"the task is {state.status}, its clip comes with SUCCESS"
            raise ApiError(ErrorKind.NOT_READY, message, value=state.status)
        if not task.with_url:
            raise ApiError(ErrorKind.CONTENT_NOT_FOUND, "the task has succeeded without a clip", value=state.status)
        if now < state.ends_at + task.clip_delay:
            raise ApiError(ErrorKind.NOT_READY, "the task has succeeded, but there is no clip yet", value=state.status)
        lifetime = link_seconds if task.link_seconds is None else task.link_seconds
        if now >= state.ends_at + lifetime:
            raise ApiError(ErrorKind.LINK_EXPIRED, f"the clip was kept for {lifetime:g} s", value=state.status)
        try:
            return await self._renderer.clip(self.clip_spec(task))
        except Unrenderable as error:
            if task.source is None or isinstance(error, RenderBug):
                raise
            # Found only now: to decode a source as a whole at create would take seconds.
            detail = f"the source of the upscale can't be decoded: {error}"
            raise ApiError(ErrorKind.CONTENT_NOT_FOUND, detail, value=state.status) from error


async def _leave_to_the_store(task: Task, callback: DueCallback) -> None:
    """Schedule nothing in this process."""


def _order_error(refusal: Refusal, order: Order) -> ApiError:
    """Return the error for an order that another process's order came before."""
    if isinstance(refusal, TooManyTasks) and order.concurrency is not None:
        return too_many_tasks(order.task.upstream, refusal.count, order.concurrency)
    assert isinstance(refusal, NotCovered), "a taken id is tried again"
    assert order.booking is not None, "money is checked with a booking"
    return balance_error(order.booking.amount, refusal.remaining)
