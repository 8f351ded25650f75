"""Emulators with a control API, in process and on a socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Control = Callable[..., Any]


@pytest.fixture
def frozen_server(start_server: Callable[..., Any]) -> Any:
    """Emulator in process at pace `fast` (2 s a task), with a clock that stands still."""
    return start_server(pace="fast")


@pytest.fixture
def control(frozen_server: Any) -> Control:
    """Call the control API of `frozen_server`: returns the JSON of the response, which must have a status."""

    def call(method: str, path: str, body: Any = None, *, status: int = 200, **options: Any) -> Any:
        body = {} if body is None else {"json": body}
        response = frozen_server.ask(method, f"/_mock/{path}", key=None, **body, **options)
        assert response.status_code == status, response.text
        return response.json()

    return call
