"""Guard against requests to the real hosts of the upstreams, which cost money.

Watches name resolution and connecting, so that it works for httpx, requests, aiohttp and urllib alike.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from seedmock_contracts.upstreams import contracts

from ..errors import SeedmockServerError

HOSTS = {urlsplit(base.host).hostname or "": contract.name for contract in contracts() for base in contract.bases}
"""The real hosts, and their upstreams."""
ADVICE = (
    "Give the code the base URL of mock_upstreams (.base_url(NAME), or SEEDMOCK_BASE_URL), or, "
    "if its hosts are hard-wired and it uses httpx, add the fixture mock_hosts."
)


class LiveHostReached(SeedmockServerError, AssertionError):
    """A test tried to reach a real host."""


class NetworkGuard:
    """Context in which every attempt of this process to reach a real host raises LiveHostReached.

    `check` finds out code that swallows the exception.
    """

    def __init__(self, test: str) -> None:
        self._test = test
        self._undo: list[Callable[[], None]] = []
        self._attempts: list[LiveHostReached] = []

    def __enter__(self) -> Self:
        for owner, name, host_of in GUARDED_FUNCTIONS:
            self._watch(owner, name, host_of)
        return self

    def __exit__(self, *_: object) -> None:
        while self._undo:
            self._undo.pop()()

    def check(self) -> None:
        """Raise the first LiveHostReached, if there was one."""
        __tracebackhide__ = True
        if self._attempts:
            raise self._attempts[0]

    def check_host(self, host: object) -> None:
        """Raise LiveHostReached for a real host."""
        __tracebackhide__ = True
        name = host.decode("latin-1") if isinstance(host, bytes) else str(host)
        upstream = HOSTS.get(name.lower().rstrip("."))
        if upstream is None:
            return
        message = f"{self._test} tried to reach {name}, a real host of {upstream}; nothing was sent."
        error = LiveHostReached(f"{message} {ADVICE}")
        self._attempts.append(error)
        raise error

    def _watch(self, owner: Any, name: str, host_of: Callable[..., object]) -> None:
        inherited = name not in vars(owner)
        original = getattr(owner, name)

        def guarded(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            self.check_host(host_of(*args, **kwargs))
            return original(*args, **kwargs)

        setattr(owner, name, guarded)
        self._undo.append(lambda: delattr(owner, name) if inherited else setattr(owner, name, original))


def _host_argument(host: object = None, *_: Any, **__: Any) -> object:
    return host


def _address_argument(address: Any = None, *_: Any, **__: Any) -> object:
    return address[0] if isinstance(address, tuple) else None


def _method_address_argument(_: object, address: Any = None, *__: Any, **___: Any) -> object:
    return _address_argument(address)


def _method_host_argument(_: object, host: object = None, *__: Any, **___: Any) -> object:
    return host


def _request_host(_: object, request: httpx.Request) -> object:
    return request.url.host


GUARDED_FUNCTIONS: tuple[tuple[Any, str, Callable[..., object]], ...] = (
    (socket, "getaddrinfo", _host_argument),
    (socket, "gethostbyname", _host_argument),
    (socket, "create_connection", _address_argument),
    (socket.socket, "connect", _method_address_argument),
    # Through a proxy only the proxy resolves the name: then these see the host, and the socket does not.
    (http.client.HTTPConnection, "set_tunnel", _method_host_argument),
    (httpx.HTTPTransport, "handle_request", _request_host),
    (httpx.AsyncHTTPTransport, "handle_async_request", _request_host),
)
"""Functions to guard, each with one that finds the host among their arguments."""
