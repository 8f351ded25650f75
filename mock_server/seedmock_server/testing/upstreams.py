"""The upstreams as one test sees them: base URLs, an API key, and handles on the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from seedmock_contracts.upstreams import get_contract

from .accounts import URL_VARIABLE, SharedServerError
from .clock import AccountClock
from .emulators import Emulator
from .journal import AccountJournal
from .ledger import AccountLedger

# Imported on first use: with httpx, and what that loads for terminals, they take a third of a first test.
if TYPE_CHECKING:
    from ..control_client import FateControl, FaultControl
    from .shared_server import SharedServer

CLIENTS = "seedmock.clients"


class EmulatedUpstreams:
    """One test's view of an emulator: an account that no other test sees."""

    def __init__(self, emulator: Emulator | SharedServer, name: str = "") -> None:
        """Create the account; `name` is the test's, and the same name has the same key in each run.

        At a shared server that is so for each run of one job, as SEEDMOCK_JOB names it.
        """
        self._emulator = emulator
        self.url = emulator.url
        owner = f"{emulator.job} {name}" if emulator.job else name
        self.api_key = "sk_mock_test_" + blake2b(owner.encode("utf-8", "replace"), digest_size=8).hexdigest()
        account = self._account = emulator.account(self.api_key)
        self.account = account.name
        self.clock = AccountClock(account)
        self.journal = AccountJournal(account)
        self.ledger = AccountLedger(account)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.url}>"

    @cached_property
    def fates(self) -> FateControl:
        """Rules for the outcome of this test's tasks."""
        from ..control_client import FateControl

        return FateControl(self._emulator.control, self.api_key)

    @cached_property
    def faults(self) -> FaultControl:
        """Rules for misbehaviour on the wire of this test's calls."""
        from ..control_client import FaultControl

        return FaultControl(self._emulator.control, self.api_key)

    def base_url(self, upstream: str) -> str:
        """Return the base URL of an upstream, with its path prefix, for use in place of the real one."""
        return self.url + get_contract(upstream).bases[0].prefix

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the reference client reads."""
        return {"SEEDMOCK_BASE_URL": self.url, "SEEDMOCK_API_KEY": self.api_key}

    def client(self, upstream: str, **options: Any) -> Any:
        """Return a seedmock_client.Client with this test's key, which sleeps on this test's clock."""
        return self._client("sync", upstream, {"sleep": self.clock.sleep, **options})

    def async_client(self, upstream: str, **options: Any) -> Any:
        """Return the same as a seedmock_client.AsyncClient."""
        return self._client("async", upstream, {"sleep": self.clock.async_sleep, **options})

    @contextmanager
    def redirect_hosts(self) -> Iterator[None]:
        """Redirect what this process sends to the real hosts, while the block lasts, with this test's key.

        For code with hard-wired hosts, and any HTTP library. Needs `pip install seedmock[pytest]`.
        Raises SharedServerError: it takes an emulator of this process.
        """
        from .environment import bypass_proxies
        from .host_redirect import redirect_hosts
        from .interception import HOSTS

        if not isinstance(self._emulator, Emulator):
            raise SharedServerError(
                f"hosts cannot be redirected to the shared server {self.url}: give the code its base URL, or unset "
                f"{URL_VARIABLE} for these tests"
            )
        with redirect_hosts(self._emulator, self.api_key), bypass_proxies(*HOSTS):
            yield

    def reset(self) -> None:
        """Delete the state of this test's key: what `journal.forget` deletes, and rules, limits, credit and clock."""
        self.journal.forget()
        self._account.reset()

    def _client(self, kind: str, upstream: str, options: dict[str, Any]) -> Any:
        from importlib.metadata import entry_points

        # Found by its entry point, as the commands are: the server never imports the client.
        (entry,) = entry_points(group=CLIENTS, name=kind)
        return entry.load()(
            upstream, **{"base_url": self.url, "api_key": self.api_key, "now": self.clock.now, **options}
        )
