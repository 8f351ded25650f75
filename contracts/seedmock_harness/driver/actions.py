"""What one does to an upstream, move by move, so that it can be done again: as data, as lines of a file, and done.

What the upstream makes has another id each time. So a move names what it makes, `task1`, and later ones speak of
`$task1`, of the first link to its result as `$task1.link`, of a group's id as a number as `#group1`, and of the link
to a posted file as `$file1`.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Protocol

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis, Operation
from seedmock_contracts.upstreams import get_contract

from ..conversation.history import Interaction
from ..errors import HarnessError
from ..results.checks import CheckFailure, CheckResult, Severity
from .client import CheckedInteraction, Driver, SendRequest
from .liveness_checks import LIVENESS_CHECKS

CREATED_KINDS = {
    Operation.GROUP_CREATE: "group",
    Operation.ASSET_CREATE: "asset",
    Operation.CREATE: "task",
    Operation.UPSCALE: "task",
    Operation.FILE_CREATE: "file",
}
SYMBOL = re.compile(r"[$#](?:task|group|asset|file)\d+(?:\.link)?")
LINK = ".link"
KEYS: Mapping[str, str] = {"first": "sk_conformance_first", "second": "sk_conformance_second"}


class AdvanceableClock(Protocol):
    """The upstream's time, in seconds since the epoch, if it can be moved."""

    def now(self) -> float: ...
    def advance(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that is done: a request, or time that passes.

    A request names an operation with `params` of its path and a `document`; or a `method` and a `url` (a path), with
    a `body`, under the operation that it is meant for, if any; or a `url` alone, which is a link to a result. `makes`
    is the name of what it makes, if it makes anything.
    """

    operation: str = ""
    document: Mapping[str, Any] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    caller: str = "first"
    base: int = 0
    method: str = ""
    url: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    makes: str = ""

    def line(self) -> str:
        """The move as one line of JSON, without what is as it always is."""
        told = {name: value for name, value in asdict(self).items() if value != getattr(USUAL, name)}
        if "body" in told:
            told["body"] = b64encode(self.body).decode()
        return json.dumps(told)

    def __str__(self) -> str:
        if self.seconds:
            return f"{self.seconds:g} seconds pass"
        made = f" makes {self.makes}" if self.makes else ""
        said = f" with {dict(self.headers)}" if self.headers else ""
        asked = f"{self.method} {self.url}".strip() or f"{self.operation} {json.dumps(self.document or self.params)}"
        return f"{self.caller or 'nobody'}: {asked[:300]}{said}{made}"


USUAL = Action()
_NAMES = frozenset(field.name for field in fields(Action))


class InvalidReproducer(HarnessError, ValueError):
    """A file of moves that cannot be read: the message says where, what was found and what is expected."""


def parse_action(line: str) -> Action:
    """A move from its line. Raises InvalidScenario."""
    try:
        told = json.loads(line)
        unknown = set(told) - _NAMES
        if unknown:
            raise ValueError(f"unknown {', '.join(sorted(unknown))}; there are: {', '.join(sorted(_NAMES))}")
        if "body" in told:
            told["body"] = b64decode(told["body"], validate=True)
        return Action(**told)
    except (ValueError, TypeError) as error:
        raise InvalidReproducer(f"{line[:80]!r} is no move: {error}") from error


class ActionRunner:
    """Does moves, knows what they made, and raises a Failure as soon as an answer contradicts a fact.

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
        self.driver = Driver(contract, send, keys, now, sleep, self._hear, options or {}, allow_orders=True)
        self.actions: list[Action] = []
        self.symbols: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self._judged: list[tuple[str, CheckResult]] = []

    def _hear(self, judged: CheckedInteraction) -> None:
        self._judged += judged.results
        for expected in LIVENESS_CHECKS:
            self._judged += [(expected.__name__, result) for result in expected(judged.interaction)]

    def symbols_of(self, kind: str, caller: str = "") -> list[str]:
        """The symbols of what was made so far, of one kind, by everybody or by one caller."""
        fitting = [s for s in self.symbols if caller in ("", self.owners[s])]
        if kind == "link":
            return [symbol for symbol in fitting if symbol.endswith(LINK)]
        return [symbol for symbol in fitting if symbol.startswith(f"${kind}") and not symbol.endswith(LINK)]

    def run(self, action: Action) -> Interaction | None:
        """Do a move. Raises Failure."""
        self.actions.append(action)
        if action.seconds:
            if self.clock is not None:
                self.clock.advance(action.seconds)
            return None
        self._judged.clear()
        interaction = self._say(action)
        self.actions[-1] = self._learn(interaction, action)
        for name, result in self._judged:
            if not result.passed and self._counts(result):
                raise CheckFailure(name, result, interaction.exchange)
        return interaction

    def _say(self, action: Action) -> Interaction:
        operation = Operation(action.operation) if action.operation else None
        document = None if action.document is None else self._resolved(dict(action.document))
        caller, headers = action.caller, action.headers
        if action.method:
            url = self._resolved(action.url)
            return self.driver.send(operation, action.method, url, action.body, caller=caller, headers=headers)
        if action.url:
            return self.driver.fetch(self._resolved(action.url), headers=headers)
        assert operation is not None, "a move names an operation, a method or a link"
        params = self._resolved(dict(action.params))
        return self.driver.call(operation, document, caller=caller, params=params, headers=headers, base=action.base)

    def _resolved(self, value: Any) -> Any:
        """A value with the ids in the places of their symbols; a symbol that is not known stays."""
        if isinstance(value, dict):
            return {name: self._resolved(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._resolved(inner) for inner in value]
        if not isinstance(value, str) or ("$" not in value and "#" not in value):
            return value
        if value.startswith("#") and SYMBOL.fullmatch(value) and f"${value[1:]}" in self.symbols:
            made = self.symbols[f"${value[1:]}"]
            return int(made) if made.isdecimal() else made
        return SYMBOL.sub(lambda found: self.symbols.get(found[0], found[0]), value)

    def _learn(self, interaction: Interaction, action: Action) -> Action:
        """The move with the name of what it made, which is new unless it had one."""
        if interaction.is_error or interaction.operation is None:
            return action
        kind, made = CREATED_KINDS.get(interaction.operation), interaction.file_url or interaction.created_id
        if kind is not None and made is not None:
            name = action.makes or f"{kind}{1 + len(self.symbols_of(kind))}"
            self.symbols[f"${name}"], self.owners[f"${name}"] = made, action.caller
            return replace(action, makes=name)
        if interaction.links and interaction.requested_id in self.symbols.values():
            task = next(symbol for symbol, made in self.symbols.items() if made == interaction.requested_id)
            self.symbols[task + LINK], self.owners[task + LINK] = interaction.links[0], action.caller
        return action

    def _counts(self, result: CheckResult) -> bool:
        if self.strict:
            return True
        return result.fact.basis is not Basis.ASSUMED and result.severity in (None, Severity.BREAKING)


def dump_reproducer(
    upstream: str, actions: Iterable[Action], failure: CheckFailure, settings: Mapping[str, Any]
) -> str:
    """The text of a scenario: a line that says what it showed, and with what settings, then a line for each move."""
    head = {
        "upstream": upstream,
        "check": failure.check,
        "fact": failure.fact.id,
        "title": failure.title,
        "expected": failure.expected,
        "observed": failure.observed,
        **settings,
    }
    return "\n".join([json.dumps(head), *(action.line() for action in actions), ""])


def load_reproducer(text: str) -> tuple[dict[str, Any], list[Action]]:
    """What a scenario showed, and its moves. Raises InvalidScenario."""
    first, *rest = text.splitlines() or [""]
    try:
        head = json.loads(first)
        get_contract(head["upstream"])
    except (ValueError, TypeError, LookupError) as error:
        raise InvalidReproducer(f"{first[:80]!r} is no first line of a scenario: {error}") from error
    return head, [parse_action(line) for line in rest if line.strip()]
