"""Coroutines that are started by hand, without a task: most end before they wait for anything."""

from __future__ import annotations

import types
from collections.abc import Generator
from functools import partial
from typing import Any


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
