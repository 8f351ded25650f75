"""Keeps a test away from the real hosts of both upstreams: calls there cost money.

Looks where names are resolved and connections made, so that it holds for httpx, requests, aiohttp and urllib alike.
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

HOSTS = {urlsplit(base.host).hostname or "": said.name for said in contracts() for base in said.bases}
"""The real hosts, and whose they are."""
ADVICE = (
    "Give the code the base URL of mock_upstreams (.base_url(NAME), or SEEDMOCK_BASE_URL), or, "
    "if its hosts are hard-wired and it uses httpx, add the fixture mock_hosts."
)


class LiveHostReached(SeedmockServerError, AssertionError):
    """A test tried to reach a real host."""


class Guard:
    """While the block lasts, nothing in this process reaches a real host; who tries gets LiveHostReached.

    Code that swallows it is found out by `check`.
    """

    def __init__(self, test: str) -> None:
        self._test = test
        self._undo: list[Callable[[], None]] = []
        self.caught: list[LiveHostReached] = []

    def __enter__(self) -> Self:
        for owner, name, host_of in LOOKOUTS:
            self._watch(owner, name, host_of)
        return self

    def __exit__(self, *_: object) -> None:
        while self._undo:
            self._undo.pop()()

    def check(self) -> None:
        """Raises LiveHostReached if anything tried to reach a real host, also if it was swallowed."""
        __tracebackhide__ = True
        if self.caught:
            raise self.caught[0]

    def refuse(self, host: object) -> None:
        """Raises LiveHostReached for a real host."""
        __tracebackhide__ = True
        name = host.decode("latin-1") if isinstance(host, bytes) else str(host)
        upstream = HOSTS.get(name.lower().rstrip("."))
        if upstream is None:
            return
        said = f"{self._test} tried to reach {name}, a real host of {upstream}; nothing was sent."
        error = LiveHostReached(f"{said} {ADVICE}")
        self.caught.append(error)
        raise error

    def _watch(self, owner: Any, name: str, host_of: Callable[..., object]) -> None:
        inherited = name not in vars(owner)
        before = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            self.refuse(host_of(*args, **kwargs))
            return before(*args, **kwargs)

        setattr(owner, name, watched)
        self._undo.append(lambda: delattr(owner, name) if inherited else setattr(owner, name, before))


def _first(host: object = None, *_: Any, **__: Any) -> object:
    return host


def _address(address: Any = None, *_: Any, **__: Any) -> object:
    return address[0] if isinstance(address, tuple) else None


def _own_address(_: object, address: Any = None, *__: Any, **___: Any) -> object:
    return _address(address)


def _tunnel(_: object, host: object = None, *__: Any, **___: Any) -> object:
    return host


def _request(_: object, request: httpx.Request) -> object:
    return request.url.host


LOOKOUTS: tuple[tuple[Any, str, Callable[..., object]], ...] = (
    (socket, "getaddrinfo", _first),
    (socket, "gethostbyname", _first),
    (socket, "create_connection", _address),
    (socket.socket, "connect", _own_address),
    (http.client.HTTPConnection, "set_tunnel", _tunnel),  # through a proxy, which alone resolves the name
    (httpx.HTTPTransport, "handle_request", _request),
    (httpx.AsyncHTTPTransport, "handle_async_request", _request),
)
"""What is watched, and how the host is found among the arguments."""
