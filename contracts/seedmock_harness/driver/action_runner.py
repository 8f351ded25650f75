"""Run actions against an upstream until a response contradicts a fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis, Operation

from ..conversation.history import Interaction
from ..results.checks import CheckFailure, CheckResult, Severity
from .actions import LINK, SYMBOL, Action
from .client import CheckedInteraction, Driver, SendRequest
from .liveness_checks import LIVENESS_CHECKS

CREATED_KINDS = {
    Operation.GROUP_CREATE: "group",
    Operation.ASSET_CREATE: "asset",
    Operation.CREATE: "task",
    Operation.UPSCALE: "task",
    Operation.FILE_CREATE: "file",
}
KEYS: Mapping[str, str] = {"first": "sk_conformance_first", "second": "sk_conformance_second"}


class AdvanceableClock(Protocol):
    """The upstream's clock, in seconds since the epoch, if it can be advanced."""

    def now(self) -> float: ...
    def advance(self, seconds: float) -> None: ...


class ActionRunner:
    """Runs actions, and resolves the symbols of the resources that they create.

    `strict`: a contradicted assumption is a failure, too.
    """

    def __init__(
        self,
        contract: Contract,
        send: SendRequest,
        *,
        clock: AdvanceableClock | None = None,
        keys: Mapping[str, str] = KEYS,
        options: Mapping[str, str] | None = None,
        strict: bool = True,
    ) -> None:
        self.contract, self.clock, self.strict = contract, clock, strict
        now = clock.now if clock is not None else lambda: 0.0
        sleep = clock.advance if clock is not None else lambda seconds: None
        self.driver = Driver(contract, send, keys, now, sleep, self._collect, options or {}, allow_orders=True)
        self.actions: list[Action] = []
        self.symbols: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self._results: list[tuple[str, CheckResult]] = []

    def _collect(self, checked: CheckedInteraction) -> None:
        self._results += checked.results
        for check in LIVENESS_CHECKS:
            self._results += [(check.__name__, result) for result in check(checked.interaction)]

    def symbols_of(self, kind: str, caller: str = "") -> list[str]:
        """Symbols of the created resources of a kind, of all callers or of one. Kind `link` is that of results."""
        symbols = [symbol for symbol in self.symbols if caller in ("", self.owners[symbol])]
        if kind == "link":
            return [symbol for symbol in symbols if symbol.endswith(LINK)]
        return [symbol for symbol in symbols if symbol.startswith(f"${kind}") and not symbol.endswith(LINK)]

    def run(self, action: Action) -> Interaction | None:
        """Run an action. Raises CheckFailure for the first failed check."""
        self.actions.append(action)
        if action.seconds:
            if self.clock is not None:
                self.clock.advance(action.seconds)
            return None
        self._results.clear()
        interaction = self._send(action)
        self.actions[-1] = self._name_resources(interaction, action)
        for check, result in self._results:
            if not result.passed and self._is_failure(result):
                raise CheckFailure(check, result, interaction.exchange)
        return interaction

    def _send(self, action: Action) -> Interaction:
        operation = Operation(action.operation) if action.operation else None
        document = None if action.document is None else self._resolve(dict(action.document))
        caller, headers = action.caller, action.headers
        if action.method:
            url = self._resolve(action.url)
            return self.driver.send(operation, action.method, url, action.body, caller=caller, headers=headers)
        if action.url:
            return self.driver.fetch(self._resolve(action.url), headers=headers)
        assert operation is not None, "an action has an operation, a method or a link"
        params = self._resolve(dict(action.params))
        return self.driver.call(operation, document, caller=caller, params=params, headers=headers, base=action.base)

    def _resolve(self, value: Any) -> Any:
        """Replace symbols in a JSON value; unknown ones stay as they are."""
        if isinstance(value, dict):
            return {name: self._resolve(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._resolve(inner) for inner in value]
        if not isinstance(value, str) or ("$" not in value and "#" not in value):
            return value
        if value.startswith("#") and SYMBOL.fullmatch(value) and f"${value[1:]}" in self.symbols:
            id_ = self.symbols[f"${value[1:]}"]
            return int(id_) if id_.isdecimal() else id_
        return SYMBOL.sub(lambda match: self.symbols.get(match[0], match[0]), value)

    def _name_resources(self, interaction: Interaction, action: Action) -> Action:
        """Add the symbols of the resources in a response. Returns the action with the name of what it created."""
        if interaction.is_error or interaction.operation is None:
            return action
        kind, created = CREATED_KINDS.get(interaction.operation), interaction.file_url or interaction.created_id
        if kind is not None and created is not None:
            name = action.creates or f"{kind}{1 + len(self.symbols_of(kind))}"
            self.symbols[f"${name}"], self.owners[f"${name}"] = created, action.caller
            return replace(action, creates=name)
        if interaction.links and interaction.requested_id in self.symbols.values():
            task = next(symbol for symbol, id_ in self.symbols.items() if id_ == interaction.requested_id)
            self.symbols[task + LINK], self.owners[task + LINK] = interaction.links[0], action.caller
        return action

    def _is_failure(self, result: CheckResult) -> bool:
        if self.strict:
            return True
        return result.fact.basis is not Basis.ASSUMED and result.severity in (None, Severity.BREAKING)
