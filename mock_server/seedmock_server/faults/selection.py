"""What stands between a call and its answer on purpose: the limits of its account, and the faults that it meets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.lifecycle import TERMINAL

from ..clock import Clock
from ..matching.rules import InvalidRule, RequestFacts
from ..media.renderer import ClipRenderer, Unrenderable
from ..rate_limits import Limits
from ..tasks.models import Task
from ..upstreams.context import RESULTS, UpstreamContext
from ..upstreams.protocol import ApiRequest, FileResponse, Upstream
from .execution import Clipped, FaultExecution, FaultTarget, line_of
from .mutations import forged, is_forged, other_look
from .rules import Fault, Faults

HEADER = b"x-mock-fault"


class FaultSelector:
    """Introduces faults and limits to the calls."""

    def __init__(self, faults: Faults, limits: Limits, rooms: UpstreamContext, renderer: ClipRenderer) -> None:
        self.faults, self.limits = faults, limits
        self._rooms, self._renderer = rooms, renderer

    @property
    def is_open(self) -> bool:
        """Whether nothing is said that could stop a call: no rule of faults, no limit."""
        faults, limits = self.faults, self.limits
        anything = faults.rules or faults.scenario or limits.of_account
        return not (anything or limits.default.rate or limits.default.concurrency)

    def meet(
        self, upstream: Upstream, call: ApiRequest, scope: Mapping[str, Any], header: str
    ) -> FaultExecution | None:
        """The faults that a call to the API meets; of what is asked about a task, model and prompt are the task's.

        Raises InvalidRule for a header that cannot be followed.
        """
        task = self._task(call)
        contract, document = upstream.contract, call.document
        subject = RequestFacts(
            contract.name,
            call.operation,
            call.account,
            0,
            task.model if task else _text(document.get("model")),
            task.prompt if task else _text(document.get("prompt")),
            tuple(found.reference.url for found in contract.request.layout.find(document)),
        )
        return self._wire(upstream, subject, scope, header, task)

    def meet_download(
        self, speaker: Upstream, task: Task, scope: Mapping[str, Any], header: str
    ) -> FaultExecution | None:
        """The faults that a download by a link meets, which counts as the content of its task's upstream."""
        subject = RequestFacts(task.upstream, Operation.CONTENT, task.account, 0, task.model, task.prompt)
        return self._wire(speaker, subject, scope, header, task)

    def meet_refusal(
        self, upstream: Upstream, operation: str, account: str, scope: Mapping[str, Any]
    ) -> FaultExecution | None:
        """The lies about the refusal of a call that nothing else was asked about."""
        subject = RequestFacts(upstream.contract.name, operation, account, 0)
        faults = self.faults.choose_for_refusal(subject)
        return (
            FaultExecution(faults, self._visited(upstream, subject, scope, None), self._clock(subject), None)
            if faults
            else None
        )

    def unlocks(self, upstream: Upstream, operation: str, account: str) -> bool:
        """Whether a lie lets anyone in."""
        return self.faults.unlocks(RequestFacts(upstream.contract.name, operation, account, 0))

    def limit(self, upstream: Upstream, call: ApiRequest) -> None:
        """Raises ApiError RATE_LIMIT for a call that is one too many."""
        name, account = upstream.contract.name, call.account
        engine = self._rooms.engine

        def running() -> int:
            return sum(engine.state(task).status not in TERMINAL for task in engine.tasks(account, name))

        now = engine.clocks.now(account)
        self.limits.check(name, account, now, running if call.operation in ORDERS else None)

    def _wire(
        self, upstream: Upstream, subject: RequestFacts, scope: Mapping[str, Any], header: str, task: Task | None
    ) -> FaultExecution | None:
        faults = self.faults.choose(subject, header)
        if not faults:
            return None
        visited = self._visited(upstream, subject, scope, task)
        return FaultExecution(faults, visited, self._clock(subject), line_of(scope))

    def _visited(
        self, upstream: Upstream, subject: RequestFacts, scope: Mapping[str, Any], task: Task | None
    ) -> FaultTarget:
        options = self._rooms.settings.variant_options
        return FaultTarget(
            upstream,
            subject.operation,
            scope["method"],
            scope["path"],
            scope["query_string"],
            "openai" if options.get(f"{upstream.contract.name}.status") == "openai" else "",
            None if task is None else self._other_clip(task),
            "" if task is None else self._link(task),
            next((value for name, value in scope["headers"] if name == b"range"), b""),
            self._owner,
            self._keep,
        )

    def _clock(self, subject: RequestFacts) -> Clock:
        return self._rooms.engine.clocks.for_account(subject.account)

    def _task(self, call: ApiRequest) -> Task | None:
        task = self._rooms.engine.store.task(str(call.params.get("task_id", "")))
        return task if task is not None and task.account == call.account else None

    def _owner(self, call: ApiRequest) -> str:
        """Whose the things are that a call names, or lists: somebody else's before the caller's; empty if nobody's."""
        store, named = self._rooms.engine.store, call.document.get("id") or call.document.get("group_id")
        task = store.task(str(call.params.get("task_id", "")))
        if task is not None:
            return task.account
        others = [account for account in store.accounts() if account != call.account]
        for account in others:
            things = {str(asset.id) for asset in store.assets(account)} | {
                str(group.id) for group in store.groups(account)
            }
            if str(named) in things or (named is None and things):
                return account
        return ""

    def _keep(self, call: ApiRequest) -> Callable[[], None]:
        """Takes down what an account has, so that it can be brought back."""
        store = self._rooms.engine.store
        holding = store.account_records(call.account)
        return lambda: store.replace_account(holding)

    def _link(self, task: Task) -> str:
        return f"{RESULTS}/{task.id}/{self._rooms.result_token(task.id)}.mp4"

    def _other_clip(self, task: Task) -> Clipped:
        async def made(fault: Fault, answer: FileResponse | None) -> FileResponse:
            look = self._rooms.engine.clip_spec(task)
            try:
                clip = await self._renderer.clip(look if answer is None else other_look(fault, look))
                if is_forged(fault):
                    clip = await self._renderer.modified(clip, str(fault), partial(forged, fault))
            except Unrenderable as error:
                raise InvalidRule(f"{fault}: no such clip can be made: {error}") from error
            if answer is None:
                return FileResponse(clip.path, clip.etag, "video/mp4")
            return replace(answer, path=clip.path, etag=clip.etag)

        return made


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
