"""Rules of the state machine about invalid requests: wrong ids, wrong keys, broken rules, hostile bodies."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import TASK_OPERATIONS, Operation

from ..driver.actions import Action
from .hostile_bodies import UNKNOWN_IDS
from .invalid_strategies import violating_documents
from .machine_base import MachineBase

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
UNKNOWN_PATHS = ("/nothing/here", "/%00", "/..%2f..", "/" + "x" * 3000, "/名")
ASSET_OPERATIONS = (Operation.ASSET_GET, Operation.ASSET_UPDATE, Operation.ASSET_DELETE)
OPERATIONS_BY_SYMBOL = {"$group": (Operation.GROUP_DELETE,), "$asset": ASSET_OPERATIONS, "$link": ()}


class InvalidRequestRules(MachineBase):
    """Each rule draws a request that an upstream must reject, and runs it."""

    @precondition(lambda self: len(self.context.callers) > 1 and self.runner.owners)
    @rule(data=st.data())
    def use_foreign_id(self, data: st.DataObject) -> None:
        symbol = data.draw(st.sampled_from(list(self.runner.owners)))
        other = next(caller for caller in self.context.callers if caller != self.runner.owners[symbol])
        self._use_id(data, symbol, other)

    @rule(data=st.data(), unknown=st.sampled_from(UNKNOWN_IDS))
    def use_unknown_id(self, data: st.DataObject, unknown: str) -> None:
        self._use_id(data, unknown, data.draw(self.callers()))

    @rule(data=st.data())
    def use_invalid_key(self, data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(list(self.context.endpoints)))
        caller = data.draw(st.sampled_from(self.context.unauthenticated))
        id_ = data.draw(st.sampled_from([*self.runner.symbols_of("task"), UNKNOWN_IDS[0]]))
        params = dict.fromkeys(self.context.endpoints[operation].parameters, id_)
        self.run(Action(operation, self.draw_document(data, operation), params, caller))

    @rule(data=st.data())
    def break_rule(self, data: st.DataObject) -> None:
        context = self.context
        operation, broken = data.draw(st.sampled_from(context.rules))
        documents = violating_documents(
            context.contract, operation, broken, media=context.media, variants=context.options
        )
        params = dict.fromkeys(context.endpoints[operation].parameters, UNKNOWN_IDS[0])
        self.run(Action(operation, data.draw(documents), params, data.draw(self.callers())))

    @rule(data=st.data())
    def send_hostile_body(self, data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(list(self.context.hostile_bodies)))
        hostile = data.draw(self.context.hostile_bodies[operation])
        params = dict.fromkeys(self.context.endpoints[operation].parameters, UNKNOWN_IDS[0])
        method, path = endpoint_path(self.context.contract, operation, params)
        intended = operation if hostile.readable else ""
        self.run(Action(intended, method=method, url=path, body=hostile.body, headers=dict(hostile.headers)))

    @rule(data=st.data())
    def use_unknown_route(self, data: st.DataObject) -> None:
        contract = self.context.contract
        endpoint = data.draw(st.sampled_from(contract.endpoints))
        _, path = endpoint_path(contract, endpoint.operation, dict.fromkeys(endpoint.parameters, UNKNOWN_IDS[0]))
        allowed = {other.method for other in contract.endpoints if other.path == endpoint.path}
        method = data.draw(st.sampled_from([method for method in METHODS if method not in allowed]))
        routes = [(method, path), *(("GET", path + suffix) for suffix in UNKNOWN_PATHS)]
        method, url = data.draw(st.sampled_from(routes))
        self.run(Action(method=method, url=url))

    def _use_id(self, data: st.DataObject, id_: str, caller: str) -> None:
        """Draw an operation that can have this id or symbol, and run it."""
        by_symbol = (operations for prefix, operations in OPERATIONS_BY_SYMBOL.items() if id_.startswith(prefix))
        any_id = TASK_OPERATIONS if id_.startswith("$") else (*TASK_OPERATIONS, *ASSET_OPERATIONS)
        operations = self.context.available(*next(by_symbol, any_id))
        if not operations:
            return
        operation = data.draw(st.sampled_from(operations))
        document = None if operation in TASK_OPERATIONS else self.draw_document(data, operation)
        self.run(self.subject_action(operation, id_, caller, document))
