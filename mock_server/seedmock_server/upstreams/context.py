"""Services of the emulator that an upstream's API is built on."""

from __future__ import annotations

from msgspec import Struct

from ..generation.assets import AssetLibrary
from ..generation.engine import Engine
from ..randomness import SeededRandom
from ..references.files import ReferenceFiles
from ..references.local_urls import FILES_PREFIX, RESULTS_PREFIX
from ..settings import Settings

RESULTS, FILES = RESULTS_PREFIX.rstrip("/"), FILES_PREFIX.rstrip("/")


class UpstreamContext(Struct, frozen=True):
    engine: Engine
    library: AssetLibrary
    sources: ReferenceFiles
    random: SeededRandom
    settings: Settings

    def result_token(self, task_id: str) -> str:
        """Return the secret part of a result's link, drawn from the seed."""
        return self.random.token(32, "result", task_id)

    def link(self, origin: str, path: str) -> str:
        """Return a link to a path of this server, for a client that reached it by `origin`."""
        return (self.settings.public_url or origin) + path

    def result_path(self, task_id: str) -> str:
        """Return the path of a result, which needs no API key."""
        return f"{RESULTS}/{task_id}/{self.result_token(task_id)}.mp4"
