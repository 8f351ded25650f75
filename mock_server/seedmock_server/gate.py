"""What stands between a call and its answer on purpose: the limits of its account, and the faults that it meets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec.structs import replace

from seedmock_contracts.terms import Operation, TaskStatus

from .answer import Call, FileAnswer, Upstream
from .faults import Fault, Faults
from .lies import other_look
from .limits import Limits
from .matching import InvalidRule, Subject
from .media.studio import Studio, Unrenderable
from .rooms import RESULTS, Rooms
from .task import Task
from .wire import Visited, Wire, line_of

MAKES = frozenset({Operation.CREATE, Operation.UPSCALE})
HEADER = b"x-mock-fault"


class Gate:
    """Introduces faults and limits to the calls."""

    def __init__(self, faults: Faults, limits: Limits, rooms: Rooms, studio: Studio) -> None:
        self.faults, self.limits = faults, limits
        self._rooms, self._studio = rooms, studio

    @property
    def is_open(self) -> bool:
        """Whether nothing is said that could stop a call: no rule of faults, no limit."""
        faults, limits = self.faults, self.limits
        anything = faults.rules or faults.scenario or limits.of_account
        return not (anything or limits.default.rate or limits.default.concurrency)

    def meet(self, upstream: Upstream, call: Call, scope: Mapping[str, Any], header: str) -> Wire | None:
        """The faults that a call to the API meets; of what is asked about a task, model and prompt are the task's.

        Raises InvalidRule for a header that cannot be followed.
        """
        task = self._task(call)
        said, document = upstream.said, call.document
        subject = Subject(
            said.name,
            call.operation,
            call.account,
            0,
            task.model if task else _text(document.get("model")),
            task.prompt if task else _text(document.get("prompt")),
            tuple(found.reference.url for found in said.layout.find(document)),
        )
        return self._wire(upstream, subject, scope, header, task)

    def meet_download(self, speaker: Upstream, task: Task, scope: Mapping[str, Any], header: str) -> Wire | None:
        """The faults that a download by a link meets, which counts as the content of its task's upstream."""
        subject = Subject(task.upstream, Operation.CONTENT, task.account, 0, task.model, task.prompt)
        return self._wire(speaker, subject, scope, header, task)

    def limit(self, upstream: Upstream, call: Call) -> None:
        """Raises Refusal RATE_LIMIT for a call that is one too many."""
        name, account = upstream.said.name, call.account
        engine = self._rooms.engine

        def running() -> int:
            ended = (TaskStatus.SUCCESS, TaskStatus.FAILURE)
            tasks = (task for task in engine.store.tasks(account) if task.upstream == name)
            return sum(engine.state(task).status not in ended for task in tasks)

        now = engine.clocks.now(account)
        self.limits.check(name, account, now, running if call.operation in MAKES else None)

    def _wire(
        self, upstream: Upstream, subject: Subject, scope: Mapping[str, Any], header: str, task: Task | None
    ) -> Wire | None:
        faults = self.faults.choose(subject, header)
        if not faults:
            return None
        options = self._rooms.settings.options
        visited = Visited(
            upstream,
            subject.operation,
            scope["method"],
            scope["path"],
            scope["query_string"],
            "openai" if options.get(f"{upstream.said.name}.status") == "openai" else "",
            None if task is None else self._other_clip(task),
            "" if task is None else self._link(task),
        )
        return Wire(faults, visited, self._rooms.engine.clocks.of(subject.account), line_of(scope))

    def _task(self, call: Call) -> Task | None:
        task = self._rooms.engine.store.task(str(call.params.get("task_id", "")))
        return task if task is not None and task.account == call.account else None

    def _link(self, task: Task) -> str:
        return f"{RESULTS}/{task.id}/{self._rooms.result_token(task.id)}.mp4"

    def _other_clip(self, task: Task) -> Callable[[Fault, FileAnswer], Awaitable[FileAnswer]]:
        async def made(fault: Fault, answer: FileAnswer) -> FileAnswer:
            try:
                clip = await self._studio.clip(other_look(fault, self._rooms.engine.look(task)))
            except Unrenderable as error:
                raise InvalidRule(f"{fault}: no such clip can be made: {error}") from error
            return replace(answer, path=clip.path, etag=clip.etag)

        return made


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
