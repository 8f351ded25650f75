"""The verbs of generation: create, look up, render. Introduces the rooms to one another; no HTTP, no vendor words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from seedmock_contracts.contract import Contract
from seedmock_contracts.generation import GenerationRequest, Reference, UpscaleRequest
from seedmock_contracts.references import Found
from seedmock_contracts.terms import (
    AssetStatus,
    ErrorKind,
    MediaFacts,
    MediaKind,
    Mode,
    Role,
    Size,
    TaskStatus,
)
from seedmock_contracts.validation import kind_violation, media_violations

from . import sources
from .chance import Chance
from .clock import Clock
from .ledger import Charge, Prices, charge, spent
from .media.look import Look, Source
from .media.studio import Clip, Studio
from .refusal import Refusal, refusal_of
from .sources import Readable, Sources
from .store import Store
from .task import Failure, Task
from .timeline import STEP_SECONDS, Latency, Pace, State, asset_status_at, plan, state_at

SEEDS = 1 << 31
ASSET_SCHEME = "asset://"
NewId = Callable[[float, int], str]
"""Makes a task id from the time of creation and the number of the attempt."""


@dataclass(frozen=True, slots=True)
class Input:
    """A reference of an order and what became of it: its file if it could be read, its facts if they are known."""

    path: str
    reference: Reference
    source: Source | None = None
    facts: MediaFacts | None = None

    @property
    def form(self) -> float | None:
        """Width over height, if known."""
        if self.facts is None or not self.facts.width or not self.facts.height:
            return None
        return self.facts.width / self.facts.height


@dataclass(frozen=True, slots=True)
class Rules:
    """What an engine needs of the settings."""

    pace: Pace
    latency: Latency
    prices: Prices
    options: Mapping[str, str] = field(default_factory=dict)


class Engine:
    """Tasks of all upstreams and accounts."""

    def __init__(
        self, store: Store, clock: Clock, chance: Chance, studio: Studio, shelf: Sources, rules: Rules
    ) -> None:
        self.store = store
        self.clock = clock
        self.chance = chance
        self.sources = shelf
        self.rules = rules
        self._studio = studio
        self._numbers = itertools.count(1)

    def next_number(self) -> int:
        """1, 2, 3, ...: what makes one draw differ from the next."""
        return next(self._numbers)

    async def generate(
        self,
        said: Contract,
        account: str,
        request: GenerationRequest,
        found: Sequence[Found],
        origin: str,
        new_id: NewId,
        private: Failure | None = None,
    ) -> Task:
        """Accept an order. `private` is how this upstream's tasks fail when a reference has a private address.

        Raises Refusal for references that cannot be used.
        """
        inputs = [await self._input(account, one, origin) for one in found] if found else []
        self._check(said, inputs)
        size = self._size(said, request, inputs)
        failure = private if private and any(self._dies(one) for one in inputs) else None
        model = said.named(request.model)
        assert model is not None, "the rules let no unknown model through"
        return self._accept(
            new_id,
            upstream=said.name,
            account=account,
            mode=request.mode,
            model=model.name,
            prompt=request.prompt,
            size=size,
            seconds=request.seconds,
            audio=request.generate_audio is not False,
            wanted_seed=request.seed,
            failure=failure,
            first=_role(inputs, Role.FIRST_FRAME),
            last=_role(inputs, Role.LAST_FRAME),
        )

    async def upscale(
        self, said: Contract, account: str, request: UpscaleRequest, found: Found, origin: str, new_id: NewId
    ) -> Task:
        """Accept an order to enlarge a video. A video that is readable but broken makes a task that fails."""
        failure: Failure | None = None
        try:
            video = await self._input(account, found, origin)
        except Refusal as refusal:
            video = Input(found.path, found.reference)
            failure = Failure(ErrorKind.INVALID_INPUT, "INVALID_INPUT", refusal.detail)
        if failure is None and video.facts is not None and video.facts.kind is not MediaKind.VIDEO:
            failure = Failure(ErrorKind.INVALID_INPUT, "INVALID_INPUT", f"{found.path} is no video")
        model = next(model for model in said.models if model.upscales)
        seconds = video.facts.seconds if video.facts else None
        unknown = float(said.amount(f"{said.name}.upscale.unknown_seconds").value)
        return self._accept(
            new_id,
            upstream=said.name,
            account=account,
            mode=Mode.UPSCALE,
            model=model.name,
            prompt="",
            size=_enlarged(said, request.resolution, video),
            seconds=max(1, math.ceil(unknown if seconds is None else seconds)),
            audio=video.facts.has_audio if video.facts else True,
            wanted_seed=0,
            failure=failure,
            source=video.source if failure is None else None,
            source_seconds=seconds,
        )

    def _accept(
        self,
        new_id: NewId,
        *,
        upstream: str,
        account: str,
        mode: Mode,
        model: str,
        prompt: str,
        size: Size,
        seconds: int,
        audio: bool,
        wanted_seed: int | None,
        failure: Failure | None,
        first: Source | None = None,
        last: Source | None = None,
        source: Source | None = None,
        source_seconds: float | None = None,
    ) -> Task:
        now = self.clock.now()
        for attempt in range(1000):
            task_id = new_id(now, attempt)
            queue, render = plan(self.rules.pace, self.rules.latency, self.chance, task_id)
            drawn = wanted_seed is None or wanted_seed < 0
            task = Task(
                id=task_id,
                upstream=upstream,
                account=account,
                mode=mode,
                model=model,
                prompt=prompt,
                resolution=size.resolution,
                ratio=size.ratio,
                width=size.width,
                height=size.height,
                seconds=seconds,
                audio=audio,
                seed=self.chance.whole(SEEDS, "seed", task_id) if drawn else wanted_seed or 0,
                created_at=now,
                queue_seconds=queue,
                render_seconds=render,
                failure=failure,
                first=first,
                last=last,
                source=source,
                source_seconds=source_seconds,
            )
            if self.store.add_task(task):
                if self.rules.pace is not Pace.INSTANT and failure is None:
                    self._studio.prepare(self.look(task))
                return task
        raise RuntimeError("a thousand task ids in a row were taken")

    # --- what became of a task ---

    def task(self, account: str, upstream: str, task_id: str, *, query: bool = False) -> Task:
        """An account's task; `query` counts the look under the pace `step`. Raises Refusal TASK_NOT_FOUND."""
        task = self.store.task(task_id)
        if task is None or task.account != account or task.upstream != upstream:
            raise Refusal(ErrorKind.TASK_NOT_FOUND, "no task of this key has this id", value=task_id)
        if query and self.rules.pace is Pace.STEP:
            self.store.count_query(task_id)
        return task

    def now_of(self, task: Task) -> float:
        """The reading of the clock that holds for a task: under the pace `step`, its own, which each query moves on."""
        if self.rules.pace is not Pace.STEP:
            return self.clock.now()
        return task.created_at + max(0, self.store.queries(task.id) - 1) * STEP_SECONDS

    def state(self, task: Task) -> State:
        """The state of a task now."""
        return state_at(task, self.now_of(task))

    def look(self, task: Task) -> Look:
        """What a task's clip looks like."""
        return Look(
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

    async def clip(self, task: Task) -> Clip:
        """The clip of a task that has succeeded. Raises Refusal NOT_READY or TASK_FAILED before, Unrenderable."""
        status = self.state(task).status
        if status is TaskStatus.FAILURE:
            why = task.failure.message if task.failure else ""
            raise Refusal(ErrorKind.TASK_FAILED, f"the task has failed: {why}", value=status)
        if status is not TaskStatus.SUCCESS:
            raise Refusal(ErrorKind.NOT_READY, f"the task is {status}, its clip comes with SUCCESS", value=status)
        return await self._studio.clip(self.look(task))

    def charge(self, task: Task) -> Charge:
        """What a task costs now."""
        return charge(task, self.now_of(task), self.rules.prices)

    def spent(self, account: str) -> Decimal:
        """What an account has been charged and has on hold, in USD."""
        assets = [*self.store.assets(account), *self.store.removed_assets(account)]
        return spent(self.store.tasks(account), assets, self.clock.now(), self.rules.prices)

    # --- references ---

    async def _input(self, account: str, found: Found, origin: str) -> Input:
        reference = found.reference
        if reference.url.startswith(ASSET_SCHEME):
            return self._asset(account, found)
        try:
            readable = await self.sources.read(reference.url, own_origin=origin, now=self.clock.now())
        except sources.Refused as error:
            said = f"{found.path}: {error}"
            raise Refusal(ErrorKind.INVALID_INPUT, said, field=found.path, value=reference.url) from error
        return _read(found, readable)

    def _asset(self, account: str, found: Found) -> Input:
        asset_id = found.reference.url.removeprefix(ASSET_SCHEME)
        asset = self.store.asset(account, asset_id)
        status = asset_status_at(asset, self.clock.now()) if asset else None
        if asset is None or status is not AssetStatus.ACTIVE:
            found_it = f"is {status}" if asset else "does not exist under this key"
            said = f"{found.path}: asset {asset_id} {found_it}; allowed: an asset of this key that is Active"
            raise Refusal(ErrorKind.INVALID_INPUT, said, field=found.path, value=found.reference.url)
        return Input(found.path, found.reference, asset.source, asset.facts)

    def _check(self, said: Contract, inputs: Sequence[Input]) -> None:
        measured = [(one.path, one.facts) for one in inputs if one.facts is not None]
        for one in inputs:
            if one.facts is not None:
                limit = next(limit for limit in said.limits if limit.kind is one.reference.kind)
                wrong = kind_violation(one.path, one.reference.kind, one.facts, limit)
                if wrong:
                    raise refusal_of(wrong)
        for violation in media_violations(said.name, measured):
            raise refusal_of(violation)

    def _size(self, said: Contract, request: GenerationRequest, inputs: Sequence[Input]) -> Size:
        """The table's row; adaptive takes the ratio nearest to the first visual input of known form, else 16:9."""
        size = said.size_of(request.size) if request.size else None
        if size is None and request.resolution and request.ratio:
            size = said.size(request.resolution, request.ratio)
        if size is not None:
            return size
        form = next((one.form for one in inputs if one.form is not None), 16 / 9)
        rows = [row for row in said.sizes if row.resolution == request.resolution]
        return min(rows, key=lambda row: abs(math.log(row.width / row.height / form)))

    def _dies(self, one: Input) -> bool:
        return one.facts is None and sources.is_private(one.reference.url)


def _read(found: Found, readable: Readable | None) -> Input:
    if readable is None:
        return Input(found.path, found.reference)
    return Input(found.path, found.reference, readable.source, readable.facts)


def _role(inputs: Sequence[Input], role: Role) -> Source | None:
    return next((one.source for one in inputs if one.reference.role is role), None)


def _enlarged(said: Contract, resolution: str, video: Input) -> Size:
    """The target's shorter side with the input's form, in even pixels."""
    side = int(said.amount(f"{said.name}.upscale.side.{resolution}").value)
    form = video.form or 16 / 9
    width, height = (side * form, side) if form >= 1 else (side, side / form)
    even_width, even_height = 2 * round(width / 2), 2 * round(height / 2)
    fact = said.amount(f"{said.name}.upscale.side.{resolution}")
    return Size(fact.id, fact.evidence, resolution, f"{even_width}:{even_height}", even_width, even_height)
