"""State that steers an emulator: rules, limits, credit, clocks, the scenario.

It changes rarely, and each request reads it: components hold it decoded, and are read without waiting. They are changed
inside `change`, so that other processes learn of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Steering(Protocol):
    """Way in which this process and others agree on the state of the components."""

    is_shared: bool
    """Other processes may change the state, so that a request calls `refresh` before it reads any."""

    def on_load(self, notify: Callable[[str], None]) -> None:
        """Call a function with the name of each part that another process has changed, when this one learns of it."""
        ...

    async def refresh(self) -> None:
        """Bring the components up to date with what other processes have changed."""
        ...

    async def load_counts(self) -> None:
        """Bring the counts of rules up to date, for a response that shows them."""
        ...

    async def change(self, apply: Callable[[], Awaitable[T] | T], part: str = "", key: str = "") -> T:
        """Change the components, and share the change; when it returns, the next request to any process sees it.

        `apply` is called again if another process has changed the same part meanwhile: it reads what it changes. `part`
        and `key` name what is changed, where it is one thing; without them, anything may have been changed.
        """
        ...


class LocalSteering:
    """Steering of an emulator that shares its state with no other process."""

    is_shared = False

    def on_load(self, notify: Callable[[str], None]) -> None:
        """No other process changes anything."""

    async def refresh(self) -> None:
        """The components are up to date."""

    async def load_counts(self) -> None:
        """The counts are up to date."""

    async def change(self, apply: Callable[[], Awaitable[T] | T], part: str = "", key: str = "") -> T:
        result: Any = apply()
        value: T = await result if isawaitable(result) else result
        return value
