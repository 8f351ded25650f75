"""Calls a function for all who ask, but not more often than each WRITE_SECONDS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from ..http.coroutines import MAY_BLOCK

WRITE_SECONDS: Final = 0.01
"""Shortest time between two writes of the journal: a commit or a round trip for each entry costs more than a poll."""


class SpacedCall:
    """Function that is called after the present turn of the loop, or when the last call is WRITE_SECONDS ago.

    Where there is no loop it is called at once.
    """

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_requested = False

    def request(self) -> None:
        # A loop that was closed calls nothing any more.
        if self._loop is not None and not self._loop.is_closed():
            self._is_requested = True
            return
        self._is_requested = False
        self._loop = _running_loop()
        if self._loop is None:
            self._function()
        else:
            self._loop.call_soon(self._function)
            self._loop.call_later(WRITE_SECONDS, self._end_pause)

    def _end_pause(self) -> None:
        self._loop = None
        if self._is_requested:
            self.request()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    if MAY_BLOCK.get():
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
