"""Rules of the state machine about tasks: orders, polls, downloads, uploads, balances, and time that passes."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import READS, Operation
from seedmock_contracts.lifecycle import TERMINAL

from ..driver.actions import LINK, Action
from ..driver.sample_media import FORM_HEADERS, form_body
from .machine_base import MachineBase, rarely
from .strategies import IMAGE_SIDE

WAIT_SECONDS = (0.5, 1.0, 5.0, 60.0, 3600.0, 86_400.0)
# Ten minutes, within which more than nine in ten tasks end (fact NAME.latency.p90).
POLL_INTERVAL, MAX_POLLS = 60.0, 10
LIST_OPERATIONS = (Operation.BALANCE, Operation.MODELS, Operation.GROUP_LIST, Operation.ASSET_LIST)


class TaskRules(MachineBase):
    """Each rule draws a request about a task, or about the account, and runs it."""

    @rule(data=st.data())
    def create_task(self, data: st.DataObject) -> None:
        self.order(data, data.draw(self.callers()))

    @rule(data=st.data())
    def complete_task(self, data: st.DataObject) -> None:
        """An order with all that follows, between two balances."""
        caller = data.draw(self.callers())
        self.run_if_available(Operation.BALANCE, caller)
        task = self.order(data, caller)
        if task:
            self._poll_to_end(task)
            if data.draw(rarely):  # rendering a clip takes most of the time of a run
                self._download(task, {})
            self.run(self.subject_action(Operation.QUERY, task, caller))
            self.run_if_available(Operation.RECORD, caller, task)
        self.run_if_available(Operation.BALANCE, caller)

    @precondition(lambda self: self.runner.symbols_of("task"))
    @rule(data=st.data())
    def read_task(self, data: st.DataObject) -> None:
        task = self.draw_symbol(data, "task")
        operation = data.draw(st.sampled_from(self.context.available(Operation.QUERY, *READS)))
        headers = data.draw(self.range_headers()) if operation is Operation.CONTENT else {}
        self.run(self.subject_action(operation, task, self.runner.owners[task], headers=headers))

    @precondition(lambda self: self.runner.symbols_of("task"))
    @rule(data=st.data())
    def wait_for_task(self, data: st.DataObject) -> None:
        self._poll_to_end(self.draw_symbol(data, "task"))

    @precondition(lambda self: self.context.available(Operation.CANCEL))
    @rule(data=st.data())
    def cancel_task(self, data: st.DataObject) -> None:
        """Cancel a new task, or the oldest one, at any time; query it, and cancel it again."""
        caller = data.draw(self.callers())
        task = self.order(data, caller) or next(iter(self.runner.symbols_of("task", caller)), "")
        if task:
            if data.draw(rarely):
                self.run(Action(seconds=data.draw(st.sampled_from(WAIT_SECONDS))))
            for operation in (Operation.CANCEL, Operation.QUERY, Operation.CANCEL):
                self.run(self.subject_action(operation, task, caller))

    @precondition(lambda self: self.context.available(Operation.TASK_LIST))
    @rule(data=st.data())
    def list_tasks(self, data: st.DataObject) -> None:
        self.run(Action(Operation.TASK_LIST, caller=data.draw(self.callers())))

    @precondition(lambda self: self.context.available(Operation.FILE_CREATE))
    @rule(data=st.data())
    def upload_image(self, data: st.DataObject) -> None:
        method, path = endpoint_path(self.context.contract, Operation.FILE_CREATE, {})
        part = self.context.contract.request.file_parts[Operation.FILE_CREATE]
        caller, body = data.draw(self.callers()), form_body(part, IMAGE_SIDE)
        operation = Operation.FILE_CREATE
        self.run(Action(operation, method=method, url=path, body=body, headers=FORM_HEADERS, caller=caller))
        file = self.created_symbol()
        if file:
            self.run(Action(url=file))
            self.order(data, caller)

    @precondition(lambda self: self.runner.symbols_of("link"))
    @rule(data=st.data())
    def download_link(self, data: st.DataObject) -> None:
        self.run(Action(url=self.draw_symbol(data, "link"), headers=data.draw(self.range_headers())))

    @precondition(lambda self: self.context.clock is not None)
    @rule(seconds=st.sampled_from(WAIT_SECONDS))
    def wait(self, seconds: float) -> None:
        self.run(Action(seconds=seconds))

    @precondition(lambda self: self.context.available(*LIST_OPERATIONS))
    @rule(data=st.data())
    def read_account(self, data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(self.context.available(*LIST_OPERATIONS)))
        self.run(Action(operation, self.draw_document(data, operation), caller=data.draw(self.callers())))

    def _poll_to_end(self, task: str) -> None:
        for _ in range(MAX_POLLS):
            interaction = self.run(self.subject_action(Operation.QUERY, task, self.runner.owners[task]))
            if interaction is None or interaction.status in TERMINAL or self.context.clock is None:
                return
            self.run(Action(seconds=POLL_INTERVAL))

    def _download(self, task: str, headers: Mapping[str, str]) -> None:
        if task + LINK in self.runner.symbols:
            self.run(Action(url=task + LINK, headers=headers))
        elif Operation.CONTENT in self.context.endpoints:
            self.run(self.subject_action(Operation.CONTENT, task, self.runner.owners[task], headers=headers))
