"""URL policy of outbound requests: which hosts may be contacted (SSRF), and the errors of a URL that may not.

Opens no connection and knows no HTTP library.
"""

from __future__ import annotations

import asyncio
import ipaddress
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

from ..errors import SeedmockServerError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

# How one upstream's rejection begins, as the readme of the vendor's own tool shows it.
PRIVATE_ADDRESS_MESSAGE: Final = "private/reserved IP addresses not allowed"
# Characters of a URL that are parsed: httpx accepts no more, and `urlsplit` caches what it is called with.
MAX_URL_CHARS: Final = 65_536
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Names that no public server has, nor any name below them: RFC 6761, 6762 and 8375, and common use.
INTERNAL_NAMES: Final = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa")


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
    if policy is FetchPolicy.LOOPBACK and not all(map(_is_loopback_address, addresses)):
        raise FetchNotAllowed
    if policy is FetchPolicy.PUBLIC and not all(map(_is_public_address, addresses)):
        raise FetchError(FetchFailure.PRIVATE, f"{PRIVATE_ADDRESS_MESSAGE}: {host} leads to one")
    return [str(address) for address in addresses]


async def _addresses(host: str, port: int, policy: FetchPolicy, resolve: Resolver) -> list[Address]:
    literal = _literal_address(host)
    if literal is not None:
        return [literal]
    if _is_below(host, "localhost"):
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


def is_private_url(url: str) -> bool:
    """Recognize an http(s) URL whose host is not on the public internet by its name or address alone, without DNS.

    Every spelling of an address counts: `http://0x7f.1/` is the loopback.
    """
    host = web_host(url)
    literal = _literal_address(host)
    if literal is not None:
        return not _is_public_address(literal)
    return any(_is_below(host, name) for name in INTERNAL_NAMES)


def is_loopback_host(host: str) -> bool:
    """Recognize any spelling of this machine's own address, and `localhost`, without DNS."""
    literal = _literal_address(host)
    return _is_loopback_address(literal) if literal is not None else _is_below(host, "localhost")


def web_host(url: str) -> str:
    """Return the normalized host of an http(s) URL, or an empty string for any other URL."""
    try:
        parts = urlsplit(url[:MAX_URL_CHARS].strip().replace("\\", "/"))
        host = parts.hostname or ""
    except ValueError:
        return ""
    normalized = unicodedata.normalize("NFKC", unquote(host)).replace("\u3002", ".").lower()
    return normalized.removesuffix(".") if parts.scheme in ("http", "https") else ""


def _is_below(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")


def _literal_address(host: str) -> Address | None:
    """Parse an address in any of the forms that resolvers accept; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return _inet_aton(host)


def _inet_aton(host: str) -> ipaddress.IPv4Address | None:
    """Parse one to four numbers, decimal, octal or hexadecimal, of which the last fills the remaining bytes."""
    parts = host.split(".")
    try:
        *heads, last = [int(part, _radix(part)) for part in parts]
    except ValueError:
        return None
    room = 256 ** (4 - len(heads))
    if len(heads) > 3 or any(head > 255 for head in heads) or last >= room:
        return None
    return ipaddress.IPv4Address(int.from_bytes(bytes(heads)) * room + last)


def _radix(part: str) -> int:
    if not part.isascii() or not part.isalnum():
        raise ValueError
    return 16 if part.startswith("0x") else 8 if part.startswith("0") else 10


def _is_loopback_address(address: Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _is_public_address(address: Address) -> bool:
    """Check an address, and the IPv4 address inside an IPv6 one to which packets would be forwarded."""
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if embedded is not None:
            return _is_public_address(embedded)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
