"""Emulator for tests: an API key with its own clock, fates, faults, journal and ledger. Knows no pytest.

with mocked() as upstreams:
    ...  # upstreams.url, upstreams.api_key, upstreams.client("opeai"), upstreams.journal.assert_submitted_once()
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .upstreams import EmulatedUpstreams

__all__ = ["mocked"]


@contextmanager
def mocked(name: str = "", *, frozen: bool = True, **settings: Any) -> Iterator[EmulatedUpstreams]:
    """Run an emulator while the block lasts, with its clock `frozen`, and guard the real hosts.

    `name` stands in the guard's message. `settings` are those of `seedmock_server.serve`.
    With SEEDMOCK_URL no emulator is started: the block has a key of its own on the server at that address.
    Raises SharedServerError, and LiveHostReached at the end if anything in the block tried to reach a real upstream.
    """
    from .emulators import EmulatorPool
    from .environment import bypass_proxies
    from .network_guard import NetworkGuard
    from .upstreams import EmulatedUpstreams

    with EmulatorPool() as emulators, NetworkGuard(name or "this block") as guard:
        emulator = emulators.get(**settings)
        with bypass_proxies(emulator.host):
            upstreams = EmulatedUpstreams(emulator, name)
            try:
                if frozen:
                    upstreams.clock.freeze_at()
                yield upstreams
                guard.check()
            finally:
                upstreams.reset()
