"""Stores by their URLs: memory, sqlite:PATH, redis://HOST:PORT/DB."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from platformdirs import user_data_path

from .models import StoreError
from .protocol import SharedStore
from .redis.address import is_redis_url, parse_address

MEMORY, SQLITE = "memory", "sqlite:"
SWITCH_SECONDS = 0.0002
"""A database's thread gives up the interpreter at each statement, and waits this long to have it again."""
ALLOWED = "memory, sqlite:PATH, or redis://HOST:PORT/DB"


def store_problem(url: str) -> str:
    """Return why no store has a URL; empty if one has."""
    if url == MEMORY or (url.startswith(SQLITE) and url != SQLITE):
        return ""
    if is_redis_url(url):
        try:
            parse_address(url)
        except ValueError as error:
            return str(error)
        return ""
    return f"store is {url!r}; allowed: {ALLOWED}"


def files_folder(url: str) -> Path | None:
    """Return the folder for uploaded files beside a store that outlives the process; None where there is none."""
    if url.startswith(SQLITE):
        return Path(url.removeprefix(SQLITE) + "-files").absolute()
    if is_redis_url(url):
        # The same for all processes of this machine; those of several machines are given a folder that they share.
        address = parse_address(url)
        digest = sha256(f"{address} {address.prefix}".encode()).hexdigest()[:16]
        return user_data_path("seedmock", appauthor=False) / f"redis-{digest}"
    return None


def open_shared_store(url: str, folder: Path, *, journal_entries: int, caches_tasks: bool) -> SharedStore | None:
    """Open the store of a URL; None for the one in memory. Raises StoreError.

    `folder` has the files that records name. `caches_tasks` is off where polls change records.
    """
    if url == MEMORY:
        return None
    if is_redis_url(url):
        return _open_redis_store(url, folder, journal_entries, caches_tasks)
    from .sqlite.store import SqliteStore

    path = Path(url.removeprefix(SQLITE)).absolute()
    return SqliteStore(path, folder, journal_entries=journal_entries, caches_tasks=caches_tasks)


def _open_redis_store(url: str, folder: Path, journal_entries: int, caches_tasks: bool) -> SharedStore:
    try:
        from .redis.redis_store import RedisStore
    except ModuleNotFoundError as error:
        raise StoreError(f"a store on Redis needs {error.name}; pip install 'seedmock[redis]'") from error
    return RedisStore(parse_address(url), folder, journal_entries=journal_entries, caches_tasks=caches_tasks)


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
