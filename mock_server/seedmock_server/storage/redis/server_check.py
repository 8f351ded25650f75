"""Check of a server before it is used: what can be wrong with it is said in a sentence."""

from __future__ import annotations

import re
from typing import Any

from redis.exceptions import AuthenticationError, RedisError, ResponseError

from seedmock_contracts import __version__

from ...http.coroutines import run_now
from ..models import StoreError
from .address import RedisAddress
from .redis_client import RedisClient, new_connection

OLDEST = (7, 0)
"""Oldest release that the tests have run with; Valkey began at 7.2, and says so in the same field."""
PROGRAM, FORMAT = "seedmock", "1"
OWN_KEYS = ("accounts", "callbacks", "counts", "documents", "epoch", "journal", "versions")


def check_server(client: RedisClient) -> None:
    """Raise StoreError, with nothing changed, for a server or a prefix that cannot be used."""
    address = client.address
    _check_connection(address)
    try:
        _check_version(address, run_now(client.call("INFO", "server")))
        _check_data(client, address)
    except StoreError as error:
        raise StoreError(f"the store {address} can't be used: {error}") from error


def _check_connection(address: RedisAddress) -> None:
    connection: Any = new_connection(address, (address.host, address.port))
    try:
        connection.connect()
    except (RedisError, OSError) as error:
        raise StoreError(f"the store {address} can't be used: {_reason(address, error)}") from error
    finally:
        connection.disconnect()


def _reason(address: RedisAddress, error: Exception) -> str:
    """Say what to do about an error, whose own words name no way out."""
    text = str(error)
    if isinstance(error, AuthenticationError) or "NOAUTH" in text or "WRONGPASS" in text or "password" in text:
        advice = "the password of its URL is wrong" if address.password else "it asks for a password"
        return f"{advice}; expected redis://:PASSWORD@{address.host}:{address.port}/{address.database}"
    if "DB index" in text or "SELECT is not allowed" in text:
        return f"it has no database {address.database} ({text}); take a lower number, 0 is always there"
    if isinstance(error, ResponseError):
        return f"it refuses the connection ({text}); expected Redis {_dotted(OLDEST)} or later, or Valkey"
    return f"no Redis server answers there ({text}); start one, or name another in --store"


def _check_version(address: RedisAddress, info: object) -> None:
    text = info.decode() if isinstance(info, bytes) else str(info)
    matched = re.search(r"^redis_version:(\d+)\.(\d+)", text, re.MULTILINE)
    if matched is None:
        raise StoreError("it does not say which version it is; expected Redis or Valkey")
    version = int(matched[1]), int(matched[2])
    if version < OLDEST:
        raise StoreError(f"it is Redis {_dotted(version)}; expected {_dotted(OLDEST)} or later, or Valkey")


def _check_data(client: RedisClient, address: RedisAddress) -> None:
    about = client.address.base + "about"
    kind = run_now(client.call("TYPE", about))
    prefix = f"its prefix {address.prefix!r}"
    another = "take another one: ?prefix=NAME at the end of the URL"
    if kind in (b"none", "none"):
        if not run_now(client.call("EXISTS", *(address.base + name for name in OWN_KEYS))):
            return
        kind = run_now(client.call("TYPE", about))  # a server that starts at the same time may have come in between
    if kind not in (b"hash", "hash"):
        raise StoreError(f"{prefix} has another program's data; {another}")
    program, form, writer = run_now(client.call("HMGET", about, "program", "format", "seedmock"))
    if program is None or program.decode() != PROGRAM:
        raise StoreError(f"{prefix} has another program's data; {another}")
    if form.decode() != FORMAT:
        raise StoreError(
            f"{prefix} was written by seedmock {writer.decode()} (format {form.decode()}); this is {__version__}, "
            f"which reads format {FORMAT}: update seedmock, or {another}"
        )


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
