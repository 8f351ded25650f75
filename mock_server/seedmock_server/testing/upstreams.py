"""Both upstreams as one test has them: where they are, its key, and its handles on what happens there."""

from __future__ import annotations

from hashlib import blake2b
from importlib.metadata import entry_points
from typing import Any

from seedmock_contracts.upstreams import get_contract

from .clock import KeyClock
from .emulators import Emulator
from .journal import Conversation
from .ledger import Purse
from .rules import FateRules, FaultRules

CLIENTS = "seedmock.clients"


class Upstreams:
    """One test's view of an emulator: its own account, which no other test sees."""

    def __init__(self, emulator: Emulator, name: str = "") -> None:
        """`name` is the test's: the same name has the same key in each run."""
        self._emulator = emulator
        world = emulator.app.context
        self.url = emulator.url
        self.api_key = "sk_mock_test_" + blake2b(name.encode("utf-8", "replace"), digest_size=8).hexdigest()
        self.account = world.account(self.api_key)
        self.clock = KeyClock(world, self.account)
        self.fates = FateRules(emulator.app.fates, self.account)
        self.faults = FaultRules(emulator.app.faults, self.account)
        self.journal = Conversation(world, self.account, emulator.deliveries)
        self.ledger = Purse(emulator.app.ledger, self.account)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.url}>"

    def base_url(self, upstream: str) -> str:
        """The base URL of an upstream, with its path prefix, for use in place of the real one."""
        return self.url + get_contract(upstream).bases[0].prefix

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the reference client reads."""
        return {"SEEDMOCK_BASE_URL": self.url, "SEEDMOCK_API_KEY": self.api_key}

    def client(self, upstream: str, **options: Any) -> Any:
        """A seedmock_client.Client of an upstream with this test's key, which sleeps on this test's clock."""
        return self._client("blocking", upstream, {"sleep": self.clock.sleep, **options})

    def async_client(self, upstream: str, **options: Any) -> Any:
        """The same as a seedmock_client.AsyncClient."""
        return self._client("awaited", upstream, {"sleep": self.clock.asleep, **options})

    def forget(self) -> None:
        """Forget all that this test's key has done and was told."""
        world = self._emulator.app.context
        self._emulator.deliveries.forget({task.id for task in world.store.tasks(self.account)})
        world.checkpoint.reset(self.account)

    def _client(self, kind: str, upstream: str, options: dict[str, Any]) -> Any:
        # Found by its entry point, as the commands are: the server never imports the client.
        (entry,) = entry_points(group=CLIENTS, name=kind)
        return entry.load()(
            upstream, **{"base_url": self.url, "api_key": self.api_key, "now": self.clock.now, **options}
        )
