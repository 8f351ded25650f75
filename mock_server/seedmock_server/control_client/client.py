"""The control client: everything that the control API can do, as methods."""

from __future__ import annotations

from decimal import Decimal
from types import TracebackType
from typing import Any, TypedDict, Unpack

import httpx
import msgspec

from ..control.activity_models import (
    JournalResponse,
    LedgerResponse,
    TaskResponse,
    TasksResponse,
    TimelineResponse,
    ViolationsResponse,
)
from ..control.models import (
    ActiveScenarioResponse,
    DeclaredMediaResponse,
    FactResponse,
    HealthResponse,
    LimitsResponse,
    RemovalResponse,
    ResetResponse,
    RestoreResponse,
    ScenariosResponse,
    VariantResponse,
)
from ..http.in_process import Asgi, InProcessTransport
from .clock_control import ClockControl
from .fate_control import FateControl
from .fault_control import FaultControl
from .transport import IN_PROCESS_URL, ControlTransport


class JournalQuery(TypedDict, total=False):
    """Selection of exchanges. `kind`: ok, refused, failed, lost, faulted or violating; `since`: the first number."""

    upstream: str | None
    key: str | None
    account: str | None
    task: str | None
    operation: str | None
    kind: str | None
    since: int | None
    limit: int | None


class ControlClient:
    """Client of a running emulator: `ControlClient("http://127.0.0.1:8000").clock.advance("15m")`.

    `ControlClient.in_process(app)` controls an application in this process. Every method raises ControlClientError.
    """

    def __init__(self, url: str, token: str | None = None, *, transport: httpx.BaseTransport | None = None) -> None:
        self._transport = ControlTransport(url, token, transport)
        self.url = self._transport.url
        self.clock = ClockControl(self._transport)
        self.fates = FateControl(self._transport)
        self.faults = FaultControl(self._transport)

    @classmethod
    def in_process(cls, app: Asgi, token: str | None = None) -> ControlClient:
        """Return a client of an application in this process, served or not."""
        return cls(IN_PROCESS_URL, token, transport=InProcessTransport(app))

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    # --- the emulator ---

    def health(self) -> HealthResponse:
        """Check that the server is up."""
        return self._transport.call("GET", "health", HealthResponse)

    def basis(self) -> dict[str, list[FactResponse]]:
        """List every fact of the upstreams with its basis and source."""
        return self._transport.call("GET", "basis", dict[str, list[FactResponse]])

    def variants(self) -> list[VariantResponse]:
        """List the behaviours that the pages leave open, with the option in force."""
        return self._transport.call("GET", "variants", list[VariantResponse])

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document of the control API."""
        return self._transport.call("GET", "openapi.json", dict[str, Any])

    # --- tasks and money ---

    def tasks(
        self,
        *,
        upstream: str | None = None,
        key: str | None = None,
        status: str | None = None,
        limit: int | None = None,
    ) -> TasksResponse:
        """List tasks, oldest first; beyond the limit, the newest."""
        return self._transport.call(
            "GET", "tasks", TasksResponse, upstream=upstream, key=key, status=status, limit=limit
        )

    def task(self, task_id: str) -> TaskResponse:
        """Show a task as it is now."""
        return self._transport.call("GET", f"tasks/{task_id}", TaskResponse)

    def timeline(self, task_id: str) -> TimelineResponse:
        """Show the phases of a task, and the exchanges about it."""
        return self._transport.call("GET", f"tasks/{task_id}/timeline", TimelineResponse)

    def ledger(
        self, *, key: str | None = None, upstream: str | None = None, limit: int | None = None
    ) -> LedgerResponse:
        """Show a statement for each key."""
        return self._transport.call("GET", "ledger", LedgerResponse, key=key, upstream=upstream, limit=limit)

    def set_credit(
        self, amount: str | float | Decimal | None, *, key: str | None = None, upstream: str | None = None
    ) -> LedgerResponse:
        """Set what can be spent, in USD; None is unlimited."""
        text = str(amount) if isinstance(amount, Decimal) else amount
        return self._transport.call("PUT", "credit", LedgerResponse, {"amount": text, "key": key, "upstream": upstream})

    def limits(self) -> LimitsResponse:
        """List the limits."""
        return self._transport.call("GET", "limits", LimitsResponse)

    def set_limit(
        self, *, rate: int | None = None, concurrency: int | None = None, key: str | None = None
    ) -> LimitsResponse:
        """Limit calls a minute and unfinished tasks, of all keys or of one; None is unlimited."""
        return self._transport.call(
            "PUT", "limits", LimitsResponse, {"rate": rate, "concurrency": concurrency, "key": key}
        )

    # --- media ---

    def media(self) -> DeclaredMediaResponse:
        """List the declared media."""
        return self._transport.call("GET", "media", DeclaredMediaResponse)

    def declare_media(
        self,
        url: str,
        kind: str,
        *,
        format: str | None = None,
        codec: str | None = None,
        audio_codec: str | None = None,
        size_bytes: int | None = None,
        seconds: float | None = None,
        width: int | None = None,
        height: int | None = None,
        fps: float | None = None,
        has_audio: bool | None = None,
        face: bool | None = None,
    ) -> DeclaredMediaResponse:
        """Declare the media behind a URL; what is None is measured where the media can be read."""
        declaration = {
            "url": url,
            "kind": kind,
            "format": format,
            "codec": codec,
            "audio_codec": audio_codec,
            "size_bytes": size_bytes,
            "seconds": seconds,
            "width": width,
            "height": height,
            "fps": fps,
            "has_audio": has_audio,
            "face": face,
        }
        return self._transport.call("PUT", "media", DeclaredMediaResponse, declaration)

    def remove_media(self, url: str | None = None) -> RemovalResponse:
        """Remove the declaration of a URL, or all."""
        return self._transport.call("DELETE", "media", RemovalResponse, url=url)

    # --- the journal ---

    def journal(self, **query: Unpack[JournalQuery]) -> JournalResponse:
        """List recorded exchanges, oldest first; beyond the limit, the newest."""
        return self._transport.call("GET", "journal", JournalResponse, **query)

    def journal_har(self, **query: Unpack[JournalQuery]) -> dict[str, Any]:
        """Export the journal as HTTP Archive 1.2."""
        return self._transport.call("GET", "journal", dict[str, Any], format="har", **query)

    def journal_curl(self, **query: Unpack[JournalQuery]) -> str:
        """Export the journal as curl commands, with $SEEDMOCK_API_KEY in the place of the key."""
        return self._transport.request("GET", "journal", format="curl", **query).text

    def journal_jsonl(self, **query: Unpack[JournalQuery]) -> str:
        """Export the journal as the lines of a recording."""
        return self._transport.request("GET", "journal", format="jsonl", **query).text

    def violations(
        self, *, advice: bool = True, severity: str | None = None, **query: Unpack[JournalQuery]
    ) -> ViolationsResponse:
        """List contract violations in requests: without advice, or of one severity only."""
        parameters = {"advice": None if advice else "false", "severity": severity}
        return self._transport.call("GET", "violations", ViolationsResponse, **parameters, **query)

    # --- the state as a whole ---

    def reset(self, *, key: str | None = None) -> ResetResponse:
        """Delete all state, or that of a key."""
        return self._transport.call("POST", "reset", ResetResponse, {"key": key})

    def forget(self, *, key: str) -> ResetResponse:
        """Delete a key's tasks, charges and exchanges, and count anew; its rules, limits, credit and clock remain."""
        return self._transport.call("POST", "forget", ResetResponse, {"key": key})

    def snapshot(self) -> bytes:
        """Return the whole state as one JSON document."""
        return self._transport.request("GET", "snapshot").content

    def restore(self, snapshot: bytes | str) -> RestoreResponse:
        """Replace the current state with the snapshot."""
        content = snapshot.encode() if isinstance(snapshot, str) else snapshot
        return msgspec.json.decode(self._transport.request("PUT", "snapshot", content).content, type=RestoreResponse)

    def scenarios(self) -> ScenariosResponse:
        """List the built-in scenarios."""
        return self._transport.call("GET", "scenarios", ScenariosResponse)

    def active_scenario(self) -> ActiveScenarioResponse:
        """Show the active scenario, if there is one."""
        return self._transport.call("GET", "scenario", ActiveScenarioResponse)

    def activate_scenario(self, scenario: str) -> ActiveScenarioResponse:
        """Activate a scenario: the name of a built-in one, or TOML."""
        is_name = "\n" not in scenario and "=" not in scenario
        content = msgspec.json.encode({"name": scenario}) if is_name else scenario.encode()
        response = self._transport.request("PUT", "scenario", content)
        return msgspec.json.decode(response.content, type=ActiveScenarioResponse)

    def deactivate_scenario(self) -> ActiveScenarioResponse:
        """Deactivate the scenario."""
        return self._transport.call("DELETE", "scenario", ActiveScenarioResponse)
