"""Calls a function a moment later, once for all who ask meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from ..http.coroutines import MAY_BLOCK

WRITE_SECONDS: Final = 0.01
"""How long an entry of the journal waits for others: a commit or a round trip for each request costs more than a poll."""


class DelayedCall:
    """Function that is called in the running loop after WRITE_SECONDS, or at once where there is no loop."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._loop: asyncio.AbstractEventLoop | None = None

    def request(self) -> None:
        # A loop that was closed calls nothing any more.
        if self._loop is not None and not self._loop.is_closed():
            return
        self._loop = _running_loop()
        if self._loop is None:
            self._function()
        else:
            self._loop.call_later(WRITE_SECONDS, self._call)

    def _call(self) -> None:
        self._loop = None
        self._function()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    if MAY_BLOCK.get():
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
