"""A worker of `seedmock serve --workers`, started by its supervisor: serves on a socket that it has inherited."""

from __future__ import annotations

import gc
import os
import sys

from ..app import App
from ..http.server import inherited_listener, run_on
from ..settings import InvalidSetting, parse_settings
from ..storage import StoreError
from ..storage.opening import SWITCH_SECONDS
from ..workers.messages import FAILED, READY
from ..workers.siblings import SupervisorLink


def main(listener: int, reports: int) -> None:
    """Serve on the socket with this number until the supervisor says so, or dies."""
    gc.disable()  # until the server is ready, as in `serve`
    for descriptor in (listener, reports):
        os.set_inheritable(descriptor, False)
    link = SupervisorLink(sys.stdin.fileno(), reports)
    try:
        app = App(parse_settings(link.settings), siblings=link)
    except (InvalidSetting, StoreError) as error:
        link.report(FAILED, error=str(error))
        sys.exit(2 if isinstance(error, InvalidSetting) else 1)  # as `serve` exits without workers
    sys.setswitchinterval(SWITCH_SECONDS)
    run_on(inherited_listener(listener), app, on_ready=lambda: link.report(READY, seed=app.seed, warning=app.warning))
