"""HTTP client for URLs that strangers name: fetch a reference, post a callback, within a URL policy.

Knows no folder and no media. Messages name the host of a URL only: the rest may be a secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from seedmock_contracts.documents.hosts import web_host

from .url_policy import (
    FetchError,
    FetchFailure,
    FetchNotAllowed,
    FetchPolicy,
    FetchTimeout,
    Resolver,
    allowed_addresses,
    is_loopback_host,
    resolve_host,
)

# Imported on first use: a server that contacts no URL starts faster without it.
if TYPE_CHECKING:
    import httpx

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

# Each address that does not answer takes the whole time for connecting, one after the other.
MAX_ADDRESSES: Final = 4
# The body of a callback's response only goes to the journal, so a slow one is not waited for.
CALLBACK_BODY_SECONDS: Final = 1.0
REFERENCE: Final = "the reference"
CALLBACK: Final = "the callback"
SCHEMES: Final = {REFERENCE: "http, https, data", CALLBACK: "http, https"}


def direct_transport() -> httpx.AsyncBaseTransport:
    """Return a transport without proxy, cookies or anything from the environment."""
    import httpx

    return httpx.AsyncHTTPTransport(verify=_ssl_context())


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
    """Fetch the content of an http(s) URL: at most `limit_bytes`, in at most `seconds` with all redirects.

    Each hop connects to the very address that the policy allowed. Raises FetchError, and FetchNotAllowed for what the
    policy leaves unknown.
    """
    if policy is FetchPolicy.NONE:
        raise FetchNotAllowed
    client = await asyncio.to_thread(transport)  # imports httpx, which takes too long for the event loop
    import httpx

    requests = _Requests(REFERENCE, policy, limit_bytes, seconds, resolve)
    async with _translated_errors(REFERENCE, seconds), client:
        target = _checked(httpx.URL(url.strip()), REFERENCE)
        for _ in range(redirects + 1):
            result = await requests.fetch(target, client)
            if isinstance(result, bytes):
                return result
            target = _checked(target.join(result), REFERENCE)
    raise FetchError(FetchFailure.UNREACHABLE, f"{REFERENCE} is more than {redirects} redirects away")


class PostResponse(Struct, frozen=True):
    """Response to a post: the status, and the beginning of the body."""

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
    """Post content to an http(s) URL, once, without following redirects.

    The policy `loopback` allows hosts that are loopback by their spelling only, and does not resolve names. Raises
    FetchError, FetchTimeout among them, and FetchNotAllowed for a host that the policy forbids.
    """
    if policy is FetchPolicy.NONE or (policy is FetchPolicy.LOOPBACK and not is_loopback_host(web_host(url))):
        raise FetchNotAllowed
    client = await asyncio.to_thread(transport)
    import httpx

    requests = _Requests(CALLBACK, policy, keep_bytes, seconds, resolve, _Message(content, headers))
    async with _translated_errors(CALLBACK, seconds), client:
        target = _checked(httpx.URL(url.strip()), CALLBACK)
        response = await requests.send(target, client)
        try:
            return PostResponse(response.status_code, await _read_beginning(response, keep_bytes))
        finally:
            await response.aclose()


def too_large(size: int, allowed: int) -> FetchError:
    """Return the error of content of more bytes than allowed."""
    return FetchError(FetchFailure.TOO_LARGE, f"{REFERENCE} has {size} bytes or more; allowed: at most {allowed}")


@contextlib.asynccontextmanager
async def _translated_errors(subject: str, seconds: float) -> AsyncIterator[None]:
    """Bound the block to `seconds`, and turn httpx's errors into FetchError."""
    import httpx

    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise FetchTimeout(FetchFailure.UNREACHABLE, f"{subject} took more than {seconds:g} seconds") from None
    except httpx.InvalidURL as error:
        raise FetchError(FetchFailure.BROKEN, f"{subject}'s URL can't be read: {_brief(error)}") from None
    except (httpx.HTTPError, OSError) as error:
        action = "read" if subject == REFERENCE else "posted"
        raise FetchError(FetchFailure.UNREACHABLE, f"{subject} can't be {action}: {_brief(error)}") from None


