"""The control API from Python: one method for each verb, records for answers. Knows an address, no emulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, TypeVar

import httpx
import msgspec

from .control.activity_models import (
    JournalResponse,
    LedgerResponse,
    TaskResponse,
    TasksResponse,
    TimelineResponse,
    ViolationsResponse,
)
from .control.models import (
    ActiveScenarioResponse,
    ClockResponse,
    DeclaredMediaResponse,
    FactResponse,
    FateRuleResponse,
    FateRulesResponse,
    FaultRuleResponse,
    FaultRulesResponse,
    HealthResponse,
    LimitsResponse,
    RemovalResponse,
    ResetResponse,
    ScenariosResponse,
    VariantResponse,
)
from .errors import SeedmockServerError
from .http.in_process import Asgi, InProcessTransport

T = TypeVar("T")
Said = str | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A fate or a fault: a text, a table, or (fates alone) a list of tables with weights."""
SECONDS = 30.0


class ControlCallError(SeedmockServerError):
    """What the control API refused: the sentence, the status, and the field and what is allowed where it says so."""

    def __init__(self, message: str, status: int = 0, field: str | None = None, allowed: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.field = field
        self.allowed = tuple(allowed)


class NotRunning(ControlCallError):
    """Nobody answers at the address."""


class Wire:
    """Requests to a control API, and answers as records."""

    def __init__(self, url: str, token: str | None, transport: httpx.BaseTransport | None) -> None:
        address = httpx.URL(url)
        if address.scheme not in ("http", "https") or not address.host:
            raise ControlCallError(f"url is {url!r}; allowed: an address such as http://127.0.0.1:8000")
        self.url = str(address.copy_with(path="/", query=None, fragment=None)).rstrip("/")
        headers = {} if token is None else {"X-Mock-Token": token}
        # No proxy: the emulator is on this machine, or where the caller says that it is.
        self._http = httpx.Client(
            base_url=self.url, headers=headers, transport=transport, timeout=SECONDS, trust_env=False
        )

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, gives: type[T], order: Any = None, **query: Any) -> T:
        """What is said at a path. Raises ControlError."""
        answer = self.raw(method, path, None if order is None else msgspec.json.encode(order), **query)
        return msgspec.json.decode(answer.content, type=gives)

    def raw(self, method: str, path: str, content: bytes | None = None, **query: Any) -> httpx.Response:
        """The answer as it is. A key goes in a header: addresses are logged. Raises ControlError."""
        key = query.pop("key", None)
        headers = {} if key is None else {"X-Mock-Key": key}
        told = {name: value for name, value in query.items() if value is not None}
        try:
            answer = self._http.request(method, f"/_mock/{path}", content=content, headers=headers, params=told)
        except httpx.TransportError as error:
            said = f"no emulator answers at {self.url} ({error}); start one: seedmock serve"
            raise NotRunning(said) from error
        if answer.is_error:
            raise _error(answer)
        return answer


def _error(answer: httpx.Response) -> ControlCallError:
    try:
        said = answer.json()["error"]
        return ControlCallError(said["message"], answer.status_code, said.get("field"), said.get("allowed") or ())
    except (ValueError, KeyError, TypeError, AttributeError):
        return ControlCallError(
            f"{answer.url} is no control API: it answered HTTP {answer.status_code}", answer.status_code
        )


