"""Brings the content behind a URL, or posts to one, as far as a policy lets it: strangers name what is visited.

Knows no folder and no media. What is said of a URL is its host only: the rest may be a secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import ssl
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote, urlsplit

from ..errors import SeedmockServerError

if TYPE_CHECKING:
    import httpx

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

PRIVATE_ADDRESS_MESSAGE: Final = "private/reserved IP addresses not allowed"
"""How A's refusal begins (seen in the readme of the vendor's own tool)."""

MAX_URL_CHARS: Final = 65_536
"""Characters of a URL that are looked at: httpx takes no more, and `urlsplit` remembers what it was given."""

TRIES: Final = 4
PATIENCE: Final = 1.0
"""Seconds that the body of a post's answer may take, of which nothing but a few lines in the journal depends."""

WAYS: Final = {"the reference": "http, https, data", "the callback": "http, https"}
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
INNER_NAMES: Final = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa")
"""Names that no public server can have, nor any name below them (RFC 6761, 6762, 8375, and common use)."""


class FetchPolicy(StrEnum):
    """Where the emulator may look for references that are neither data nor files of its own, or post callbacks to."""

    NONE = "none"
    LOOPBACK = "loopback"
    PUBLIC = "public"


class FetchFailure(StrEnum):
    """Why a reference that should be readable is not."""

    BROKEN = "broken"
    TOO_LARGE = "too_large"
    UNREACHABLE = "unreachable"
    PRIVATE = "private"
    NOT_MEDIA = "not_media"


