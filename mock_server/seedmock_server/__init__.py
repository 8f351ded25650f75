"""The emulator of both upstreams.

with serve(pace="instant") as server:
    ...  # server.url is the origin of both upstreams
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import App
    from .clock import Clock
    from .control_client import Control
    from .http.server import RunningServer

__all__ = ["Control", "create_app", "serve"]


def create_app(*, clock: Clock | None = None, **values: Any) -> App:
    """The emulator as an ASGI application, for use in process: close it with `async with`.

    `values` are the fields of `settings.Settings`; texts stand for enums, folders and decimals. Raises InvalidSetting.
    """
    from .app import App
    from .settings import parse_settings

    return App(parse_settings(values), clock=clock)


@contextmanager
def serve(
    *, host: str = "127.0.0.1", port: int = 0, clock: Clock | None = None, **values: Any
) -> Iterator[RunningServer]:
    """The emulator on a socket, in a thread, while the block lasts; port 0 takes a free one.

    Raises InvalidSetting, and serving.PortInUse.
    """
    from .http.server import serve_in_thread

    with serve_in_thread(create_app(clock=clock, **values), host=host, port=port) as server:
        yield server


def __getattr__(name: str) -> Any:
    """Load `Control` on first use: importing the package loads no library."""
    if name == "Control":
        from .control_client import Control

        return Control
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
