"""The control API, asked through the doors that the upstreams are asked through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Tell = Callable[..., Any]


@pytest.fixture
def still(open_door: Callable[..., Any]) -> Any:
    """In process, at pace `fast` (2 s a task) on a clock that stands still."""
    return open_door(pace="fast")


@pytest.fixture
def tell(still: Any) -> Tell:
    """Tells the control API of `still` something, and gives what it says, which must be of a status."""

    def told(method: str, path: str, order: Any = None, *, status: int = 200, **more: Any) -> Any:
        body = {} if order is None else {"json": order}
        answer = still.ask(method, f"/_mock/{path}", key=None, **body, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    return told
