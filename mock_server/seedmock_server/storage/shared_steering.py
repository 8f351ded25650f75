"""Steering of processes that share a store: components as documents with versions, and copies of them that are current.

Knows no component: each is a part, which dumps and loads its documents.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from inspect import isawaitable
from typing import Any, Protocol, TypeVar

from ..http.coroutines import MAY_BLOCK
from .protocol import SharedStore

T = TypeVar("T")


class SteeringPart(Protocol):
    """Component of the emulator, as documents by key: one for everything, or one for each account, clock or upload."""

    def keys(self) -> Iterable[str]: ...

    def dump(self, key: str) -> bytes:
        """Return a document. Equal states give equal bytes, and what is counted is not part of the state."""
        ...

    def load(self, key: str, body: bytes | None) -> None:
        """Be what a document says; None stands for the state without it."""
        ...

    async def settle(self, store: SharedStore) -> None:
        """Carry out in the store what a change has done to counts here."""
        ...

    async def load_counts(self, store: SharedStore) -> None:
        """Read the counts that other processes have changed, for a response that shows them."""
        ...


class SharedSteering:
    """Current copies of all parts."""

    is_shared = True

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self._parts: Mapping[str, SteeringPart] = {}
        # Below any epoch: the first request loads what earlier runs have left.
        self._epoch = -1
        self._versions: dict[str, tuple[int, bytes | None]] = {}
        self._changing = asyncio.Lock()
        self._loads = 0
        self._notify: Callable[[str], None] = lambda _: None

    def attach(self, parts: Mapping[str, SteeringPart]) -> None:
        """Begin to share parts; their present state holds until a document says otherwise."""
        self._parts = parts
        keys = ((name, key) for name, part in parts.items() for key in list(part.keys()))
        self._versions = {f"{name}:{key}": (0, parts[name].dump(key)) for name, key in keys}

    def on_load(self, notify: Callable[[str], None]) -> None:
        self._notify = notify

    async def refresh(self) -> None:
        is_changed = self._store.is_changed(self._epoch)
        if is_changed is True or (is_changed is not False and await is_changed):
            await self._load()

    async def load_counts(self) -> None:
        for part in self._parts.values():
            await part.load_counts(self._store)

    async def change(self, apply: Callable[[], Awaitable[T] | T], part: str = "", key: str = "") -> T:
        await self.refresh()
        # One change at a time: who fails takes back what is here, and with it what another one is about to store.
        if MAY_BLOCK.get() and self._changing.locked():  # nothing may wait here, and this thread may hold the lock
            return await self._change(apply, part, key)
        async with self._changing:
            return await self._change(apply, part, key)

    async def _change(self, apply: Callable[[], Awaitable[T] | T], part: str, key: str) -> T:
        while True:
            loads = self._loads
            result: Any = apply()
            value: T = await result if isawaitable(result) else result
            if await self._share(part, key, loads):
                return value
            await self._load()

    async def _share(self, part: str, key: str, loads: int) -> bool:
        """Store what has changed; False, with the copies as they were, if another process came first.

        `loads` is the number of loads before the change: a request that has loaded since may have undone it.
        """
        names = [part] if part else list(self._parts)
        for name in names:
            await self._parts[name].settle(self._store)
        changed = dict(self._changed(names, key if part else None))
        if self._loads != loads:
            self._undo(changed)
            return False
        if not changed:
            return True
        try:
            documents = [(name, self._versions.get(name, (0, None))[0], body) for name, body in changed.items()]
            version = await self._store.put_documents(documents)
        except BaseException:
            self._undo(changed)
            raise
        if version is None:
            self._undo(changed)
            return False
        # Meanwhile a request may have loaded what another process has stored after it.
        newer = {name for name in changed if self._versions.get(name, (0, None))[0] > version}
        self._versions.update({name: (version, body) for name, body in changed.items() if name not in newer})
        if version == self._epoch + 1:
            self._epoch = version
        return True

    def _changed(self, parts: Iterable[str], key: str | None) -> Iterable[tuple[str, bytes | None]]:
        for name in parts:
            part = self._parts[name]
            present = set(part.keys())
            keys = {key} if key is not None else present | self._keys_of(name)
            for changed_key in sorted(keys):
                body = part.dump(changed_key) if changed_key in present else None
                if self._versions.get(f"{name}:{changed_key}", (0, None))[1] != body:
                    yield f"{name}:{changed_key}", body

    def _keys_of(self, part: str) -> set[str]:
        return {name.partition(":")[2] for name in self._versions if name.partition(":")[0] == part}

    def _undo(self, names: Iterable[str]) -> None:
        for name in names:
            self._load_document(name, self._versions.get(name, (0, None))[1])

    async def _load(self) -> None:
        changes = await self._store.changes(self._epoch)
        for name, (version, body) in changes.documents.items():
            if self._versions.get(name, (0, None))[0] < version:
                self._load_document(name, body)
                self._versions[name] = version, body
                self._loads += 1
                self._notify(name.partition(":")[0])
        self._epoch = max(self._epoch, changes.epoch)

    def _load_document(self, name: str, body: bytes | None) -> None:
        part, _, key = name.partition(":")
        if part in self._parts:  # a newer version's part is left alone
            self._parts[part].load(key, body)
