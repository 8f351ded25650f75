"""The network guard: stops every kind of request to a real host at the last point, and no other."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import uvloop

from seedmock_contracts.upstreams import contracts
from seedmock_server.testing import interception, mocked
from seedmock_server.testing.interception import HOSTS
from seedmock_server.testing.network_guard import LiveHostReached, NetworkGuard

HOST = "apimodels.app"
URL = f"https://{HOST}/api/v1/balance"
PLAIN_URL = f"http://{HOST}/api/v1/balance"


async def request_asynchronously(proxy: str | None = None, url: str = URL) -> None:
    async with httpx.AsyncClient(proxy=proxy) as client:
        await client.get(url)


async def open_stream() -> None:
    await asyncio.open_connection(HOST, 443)


def connect_socket() -> None:
    with socket.socket() as connection:
        connection.connect((HOST, 443))


WAYS: dict[str, Callable[[], Any]] = {
    "httpx": lambda: httpx.get(URL),
    "httpx awaited": lambda: asyncio.run(request_asynchronously()),
    "httpx on uvloop": lambda: uvloop.run(request_asynchronously()),
    "urllib": lambda: urllib.request.urlopen(URL),
    "http.client": lambda: http.client.HTTPSConnection(HOST).request("GET", "/"),
    "asyncio": lambda: asyncio.run(open_stream()),
    "uvloop": lambda: uvloop.run(open_stream()),
    "a socket": connect_socket,
    "create_connection": lambda: socket.create_connection((HOST, 443)),
    "getaddrinfo": lambda: socket.getaddrinfo(HOST, 443),
    "getaddrinfo by name": lambda: socket.getaddrinfo(host=HOST, port=443),
    "gethostbyname": lambda: socket.gethostbyname(HOST),
    "bytes": lambda: socket.getaddrinfo(HOST.encode(), 443),
    "capitals and a dot": lambda: socket.getaddrinfo("APIModels.app.", 443),
}


async def request_through_aiohttp(proxy: str, url: str = URL) -> None:
    async with aiohttp.ClientSession() as session, session.get(url, proxy=proxy):
        pass


def request_through_urllib(proxy: str) -> None:
    handler = urllib.request.ProxyHandler({"http": proxy})
    urllib.request.build_opener(handler).open(PLAIN_URL)


def request_by_address(proxy: str) -> None:
    """Connect to an address that the code knows, and name the host in TLS only."""
    with socket.create_connection(("127.0.0.1", int(proxy.rpartition(":")[2]))) as connection:
        ssl.create_default_context().wrap_socket(connection, server_hostname=HOST)


AROUND: dict[str, Callable[[str], Any]] = {
    "httpx": lambda proxy: httpx.get(URL, proxy=proxy),
    "httpx awaited": lambda proxy: asyncio.run(request_asynchronously(proxy)),
    "requests": lambda proxy: requests.get(URL, proxies={"https": proxy}),
    "aiohttp": lambda proxy: asyncio.run(request_through_aiohttp(proxy)),
    "an address": request_by_address,
    "httpx without TLS": lambda proxy: httpx.get(PLAIN_URL, proxy=proxy),
    "httpx awaited without TLS": lambda proxy: asyncio.run(request_asynchronously(proxy, PLAIN_URL)),
    "requests without TLS": lambda proxy: requests.get(PLAIN_URL, proxies={"http": proxy}),
    "aiohttp without TLS": lambda proxy: asyncio.run(request_through_aiohttp(proxy, PLAIN_URL)),
    "urllib without TLS": request_through_urllib,
}


def nowhere(*_: Any, **__: Any) -> Any:
    raise OSError("no network in this test")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep requests on this machine even if the guard fails."""
    for name in ("getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, nowhere)
    monkeypatch.setattr(socket.socket, "connect", nowhere)
    monkeypatch.setattr(uvloop.Loop, "create_connection", nowhere)


@pytest.fixture
def proxy() -> Iterator[tuple[str, Callable[[], list[bytes]]]]:
    """URL of a proxy that opens every tunnel, and a function that returns the bytes that came through one."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                head = connection.recv(65536)
                if head.startswith(b"CONNECT"):
                    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    head = connection.recv(65536)
                received.append(head)

        thread = threading.Thread(target=serve)

        def tunnelled() -> list[bytes]:
            thread.join(10)
            return received

        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", tunnelled


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("way", WAYS)
def test_a_real_host_is_not_reached(way: str) -> None:
    with NetworkGuard("this test") as guard:
        with pytest.raises(LiveHostReached) as error:
            WAYS[way]()
        with pytest.raises(LiveHostReached) as again:
            guard.check()
    assert again.value is error.value
    message = str(error.value)
    assert message.lower().startswith("this test tried to reach apimodels.app")
    assert "a real host of apimodels; nothing was sent. Give the code the base URL of mock_upstreams" in message
    assert "mock_hosts" in message


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("way", WAYS)
def test_without_the_guard_each_request_leaves_the_process(way: str) -> None:
    with pytest.raises((OSError, httpx.TransportError)):
        WAYS[way]()


@pytest.mark.parametrize("way", AROUND)
def test_nothing_is_sent_to_a_real_host_through_a_tunnel(
    proxy: tuple[str, Callable[[], list[bytes]]], way: str
) -> None:
    url, tunnelled = proxy
    with NetworkGuard("this test") as guard:
        # asyncio ends a connection whose write fails, and the code sees no more than that.
        with pytest.raises((LiveHostReached, httpx.TransportError, aiohttp.ClientError)):
            AROUND[way](url)
        with pytest.raises(LiveHostReached, match="a real host of apimodels; nothing was sent"):
            guard.check()
    assert tunnelled() == [b""]


@pytest.mark.parametrize("way", ["httpx", "requests", "an address", "httpx without TLS"])
def test_nothing_is_sent_around_the_redirection(proxy: tuple[str, Callable[[], list[bytes]]], way: str) -> None:
    url, tunnelled = proxy
    with mocked() as upstreams, upstreams.redirect_hosts():
        with pytest.raises(LiveHostReached, match="goes around the redirection of hosts, through a proxy"):
            AROUND[way](url)
        assert len(upstreams.journal) == 0
    assert tunnelled() == [b""]


def test_every_host_of_the_contracts_is_guarded() -> None:
    assert set(HOSTS) == {"apimodels.app", "api.apimodels.app", "api-platform.ope.ai"}
    assert {f"https://{host}" for host in HOSTS} == {base.host for contract in contracts() for base in contract.bases}


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("host", ["example.test", "apimodels.app.example.test", "127.0.0.1", b"x.test"])
def test_other_hosts_are_not_guarded(host: str | bytes) -> None:
    with NetworkGuard("this test") as guard:
        with pytest.raises(OSError, match="no network in this test"):
            socket.getaddrinfo(host, 443)
        guard.check()


@pytest.mark.usefixtures("no_network")
@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_a_unix_socket_is_not_guarded() -> None:
    with (
        NetworkGuard("this test"),
        socket.socket(socket.AF_UNIX) as connection,
        pytest.raises(OSError, match="no network"),
    ):
        connection.connect("/nowhere.sock")


# --- what others replace meanwhile ---


def functions() -> list[object]:
    """The functions that a guard replaces, as they are now."""
    return [vars(owner).get(name) for owner, name, _ in interception.entry_points()]


def test_everything_is_restored() -> None:
    before = functions()
    with NetworkGuard("outer"), NetworkGuard("inner"):
        assert all(now is not then for now, then in zip(functions(), before, strict=True))
    assert functions() == before


def test_a_guard_that_fails_half_way_undoes_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    before = functions()
    points = list(interception.entry_points())
    monkeypatch.setattr(interception, "entry_points", lambda: iter([*points[:3], (socket, "not_there", nowhere)]))
    with pytest.raises(AttributeError, match="not_there"):
        NetworkGuard("this test").__enter__()
    monkeypatch.undo()
    assert functions() == before
    assert interception.Interception.active == []


def test_guards_that_end_in_another_order_leave_nothing_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    before = functions()
    first, second = NetworkGuard("first"), NetworkGuard("second")
    first.__enter__()
    second.__enter__()
    first.__exit__()
    with pytest.raises(LiveHostReached, match="second tried"):
        socket.getaddrinfo(HOST, 443)
    second.__exit__()
    assert functions() == before


def test_a_replacement_that_outlives_the_guard_is_kept_and_leads_to_the_original() -> None:
    before = socket.getaddrinfo
    try:
        with NetworkGuard("this test"):
            guarded = socket.getaddrinfo

            def theirs(*args: Any, **kwargs: Any) -> Any:
                return guarded(*args, **kwargs)

            socket.getaddrinfo = theirs
        assert socket.getaddrinfo is theirs
        assert socket.getaddrinfo("127.0.0.1", 80)[0][4] == ("127.0.0.1", 80)
    finally:
        socket.getaddrinfo = before
