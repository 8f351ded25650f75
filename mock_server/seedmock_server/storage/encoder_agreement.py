"""Agreement of the processes that share a store on the encoder of their clips.

Unlike settings it can change: what is installed is updated, and a store outlives that. So it holds as long as a process
is there that keeps it, and a lease says so.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from ..http.coroutines import run_now
from ..media.encoding.encoder import Unrenderable
from ..media.fingerprint import difference, fingerprint
from .models import StoreError, StoreUnavailable
from .protocol import SharedStore

NAME = "encoder"
LEASE_SECONDS = 10.0
"""Time from the death of the last process with one encoder to the start of one with another."""

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


class EncoderAgreement:
    """Fingerprint of this process's encoder, which no process of the store may differ from."""

    def __init__(self, store: SharedStore, fingerprint: str) -> None:
        self._store, self._fingerprint = store, fingerprint
        self._keeper: asyncio.Task[None] | None = None

    def join(self, agreed: str) -> None:
        """Begin to use the store, whose last processes had the encoder `agreed`. Raises StoreError if others run."""
        if not run_now(self._store.lease(NAME, self._fingerprint, LEASE_SECONDS)):
            own, others = difference(self._fingerprint, agreed)
            raise StoreError(
                f"this server's clips would have other bytes than those of the servers that use the store: they have "
                f"{others}, and this one has {own}; install the same versions everywhere, or stop all others, and "
                f"start this one {LEASE_SECONDS:.0f} seconds later"
            )
        if agreed != self._fingerprint:
            self._store.replace_setting(NAME, self._fingerprint)

    def start(self) -> None:
        """Keep it from now on, in the running event loop."""
        self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="seedmock encoder lease")

    async def _keep(self) -> None:
        is_kept = True
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                was_kept, is_kept = is_kept, await self._store.lease(NAME, self._fingerprint, LEASE_SECONDS)
            except StoreUnavailable:  # it says so to each request
                continue
            if was_kept and not is_kept:
                log.warning("A server with another encoder uses the store: the clips of both may have different bytes.")

    async def aclose(self) -> None:
        """Leave the store to other encoders at once, unless others keep this one."""
        if self._keeper is not None and self._keeper.get_loop() is asyncio.get_running_loop():
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._keeper = None
        await self._store.end_lease(NAME, self._fingerprint)