async def _read_beginning(response: httpx.Response, limit: int) -> bytes:
    """Read up to `limit` bytes; a body that stalls or breaks off changes nothing about the response."""
    import httpx

    assert isinstance(response.stream, httpx.AsyncByteStream)
    content = bytearray()
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(CALLBACK_BODY_SECONDS):
            async for chunk in response.stream:
                content += chunk
                if len(content) >= limit:
                    break
    return bytes(content[:limit])


class _Message(Struct, frozen=True):
    """Content to post."""

    content: bytes
    headers: Headers


class _Requests(Struct, frozen=True):
    """Sends the requests of one fetch or post, each to addresses that the policy allows."""

    subject: str
    policy: FetchPolicy
    limit_bytes: int
    seconds: float
    resolve: Resolver
    message: _Message | None = None

    async def fetch(self, url: httpx.URL, client: httpx.AsyncBaseTransport) -> bytes | str:
        """Return the content of one URL, or the location to which it redirects."""
        response = await self.send(url, client)
        try:
            if response.has_redirect_location:
                return response.headers["location"]
            if response.status_code != 200:
                raise FetchError(FetchFailure.UNREACHABLE, f"{url.host} answered {response.status_code}; expected 200")
            return await self._read(response)
        finally:
            await response.aclose()

    async def send(self, url: httpx.URL, client: httpx.AsyncBaseTransport) -> httpx.Response:
        """Return the response of the first allowed address that can be connected to; its body is not read yet."""
        import httpx

        port = url.port or {"http": 80, "https": 443}[url.scheme]
        host = url.raw_host.decode("ascii")
        addresses = await allowed_addresses(str(url), host, port, self.policy, self.resolve)
        *others, last = addresses[:MAX_ADDRESSES]
        connect_seconds = self.seconds / (len(others) + 1)
        for address in others:
            try:
                return await client.handle_async_request(_request(url, address, connect_seconds, self.message))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await client.handle_async_request(_request(url, last, connect_seconds, self.message))

    async def _read(self, response: httpx.Response) -> bytes:
        """Read the body as it is sent. A compressed one is rejected: it could expand to any size."""
        import httpx

        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise FetchError(
                FetchFailure.UNREACHABLE, f"{self.subject} comes encoded as {encoding!r}; allowed: identity"
            )
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


def _checked(url: httpx.URL, subject: str) -> httpx.URL:
    if url.scheme not in ("http", "https") or not url.host:
        message = f"{subject}'s URL begins with {url.scheme!r}; allowed: {SCHEMES[subject]}"
        raise FetchError(FetchFailure.BROKEN, message)
    if url.port is not None and not 0 < url.port < 65536:
        raise FetchError(FetchFailure.BROKEN, f"{subject}'s URL names port {url.port}; allowed: 1 to 65535")
    if url.userinfo:
        message = f"{subject}'s URL names a user at {url.host}; allowed: no user or password"
        raise FetchError(FetchFailure.BROKEN, message)
    return url


def _request(url: httpx.URL, address: str, connect_seconds: float, message: _Message | None) -> httpx.Request:
    """Build a request to an address; the host's name goes into the Host header and the TLS handshake."""
    import httpx

    headers = {"Host": url.netloc.decode("ascii"), "Accept": "*/*", "Accept-Encoding": "identity"}
    extensions = {"sni_hostname": url.raw_host.decode("ascii"), "timeout": {"connect": connect_seconds}}
    target = url.copy_with(host=address)
    if message is None:
        return httpx.Request("GET", target, headers=headers, extensions=extensions)
    pairs = [*((name.encode(), value.encode()) for name, value in headers.items()), *message.headers]
    return httpx.Request("POST", target, headers=pairs, content=message.content, extensions=extensions)


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context(trust_env=False)


def _brief(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__
