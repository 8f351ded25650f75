"""Client and AsyncClient: every verb is written once as a flow, and each client runs it with its own driver."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from seedmock_contracts import __version__

from .clock import monotonic, sleep, today
from .context import ClientConfig
from .effects import Flow
from .errors import AuthenticationError, UsageError
from .operations import Verbs
from .retry import Patience
from .transport import AsyncTransport, Line, Transport
from .upstreams import get_codec

P = ParamSpec("P")
T = TypeVar("T")

BASE_URL_VARIABLE = "SEEDMOCK_BASE_URL"
API_KEY_VARIABLE = "SEEDMOCK_API_KEY"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def blocking(verb: Callable[Concatenate[Verbs, P], Flow[T]]) -> Callable[Concatenate[Client, P], T]:
    """A verb that runs to its end before it returns."""

    @wraps(verb)
    def run(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._driver.run(verb(self._verbs, *args, **kwargs))

    return run


def awaited(
    verb: Callable[Concatenate[Verbs, P], Flow[T]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    """A verb that is awaited."""

    @wraps(verb)
    async def run(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._driver.run(verb(self._verbs, *args, **kwargs))

    return run


class _Base:
    """What both clients are made of. The key is kept by the driver's line only, which does not show it."""

    _verbs: Verbs

    def __init__(
        self,
        upstream: str,
        api_key: str | None,
        base_url: str | None,
        now: Callable[[], float],
        preflight: bool,
        local_files: bool,
        patience: Patience | None,
    ) -> None:
        chosen = get_codec(upstream)
        base = chosen.contract.bases[0]
        self.upstream = upstream
        self.base_url = _base_url(base_url or os.environ.get(BASE_URL_VARIABLE) or base.host)
        self._verbs = Verbs(
            ClientConfig(dialect=chosen, patience=patience or Patience(), preflight=preflight, local_files=local_files)
        )
        key = _key(api_key or os.environ.get(API_KEY_VARIABLE) or "", upstream)
        root = httpx.URL(f"{self.base_url}{base.prefix}")
        self._line = Line(root, key, f"seedmock-client/{__version__}", now, today)

    def _options(self, transport: Any) -> dict[str, Any]:
        """What both httpx clients are made with. A proxy from the environment is no way to this very machine."""
        local = self._line.root.host in _LOOPBACK
        return {"transport": transport, "follow_redirects": False, "trust_env": not local}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.upstream} at {self.base_url}>"


class Client(_Base):
    """A blocking client of one upstream.

    `base_url` is an origin; it comes from SEEDMOCK_BASE_URL if left out, and is the upstream's real host otherwise.
    `api_key` comes from SEEDMOCK_API_KEY. `local_files` lets `file:` references be read from this machine.
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
        patience: Patience | None = None,
    ) -> None:
        super().__init__(upstream, api_key, base_url, now, preflight, local_files, patience)
        self._driver = Transport(self._line, httpx.Client(**self._options(transport)), sleep)

    def close(self) -> None:
        """Close the connections."""
        self._driver.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    create = blocking(Verbs.create)
    query = blocking(Verbs.query)
    wait = blocking(Verbs.wait)
    download = blocking(Verbs.download)
    generate = blocking(Verbs.generate)
    upscale = blocking(Verbs.upscale)
    collect = blocking(Verbs.collect)
    quote = blocking(Verbs.quote)
    upload = blocking(Verbs.upload)
    balance = blocking(Verbs.balance)
    models = blocking(Verbs.models)
    record = blocking(Verbs.record)
    ensure_group = blocking(Verbs.ensure_group)
    create_group = blocking(Verbs.create_group)
    list_groups = blocking(Verbs.list_groups)
    delete_group = blocking(Verbs.delete_group)
    create_asset = blocking(Verbs.create_asset)
    get_asset = blocking(Verbs.get_asset)
    wait_asset = blocking(Verbs.wait_asset)
    list_assets = blocking(Verbs.list_assets)
    rename_asset = blocking(Verbs.rename_asset)
    delete_asset = blocking(Verbs.delete_asset)


class AsyncClient(_Base):
    """The same, awaited. Arguments are those of Client, with an async transport and sleep."""

    def __init__(
        self,
        upstream: str,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], float] = monotonic,
        preflight: bool = True,
        local_files: bool = False,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(upstream, api_key, base_url, now, preflight, local_files, patience)
        self._driver = AsyncTransport(self._line, httpx.AsyncClient(**self._options(transport)), sleep)

    async def close(self) -> None:
        """Close the connections."""
        await self._driver.client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, type_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    create = awaited(Verbs.create)
    query = awaited(Verbs.query)
    wait = awaited(Verbs.wait)
    download = awaited(Verbs.download)
    generate = awaited(Verbs.generate)
    upscale = awaited(Verbs.upscale)
    collect = awaited(Verbs.collect)
    quote = awaited(Verbs.quote)
    upload = awaited(Verbs.upload)
    balance = awaited(Verbs.balance)
    models = awaited(Verbs.models)
    record = awaited(Verbs.record)
    ensure_group = awaited(Verbs.ensure_group)
    create_group = awaited(Verbs.create_group)
    list_groups = awaited(Verbs.list_groups)
    delete_group = awaited(Verbs.delete_group)
    create_asset = awaited(Verbs.create_asset)
    get_asset = awaited(Verbs.get_asset)
    wait_asset = awaited(Verbs.wait_asset)
    list_assets = awaited(Verbs.list_assets)
    rename_asset = awaited(Verbs.rename_asset)
    delete_asset = awaited(Verbs.delete_asset)


def _base_url(text: str) -> str:
    """An origin without a slash at its end. What is wrong is said without showing a password in it."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        raise UsageError("the base URL is no URL; expected an origin such as http://127.0.0.1:8000") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"the base URL has scheme {url.scheme!r}; expected an origin such as http://127.0.0.1:8000")
    if url.userinfo or url.query or url.fragment or url.path not in ("", "/"):
        raise UsageError("the base URL has more than an origin; expected one such as http://127.0.0.1:8000")
    return str(url).rstrip("/")


def _key(text: str, upstream: str) -> str:
    key = text.strip()
    if not key:
        raise AuthenticationError(f"no API key for {upstream}", upstream=upstream)
    if not key.isascii() or not key.isprintable() or " " in key:
        raise AuthenticationError("the API key has characters that no header can carry", upstream=upstream)
    return key
