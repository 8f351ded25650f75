"""The emulator as a test sees it: a key of its own with its clock, fates, faults, journal and ledger. Knows no pytest.

with mocked() as upstreams:
    ...  # upstreams.url, upstreams.api_key, upstreams.client("opeai"), upstreams.journal.assert_submitted_once()
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .upstreams import Upstreams

__all__ = ["mocked"]


@contextmanager
def mocked(name: str = "", *, stand: bool = True, **settings: Any) -> Iterator[Upstreams]:
    """An emulator of one's own while the block lasts, its clock standing still unless `stand` is false; and a guard.

    `name` stands in the guard's message. `settings` are those of `seedmock_server.serve`.
    Raises LiveHostReached at the end if anything in the block tried to reach a real upstream.
    """
    from .emulators import Emulators
    from .network_guard import Guard
    from .upstreams import Upstreams

    with Emulators() as emulators, Guard(name or "this block") as guard:
        upstreams = Upstreams(emulators.of(**settings), name)
        if stand:
            upstreams.clock.stand()
        yield upstreams
        guard.check()
