"""Rules of the state machine about assets and their groups."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from seedmock_contracts.enums import SUBJECTS, Operation

from ..driver.actions import Action
from .machine_base import MachineBase, rarely

# Longer than an asset is taken to be processed (fact NAME.assets.processing_seconds).
PROCESSING_SECONDS = 5.0


class AssetRules(MachineBase):
    """Each rule draws a request about a group or an asset, and runs it."""

    @precondition(lambda self: self.context.available(Operation.GROUP_CREATE))
    @rule(data=st.data())
    def create_group(self, data: st.DataObject) -> None:
        self._create_group(data, data.draw(self.callers()))

    @precondition(lambda self: self.runner.symbols_of("group"))
    @rule(data=st.data())
    def create_asset(self, data: st.DataObject) -> None:
        self._run_on_group(data, Operation.ASSET_CREATE, self.draw_symbol(data, "group"))

    @precondition(lambda self: self.context.available(Operation.ASSET_CREATE))
    @rule(data=st.data())
    def order_with_asset(self, data: st.DataObject) -> None:
        """A group with an asset, an order that can use it, and sometimes its deletion."""
        caller = data.draw(self.callers())
        group = self._create_group(data, caller)
        if group:
            self._run_on_group(data, Operation.ASSET_CREATE, group)
        asset = self.created_symbol()
        if group and asset:
            self.run(self.subject_action(Operation.ASSET_GET, asset, caller))
            self.run(Action(seconds=PROCESSING_SECONDS))
            self.run(self.subject_action(Operation.ASSET_GET, asset, caller))
            self.order(data, caller)
        if group and asset and data.draw(rarely):
            self.run(self.subject_action(Operation.ASSET_DELETE, asset, caller))
            self.run(self.subject_action(Operation.ASSET_GET, asset, caller))

    @precondition(lambda self: self.runner.symbols_of("group"))
    @rule(data=st.data())
    def use_group(self, data: st.DataObject) -> None:
        group = self.draw_symbol(data, "group")
        if data.draw(st.integers(0, 3)) == 3:
            self._run_on_group(data, Operation.GROUP_DELETE, group)
        else:
            self._run_on_group(data, Operation.ASSET_LIST, group)

    @precondition(lambda self: self.runner.symbols_of("asset"))
    @rule(data=st.data())
    def use_asset(self, data: st.DataObject) -> None:
        asset = self.draw_symbol(data, "asset")
        operations = [Operation.ASSET_GET, Operation.ASSET_UPDATE, Operation.ASSET_GET, Operation.ASSET_DELETE]
        operation = data.draw(st.sampled_from(operations))
        document = self.draw_document(data, operation)
        self.run(self.subject_action(operation, asset, self.runner.owners[asset], document))

    def _create_group(self, data: st.DataObject, caller: str) -> str:
        operation = Operation.GROUP_CREATE
        self.run(Action(operation, self.draw_document(data, operation), caller=caller))
        return self.created_symbol()

    def _run_on_group(self, data: st.DataObject, operation: Operation, group: str) -> None:
        # As a number and as text (fact NAME.groups.id.text).
        symbol = data.draw(st.sampled_from([group.replace("$", "#"), group]))
        caller, document = self.runner.owners[group], self.draw_document(data, operation)
        if operation in SUBJECTS:
            self.run(self.subject_action(operation, symbol, caller, document))
        else:
            field = self.context.contract.request.path("group", operation)
            self.run(Action(operation, {**(document or {}), field: symbol}, caller=caller))