class ClockVerbs:
    """The world's clock or, with `key`, that key's own. Times are seconds, or texts such as `15m`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def read(self, *, key: str | None = None) -> ClockResponse:
        return self._wire.ask("GET", "clock", ClockResponse, key=key)

    def advance(self, by: float | str, *, key: str | None = None) -> ClockResponse:
        return self._move(key, advance=by)

    def set(self, at: float | str, *, key: str | None = None) -> ClockResponse:
        """On to a moment: epoch seconds, or ISO 8601."""
        return self._move(key, set=at)

    def run(self, rate: float, *, key: str | None = None) -> ClockResponse:
        return self._move(key, rate=rate)

    def freeze(self, *, key: str | None = None) -> ClockResponse:
        return self._move(key, freeze=True)

    def next(self, *, key: str | None = None) -> ClockResponse:
        """On to the next thing that is due. Raises ControlError (409) when nothing is."""
        return self._move(key, next=True)

    def _move(self, key: str | None, **order: Any) -> ClockResponse:
        return self._wire.ask("POST", "clock", ClockResponse, order if key is None else {**order, "key": key})


class FateVerbs:
    """What becomes of tasks. `match` are upstream, operation, key, model, prompt, reference, nth, times, ..."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def rows(self) -> FateRulesResponse:
        return self._wire.ask("GET", "fates", FateRulesResponse)

    def add(self, fate: Said, **match: Any) -> FateRuleResponse:
        return self._wire.ask("POST", "fates", FateRuleResponse, {"fate": fate, "match": _told(match)})

    def default(self, fate: Said, *, key: str | None = None) -> FateRulesResponse:
        return self._wire.ask("PUT", "fates/default", FateRulesResponse, {"fate": fate, "key": key})

    def remove(self, label: str) -> RemovalResponse:
        return self._wire.ask("DELETE", f"fates/{label}", RemovalResponse)

    def clear(self, *, key: str | None = None) -> RemovalResponse:
        return self._wire.ask("DELETE", "fates", RemovalResponse, key=key)


