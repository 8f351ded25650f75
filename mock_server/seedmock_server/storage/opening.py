"""Stores by their URLs: memory, sqlite:PATH."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .models import StoreError
from .protocol import SharedStore

MEMORY, SQLITE = "memory", "sqlite:"
ALLOWED = "memory, or sqlite:PATH"


def store_problem(url: str) -> str:
    """Return why no store has a URL; empty if one has."""
    if url == MEMORY or (url.startswith(SQLITE) and url != SQLITE):
        return ""
    return f"store is {url!r}; allowed: {ALLOWED}"


def files_folder(url: str) -> Path | None:
    """Return the folder for uploaded files beside a store that outlives the process; None where there is none."""
    return Path(url.removeprefix(SQLITE) + "-files").absolute() if url.startswith(SQLITE) else None


def open_shared_store(url: str, folder: Path, *, journal_entries: int, caches_tasks: bool) -> SharedStore | None:
    """Open the store of a URL; None for the one in memory. Raises StoreError.

    `folder` has the files that records name. `caches_tasks` is off where polls change records.
    """
    if url == MEMORY:
        return None
    from .sqlite.store import SqliteStore

    path = Path(url.removeprefix(SQLITE)).absolute()
    return SqliteStore(path, folder, journal_entries=journal_entries, caches_tasks=caches_tasks)


def agree_on_settings(store: SharedStore, own: Mapping[str, str], drawn: Mapping[str, str]) -> Mapping[str, str]:
    """Return the settings that all processes of a store have in common, those of the first.

    `own` must not differ from them, `drawn` may. Raises StoreError for one that does.
    """
    agreed = store.agree({**drawn, **own})
    for name, value in own.items():
        if agreed[name] != value:
            raise StoreError(
                f"the store was made with {name} {agreed[name] or 'none'}, and this server has {value or 'none'}; "
                "start it with the same, or with another store"
            )
    return agreed
