"""Counters of all processes on a Redis server, and what steers them. The records are in `redis_store`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

from ..copies import Copies
from ..models import Changes, DocumentChange, RuleCounts, StoreUnavailable
from . import steering_scripts
from .redis_client import Argument, RedisClient

DRAW = "draw"
Counts = Mapping[str, tuple[int, int, Mapping[str, int]]]


class RedisCounters:
    """Counters, documents and leases, with copies that hold until the epoch changes."""

    def __init__(self, client: RedisClient, *, caches_tasks: bool) -> None:
        self._client = client
        self._base = client.address.base
        self._copies = Copies(caches_tasks=caches_tasks)
        self._own_callbacks = self._generation = 0
        self._documents: set[str] = set()
        self._has_lost_documents = False

    def _forget_copies(self) -> None:
        self._forget_tasks()
        self._copies.draws.clear()

    def _forget_tasks(self) -> None:
        # Counted, so that a record which was asked for before is not cached when it arrives.
        self._generation += 1
        self._copies.tasks.clear()

    # --- draws and other counts ---

    async def draw(self, account: str) -> int:
        # Numbers that were given to orders and not stored yet count too, or the same run would draw others.
        above = self._copies.draws.get(account, 0)
        number = int(await self._client.run(steering_scripts.COUNT, DRAW, account, above))
        self._copies.add_draw(account, number)
        return number

    async def next_draw(self, account: str) -> int:
        number = self._copies.draws.get(account)
        if number is None:
            stored = await self._client.call("HGET", f"{self._base}counts:{DRAW}", account)
            number = self._copies.last_draw(account, int(stored or 0))
        self._copies.add_draw(account, number + 1)
        return number + 1

    async def draws(self) -> Mapping[str, int]:
        return self._copies.last_draws(await self.counters(DRAW))

    async def set_draws(self, draws: Mapping[str, int]) -> None:
        await self.set_counters(DRAW, draws)
        self._copies.draws.clear()

    async def count(self, kind: str, account: str) -> int:
        return int(await self._client.run(steering_scripts.COUNT, kind, account, 0))

    async def counters(self, kind: str) -> Mapping[str, int]:
        numbers = await self._client.call("HGETALL", f"{self._base}counts:{kind}")
        return {name.decode(): int(number) for name, number in sorted(numbers.items())}

    async def set_counters(self, kind: str, numbers: Mapping[str, int]) -> None:
        flat = [part for pair in numbers.items() for part in pair]
        await self._client.run(steering_scripts.SET_COUNTERS, kind, *flat, repeats=1)

    # --- calls of a minute ---

    async def admit(self, upstream: str, account: str, now: float, rate: int) -> float:
        return float(await self._client.run(steering_scripts.ADMIT, upstream, account, repr(now), rate))

    async def calls(self) -> Sequence[tuple[str, str, tuple[float, ...]]]:
        return [
            (upstream.decode(), account.decode(), tuple(map(float, times)))
            for upstream, account, times in await self._client.run(steering_scripts.CALLS, repeats=1)
        ]

    async def set_calls(self, calls: Sequence[tuple[str, str, tuple[float, ...]]]) -> None:
        flat: list[Argument] = []
        for upstream, account, times in calls:
            flat += (upstream, account, len(times), *map(repr, times))
        await self._client.run(steering_scripts.SET_CALLS, *flat, repeats=1)

    # --- what steers ---

    async def is_changed(self, epoch: int) -> bool:
        """Compare with the server's epoch: the first command of each request, shared by those of one turn."""
        return int(await self._client.read_shared("GET", self._base + "epoch") or 0) != epoch

    async def changes(self, since: int) -> Changes:
        if self._has_lost_documents:
            await self._client.run(steering_scripts.BURY_DOCUMENTS, *self._documents, repeats=1)
            self._has_lost_documents = False
        self._forget_tasks()
        epoch, *rows = await self._client.run(steering_scripts.CHANGES, since, repeats=1)
        self._forget_tasks()
        documents = {
            name.decode(): (int(float(version)), body)
            for name, version, body in zip(rows[::3], rows[1::3], rows[2::3], strict=True)
        }
        self._documents.update(documents)
        return Changes(int(epoch), self._copies.heed_set_draws(documents))

    async def put_documents(self, documents: Sequence[DocumentChange]) -> int | None:
        flat: list[Argument] = []
        for name, version, body in documents:
            flat += (name, version, int(body is None), body or b"")
        epoch = await self._client.run(steering_scripts.PUT_DOCUMENTS, *flat)
        self._documents.update(name for name, _, _ in documents)
        return None if epoch is None else int(epoch)

    async def callback_signal(self) -> int:
        """Return how often the others have changed callbacks; after an error it may have counted one of our own."""
        return int(await self._client.read_shared("GET", self._base + "callback_number") or 0) - self._own_callbacks

    async def lease(self, name: str, owner: str, seconds: float) -> bool:
        return bool(await self._client.run(steering_scripts.LEASE, name, owner, int(seconds * 1000), repeats=1))

    async def end_lease(self, name: str, owner: str) -> None:
        # One that cannot be given back now ends by itself.
        with contextlib.suppress(StoreUnavailable):
            await self._client.run(steering_scripts.END_LEASE, name, owner, repeats=1)

    # --- counts of rules ---

    async def claim(
        self, kind: str, label: str, account: str, times: int | None, nth: int | None, *, draws: bool
    ) -> RuleCounts:
        limits = ("" if limit is None else limit for limit in (times, nth))
        reply = await self._client.run(steering_scripts.CLAIM, kind, label, account, *limits, int(draws))
        matched, applied, draw, is_applied = map(int, reply)
        return RuleCounts(matched, applied, draw or None, bool(is_applied))

    async def apply_rule(self, kind: str, label: str, times: int | None) -> int | None:
        applied = await self._client.run(steering_scripts.APPLY_RULE, kind, label, "" if times is None else times)
        return None if applied is None else int(applied)

    async def rule_counts(self, kind: str) -> Counts:
        counts: dict[str, tuple[int, int, Mapping[str, int]]] = {}
        fields = await self._client.call("HGETALL", f"{self._base}rules:{kind}")
        for field, value in sorted(fields.items()):
            label, name, *account = field.decode().split(":", 2)
            matched, applied, draws = counts.get(label, (0, 0, {}))
            number = int(value)
            if name == "draws":
                draws = {**draws, account[0]: number}
            counts[label] = (
                number if name == "matched" else matched,
                number if name == "applied" else applied,
                draws,
            )
        return counts

    async def set_rule_counts(self, kind: str, counts: Counts) -> None:
        flat: list[Argument] = []
        for label, (matched, applied, draws) in counts.items():
            flat += (f"{label}:matched", matched, f"{label}:applied", applied)
            for account, number in draws.items():
                flat += (f"{label}:draws:{account}", number)
        await self._client.run(steering_scripts.SET_RULE_COUNTS, kind, *flat, repeats=1)

    async def remove_rule_counts(self, kind: str, labels: Sequence[str]) -> None:
        if labels:
            await self._client.run(steering_scripts.REMOVE_RULE_COUNTS, kind, *labels, repeats=1)
