"""The network guard: stops every kind of request to a real host, and no other."""

from __future__ import annotations

import asyncio
import http.client
import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from seedmock_contracts.upstreams import contracts
from seedmock_server.testing.network_guard import HOSTS, LiveHostReached, NetworkGuard

HOST = "apimodels.app"
URL = f"https://{HOST}/api/v1/balance"


async def request_asynchronously(proxy: str | None = None) -> None:
    async with httpx.AsyncClient(proxy=proxy) as client:
        await client.get(URL)


async def open_stream() -> None:
    await asyncio.open_connection(HOST, 443)


def open_tunnel() -> None:
    http.client.HTTPSConnection("proxy.test", 3128).set_tunnel(HOST, 443)


def connect_socket() -> None:
    with socket.socket() as connection:
        connection.connect((HOST, 443))


WAYS: dict[str, Callable[[], Any]] = {
    "httpx": lambda: httpx.get(URL),
    "httpx awaited": lambda: asyncio.run(request_asynchronously()),
    "httpx through a proxy": lambda: httpx.get(URL, proxy="http://127.0.0.1:9"),
    "httpx awaited through a proxy": lambda: asyncio.run(request_asynchronously("http://127.0.0.1:9")),
    "urllib": lambda: urllib.request.urlopen(URL),
    "http.client": lambda: http.client.HTTPSConnection(HOST).request("GET", "/"),
    "http.client through a proxy": open_tunnel,
    "asyncio": lambda: asyncio.run(open_stream()),
    "a socket": connect_socket,
    "create_connection": lambda: socket.create_connection((HOST, 443)),
    "getaddrinfo": lambda: socket.getaddrinfo(HOST, 443),
    "getaddrinfo by name": lambda: socket.getaddrinfo(host=HOST, port=443),
    "gethostbyname": lambda: socket.gethostbyname(HOST),
    "bytes": lambda: socket.getaddrinfo(HOST.encode(), 443),
    "capitals and a dot": lambda: socket.getaddrinfo("APIModels.app.", 443),
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep requests on this machine even if the guard fails."""

    def nowhere(*_: Any, **__: Any) -> Any:
        raise OSError("no network in this test")

    for name in ("getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, nowhere)
    monkeypatch.setattr(socket.socket, "connect", nowhere)


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


@pytest.mark.parametrize("way", [way for way in WAYS if way != "http.client through a proxy"])
def test_without_the_guard_each_request_leaves_the_process(way: str) -> None:
    with pytest.raises((OSError, httpx.TransportError)):
        WAYS[way]()


def test_every_host_of_the_contracts_is_guarded() -> None:
    assert set(HOSTS) == {"apimodels.app", "api.apimodels.app", "api-platform.ope.ai"}
    assert {f"https://{host}" for host in HOSTS} == {base.host for contract in contracts() for base in contract.bases}


@pytest.mark.parametrize("host", ["example.test", "apimodels.app.example.test", "127.0.0.1", b"x.test"])
def test_other_hosts_are_not_guarded(host: str | bytes) -> None:
    with NetworkGuard("this test") as guard:
        with pytest.raises(OSError, match="no network in this test"):
            socket.getaddrinfo(host, 443)
        guard.check()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_a_unix_socket_is_not_guarded() -> None:
    with (
        NetworkGuard("this test"),
        socket.socket(socket.AF_UNIX) as connection,
        pytest.raises(OSError, match="no network"),
    ):
        connection.connect("/nowhere.sock")
