"""Emulator of the upstreams, served or in process.

with serve(pace="instant") as server:
    ...  # server.url is the origin of all upstreams
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import App
    from .clock import Clock
    from .control_client import ControlClient
    from .http.server import RunningServer

__all__ = ["ControlClient", "create_app", "serve"]


def create_app(*, clock: Clock | None = None, **settings: Any) -> App:
    """Create an emulator as an ASGI application, for use in process: close it with `async with`.

    `settings` are the fields of `settings.Settings`; texts stand for enums, folders and decimals.
    Raises InvalidSetting.
    """
    from .app import App
    from .settings import parse_settings

    return App(parse_settings(settings), clock=clock)


@contextmanager
def serve(
    *, host: str = "127.0.0.1", port: int = 0, clock: Clock | None = None, **settings: Any
) -> Iterator[RunningServer]:
    """Serve an emulator on a socket, in a thread, while the block lasts; port 0 takes a free one.

    `settings` are those of `create_app`. Raises InvalidSetting and PortInUse.
    """
    from .http.server import serve_in_thread

    with serve_in_thread(create_app(clock=clock, **settings), host=host, port=port) as server:
        yield server


def __getattr__(name: str) -> Any:
    """Load `ControlClient` on first use: importing the package loads no library."""
    if name == "ControlClient":
        from .control_client import ControlClient

        return ControlClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
