"""URL policy of outbound requests: which hosts may be contacted (SSRF), and the errors of a URL that may not.

Opens no connection and knows no HTTP library.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Final, TypeAlias

from seedmock_contracts.documents.hosts import (
    Address,
    is_below,
    is_loopback_address,
    is_private_url,
    is_public_address,
    literal_address,
)

from ..errors import SeedmockServerError

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

# How one upstream's rejection begins, as the readme of the vendor's own tool shows it.
PRIVATE_ADDRESS_MESSAGE: Final = "private/reserved IP addresses not allowed"


class FetchPolicy(StrEnum):
    """Hosts that the emulator may contact for references and callbacks."""

    NONE = "none"
    LOOPBACK = "loopback"
    PUBLIC = "public"


class FetchFailure(StrEnum):
    """Reasons for which a reference cannot be read."""

    BROKEN = "broken"
    TOO_LARGE = "too_large"
    UNREACHABLE = "unreachable"
    PRIVATE = "private"
    NOT_MEDIA = "not_media"


class FetchError(SeedmockServerError, ValueError):
    """A URL that should be readable is not; the message says what was found and what is allowed."""

    def __init__(self, reason: FetchFailure, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class FetchTimeout(FetchError):
    """The URL did not answer in time."""


class FetchNotAllowed(SeedmockServerError):
    """The fetch policy forbids to contact the host, so that the URL may or may not be readable."""


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """Resolve a host as the system does; raises OSError."""
    rows = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


async def allowed_addresses(
    url: str, host: str, port: int, policy: FetchPolicy, resolve: Resolver = resolve_host
) -> list[str]:
    """Resolve the host of a URL and return its addresses if the policy allows every one of them.

    Connect to these addresses and to no others: a second look-up may answer differently (DNS rebinding). Raises
    FetchError, FetchNotAllowed.
    """
    if policy is FetchPolicy.PUBLIC and is_private_url(url):
        raise FetchError(FetchFailure.PRIVATE, f"{PRIVATE_ADDRESS_MESSAGE}: {host}")
    addresses = await _addresses(host, port, policy, resolve)
    if policy is FetchPolicy.LOOPBACK and not all(map(is_loopback_address, addresses)):
        raise FetchNotAllowed
    if policy is FetchPolicy.PUBLIC and not all(map(is_public_address, addresses)):
        raise FetchError(FetchFailure.PRIVATE, f"{PRIVATE_ADDRESS_MESSAGE}: {host} leads to one")
    return [str(address) for address in addresses]


async def _addresses(host: str, port: int, policy: FetchPolicy, resolve: Resolver) -> list[Address]:
    literal = literal_address(host)
    if literal is not None:
        return [literal]
    if is_below(host, "localhost"):
        return [ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1")]
    try:
        addresses = [ipaddress.ip_address(text) for text in await resolve(host, port)]
    except (OSError, UnicodeError):
        addresses = []
    if not addresses:
        if policy is FetchPolicy.LOOPBACK:
            raise FetchNotAllowed
        raise FetchError(FetchFailure.UNREACHABLE, f"{host} has no address")
    return addresses


def is_loopback_host(host: str) -> bool:
    """Recognize any spelling of this machine's own address, and `localhost`, without DNS."""
    literal = literal_address(host)
    return is_loopback_address(literal) if literal is not None else is_below(host, "localhost")
