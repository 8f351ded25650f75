"""State of the emulator that the control API reads and changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct, field
from starlette.types import ASGIApp, Receive, Scope, Send

from ..api.accounts import ApiKeys
from ..clock import Clocks
from ..errors import ApiError
from ..fates.rules import FateRules
from ..faults.rules import FaultRules
from ..generation.engine import Engine
from ..journal import Journal
from ..media.clip_cache import CachedClip
from ..media.renderer import ClipRenderer
from ..rate_limits import RateLimits
from ..references.declared import DeclaredMedia
from ..scenarios.active import ActiveScenario
from ..settings import Settings
from ..snapshots.checkpoint import Checkpoint
from ..storage import Store
from ..storage.steering import Steering
from ..storage.timed_store import StoreTimings
from ..workers.siblings import Siblings
from .errors import ControlError
from .exchange_tally import ExchangeTally


async def _nothing_serves(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("this control API belongs to no emulator")


ClipFinder = Callable[[str], CachedClip | None]
"""From an ETag to the clip, if it is still in the cache."""

DueSource = Callable[[str, float], Awaitable[float]]
"""From an account and a reading of its clock to the next time that something happens; NEVER for nothing."""


class ControlContext(Struct, frozen=True, kw_only=True):
    """Components of the emulator.

    `due_sources`: events besides tasks and assets that `clock next` advances to. `find_clip` returns clips by ETag.
    `siblings`: the other processes that answer at the same address. `tally` counts the exchanges of this process where
    there are siblings, else those of the journal. `api` answers requests to the upstreams.
    """

    settings: Settings
    steering: Steering
    keys: ApiKeys
    engine: Engine
    checkpoint: Checkpoint
    active_scenario: ActiveScenario
    find_clip: ClipFinder
    due_sources: list[DueSource] = field(default_factory=list)
    siblings: Siblings | None = None
    renderer: ClipRenderer | None = None
    tally: ExchangeTally = field(default_factory=ExchangeTally)
    timings: StoreTimings = field(default_factory=StoreTimings)
    api: ASGIApp = _nothing_serves

    @property
    def workers(self) -> int:
        """Processes that answer at the same address."""
        return 1 if self.siblings is None else self.siblings.count

    @property
    def store(self) -> Store:
        return self.checkpoint.store

    @property
    def clocks(self) -> Clocks:
        return self.checkpoint.clocks

    @property
    def fates(self) -> FateRules:
        return self.checkpoint.fates

    @property
    def faults(self) -> FaultRules:
        return self.checkpoint.faults

    @property
    def limits(self) -> RateLimits:
        return self.checkpoint.limits

    @property
    def declared_media(self) -> DeclaredMedia:
        return self.checkpoint.declared_media

    @property
    def journal(self) -> Journal:
        return self.checkpoint.journal

    def account(self, key: str) -> str:
        """Return the account of an API key. Raises ControlError for one that the emulator does not accept."""
        try:
            return self.keys.account(b"Bearer " + key.encode("utf-8", "surrogatepass"))
        except ApiError:
            # The message never repeats the key: messages end up in logs.
            problem = "not one of the server's keys" if key.strip() else "blank"
            raise ControlError(f"key is {problem}; allowed: a valid API key", field="key") from None
