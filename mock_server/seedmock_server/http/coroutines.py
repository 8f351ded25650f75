"""Coroutines that are started by hand, without a task: most end before they wait for anything."""

from __future__ import annotations

import types
from collections.abc import Awaitable, Generator
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

MAY_BLOCK: ContextVar[bool] = ContextVar("seedmock may block", default=False)
"""True while `run_now` runs: who waits for another thread has to block this one, since nothing may suspend."""


@types.coroutine
def resume(waiting: Any, pending: object) -> Generator[Any, Any, Any]:
    """Continue to await a coroutine that was started by hand and has yielded `pending`."""
    while True:
        try:
            step = partial(waiting.send, (yield pending))
        except BaseException as error:
            step = partial(waiting.throw, error)
        try:
            pending = step()
        except StopIteration as result:
            return result.value


def run_now(awaitable: Awaitable[T]) -> T:
    """Run an awaitable to its end without an event loop, also in a thread where one is running.

    Raises RuntimeError if it suspends: what waits for a socket or for a time needs a loop.
    """
    step = awaitable.__await__()
    token = MAY_BLOCK.set(True)
    try:
        next(step)
    except StopIteration as result:
        value: T = result.value
        return value
    finally:
        MAY_BLOCK.reset(token)
    raise RuntimeError("the application suspended: only paths under /_mock/ can be called without an event loop")
