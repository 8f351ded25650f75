"""What an upstream is given to work with."""

from __future__ import annotations

from dataclasses import dataclass

from . import sources
from .chance import Chance
from .engine import Engine
from .library import Library
from .settings import Settings
from .sources import Sources

RESULTS, FILES = sources.RESULTS.rstrip("/"), sources.FILES.rstrip("/")


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms that an upstream's words speak for."""

    engine: Engine
    library: Library
    sources: Sources
    chance: Chance
    settings: Settings

    def result_token(self, task_id: str) -> str:
        """What makes a result link unguessable: drawn from the seed, which nobody outside knows."""
        return self.chance.text(32, "result", task_id)
