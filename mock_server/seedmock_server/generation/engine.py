"""The verbs of generation: create, look up, render. Introduces the rooms to one another; no HTTP, no vendor words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.references import LocatedReference
from seedmock_contracts.enums import ErrorKind, MediaKind, Mode, Operation, Role, TaskStatus
from seedmock_contracts.facts import MediaLimit, Size
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest

from ..billing.ledger import Ledger
from ..clock import Clocks
from ..errors import ApiError
from ..fates.lifecycle import plan_task, refused_for_face
from ..fates.rules import SUCCEED, Fate, Fates
from ..matching.rules import RequestFacts
from ..media.clip_spec import ClipSpec
from ..media.renderer import CachedClip, ClipRenderer
from ..randomness import SeededRandom
from ..references.resolver import ASSET_SCHEME, Input, ReferenceResolver, first_face_path, frame_file, log_notes
from ..storage import Store
from ..tasks.latency import LatencyRules
from ..tasks.models import Task, TaskFailure
from ..tasks.timeline import (
    NEVER,
    LogNormal,
    Pace,
    TaskState,
    durations_at_pace,
    ends_at,
    standard_phases,
    state_at,
    step_clock,
)

SEEDS = 1 << 31
LONGEST_SIDE = 8192
"""In pixels, of an upscaled clip: a strip of a video can't be brought to 4k by any decoder that people have."""
LOOSER = ("text",)
"""What moderation lets pass at a model whose tier is nsfw (assumed, as its fact says)."""
ATTEMPTS = 1000
Announce = Callable[[Task, float | None], None]
"""Told of a task that wants a callback: when it ends, or at a moment."""
NewId = Callable[[float, int], str]
"""Makes a task id from the time of creation and the number of the attempt."""


