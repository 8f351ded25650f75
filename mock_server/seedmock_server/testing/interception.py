"""Interception of this process's connections to the real hosts, at the last points before bytes leave it.

Every HTTP library ends at the same few functions: a name is resolved, a socket connected, TLS begun. What answers
above them (respx, responses, a cassette) is not disturbed.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from seedmock_contracts.upstreams import contracts

from ..errors import SeedmockServerError

HOSTS = {urlsplit(base.host).hostname or "": contract.name for contract in contracts() for base in contract.bases}
"""The real hosts, and their upstreams."""

PROXY_REQUEST = re.compile(rb"[A-Z]+ http://([^/:\s]+)")
"""First bytes of a request without TLS to a proxy, with the host that it is for: RFC 9112, section 3.2.2."""
# A host has at most 253 characters; what is sent may be a whole upload, which is not copied to read its beginning.
MAX_REQUEST_LINE = 256


class LibraryNotRedirected(SeedmockServerError, AssertionError):
    """A real host was named to a library whose connections cannot be redirected."""


Function = Callable[..., Any]
Wrap = Callable[["HostPolicy", Function], Function]


class HostPolicy(Protocol):
    """Treatment of a connection to a real host; anything else passes unchanged."""

    def resolve(self, host: Any) -> Any:
        """Return the name or address to resolve instead of a real host. Raises LiveHostReached."""
        ...

    def destination(self, address: Any) -> Any:
        """Return the address to connect to instead of a real host's. Raises LiveHostReached."""
        ...

    def tls_context(self, context: ssl.SSLContext, host: Any, connection: socket.socket | None) -> ssl.SSLContext:
        """Return the context for TLS with a host; an unknown connection is None. Raises LiveHostReached."""
        ...

    def forward(self, host: str) -> None:
        """Raise LiveHostReached for a request that asks a proxy for a real host."""
        ...


def live_host(host: object) -> str | None:
    """Return a host's name as HOSTS has it, or None if it is no real host."""
    name = host.decode("latin-1") if isinstance(host, bytes) else str(host)
    name = name.lower().rstrip(".")
    return name if name in HOSTS else None