class FetchError(SeedmockServerError, ValueError):
    """A URL that should be readable and is not; the message says what was found and what is allowed."""

    def __init__(self, reason: FetchFailure, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class FetchTimeout(FetchError):
    """Nobody answered in time."""


class FetchNotAllowed(SeedmockServerError):
    """The policy forbids to look, so whether the URL is readable can't be known."""


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """The addresses of a host as the system knows them; raises OSError."""
    rows = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def direct_transport() -> httpx.AsyncBaseTransport:
    """Straight to the address: no proxy, nothing from the environment, no cookies."""
    import httpx

    return httpx.AsyncHTTPTransport(verify=_trust())


async def fetch(
    url: str,
    *,
    policy: FetchPolicy,
    limit_bytes: int,
    seconds: float,
    redirects: int = 3,
    resolve: Resolver = resolve_host,
    transport: Callable[[], httpx.AsyncBaseTransport] = direct_transport,
) -> bytes:
    """The content behind an http(s) URL: at most `limit_bytes`, in at most `seconds` with all redirects.

    Each hop connects to the very address that was judged. Raises FetchError, and FetchNotAllowed for what
    `policy` leaves unseen.
    """
    if policy is FetchPolicy.NONE:
        raise FetchNotAllowed
    opened = await asyncio.to_thread(transport)  # loads httpx as well, which takes too long for the loop
    import httpx

    journey = _Journey(policy, limit_bytes, seconds, resolve)
    async with _explained("the reference", seconds), opened as way:
        target = _target(httpx.URL(url.strip()))
        for _ in range(redirects + 1):
            found = await journey.visit(target, way)
            if isinstance(found, bytes):
                return found
            target = _target(target.join(found))
    raise FetchError(FetchFailure.UNREACHABLE, f"the reference is more than {redirects} redirects away")


@dataclass(frozen=True, slots=True)
class PostResponse:
    """How a post was answered: the status, and the beginning of the body."""

    status: int
    beginning: bytes


async def post(
    url: str,
    content: bytes,
    headers: Headers,
    *,
    policy: FetchPolicy,
    seconds: float,
    keep_bytes: int = 4096,
    resolve: Resolver = resolve_host,
    transport: Callable[[], httpx.AsyncBaseTransport] = direct_transport,
) -> PostResponse:
    """Bring content to an http(s) URL, once, following no redirect. To loopback only hosts that say so by themselves.

    Raises FetchError, FetchTimeout among them, and FetchNotAllowed for a host that `policy` does not let be visited.
    """
    if policy is FetchPolicy.NONE or (policy is FetchPolicy.LOOPBACK and not is_loopback(web_host(url))):
        raise FetchNotAllowed
    opened = await asyncio.to_thread(transport)
    import httpx

    journey = _Journey(policy, keep_bytes, seconds, resolve, _Message(content, headers))
    async with _explained("the callback", seconds), opened as way:
        target = _target(httpx.URL(url.strip()), "the callback")
        response = await journey.answer(target, way)
        try:
            return PostResponse(response.status_code, await _beginning(response, keep_bytes))
        finally:
            await response.aclose()


@contextlib.asynccontextmanager
async def _explained(what: str, seconds: float) -> AsyncIterator[None]:
    """Says in our words what goes wrong on a journey of at most so many seconds."""
    import httpx

    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise FetchTimeout(FetchFailure.UNREACHABLE, f"{what} took more than {seconds:g} seconds") from None
    except httpx.InvalidURL as error:
        raise FetchError(FetchFailure.BROKEN, f"{what}'s URL can't be read: {_brief(error)}") from None
    except (httpx.HTTPError, OSError) as error:
        verb = "read" if what == "the reference" else "posted"
        raise FetchError(FetchFailure.UNREACHABLE, f"{what} can't be {verb}: {_brief(error)}") from None


async def _beginning(response: httpx.Response, limit: int) -> bytes:
    """As much of a body as is kept; that it stops or breaks off changes nothing about the answer."""
    import httpx

    assert isinstance(response.stream, httpx.AsyncByteStream)
    content = bytearray()
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            async for chunk in response.stream:
                content += chunk
                if len(content) >= limit:
                    break
    return bytes(content[:limit])


@dataclass(frozen=True, slots=True)
class _Message:
    content: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class _Journey:
    policy: FetchPolicy
    limit_bytes: int
    seconds: float
    resolve: Resolver
    message: _Message | None = None

    async def visit(self, url: httpx.URL, way: httpx.AsyncBaseTransport) -> bytes | str:
        """The content of one URL, or the location to which it redirects."""
        response = await self.answer(url, way)
        try:
            if response.has_redirect_location:
                return response.headers["location"]
            if response.status_code != 200:
                raise FetchError(FetchFailure.UNREACHABLE, f"{url.host} answered {response.status_code}; expected 200")
            return await self._read(response)
        finally:
            await response.aclose()

    async def answer(self, url: httpx.URL, way: httpx.AsyncBaseTransport) -> httpx.Response:
        """The head of a URL's answer, if its host may be visited."""
        return await self._answer(url, await self._judged(url), way)

    async def _judged(self, url: httpx.URL) -> list[str]:
        """The addresses of a URL's host, if every one of them may be visited."""
        host = url.raw_host.decode("ascii")
        if self.policy is FetchPolicy.PUBLIC and is_private(str(url)):
            raise FetchError(FetchFailure.PRIVATE, f"{PRIVATE_ADDRESS_MESSAGE}: {host}")
        addresses = await self._addresses(host, url.port or {"http": 80, "https": 443}[url.scheme])
        if self.policy is FetchPolicy.LOOPBACK and not all(map(_is_loopback, addresses)):
            raise FetchNotAllowed
        if self.policy is FetchPolicy.PUBLIC and not all(map(_is_public, addresses)):
            raise FetchError(FetchFailure.PRIVATE, f"{PRIVATE_ADDRESS_MESSAGE}: {host} leads to one")
        return [str(address) for address in addresses]

    async def _addresses(self, host: str, port: int) -> list[Address]:
        literal = _literal(host)
        if literal is not None:
            return [literal]
        if _is_below(host, "localhost"):
            return [ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1")]
        try:
            found = [ipaddress.ip_address(text) for text in await self.resolve(host, port)]
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise (
                FetchNotAllowed
                if self.policy is FetchPolicy.LOOPBACK
                else FetchError(FetchFailure.UNREACHABLE, f"{host} has no address")
            )
        return found

    async def _answer(self, url: httpx.URL, addresses: list[str], way: httpx.AsyncBaseTransport) -> httpx.Response:
        """The head of the answer of the first address that can be connected to."""
        import httpx

        *others, last = addresses[:TRIES]
        patience = self.seconds / (len(others) + 1)
        for address in others:
            try:
                return await way.handle_async_request(_request(url, address, patience, self.message))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await way.handle_async_request(_request(url, last, patience, self.message))

    async def _read(self, response: httpx.Response) -> bytes:
        """The body as it comes: what is packed although it was asked for plain could unpack to anything."""
        import httpx

        packing = response.headers.get("content-encoding", "identity").strip().lower()
        if packing not in ("", "identity"):
            raise FetchError(FetchFailure.UNREACHABLE, f"the reference comes encoded as {packing!r}; allowed: identity")
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.limit_bytes:
            raise too_large(int(length), self.limit_bytes)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        content = bytearray()
        async for chunk in response.stream:
            content += chunk
            if len(content) > self.limit_bytes:
                raise too_large(len(content), self.limit_bytes)
        return bytes(content)


def too_large(found: int, allowed: int) -> FetchError:
    """The refusal of content of more bytes than allowed."""
    return FetchError(FetchFailure.TOO_LARGE, f"the reference has {found} bytes or more; allowed: at most {allowed}")


def is_private(url: str) -> bool:
    """Whether an http(s) URL's host says by itself that it is not on the public internet; asks no DNS.

    Every spelling of an address counts: `http://0x7f.1/` is the loopback.
    """
    host = web_host(url)
    literal = _literal(host)
    if literal is not None:
        return not _is_public(literal)
    return any(_is_below(host, name) for name in INNER_NAMES)


def is_loopback(host: str) -> bool:
    """Whether a host is a spelling of this machine's own address, or `localhost`; asks no DNS."""
    literal = _literal(host)
    return _is_loopback(literal) if literal is not None else _is_below(host, "localhost")


def web_host(url: str) -> str:
    """The host of an http(s) URL in its plain spelling, or nothing."""
    try:
        parts = urlsplit(url[:MAX_URL_CHARS].strip().replace("\\", "/"))
        host = parts.hostname or ""
    except ValueError:
        return ""
    plain = unicodedata.normalize("NFKC", unquote(host)).replace("\u3002", ".").lower()
    return plain.removesuffix(".") if parts.scheme in ("http", "https") else ""


def _target(url: httpx.URL, what: str = "the reference") -> httpx.URL:
    if url.scheme not in ("http", "https") or not url.host:
        raise FetchError(FetchFailure.BROKEN, f"{what}'s URL begins with {url.scheme!r}; allowed: {WAYS[what]}")
    if url.port is not None and not 0 < url.port < 65536:
        raise FetchError(FetchFailure.BROKEN, f"{what}'s URL names port {url.port}; allowed: 1 to 65535")
    if url.userinfo:
        raise FetchError(FetchFailure.BROKEN, f"{what}'s URL names a user at {url.host}; allowed: no user or password")
    return url


def _request(url: httpx.URL, address: str, patience: float, message: _Message | None = None) -> httpx.Request:
    """Asks the address for the URL: the host's name goes into the header and, for TLS, into the handshake."""
    import httpx

    headers = {"Host": url.netloc.decode("ascii"), "Accept": "*/*", "Accept-Encoding": "identity"}
    extensions = {"sni_hostname": url.raw_host.decode("ascii"), "timeout": {"connect": patience}}
    there = url.copy_with(host=address)
    if message is None:
        return httpx.Request("GET", there, headers=headers, extensions=extensions)
    told = [*((name.encode(), value.encode()) for name, value in headers.items()), *message.headers]
    return httpx.Request("POST", there, headers=told, content=message.content, extensions=extensions)


@functools.cache
def _trust() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context(trust_env=False)


def _brief(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__


def _is_below(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")


def _literal(host: str) -> Address | None:
    """The address that a host spells, in any of the forms that resolvers take, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return _numbers(host)


def _numbers(host: str) -> ipaddress.IPv4Address | None:
    """One to four numbers, decimal, octal or hexadecimal, of which the last fills the bytes that are left."""
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


def _is_loopback(address: Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _is_public(address: Address) -> bool:
    """Also judges the IPv4 address that an IPv6 address carries, where packets would be sent on to it."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return _is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
