"""What an upstream is given to work with."""

from __future__ import annotations

from dataclasses import dataclass

from ..generation.assets import AssetLibrary
from ..generation.engine import Engine
from ..randomness import SeededRandom
from ..references import files as sources
from ..references.files import ReferenceFiles
from ..settings import Settings

RESULTS, FILES = sources.RESULTS.rstrip("/"), sources.FILES.rstrip("/")


@dataclass(frozen=True, slots=True)
class UpstreamContext:
    """The rooms that an upstream's words speak for."""

    engine: Engine
    library: AssetLibrary
    sources: ReferenceFiles
    random: SeededRandom
    settings: Settings

    def result_token(self, task_id: str) -> str:
        """What makes a result link unguessable: drawn from the seed, which nobody outside knows."""
        return self.random.token(32, "result", task_id)
