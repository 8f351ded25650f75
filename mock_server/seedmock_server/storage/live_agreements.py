"""Agreement of the processes that share a store on what is around them: the encoder, the place of files, the pace.

Unlike settings that decide ids it can change: what is installed is updated, files are moved, and a store outlives that.
So it holds as long as a process is there that keeps it, and a lease says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from asyncio import sleep
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from ..http.coroutines import run_now
from ..media.errors import Unrenderable
from ..media.fingerprint import difference, fingerprint
from .models import StoreError, StoreUnavailable
from .protocol import SharedStore

ENCODER, FILES, PACE, FACES = "encoder", "files", "pace", "face detection"
LEASE_SECONDS = 10.0
"""Time from the death of the last process with one value to the start of one with another."""
LATER = f"stop all others, and start this one {LEASE_SECONDS:.0f} seconds later"

log = logging.getLogger("seedmock")


def encoder_here(folder: Path) -> str:
    """Return the fingerprint of this machine's encoder, which `folder` remembers. Raises StoreError without one."""
    try:
        return fingerprint(folder)
    except (OSError, RuntimeError, Unrenderable) as error:
        raise StoreError(
            f"this machine can't make clips, which each server of a store makes for itself: {error}; "
            "`seedmock doctor` says what is missing"
        ) from error


class LiveAgreements:
    """Values of this process, from which no other process of the store may differ while it runs."""

    def __init__(self, store: SharedStore, *, encoder: str, files: str, pace: str) -> None:
        self._store = store
        faces = "none" if find_spec("cv2") is None else "opencv"
        # Under the pace `step` a task goes on by queries: to others it would have another state at the same time.
        self.values = {ENCODER: encoder, PACE: pace, FACES: faces, FILES: files}
        self._keeper: asyncio.Task[None] | None = None

    def join(self, agreed: Mapping[str, str], files_text: str, *, needs_same_files: bool) -> str:
        """Begin to use the store, whose last processes had the values `agreed`; return a warning, or nothing.

        `files_text` says where this process has its files. Raises StoreError if others run that differ, but for files
        elsewhere unless this process `needs_same_files`.
        """
        if not self._hold(ENCODER, agreed[ENCODER]):
            own, others = difference(self.values[ENCODER], agreed[ENCODER])
            raise StoreError(
                "this server's clips would have other bytes than those of the servers that use the store: they have "
                f"{others}, and this one has {own}; install the same versions everywhere, or {LATER}"
            )
        for name in (PACE, FACES):
            if not self._hold(name, agreed[name]):
                raise StoreError(
                    f"this server has {name} {self.values[name]}, and the others that use the store have "
                    f"{agreed[name]}; start all alike, or {LATER}"
                )
        if self._hold(FILES, agreed[FILES]):
            return ""
        elsewhere = (
            f"this server has posted files in {files_text}, and the others that use the store have them elsewhere"
        )
        if needs_same_files:
            raise StoreError(f"{elsewhere}; start all with the same --files, or {LATER}")
        del self.values[FILES]  # theirs to keep
        return f"{elsewhere}: files that are posted to one are not found by another; start all with the same --files"

    def _hold(self, name: str, agreed: str) -> bool:
        value = self.values[name]
        is_held = run_now(self._store.lease(name, value, LEASE_SECONDS))
        if is_held and agreed != value:
            self._store.replace_setting(name, value)
        return is_held

    def start(self) -> None:
        """Keep them from now on, in the running event loop."""
        self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="seedmock live agreements")

    async def _keep(self) -> None:
        while True:
            await sleep(LEASE_SECONDS / 3)
            for name, value in list(self.values.items()):
                try:
                    is_held = await self._store.lease(name, value, LEASE_SECONDS)
                except StoreUnavailable:  # it says so to each request
                    continue
                if not is_held:
                    log.warning("A server with another %s has begun to use the store, and this one goes on.", name)
                    del self.values[name]

    async def aclose(self) -> None:
        """Leave the store to other values at once, unless other processes keep these."""
        if self._keeper is not None and self._keeper.get_loop() is asyncio.get_running_loop():
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._keeper = None
        for name, value in self.values.items():
            with contextlib.suppress(StoreUnavailable):  # it ends by itself
                await self._store.end_lease(name, value)
