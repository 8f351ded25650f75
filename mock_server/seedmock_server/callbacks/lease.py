"""Right to send callbacks, which one of the processes that share a store has at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ..storage.protocol import SharedStore

NAME = "callbacks"
LEASE_SECONDS = 3.0
"""Time after which another process takes over from one that has died; it prolongs the lease three times as often."""
LOOK_SECONDS = 0.1
"""Pause between two looks for callbacks of other processes, and for clocks that they have moved."""


class CallbackLease:
    """Lease of one process, and what has changed at the others."""

    def __init__(self, store: SharedStore, owner: str, refresh: Callable[[], Awaitable[None]]) -> None:
        """`owner` names this process, and `refresh` brings its clocks up to date."""
        self._store, self._owner, self.refresh = store, owner, refresh
        self.is_held = False
        self._asked_at: float | None = None
        self._signal = -1

    async def take(self) -> bool:
        """Take or prolong the lease, if it is time to ask; return whether this process has it."""
        now = asyncio.get_running_loop().time()
        if self._asked_at is None or not 0 <= now - self._asked_at < LEASE_SECONDS / 3:
            self._asked_at = now
            was_held, self.is_held = self.is_held, await self._store.lease(NAME, self._owner, LEASE_SECONDS)
            if self.is_held and not was_held:
                self._signal = -1
        return self.is_held

    async def sees_changes(self) -> bool:
        """Tell whether another process has changed callbacks since the last call, or since the lease was taken."""
        signal = self._store.callback_signal()
        number = signal if isinstance(signal, int) else await signal
        before, self._signal = self._signal, number
        return number != before

    async def give_up(self) -> None:
        """Let another process take over at once."""
        if self.is_held:
            self.is_held, self._asked_at = False, None
            await self._store.end_lease(NAME, self._owner)