class Interception:
    """Context in which a policy decides about connections to the real hosts; of nested ones, the innermost."""

    active: list[Interception] = []  # noqa: RUF012  # shared on purpose: by all threads, as the functions are

    def __init__(self, policy: HostPolicy) -> None:
        self.policy = policy
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        self.active.append(self)
        try:
            # Looked up now: a library that patches the same functions may have begun, or ended, since the last test.
            for owner, name, wrap in entry_points():
                self._replace(owner, name, wrap)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self in self.active:
            self.active.remove(self)
        while self._undo:
            self._undo.pop()()

    def _replace(self, owner: Any, name: str, wrap: Wrap) -> None:
        inherited = name not in vars(owner)
        original = getattr(owner, name)
        wrapped = wrap(self.policy, original)

        def replacement(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            decides = self.active and self.active[-1] is self
            return (wrapped if decides else original)(*args, **kwargs)

        replacement.layer = (self, original, inherited)  # type: ignore[attr-defined]
        setattr(owner, name, replacement)
        self._undo.append(lambda: self._restore(owner, name, replacement))

    def _restore(self, owner: Any, name: str, replacement: Function) -> None:
        # Replaced by another since, ours stays beneath, where it decides nothing: the other will put it back.
        if vars(owner).get(name) is not replacement:
            return
        current, inherited = replacement, False
        while (layer := getattr(current, "layer", None)) is not None and layer[0] not in self.active:
            _, current, inherited = layer
        delattr(owner, name) if inherited else setattr(owner, name, current)


def entry_points() -> Iterator[tuple[Any, str, Wrap]]:
    """Functions through which all connections go, each with its wrapper."""
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        yield socket, name, _resolving
    for name in ("connect", "connect_ex"):
        yield socket.socket, name, _connecting
    for name in ("send", "sendall", "sendmsg"):
        if hasattr(socket.socket, name):  # Windows has no sendmsg
            yield socket.socket, name, _sending
    for context in ssl.SSLContext.__mro__:
        if "wrap_socket" in vars(context):
            yield context, "wrap_socket", _wrapping_socket
            yield context, "wrap_bio", _wrapping_bio
    yield from _entry_points_of_loops()
    # It resolves by itself where aiodns is installed or the session has a resolver; a test may import it later.
    if "aiohttp" in sys.modules or (find_spec("aiodns") and find_spec("aiohttp")):
        aiohttp = import_module("aiohttp")
        yield aiohttp.TCPConnector, "_resolve_host", _resolving_for_aiohttp
    # libcurl opens connections of its own, past everything above.
    if "pycurl" in sys.modules:
        yield sys.modules["pycurl"], "Curl", _checking_curl


def _entry_points_of_loops() -> Iterator[tuple[Any, str, Wrap]]:
    """Functions of event loops that resolve and connect in C, past those of `socket`."""
    modules = (sys.modules.get("uvloop"), sys.modules.get("winloop"))
    loops = [module.Loop for module in modules if module is not None]
    if sys.platform == "win32":
        loops.append(asyncio.ProactorEventLoop)
    for loop in loops:
        yield loop, "getaddrinfo", _resolving_in_loop
        yield loop, "create_connection", _connecting_in_loop
        yield loop, "sock_connect", _connecting_socket_in_loop


def _checking_curl(policy: HostPolicy, original: Function) -> Function:
    while (layer := getattr(original, "layer", None)) is not None:  # of an outer context, which decides nothing now
        original = layer[1]

    class CheckedCurl(original):  # type: ignore[misc, valid-type]
        def setopt(self, option: int, *values: Any) -> Any:
            __tracebackhide__ = True
            if option == sys.modules["pycurl"].URL and values:
                url = values[0].decode("latin-1") if isinstance(values[0], bytes) else str(values[0])
                host = urlsplit(url).hostname or ""
                if policy.resolve(host) != host:
                    raise LibraryNotRedirected(
                        f"pycurl would reach {host}, a real host: libcurl cannot be redirected; nothing was sent. "
                        "Give the code the base URL of mock_upstreams: .base_url(NAME), or SEEDMOCK_BASE_URL"
                    )
            return super().setopt(option, *values)

    return CheckedCurl


def _resolving(policy: HostPolicy, original: Function) -> Function:
    def resolve(host: Any = None, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        return original(policy.resolve(host), *args, **kwargs)

    return resolve


def _connecting(policy: HostPolicy, original: Function) -> Function:
    def connect(connection: socket.socket, address: Any) -> Any:
        __tracebackhide__ = True
        return original(connection, policy.destination(address))

    return connect


def _sending(policy: HostPolicy, original: Function) -> Function:
    def send(connection: socket.socket, data: Any, *args: Any) -> Any:
        __tracebackhide__ = True
        buffer = data[0] if isinstance(data, list | tuple) and data else data
        request = PROXY_REQUEST.match(bytes(memoryview(buffer)[:MAX_REQUEST_LINE])) if buffer else None
        if request is not None and live_host(request[1]) is not None:
            policy.forward(request[1].decode("latin-1"))
        return original(connection, data, *args)

    return send


def _wrapping_socket(policy: HostPolicy, original: Function) -> Function:
    def wrap_socket(
        context: ssl.SSLContext,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: Any = None,
        session: ssl.SSLSession | None = None,
    ) -> Any:
        __tracebackhide__ = True
        options = (server_side, do_handshake_on_connect, suppress_ragged_eofs, server_hostname)
        other = context if server_side else policy.tls_context(context, server_hostname, sock)
        if other is not context:
            return other.wrap_socket(sock, *options)
        return original(context, sock, *options, session)

    return wrap_socket


def _wrapping_bio(policy: HostPolicy, original: Function) -> Function:
    def wrap_bio(
        context: ssl.SSLContext,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: Any = None,
        session: ssl.SSLSession | None = None,
    ) -> Any:
        __tracebackhide__ = True
        other = context if server_side else policy.tls_context(context, server_hostname, None)
        if other is not context:
            return other.wrap_bio(incoming, outgoing, server_side, server_hostname)
        return original(context, incoming, outgoing, server_side, server_hostname, session)

    return wrap_bio


def _resolving_in_loop(policy: HostPolicy, original: Function) -> Function:
    async def getaddrinfo(loop: Any, host: Any, port: Any, **options: Any) -> Any:
        return await original(loop, policy.resolve(host), port, **options)

    return getaddrinfo


def _connecting_in_loop(policy: HostPolicy, original: Function) -> Function:
    async def create_connection(loop: Any, factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        if host is None:
            return await original(loop, factory, **options)
        address = policy.destination((policy.resolve(host), port))
        if options.get("ssl") and not options.get("server_hostname"):
            options["server_hostname"] = host
        return await original(loop, factory, *address, **options)

    return create_connection


def _connecting_socket_in_loop(policy: HostPolicy, original: Function) -> Function:
    async def sock_connect(loop: Any, connection: socket.socket, address: Any) -> Any:
        return await original(loop, connection, policy.destination(address))

    return sock_connect


def _resolving_for_aiohttp(policy: HostPolicy, original: Function) -> Function:
    async def resolve_host(connector: Any, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if live_host(host) is None:
            return await original(connector, host, port, *args, **kwargs)
        if connector.family == socket.AF_INET6:
            raise socket.gaierror(socket.EAI_NONAME, f"{host} has no IPv6 address in a test")
        address = {"hostname": host, "host": policy.resolve(host), "port": port}
        return [{**address, "family": socket.AF_INET, "proto": 0, "flags": socket.AI_NUMERICHOST}]

    return resolve_host
