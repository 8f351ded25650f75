"""The machine that talks to an upstream: each rule is a thing to do, and Hypothesis draws what is said with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import ORDERS, READS, TASK_OPERATIONS, AssetStatus, MediaKind, Operation
from seedmock_contracts.lifecycle import TERMINAL

from ..conversation.history import AssetHistory, Interaction
from ..driver.actions import LINK, Action, ActionRunner, AdvanceableClock
from ..driver.client import SendRequest
from ..driver.sample_media import FORM, form
from ..results.checks import CheckFailure
from .hostile_bodies import IDS
from .strategies import (
    SIDE,
    ReferenceUrls,
    documents,
    hostile_body_strategy,
    reference_urls,
    rules_in_force,
    violating_documents,
)

WAITS = (0.5, 1.0, 5.0, 60.0, 3600.0, 86_400.0)
RANGES = ("bytes=0-0", "bytes=0-99", "bytes=-1", "bytes=100-", "bytes=999999999-", "bytes=0-0,2-3", "bytes=x")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MOST_POLLS = 10
ELSEWHERE = ("/nothing/here", "/%00", "/..%2f..", "/" + "x" * 3000, "/名")
TASK_ID = "task_id"
ABOUT_ASSETS = (Operation.ASSET_GET, Operation.ASSET_UPDATE, Operation.ASSET_DELETE)
PLAIN = (Operation.BALANCE, Operation.MODELS, Operation.GROUP_LIST, Operation.ASSET_LIST)
_rarely = st.sampled_from([False, False, True])


class MachineContext:
    """What stays the same from one conversation to the next, and the failure that was found, with its moves."""

    def __init__(
        self,
        contract: Contract,
        send: SendRequest,
        clock: AdvanceableClock | None,
        keys: Mapping[str, str],
        options: Mapping[str, str],
        strict: bool,
        media: ReferenceUrls | None,
        begin: Callable[[], object] | None,
    ) -> None:
        self.contract, self.send, self.clock, self.keys = contract, send, clock, keys
        self.options, self.strict, self.begin = options, strict, begin
        self.media = media or reference_urls(contract)
        self.failure: CheckFailure | None = None
        self.failing: Sequence[Action] = ()
        self.runner = self.new_play()
        self.endpoints = {endpoint.operation: endpoint for endpoint in contract.endpoints}
        examples = contract.request.examples
        self.documents = {o: documents(contract, o, media=self.media, variants=options) for o in examples}
        self.rules = [(o, rule) for o in examples for rule in rules_in_force(contract, o, options)]
        self.hostile = {
            o: hostile_body_strategy(contract, o) for o in self.having(*Operation) if self.endpoints[o].method == "POST"
        }
        self.callers = [word for word in ("first", "second") if word in keys]
        self.wrong = [word for word in ("wrong", "") if word in ("", *keys)]

    def new_play(self) -> ActionRunner:
        """A conversation from its beginning."""
        if self.begin is not None:
            self.begin()
        self.runner = ActionRunner(
            self.contract, self.send, clock=self.clock, keys=self.keys, options=self.options, strict=self.strict
        )
        return self.runner

    def having(self, *operations: Operation) -> list[Operation]:
        """Those of the operations that the upstream has."""
        return [operation for operation in operations if operation in self.endpoints]


class ConformanceMachine(RuleBasedStateMachine):
    """One conversation. Each rule is a thing to do; what is to be said with it is drawn."""

    context: MachineContext

    def __init__(self) -> None:
        super().__init__()
        self.runner = self.context.new_play()

    def do(self, action: Action) -> Interaction | None:
        """Do a move. Raises Failure."""
        try:
            return self.runner.run(action)
        except CheckFailure as failure:
            self.context.failure, self.context.failing = failure, tuple(self.runner.actions)
            raise

    # --- generations ---

    @rule(data=st.data())
    def order(self, data: st.DataObject) -> None:
        self._order(data, data.draw(self._caller()))

    @rule(data=st.data())
    def live_through(self, data: st.DataObject) -> None:
        """An order from the balance before it to the one after it, with all that is told between."""
        caller = data.draw(self._caller())
        self._ask_if_there(Operation.BALANCE, caller)
        task = self._order(data, caller)
        if task:
            self._wait(task)
            if data.draw(_rarely):  # clips are what takes the time
                self._fetch(task, {})
            self.do(self._about(Operation.QUERY, task, caller))
            self._ask_if_there(Operation.RECORD, caller, task)
        self._ask_if_there(Operation.BALANCE, caller)

    @precondition(lambda self: self.runner.symbols_of("task"))
    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        task = self._one(data, "task")
        operation = data.draw(st.sampled_from(self.context.having(Operation.QUERY, *READS)))
        headers = data.draw(self._range()) if operation is Operation.CONTENT else {}
        self.do(self._about(operation, task, self.runner.owners[task], headers))

    @precondition(lambda self: self.runner.symbols_of("task"))
    @rule(data=st.data())
    def wait_for(self, data: st.DataObject) -> None:
        self._wait(self._one(data, "task"))

    @precondition(lambda self: self.context.having(Operation.CANCEL))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """An order, or one that was made before, is cancelled at any time of its life, and looked at afterwards."""
        caller = data.draw(self._caller())
        task = self._order(data, caller) or next(iter(self.runner.symbols_of("task", caller)), "")
        if task:
            if data.draw(_rarely):
                self.do(Action(seconds=data.draw(st.sampled_from(WAITS))))
            for operation in (Operation.CANCEL, Operation.QUERY, Operation.CANCEL):
                self.do(self._about(operation, task, caller))

    @precondition(lambda self: self.context.having(Operation.TASK_LIST))
    @rule(data=st.data())
    def list_tasks(self, data: st.DataObject) -> None:
        self.do(Action(Operation.TASK_LIST, caller=data.draw(self._caller())))

    def _order(self, data: st.DataObject, caller: str) -> str:
        """Order; the symbol of the task, or nothing."""
        operation = data.draw(st.sampled_from(self.context.having(*ORDERS)))
        base = data.draw(st.sampled_from(range(len(self.context.contract.bases)))) if self.context.strict else 0
        document = self._with_assets(data, caller, data.draw(self.context.documents[operation]))
        self.do(Action(operation, document, caller=caller, base=base))
        return self._latest()

    def _wait(self, task: str) -> None:
        for _ in range(MOST_POLLS):
            interaction = self.do(self._about(Operation.QUERY, task, self.runner.owners[task]))
            if interaction is None or interaction.status in TERMINAL or self.context.clock is None:
                return
            self.do(Action(seconds=WAITS[3]))

    def _fetch(self, task: str, headers: Mapping[str, str]) -> None:
        if task + LINK in self.runner.symbols:
            self.do(Action(url=task + LINK, headers=headers))
        elif Operation.CONTENT in self.context.endpoints:
            self.do(self._about(Operation.CONTENT, task, self.runner.owners[task], headers))

    def _ask_if_there(self, operation: Operation, caller: str, task: str = "") -> None:
        if operation in self.context.endpoints:
            self.do(self._about(operation, task, caller) if task else Action(operation, caller=caller))

    def _latest(self) -> str:
        """The symbol of what the latest move made, or nothing."""
        made = self.runner.actions[-1].makes
        return f"${made}" if made else ""

    @precondition(lambda self: self.context.having(Operation.FILE_CREATE))
    @rule(data=st.data())
    def post_a_picture(self, data: st.DataObject) -> None:
        method, path = endpoint_path(self.context.contract, Operation.FILE_CREATE, {})
        caller = data.draw(self._caller())
        self.do(
            Action(Operation.FILE_CREATE, method=method, url=path, body=form("file", SIDE), headers=FORM, caller=caller)
        )
        posted = self._latest()
        if posted:
            self.do(Action(url=posted))
            self._order(data, caller)

    @precondition(lambda self: self.runner.symbols_of("link"))
    @rule(data=st.data())
    def download(self, data: st.DataObject) -> None:
        self.do(Action(url=self._one(data, "link"), headers=data.draw(self._range())))

    @precondition(lambda self: self.context.clock is not None)
    @rule(seconds=st.sampled_from(WAITS))
    def time_passes(self, seconds: float) -> None:
        self.do(Action(seconds=seconds))

    @precondition(lambda self: self.context.having(*PLAIN))
    @rule(data=st.data())
    def look_around(self, data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(self.context.having(*PLAIN)))
        self.do(Action(operation, self._document(data, operation), caller=data.draw(self._caller())))

    # --- the library ---

    @precondition(lambda self: self.context.having(Operation.GROUP_CREATE))
    @rule(data=st.data())
    def make_a_group(self, data: st.DataObject) -> None:
        caller = data.draw(self._caller())
        self.do(Action(Operation.GROUP_CREATE, self._document(data, Operation.GROUP_CREATE), caller=caller))

    @precondition(lambda self: self.runner.symbols_of("group"))
    @rule(data=st.data())
    def make_an_asset(self, data: st.DataObject) -> None:
        self._about_group(data, Operation.ASSET_CREATE, self._one(data, "group"), "group_id")

    @precondition(lambda self: self.context.having(Operation.ASSET_CREATE))
    @rule(data=st.data())
    def keep_a_face(self, data: st.DataObject) -> None:
        """A group and an asset in it, which is asked for until it is ready, and then ordered with."""
        caller = data.draw(self._caller())
        self.do(Action(Operation.GROUP_CREATE, self._document(data, Operation.GROUP_CREATE), caller=caller))
        group = self._latest()
        if group:
            self._about_group(data, Operation.ASSET_CREATE, group, "group_id")
        asset = self._latest()
        if group and asset:
            self.do(Action(Operation.ASSET_GET, {"id": asset}, caller=caller))
            self.do(Action(seconds=WAITS[2]))
            self.do(Action(Operation.ASSET_GET, {"id": asset}, caller=caller))
            self._order(data, caller)
        if group and asset and data.draw(_rarely):
            self.do(Action(Operation.ASSET_DELETE, {"id": asset}, caller=caller))
            self.do(Action(Operation.ASSET_GET, {"id": asset}, caller=caller))

    @precondition(lambda self: self.runner.symbols_of("group"))
    @rule(data=st.data())
    def ask_of_a_group(self, data: st.DataObject) -> None:
        group = self._one(data, "group")
        if data.draw(st.integers(0, 3)) == 3:
            self._about_group(data, Operation.GROUP_DELETE, group, "id")
        else:
            self._about_group(data, Operation.ASSET_LIST, group, "group_id")

    @precondition(lambda self: self.runner.symbols_of("asset"))
    @rule(data=st.data())
    def ask_of_an_asset(self, data: st.DataObject) -> None:
        asset = self._one(data, "asset")
        operation = data.draw(
            st.sampled_from([Operation.ASSET_GET, Operation.ASSET_UPDATE, Operation.ASSET_GET, Operation.ASSET_DELETE])
        )
        document = {**(self._document(data, operation) or {}), "id": asset}
        self.do(Action(operation, document, caller=self.runner.owners[asset]))

    def _about_group(self, data: st.DataObject, operation: Operation, group: str, name: str) -> None:
        symbol = data.draw(st.sampled_from([group.replace("$", "#"), group]))
        document = {**(self._document(data, operation) or {}), name: symbol}
        self.do(Action(operation, document, caller=self.runner.owners[group]))

    # --- what is not one's own, or not there ---

    @precondition(lambda self: len(self.context.callers) > 1 and self.runner.owners)
    @rule(data=st.data())
    def ask_of_another_s(self, data: st.DataObject) -> None:
        symbol = data.draw(st.sampled_from(list(self.runner.owners)))
        stranger = next(word for word in self.context.callers if word != self.runner.owners[symbol])
        self._poke(data, symbol, stranger)

    @rule(data=st.data(), unknown=st.sampled_from(IDS))
    def ask_of_what_is_not(self, data: st.DataObject, unknown: str) -> None:
        self._poke(data, unknown, data.draw(self._caller()))

    @rule(data=st.data())
    def ask_without_a_right_key(self, data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(list(self.context.endpoints)))
        caller = data.draw(st.sampled_from(self.context.wrong))
        params = {TASK_ID: data.draw(st.sampled_from([*self.runner.symbols_of("task"), IDS[0]]))}
        self.do(Action(operation, self._document(data, operation), params, caller))

    def _poke(self, data: st.DataObject, named: str, caller: str) -> None:
        """Ask for something by its id, in each way in which something can be asked for."""
        kinds = {"$group": [Operation.GROUP_DELETE], "$asset": list(ABOUT_ASSETS), "$link": []}
        fitting = next((of for kind, of in kinds.items() if named.startswith(kind)), None)
        asked = fitting if fitting is not None else [*TASK_OPERATIONS, *(() if named.startswith("$") else ABOUT_ASSETS)]
        known = self.context.having(*asked)
        if not known:
            return
        operation = data.draw(st.sampled_from(known))
        if operation in TASK_OPERATIONS:
            self.do(self._about(operation, named, caller))
        else:
            self.do(Action(operation, {**(self._document(data, operation) or {}), "id": named}, caller=caller))

    # --- what is wrong ---

    @rule(data=st.data())
    def break_a_rule(self, data: st.DataObject) -> None:
        operation, broken_rule = data.draw(st.sampled_from(self.context.rules))
        context = self.context
        document = data.draw(
            violating_documents(context.contract, operation, broken_rule, media=context.media, variants=context.options)
        )
        self.do(Action(operation, document, caller=data.draw(self._caller())))

    @rule(data=st.data())
    def be_hostile(self, data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(list(self.context.hostile)))
        evil = data.draw(self.context.hostile[operation])
        method, path = endpoint_path(self.context.contract, operation, {})
        meant = operation if evil.readable else ""
        self.do(Action(meant, method=method, url=path, body=evil.body, headers=dict(evil.headers)))

    @rule(data=st.data())
    def go_elsewhere(self, data: st.DataObject) -> None:
        contract = self.context.contract
        endpoint = data.draw(st.sampled_from(contract.endpoints))
        path = contract.bases[0].prefix + endpoint.path.replace("{task_id}", IDS[0])
        allowed = {other.method for other in contract.endpoints if other.path == endpoint.path}
        method = data.draw(st.sampled_from([method for method in METHODS if method not in allowed]))
        wrong = data.draw(st.sampled_from([(method, path), *(("GET", path + end) for end in ELSEWHERE)]))
        self.do(Action(method=wrong[0], url=wrong[1]))

    # --- what is drawn ---

    def _caller(self) -> st.SearchStrategy[str]:
        return st.sampled_from(self.context.callers)

    def _range(self) -> st.SearchStrategy[dict[str, str]]:
        return st.sampled_from([*[{}] * len(RANGES), *({"range": value} for value in RANGES)])

    def _one(self, data: st.DataObject, kind: str) -> str:
        """The symbol of something that was made, the latest first."""
        return str(data.draw(st.sampled_from(self.runner.symbols_of(kind)[::-1])))

    def _document(self, data: st.DataObject, operation: Operation) -> dict[str, Any] | None:
        drawn = self.context.documents.get(operation)
        return None if drawn is None else data.draw(drawn)

    def _about(self, operation: Operation, named: str, caller: str, headers: Mapping[str, str] | None = None) -> Action:
        """A question about a task: its id stands in the path, or else in the query string."""
        in_path = "{" + TASK_ID + "}" in self.context.endpoints[operation].path
        told = {TASK_ID: named}
        return Action(operation, None if in_path else told, told if in_path else {}, caller, headers=headers or {})

    def _with_assets(self, data: st.DataObject, caller: str, document: dict[str, Any]) -> dict[str, Any]:
        """The document with what the caller has at the upstream in the place of a reference that anybody may name."""
        owned = [
            (kind, url) for kind, url in self._owned(caller) if self.context.media[kind][0] in json.dumps(document)
        ]
        if not owned:
            return document
        kind, url = data.draw(st.sampled_from(owned))
        text = json.dumps(document).replace(json.dumps(self.context.media[kind][0]), json.dumps(url))
        changed: dict[str, Any] = json.loads(text)
        return changed

    def _owned(self, caller: str) -> Iterator[tuple[MediaKind, str]]:
        """The caller's assets that are ready, and the pictures that were posted."""
        known = self.runner.driver.history.assets
        for symbol in self.runner.symbols_of("asset", caller):
            asset = known.get(self.runner.symbols[symbol])
            if asset is not None and _usable(asset):
                yield MediaKind(str((asset.created.document or {})["asset_type"]).lower()), f"asset://{symbol}"
        yield from ((MediaKind.IMAGE, symbol) for symbol in self.runner.symbols_of("file", caller))


def _usable(asset: AssetHistory) -> bool:
    """Whether the latest that was told of an asset is that it is Active."""
    return (
        bool(asset.interactions) and asset.deletion is None and asset.interactions[-1].raw_status == AssetStatus.ACTIVE
    )
