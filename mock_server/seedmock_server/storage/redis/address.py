"""Addresses of Redis servers: redis://[[USER]:PASSWORD@]HOST[:PORT][/DB][?prefix=NAME], and rediss:// for TLS."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

SCHEMES = ("redis", "rediss")
ALLOWED = "redis://HOST:PORT/DB?prefix=NAME"
DEFAULT_PORT = 6379
DEFAULT_PREFIX = "seedmock"
# Braces would end the hash tag, and glob characters make `redis-cli --scan --pattern` hit other mocks.
PREFIX = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class RedisAddress(Struct, frozen=True):
    """Server, database and prefix of a mock's keys."""

    host: str
    port: int
    database: int
    prefix: str
    user: str
    password: str
    is_encrypted: bool

    def __str__(self) -> str:
        """Without user and password, as it stands in messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"redis{'s' * self.is_encrypted}://{host}:{self.port}/{self.database}"

    @property
    def base(self) -> str:
        """Beginning of all keys: the prefix as a hash tag."""
        return "{" + self.prefix + "}:"


def is_redis_url(url: str) -> bool:
    return url.partition("://")[0] in SCHEMES and "://" in url


def parse_address(url: str) -> RedisAddress:
    """Parse the URL of a store. Raises ValueError with what is wrong and what is allowed, and no password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"the port of the store's URL is not a number; allowed: {ALLOWED}") from error
    database = parts.path.removeprefix("/") or "0"
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    prefix = query.pop("prefix", DEFAULT_PREFIX)
    if parts.scheme not in SCHEMES or not parts.hostname or parts.fragment:
        raise ValueError(f"the store's URL names no Redis server; allowed: {ALLOWED}")
    if not (database.isascii() and database.isdigit() and len(database) <= 6):
        raise ValueError(f"the database of the store's URL is {database[:40]!r}; allowed: a number from 0")
    if query:
        raise ValueError(f"the store's URL has an unknown parameter {min(query)[:40]!r}; allowed: prefix")
    if PREFIX.fullmatch(prefix) is None:
        allowed = "1 to 64 letters, digits, and characters of _.:-"
        raise ValueError(f"the prefix of the store's URL is {prefix[:40]!r}; allowed: {allowed}")
    return RedisAddress(
        parts.hostname,
        DEFAULT_PORT if port is None else port,
        int(database),
        prefix,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parts.scheme == "rediss",
    )
