"""The rooms that the control API reads and moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..api.pipeline import ApiKeys
from ..errors import ApiError
from ..fates.rules import Fates
from ..faults.rules import Faults
from ..generation.assets import AssetLibrary
from ..generation.engine import Engine
from ..journal import Journal
from ..rate_limits import Limits
from ..scenarios.active import ActiveScenario
from ..settings import Settings
from ..snapshots.checkpoint import Checkpoint
from ..storage import Store
from .errors import ControlError

Due = Callable[[str, float], float]
"""The next moment after a reading of an account's clock at which something of the account happens; NEVER for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlContext:
    """What the app introduces to the control API. `due` are what else `clock next` goes to."""

    settings: Settings
    keys: ApiKeys
    engine: Engine
    library: AssetLibrary
    state: Checkpoint
    stage: ActiveScenario
    due: list[Due] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.state.store

    @property
    def fates(self) -> Fates:
        return self.state.fates

    @property
    def faults(self) -> Faults:
        return self.state.faults

    @property
    def limits(self) -> Limits:
        return self.state.limits

    @property
    def journal(self) -> Journal:
        return self.state.journal

    def account(self, key: str) -> str:
        """The account of an API key, which goes no further. Raises Trouble for a key that nobody can have."""
        try:
            return self.keys.account(b"Bearer " + key.encode("utf-8", "surrogatepass"))
        except ApiError:
            why = "the server was given its keys, and this is none of them" if key.strip() else "it is blank"
            raise ControlError(f"key is not one that can be: {why}; allowed: an API key", field="key") from None