class Caller(msgspec.Struct, frozen=True):
    """Who asks: the account, the scheme, host and port by which it reached us, and the fate that a header wants.

    `log_notes` takes what the journal should say. `limits` hold for media where a lie says other than the upstream's.
    """

    account: str
    origin: str
    fate: str = ""
    log_notes: list[str] = []
    limits: tuple[MediaLimit, ...] | None = None


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What an engine needs of the settings."""

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
        inputs: ReferenceResolver,
        fates: Fates,
        ledger: Ledger,
        rules: EngineConfig,
    ) -> None:
        self.store = store
        self.clocks = clocks
        self.fates = fates
        self.random = random
        self.inputs = inputs
        self.ledger = ledger
        self.rules = rules
        self.latencies = LatencyRules()
        self.schedule_callback: Announce = lambda task, at: None
        self._renderer = renderer
        self.number = 0

    def next_number(self) -> int:
        """1, 2, 3, ...: what makes one draw differ from the next."""
        self.number += 1
        return self.number

    async def generate(
        self,
        contract: Contract,
        caller: Caller,
        request: GenerationRequest,
        found: Sequence[LocatedReference],
        new_id: NewId,
        private: TaskFailure | None = None,
    ) -> Task:
        """Accept an order. `private` is how this upstream's tasks fail when a reference has a private address.

        Raises ApiError for references that cannot be used, and for an order that the account cannot pay.
        """
        inputs = (
            await self.inputs.resolve_all(contract, caller.account, found, caller.origin, caller.limits)
            if found
            else ()
        )
        if inputs:
            caller.log_notes.extend(log_notes(inputs))
        size = self._size(contract, request, inputs)
        draft = Task(
            upstream=contract.name,
            account=caller.account,
            mode=request.mode,
            model=request.model or contract.models[0].name,
            prompt=request.prompt,
            resolution=size.resolution,
            ratio=size.ratio,
            width=size.width,
            height=size.height,
            seconds=request.seconds,
            audio=request.generate_audio is not False,
            seed=-1 if request.seed is None else request.seed,
            failure=private if private and any(one.is_private_address for one in inputs) else None,
            first=frame_file(inputs, Role.FIRST_FRAME) if inputs else None,
            last=frame_file(inputs, Role.LAST_FRAME) if inputs else None,
            callback_url=request.callback_url or "",
            origin=caller.origin if request.callback_url else "",
        )
        urls = [reference.url for reference in request.references]
        return self._accept(contract, caller, draft, new_id, urls, first_face_path(inputs) if inputs else None)

    async def upscale(
        self,
        contract: Contract,
        caller: Caller,
        request: UpscaleRequest,
        found: LocatedReference,
        new_id: NewId,
        private: TaskFailure | None = None,
    ) -> Task:
        """Accept an order to enlarge a video. A video that is readable but broken makes a task that fails.

        `private` is as for `generate`. Raises ApiError for an asset that cannot be used, or cannot be paid.
        """
        failure: TaskFailure | None = None
        try:
            video = await self.inputs.resolve(caller.account, found, caller.origin)
        except ApiError as refusal:
            if found.reference.url.startswith(ASSET_SCHEME):
                raise
            video, failure = Input(found.path, found.reference), _unusable(refusal.detail)
        if private and failure is None and video.is_private_address:
            failure = private
        if failure is None and video.facts is not None and video.facts.kind is not MediaKind.VIDEO:
            failure = _unusable(f"{found.path} is no video")
        seconds = video.facts.seconds if video.facts else None
        unknown = float(contract.amount(f"{contract.name}.upscale.unknown_seconds").value)
        size = _enlarged(contract, request.resolution, video)
        if max(size.width, size.height) > LONGEST_SIDE:
            failure = _unusable(f"{found.path} would become {size.text}; allowed: at most {LONGEST_SIDE} a side")
        draft = Task(
            upstream=contract.name,
            account=caller.account,
            mode=Mode.UPSCALE,
            model=next(model.name for model in contract.models if model.upscales),
            prompt="",
            resolution=size.resolution,
            ratio=size.ratio,
            width=size.width,
            height=size.height,
            seconds=max(1, math.ceil(unknown if seconds is None else seconds)),
            audio=video.facts.has_audio if video.facts else True,
            seed=0,
            failure=failure,
            source=video.source if failure is None else None,
            source_seconds=seconds,
            callback_url=request.callback_url or "",
            origin=caller.origin if request.callback_url else "",
        )
        return self._accept(contract, caller, draft, new_id, [request.url])

    def _fate(
        self, contract: Contract, caller: Caller, draft: Task, references: Sequence[str], face_at: str | None
    ) -> Fate:
        number = self.next_number()
        if face_at is None and not caller.fate and not references and self.fates.is_plain and "[[" not in draft.prompt:
            return SUCCEED
        operation = Operation.UPSCALE if draft.mode is Mode.UPSCALE else Operation.CREATE
        subject = RequestFacts(
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
        seen = refused_for_face(face_at) if face_at is not None else None
        model = contract.model(draft.model)
        spared = LOOSER if model is not None and model.tier == "nsfw" else ()
        return self.fates.choose(contract, subject, caller.fate, seen=seen, spared=spared)

    def _accept(
        self,
        contract: Contract,
        caller: Caller,
        draft: Task,
        new_id: NewId,
        references: Sequence[str],
        face_at: str | None = None,
    ) -> Task:
        """Give a draft its id, its life and, where none was asked for, its seed; keep it and begin on its clip."""
        self.ledger.check(draft)
        fate = self._fate(contract, caller, draft, references, face_at)
        now = self.clocks.now(draft.account)
        for attempt in range(ATTEMPTS):
            task_id = new_id(now, attempt)
            number = self.number  # the id's own: ids may tell the time of day, which no draw hangs on
            queue, render = self._times(draft, number)
            lived = plan_task(contract, fate, queue, render)
            seed = draft.seed if draft.seed >= 0 else self.random.integer(SEEDS, "seed", number)
            task = msgspec.structs.replace(
                draft,
                id=task_id,
                seed=seed,
                created_at=now,
                phases=lived.phases if draft.failure is None else standard_phases(queue, render, TaskStatus.FAILURE),
                failure=draft.failure or lived.failure,
                fate=fate.kind if fate is SUCCEED else str(fate),
                with_url=lived.with_url,
                clip_delay=lived.late,
                link_seconds=lived.link_seconds,
                charged_when_failed=lived.charged_when_failed,
            )
            if self.store.add_task(task):
                self.ledger.book(task)
                if task.callback_url and self.rules.pace is not Pace.STEP:
                    self.schedule_callback(task, None)
                if self.rules.pace is not Pace.INSTANT and task.failure is None:
                    self._renderer.prepare(partial(self.clip_spec, task))
                return task
        raise RuntimeError(f"{ATTEMPTS} task ids in a row were taken")

    def _times(self, draft: Task, number: int) -> tuple[float, float]:
        """Seconds in the queue and in the works: what is said of tasks like this, else what the pace gives."""
        said = self.latencies.durations(draft, self.random.uniform("latency", number)) if self.latencies.rules else None
        return said or durations_at_pace(self.rules.pace, self.rules.latencies[draft.upstream], self.random, number)

    # --- what became of a task ---

    def task(self, account: str, upstream: str, task_id: str, *, query: bool = False) -> Task:
        """An account's task; `query` counts the look under the pace `step`. Raises ApiError TASK_NOT_FOUND."""
        task = self.store.task(task_id)
        if task is None or task.account != account or task.upstream != upstream:
            raise ApiError(ErrorKind.TASK_NOT_FOUND, "no task of this key has this id", value=task_id)
        if query and self.rules.pace is Pace.STEP:
            self._step(task, self.store.count_query(task_id))
        return task

    def _step(self, task: Task, before: int) -> None:
        """A query has moved a task's own clock; if it came to its end by that, its callback is due."""
        ended = ends_at(task) <= step_clock(task, before + 1)
        if task.callback_url and ended and (before == 0 or step_clock(task, before) < ends_at(task)):
            self.schedule_callback(task, self.clocks.now(task.account))

    def now_for(self, task: Task) -> float:
        """The reading of the clock that holds for a task: under the pace `step`, its own, which each query moves on."""
        if self.rules.pace is not Pace.STEP:
            return self.clocks.now(task.account)
        return step_clock(task, self.store.queries(task.id))

    def state(self, task: Task) -> TaskState:
        """The state of a task now."""
        return state_at(task, self.now_for(task))

    def clip_spec(self, task: Task) -> ClipSpec:
        """What a task's clip looks like."""
        return ClipSpec(
            model=task.model,
            width=task.width,
            height=task.height,
            seconds=task.seconds,
            audio=task.audio,
            seed=task.seed,
            prompt=task.prompt,
            extra_frame=self.rules.options.get(f"{task.upstream}.frames") == "billed",
            first=task.first,
            last=task.last,
            source=task.source,
        )

    async def clip(self, task: Task, lives: float = NEVER) -> CachedClip:
        """The clip of a task that has succeeded; its link lives for so many seconds unless its fate says otherwise.

        Raises ApiError NOT_READY, TASK_FAILED, CONTENT_NOT_FOUND (there never will be one) or LINK_EXPIRED, and
        Unrenderable.
        """
        state, now = self.state(task), self.now_for(task)
        if state.status is TaskStatus.FAILURE:
            why = task.failure.message if task.failure else ""
            raise ApiError(ErrorKind.TASK_FAILED, f"the task has failed: {why}", value=state.status)
        if state.status is not TaskStatus.SUCCESS:
            said = f"the task is {state.status}, its clip comes with SUCCESS"
            raise ApiError(ErrorKind.NOT_READY, said, value=state.status)
        if not task.with_url:
            raise ApiError(ErrorKind.CONTENT_NOT_FOUND, "the task has succeeded without a clip", value=state.status)
        if now < state.ends_at + task.clip_delay:
            raise ApiError(ErrorKind.NOT_READY, "the task has succeeded, but there is no clip yet", value=state.status)
        lives = lives if task.link_seconds is None else task.link_seconds
        if now >= state.ends_at + lives:
            raise ApiError(ErrorKind.LINK_EXPIRED, f"the clip was kept for {lives:g} s", value=state.status)
        return await self._renderer.clip(self.clip_spec(task))

    def _size(self, contract: Contract, request: GenerationRequest, inputs: Sequence[Input]) -> Size:
        """The table's row; adaptive takes the ratio nearest to the first visual input of known form, else 16:9."""
        size = contract.parse_size(request.size)
        if size is None and request.resolution and request.ratio:
            size = contract.size(request.resolution, request.ratio)
        if size is not None:
            return size
        form = next((one.aspect_ratio for one in inputs if one.aspect_ratio is not None), 16 / 9)
        rows = [row for row in contract.sizes if row.resolution == request.resolution]
        return min(rows, key=lambda row: abs(math.log(row.width / row.height / form)))


def _unusable(message: str) -> TaskFailure:
    return TaskFailure(ErrorKind.INVALID_INPUT, "INVALID_INPUT", message)


def _enlarged(contract: Contract, resolution: str, video: Input) -> Size:
    """The target's shorter side with the input's form, in even pixels."""
    side = int(contract.amount(f"{contract.name}.upscale.side.{resolution}").value)
    form = video.aspect_ratio or 16 / 9
    width, height = (side * form, side) if form >= 1 else (side, side / form)
    even_width, even_height = 2 * round(width / 2), 2 * round(height / 2)
    fact = contract.amount(f"{contract.name}.upscale.side.{resolution}")
    return Size(fact.id, fact.evidence, resolution, f"{even_width}:{even_height}", even_width, even_height)
