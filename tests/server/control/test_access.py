"""Access to the control API: this machine or a token, and never a page of another site."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from seedmock_server import create_app
from seedmock_server.control.access import is_loopback

TOKEN = "correct horse"
StartServer = Callable[..., Any]


def ask(path: str = "/_mock/clock", *, peer: str, host: str = "127.0.0.1:8000", **more: Any) -> httpx.Response:
    """Send a request from an address to an application under a host name."""
    headers = {"Host": host, **more.pop("headers", {})}

    async def send_request() -> httpx.Response:
        app = create_app(pace="instant", seed=1, **more)
        transport = httpx.ASGITransport(_bound(app), client=(peer, 1))
        async with app, httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7:8000") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(send_request())


def _bound(app: Any) -> Any:
    """Wrap an application as if its socket were bound to 10.0.0.7."""

    async def bound(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "server": ("10.0.0.7", 8000)}, receive, send)

    return bound


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_loopback_has_access(peer: str) -> None:
    assert ask(peer=peer).status_code == 200


@pytest.mark.parametrize("peer", ["10.0.0.8", "203.0.113.5", "::ffff:10.0.0.8", "2001:db8::1", ""])
def test_another_machine_has_no_access_without_a_token(peer: str) -> None:
    response = ask(peer=peer)
    assert response.status_code == 403
    assert "--control-token" in response.json()["error"]["message"]


@pytest.mark.parametrize("header", [{"Authorization": f"Bearer {TOKEN}"}, {"X-Mock-Token": TOKEN}])
def test_the_token_gives_access_under_any_host_name(header: dict[str, str]) -> None:
    for host in ("10.0.0.7:8000", "emulator:8000"):
        assert ask(peer="10.0.0.8", host=host, control_token=TOKEN, headers=header).status_code == 200


@pytest.mark.parametrize(
    "header", [{}, {"X-Mock-Token": "wrong"}, {"X-Mock-Token": "é"}, {"Authorization": f"Basic {TOKEN}"}]
)
def test_loopback_needs_the_token_if_there_is_one(header: dict[str, str]) -> None:
    encoded = {name: value.encode() for name, value in header.items()}
    response = ask(peer="127.0.0.1", control_token=TOKEN, headers=encoded)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert TOKEN not in response.text


def test_health_needs_no_access() -> None:
    assert ask("/_mock/health", peer="203.0.113.5", host="evil.example", control_token=TOKEN).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "a.localhost", "LOCALHOST.", "[::1]:8000", "10.0.0.7"])
def test_host_may_be_loopback_or_the_bound_address(host: str) -> None:
    assert ask(peer="127.0.0.1", host=host).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.8", "", "[", "a@localhost.x"]
)
def test_a_rebound_host_name_is_rejected(host: str) -> None:
    response = ask(peer="127.0.0.1", host=host)
    assert (response.status_code, response.json()["error"]["field"]) == (403, "Host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("token", [None, TOKEN])
def test_a_page_of_another_site_is_rejected(headers: dict[str, str], token: str | None) -> None:
    with_token = {**headers, "X-Mock-Token": TOKEN}
    response = ask(peer="127.0.0.1", control_token=token, headers=with_token)
    assert (response.status_code, response.json()["error"]["field"]) == (403, next(iter(headers)))


def test_a_page_of_this_server_has_access() -> None:
    headers = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    assert ask(peer="127.0.0.1", headers=headers).status_code == 200


def test_a_rejected_request_has_no_effect(start_server: StartServer) -> None:
    server = start_server("on a socket")
    response = server.ask("POST", "/_mock/reset", key=None, json={}, headers={"Origin": "https://evil.example"})
    assert response.status_code == 403
    task_id = server.order_opeai()
    server.ask("POST", "/_mock/reset", key=None, json={}, headers={"Host": "evil.example"})
    assert server.query_opeai(task_id)["id"] == task_id


def test_a_socket_on_loopback_requires_the_token(start_server: StartServer) -> None:
    server = start_server("on a socket", control_token=TOKEN)
    assert server.get("/_mock/clock", key=None).status_code == 401
    assert server.get("/_mock/clock", key=TOKEN).status_code == 200
    assert server.get("/_mock/health", key=None).status_code == 200


def test_a_name_is_not_a_loopback_address() -> None:
    assert not is_loopback("localhost")


@pytest.mark.parametrize("path", ["docs", "docs/start.js", "docs/page.css"])
def test_the_reference_page_asks_for_the_token_itself(path: str) -> None:
    assert ask(f"/_mock/{path}", peer="10.0.0.8", control_token=TOKEN).status_code == 200
    assert ask(f"/_mock/{path}", peer="10.0.0.8").status_code == 403


@pytest.mark.parametrize("path", ["openapi.json", "docs/../tasks", "docs/%2e%2e/tasks", "docsx", "docs/tasks"])
def test_nothing_but_the_reference_page_is_without_the_token(path: str) -> None:
    response = ask(f"/_mock/{path}", peer="10.0.0.8", control_token=TOKEN)
    assert response.status_code in (400, 401, 404)
    assert "tasks" not in response.json()
