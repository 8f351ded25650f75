"""Base of the state machine: the context of a run, and the draws that several kinds of rules need."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.references import ASSET_SCHEME
from seedmock_contracts.enums import ORDERS, AssetStatus, MediaKind, Operation
from seedmock_contracts.terms import AssetTerms
from seedmock_contracts.validation import rules_in_force

from ..conversation.history import AssetHistory, Interaction
from ..driver.action_runner import ActionRunner, AdvanceableClock
from ..driver.actions import Action
from ..driver.client import SendRequest
from ..results.checks import CheckFailure
from .invalid_strategies import hostile_body_strategy
from .strategies import ReferenceUrls, reference_urls, valid_documents

RANGES = ("bytes=0-0", "bytes=0-99", "bytes=-1", "bytes=100-", "bytes=999999999-", "bytes=0-0,2-3", "bytes=x")
rarely = st.sampled_from([False, False, True])


class MachineContext:
    """Settings of a run, the same for all sequences, and the failure of the run with the actions that led to it."""

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
        self.failing_actions: Sequence[Action] = ()
        self.runner = self.new_runner()
        self.endpoints = {endpoint.operation: endpoint for endpoint in contract.endpoints}
        examples, bodies = contract.request.examples, contract.body_operations
        self.documents = {o: valid_documents(contract, o, media=self.media, variants=options) for o in examples}
        self.rules = [(o, rule) for o in examples for rule in rules_in_force(contract, o, options)]
        self.hostile_bodies = {o: hostile_body_strategy(contract, o) for o in self.available(*Operation) if o in bodies}
        self.callers = [caller for caller in ("first", "second") if caller in keys]
        self.unauthenticated = [caller for caller in ("wrong", "") if caller in ("", *keys)]

    def new_runner(self) -> ActionRunner:
        """Begin a new sequence."""
        if self.begin is not None:
            self.begin()
        self.runner = ActionRunner(
            self.contract, self.send, clock=self.clock, keys=self.keys, options=self.options, strict=self.strict
        )
        return self.runner

    def available(self, *operations: Operation) -> list[Operation]:
        """The operations that the upstream has."""
        return [operation for operation in operations if operation in self.endpoints]


class MachineBase(RuleBasedStateMachine):
    """One sequence of actions. Subclasses add the rules, of which Hypothesis picks one for each step."""

    context: MachineContext

    def __init__(self) -> None:
        super().__init__()
        self.runner = self.context.new_runner()

    def run(self, action: Action) -> Interaction | None:
        """Run an action. Raises CheckFailure."""
        try:
            return self.runner.run(action)
        except CheckFailure as failure:
            self.context.failure, self.context.failing_actions = failure, tuple(self.runner.actions)
            raise

    def run_if_available(self, operation: Operation, caller: str, task: str = "") -> None:
        if operation in self.context.endpoints:
            self.run(self.subject_action(operation, task, caller) if task else Action(operation, caller=caller))

    def order(self, data: st.DataObject, caller: str) -> str:
        """Send an order; returns the symbol of the task, empty if it was rejected."""
        operation = data.draw(st.sampled_from(self.context.available(*ORDERS)))
        base = data.draw(st.sampled_from(range(len(self.context.contract.bases)))) if self.context.strict else 0
        document = self._with_own_media(data, caller, data.draw(self.context.documents[operation]))
        self.run(Action(operation, document, caller=caller, base=base))
        return self.created_symbol()

    def created_symbol(self) -> str:
        """Symbol of the resource that the latest action created; empty if it created none."""
        name = self.runner.actions[-1].creates
        return f"${name}" if name else ""

    def subject_action(
        self,
        operation: Operation,
        subject: str,
        caller: str,
        document: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Action:
        """An action on a task, an asset or a group, whose id is in the path, or else in the document."""
        params = {self.context.contract.id_parameter(operation): subject}
        if self.context.endpoints[operation].parameters:
            return Action(operation, document, params, caller, headers=headers or {})
        return Action(operation, {**(document or {}), **params}, {}, caller, headers=headers or {})

    def callers(self) -> st.SearchStrategy[str]:
        return st.sampled_from(self.context.callers)

    def range_headers(self) -> st.SearchStrategy[dict[str, str]]:
        """Headers of a download, half of them with a range."""
        return st.sampled_from([*[{}] * len(RANGES), *({"range": value} for value in RANGES)])

    def draw_symbol(self, data: st.DataObject, kind: str) -> str:
        """Draw a created resource of a kind, the latest one first."""
        # Hypothesis shrinks towards the first of a list.
        return str(data.draw(st.sampled_from(self.runner.symbols_of(kind)[::-1])))

    def draw_document(self, data: st.DataObject, operation: Operation) -> dict[str, Any] | None:
        documents = self.context.documents.get(operation)
        return None if documents is None else data.draw(documents)

    def _with_own_media(self, data: st.DataObject, caller: str, document: dict[str, Any]) -> dict[str, Any]:
        """Replace a public reference of a document by an asset or an uploaded file of the caller, if there is one."""
        text, media = json.dumps(document), self.context.media
        usable = [(kind, url) for kind, url in self._own_media(caller) if media[kind][0] in text]
        if not usable:
            return document
        kind, url = data.draw(st.sampled_from(usable))
        changed: dict[str, Any] = json.loads(text.replace(json.dumps(media[kind][0]), json.dumps(url)))
        return changed

    def _own_media(self, caller: str) -> Iterator[tuple[MediaKind, str]]:
        """Kind and URL of the caller's active assets and uploaded images."""
        contract, assets = self.context.contract, self.runner.driver.history.assets
        for symbol in self.runner.symbols_of("asset", caller):
            asset = assets.get(self.runner.symbols[symbol])
            if asset is not None and contract.assets is not None and _is_active(asset, contract.assets):
                document = asset.created.document or {}
                kind = contract.assets.parse_kind(contract.request.read(document, "asset_type", Operation.ASSET_CREATE))
                if kind is not None:
                    yield kind, f"{ASSET_SCHEME}{symbol}"
        yield from ((MediaKind.IMAGE, symbol) for symbol in self.runner.symbols_of("file", caller))


def _is_active(asset: AssetHistory, terms: AssetTerms) -> bool:
    if not asset.interactions or asset.deletion is not None:
        return False
    return terms.parse_status(asset.interactions[-1].raw_status) is AssetStatus.ACTIVE
