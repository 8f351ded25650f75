"""Clock of a running emulator."""

from __future__ import annotations

from typing import Any

from ..control.models import ClockResponse
from .transport import ControlTransport


class ClockControl:
    """The shared clock or, with `key`, that key's own. Durations are seconds, or texts such as `15m`.

    Every method raises ControlClientError.
    """

    def __init__(self, transport: ControlTransport) -> None:
        self._transport = transport

    def read(self, *, key: str | None = None) -> ClockResponse:
        """Read the time."""
        return self._transport.call("GET", "clock", ClockResponse, key=key)

    def advance(self, by: float | str, *, key: str | None = None) -> ClockResponse:
        """Advance by a duration."""
        return self._change(key, advance=by)

    def set(self, at: float | str, *, key: str | None = None) -> ClockResponse:
        """Advance to a time: epoch seconds, or ISO 8601."""
        return self._change(key, set=at)

    def set_rate(self, rate: float, *, key: str | None = None) -> ClockResponse:
        """Run this many times as fast as the system's clock; 0 freezes it."""
        return self._change(key, rate=rate)

    def freeze(self, *, key: str | None = None) -> ClockResponse:
        """Freeze the clock until it is advanced."""
        return self._change(key, freeze=True)

    def freeze_at(self, at: float | str, *, key: str | None = None) -> ClockResponse:
        """Freeze the clock at a time, which may be an earlier one: epoch seconds, or ISO 8601."""
        return self._change(key, freeze_at=at)

    def next(self, *, key: str | None = None) -> ClockResponse:
        """Advance to the next event. Raises RequestRejected (409) when nothing is due."""
        return self._change(key, next=True)

    def _change(self, key: str | None, **change: Any) -> ClockResponse:
        return self._transport.call("POST", "clock", ClockResponse, change if key is None else {**change, "key": key})