class FaultVerbs:
    """What goes wrong on the wire. `match` is as for fates."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def rows(self) -> FaultRulesResponse:
        return self._wire.ask("GET", "faults", FaultRulesResponse)

    def add(self, fault: str | Mapping[str, Any], **match: Any) -> FaultRuleResponse:
        return self._wire.ask("POST", "faults", FaultRuleResponse, {"fault": fault, "match": _told(match)})

    def remove(self, label: str) -> RemovalResponse:
        return self._wire.ask("DELETE", f"faults/{label}", RemovalResponse)

    def clear(self, *, key: str | None = None) -> RemovalResponse:
        return self._wire.ask("DELETE", "faults", RemovalResponse, key=key)


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


class Control:
    """A running emulator under command: `Control("http://127.0.0.1:8000").clock.advance("15m")`.

    `Control.of(app)` commands an application in this process that nobody serves. Every method raises ControlError.
    """

    def __init__(self, url: str, token: str | None = None, *, transport: httpx.BaseTransport | None = None) -> None:
        self._wire = Wire(url, token, transport)
        self.url = self._wire.url
        self.clock = ClockVerbs(self._wire)
        self.fates = FateVerbs(self._wire)
        self.faults = FaultVerbs(self._wire)

    @classmethod
    def of(cls, app: Asgi, token: str | None = None) -> Control:
        """Command an application in this process."""
        return cls("http://127.0.0.1", token, transport=InProcessTransport(app))

    def __enter__(self) -> Control:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._wire.close()

    # --- what there is ---

    def health(self) -> HealthResponse:
        return self._wire.ask("GET", "health", HealthResponse)

    def basis(self) -> dict[str, list[FactResponse]]:
        return self._wire.ask("GET", "basis", dict[str, list[FactResponse]])

    def variants(self) -> list[VariantResponse]:
        return self._wire.ask("GET", "variants", list[VariantResponse])

    def openapi(self) -> dict[str, Any]:
        return self._wire.ask("GET", "openapi.json", dict[str, Any])

    # --- tasks and money ---

    def tasks(
        self,
        *,
        upstream: str | None = None,
        key: str | None = None,
        status: str | None = None,
        limit: int | None = None,
    ) -> TasksResponse:
        return self._wire.ask("GET", "tasks", TasksResponse, upstream=upstream, key=key, status=status, limit=limit)

    def task(self, task_id: str) -> TaskResponse:
        return self._wire.ask("GET", f"tasks/{task_id}", TaskResponse)

    def timeline(self, task_id: str) -> TimelineResponse:
        return self._wire.ask("GET", f"tasks/{task_id}/timeline", TimelineResponse)

    def ledger(
        self, *, key: str | None = None, upstream: str | None = None, limit: int | None = None
    ) -> LedgerResponse:
        return self._wire.ask("GET", "ledger", LedgerResponse, key=key, upstream=upstream, limit=limit)

    def credit(
        self, amount: str | float | Decimal | None, *, key: str | None = None, upstream: str | None = None
    ) -> LedgerResponse:
        """What may be spent, in USD; None is no limit."""
        told = str(amount) if isinstance(amount, Decimal) else amount
        return self._wire.ask("PUT", "credit", LedgerResponse, {"amount": told, "key": key, "upstream": upstream})

    def limits(self) -> LimitsResponse:
        return self._wire.ask("GET", "limits", LimitsResponse)

    def limit(
        self, *, rate: int | None = None, concurrency: int | None = None, key: str | None = None
    ) -> LimitsResponse:
        """Calls a minute and tasks at once, for all or for a key; None is no limit."""
        return self._wire.ask("PUT", "limits", LimitsResponse, {"rate": rate, "concurrency": concurrency, "key": key})

    # --- media ---

    def media(self) -> DeclaredMediaResponse:
        return self._wire.ask("GET", "media", DeclaredMediaResponse)

    def declare(self, url: str, kind: str, **facts: Any) -> DeclaredMediaResponse:
        """Say what the media behind a URL are: `size_bytes`, `seconds`, `width`, `height`, `face`, ..."""
        return self._wire.ask("PUT", "media", DeclaredMediaResponse, {"url": url, "kind": kind, **facts})

    def undeclare(self, url: str | None = None) -> RemovalResponse:
        """Take back what was said of a URL, or of all."""
        return self._wire.ask("DELETE", "media", RemovalResponse, url=url)

    # --- what was said: upstream, key, account, task, operation, kind, since and limit narrow it ---

    def journal(self, **wanted: Any) -> JournalResponse:
        return self._wire.ask("GET", "journal", JournalResponse, **wanted)

    def har(self, **wanted: Any) -> dict[str, Any]:
        """The journal as HTTP Archive 1.2."""
        return self._wire.ask("GET", "journal", dict[str, Any], format="har", **wanted)

    def curl(self, **wanted: Any) -> str:
        """Commands that repeat the calls, with $SEEDMOCK_API_KEY in the place of the key."""
        return self._wire.raw("GET", "journal", format="curl", **wanted).text

    def lines(self, **wanted: Any) -> str:
        """The journal as a recording: `seedmock_contracts.exchange.parse_exchange` reads each line."""
        return self._wire.raw("GET", "journal", format="jsonl", **wanted).text

    def violations(self, **wanted: Any) -> ViolationsResponse:
        """What was sent that breaks the contract; `advice="no"` leaves out what was taken all the same."""
        return self._wire.ask("GET", "violations", ViolationsResponse, **wanted)

    # --- the state as a whole ---

    def reset(self, *, key: str | None = None) -> ResetResponse:
        return self._wire.ask("POST", "reset", ResetResponse, {"key": key})

    def snapshot(self) -> bytes:
        """The whole state as one JSON document."""
        return self._wire.raw("GET", "snapshot").content

    def restore(self, document: bytes | str) -> None:
        """Be what a snapshot says."""
        self._wire.raw("PUT", "snapshot", document.encode() if isinstance(document, str) else document)

    def scenarios(self) -> ScenariosResponse:
        return self._wire.ask("GET", "scenarios", ScenariosResponse)

    def scenario(self) -> ActiveScenarioResponse:
        return self._wire.ask("GET", "scenario", ActiveScenarioResponse)

    def play(self, scenario: str) -> ActiveScenarioResponse:
        """Put a scenario on: the name of one that comes with seedmock, or a text in TOML."""
        named = "\n" not in scenario and "=" not in scenario
        content = msgspec.json.encode({"name": scenario}) if named else scenario.encode()
        return msgspec.json.decode(self._wire.raw("PUT", "scenario", content).content, type=ActiveScenarioResponse)

    def stop(self) -> ActiveScenarioResponse:
        """Take the scenario away."""
        return self._wire.ask("DELETE", "scenario", ActiveScenarioResponse)
