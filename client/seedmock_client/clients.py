"""Client and AsyncClient: the operations, run by a blocking or an async transport."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from seedmock_contracts import __version__

from .context import ClientConfig
from .effects import Flow
from .errors import AuthenticationError, UsageError
from .operations import Operations
from .retry import RetryPolicy
from .transport import (
    AsyncTransport,
    LocalAsyncConnections,
    LocalConnections,
    Transport,
    TransportConfig,
    async_sleep,
    epoch_time,
    monotonic,
    sleep,
)
from .upstreams import get_codec

P = ParamSpec("P")
T = TypeVar("T")

BASE_URL_VARIABLE = "SEEDMOCK_BASE_URL"
API_KEY_VARIABLE = "SEEDMOCK_API_KEY"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def sync_method(operation: Callable[Concatenate[Operations, P], Flow[T]]) -> Callable[Concatenate[Client, P], T]:
    """Turn an operation into a blocking method."""

    @wraps(operation)
    def run(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._transport.run(operation(self._operations, *args, **kwargs))

    return run


def async_method(
    operation: Callable[Concatenate[Operations, P], Flow[T]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    """Turn an operation into an async method."""

    @wraps(operation)
    async def run(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._transport.run(operation(self._operations, *args, **kwargs))

    return run


class _BaseClient:
    """Common part of both clients. The API key is stored in the transport's configuration only, whose repr omits it."""

    _operations: Operations

    def __init__(
        self,
        upstream: str,
        api_key: str | None,
        base_url: str | None,
        now: Callable[[], float],
        preflight: bool,
        local_files: bool,
        retry_policy: RetryPolicy | None,
    ) -> None:
        codec = get_codec(upstream)
        base = codec.contract.bases[0]
        self.upstream = upstream
        self.base_url = _parse_base_url(base_url or os.environ.get(BASE_URL_VARIABLE) or base.host)
        policy = retry_policy or RetryPolicy()
        config = ClientConfig(codec=codec, retry_policy=policy, preflight=preflight, local_files=local_files)
        self._operations = Operations(config)
        key = _check_key(api_key or os.environ.get(API_KEY_VARIABLE) or "", upstream)
        root = httpx.URL(f"{self.base_url}{base.prefix}")
        self._transport_config = TransportConfig(root, key, f"seedmock-client/{__version__}", now, epoch_time)

    def _httpx_options(self, transport: Any, local: Callable[[], Any]) -> dict[str, Any]:
        """Options of httpx's client; `local` makes the transport to this machine, where none is given."""
        # A proxy from the environment cannot reach this machine.
        is_local = self._transport_config.root.host in _LOOPBACK
        if transport is None and is_local and self._transport_config.root.scheme == "http":
            transport = local()
        return {"transport": transport, "follow_redirects": False, "trust_env": not is_local}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.upstream} at {self.base_url}>"


class Client(_BaseClient):
    """Blocking client of one upstream.

    `base_url` is an origin: by default SEEDMOCK_BASE_URL, or else the upstream's real, paid host. `api_key` defaults to
    SEEDMOCK_API_KEY. `sleep` and `now` replace the clock. `preflight` checks the rules before an order is sent.
    `local_files` allows `file:` references, which read files of this machine.
    """

    def __init__(
        self,
        upstream: str,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = sleep,
        now: Callable[[], float] = monotonic,
        preflight: bool = True,
        local_files: bool = False,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        super().__init__(upstream, api_key, base_url, now, preflight, local_files, retry_policy)
        options = self._httpx_options(transport, LocalConnections)
        self._transport = Transport(self._transport_config, httpx.Client(**options), sleep)

    def close(self) -> None:
        """Close the connections."""
        self._transport.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    create = sync_method(Operations.create)
    query = sync_method(Operations.query)
    cancel = sync_method(Operations.cancel)
    list_tasks = sync_method(Operations.list_tasks)
    wait = sync_method(Operations.wait)
    download = sync_method(Operations.download)
    generate = sync_method(Operations.generate)
    upscale = sync_method(Operations.upscale)
    collect = sync_method(Operations.collect)
    quote = sync_method(Operations.quote)
    upload = sync_method(Operations.upload)
    balance = sync_method(Operations.balance)
    models = sync_method(Operations.models)
    record = sync_method(Operations.record)
    ensure_group = sync_method(Operations.ensure_group)
    create_group = sync_method(Operations.create_group)
    list_groups = sync_method(Operations.list_groups)
    delete_group = sync_method(Operations.delete_group)
    create_asset = sync_method(Operations.create_asset)
    get_asset = sync_method(Operations.get_asset)
    wait_asset = sync_method(Operations.wait_asset)
    list_assets = sync_method(Operations.list_assets)
    rename_asset = sync_method(Operations.rename_asset)
    delete_asset = sync_method(Operations.delete_asset)


class AsyncClient(_BaseClient):
    """Async client of one upstream, for asyncio and trio.

    The arguments are those of Client, with an async transport and sleep.
    """

    def __init__(
        self,
        upstream: str,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = async_sleep,
        now: Callable[[], float] = monotonic,
        preflight: bool = True,
        local_files: bool = False,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        super().__init__(upstream, api_key, base_url, now, preflight, local_files, retry_policy)
        options = self._httpx_options(transport, LocalAsyncConnections)
        self._transport = AsyncTransport(self._transport_config, httpx.AsyncClient(**options), sleep)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, type_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    create = async_method(Operations.create)
    query = async_method(Operations.query)
    cancel = async_method(Operations.cancel)
    list_tasks = async_method(Operations.list_tasks)
    wait = async_method(Operations.wait)
    download = async_method(Operations.download)
    generate = async_method(Operations.generate)
    upscale = async_method(Operations.upscale)
    collect = async_method(Operations.collect)
    quote = async_method(Operations.quote)
    upload = async_method(Operations.upload)
    balance = async_method(Operations.balance)
    models = async_method(Operations.models)
    record = async_method(Operations.record)
    ensure_group = async_method(Operations.ensure_group)
    create_group = async_method(Operations.create_group)
    list_groups = async_method(Operations.list_groups)
    delete_group = async_method(Operations.delete_group)
    create_asset = async_method(Operations.create_asset)
    get_asset = async_method(Operations.get_asset)
    wait_asset = async_method(Operations.wait_asset)
    list_assets = async_method(Operations.list_assets)
    rename_asset = async_method(Operations.rename_asset)
    delete_asset = async_method(Operations.delete_asset)


def _parse_base_url(text: str) -> str:
    """Parse an origin. The messages do not repeat it: it may contain a password."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        raise UsageError("the base URL is not a URL; expected an origin such as http://127.0.0.1:8000") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"the base URL has scheme {url.scheme!r}; expected an origin such as http://127.0.0.1:8000")
    if url.userinfo or url.query or url.fragment or url.path not in ("", "/"):
        raise UsageError("the base URL has more than an origin; expected one such as http://127.0.0.1:8000")
    return str(url).rstrip("/")


def _check_key(text: str, upstream: str) -> str:
    key = text.strip()
    if not key:
        raise AuthenticationError(f"no API key for {upstream}", upstream=upstream)
    if not key.isascii() or not key.isprintable() or " " in key:
        raise AuthenticationError("the API key has characters that a header cannot contain", upstream=upstream)
    return key
