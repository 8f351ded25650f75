"""Links in responses: the address by which a client came, what a proxy says of it, or the public URL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from seedmock_server import create_app
from seedmock_server.http.origin import request_origin
from seedmock_server.settings import InvalidSetting, Settings

StartServer = Callable[..., Any]
PUBLIC = "https://mock.example/seed"
PROXY = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "mock.example", "X-Forwarded-Prefix": "/seed/"}


def origin(client: str, **headers: str) -> str:
    lines = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return request_origin({"client": (client, 1) if client else None}, lines)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"host": "emulator:8000"}, "http://emulator:8000"),
        ({"host": "[::1]:8000"}, "http://[::1]:8000"),
        ({"host": "a b"}, "http://127.0.0.1"),
        ({"host": "x", "x_forwarded_proto": "https"}, "https://x"),
        ({"host": "x", "x_forwarded_proto": "HTTPS, http"}, "https://x"),
        ({"host": "x", "x_forwarded_host": "mock.example:8443"}, "http://mock.example:8443"),
        ({"host": "x", "x_forwarded_prefix": "/a/b/"}, "http://x/a/b"),
        ({"host": "x", "x_forwarded_proto": "https", "x_forwarded_prefix": "/"}, "https://x"),
        *(
            (
                {"host": "x", "x_forwarded_proto": "gopher", "x_forwarded_host": host, "x_forwarded_prefix": prefix},
                "http://x",
            )
            for host, prefix in (("evil.example/path", "//evil"), ("a@b", "/<script>"), ("", "a"), ("a,b c", "/a?b"))
        ),
    ],
)
def test_the_origin_of_a_request_from_this_machine(headers: dict[str, str], expected: str) -> None:
    if headers.get("x_forwarded_host") == "a,b c":
        expected = "http://a"
    assert (
        origin("127.0.0.1", **headers) == origin("::1", **headers) == origin("::ffff:127.0.0.1", **headers) == expected
    )


@pytest.mark.parametrize("client", ["192.0.2.1", "10.0.0.1", ""])
def test_headers_of_a_proxy_count_from_this_machine_alone(client: str) -> None:
    headers = {"host": "x", "x_forwarded_proto": "https", "x_forwarded_host": "evil", "x_forwarded_prefix": "/a"}
    assert origin(client, **headers) == "http://x"


@pytest.mark.parametrize(
    ("settings", "headers", "expected"),
    [
        ({}, {}, ""),
        ({}, {"X-Forwarded-Proto": "https"}, "https://"),
        ({}, PROXY, PUBLIC + "/"),
        ({"public_url": PUBLIC}, {}, PUBLIC + "/"),
        ({"public_url": PUBLIC}, {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "inner"}, PUBLIC + "/"),
    ],
)
def test_result_links_and_upload_links_follow(
    start_server: StartServer, picture: Callable[..., bytes], settings: Any, headers: Any, expected: str
) -> None:
    server = start_server(**settings)
    query = {"params": {"task_id": server.order_apimodels()}, "headers": headers}
    link = server.get("/api/v1/video/generations", **query).json()["data"]["resultUrls"][0]
    files = {"file": ("a.png", picture())}
    upload = server.post("/api/v1/files", files=files, headers=headers).json()["data"]["publicUrl"]
    for url, path in ((link, "/_mock/results/"), (upload, "/_mock/files/")):
        assert url.startswith(expected or server.origin + "/")
        assert f"{expected.rstrip('/') if '.' in expected else ''}{path}" in url
        assert server.get(path + url.partition(path)[2]).status_code == 200


@pytest.mark.parametrize(("settings", "headers"), [({}, PROXY), ({"public_url": PUBLIC}, {})])
def test_a_link_is_this_server_s_own_file_when_an_order_refers_to_it(
    start_server: StartServer, picture: Callable[..., bytes], settings: Any, headers: Any
) -> None:
    """Nothing is fetched: the picture is read by its link, whose host is elsewhere."""
    server = start_server(**settings)
    files = {"file": ("a.png", picture())}
    link = server.post("/api/v1/files", files=files, headers=headers).json()["data"]["publicUrl"]
    order = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "x", "duration": 4}
    unknown = server.post(
        "/api/v1/video/generations", order | {"first_frame_url": f"{PUBLIC}/_mock/files/no/a.png"}, headers=headers
    )
    assert unknown.status_code == 400
    assert "the uploaded file is not available" in unknown.text
    accepted = server.post("/api/v1/video/generations", order | {"first_frame_url": link}, headers=headers)
    assert accepted.status_code == 200


def test_with_a_public_url_a_link_by_loopback_stays_this_server_s_own(start_server: StartServer) -> None:
    server = start_server("on a socket", public_url=PUBLIC)
    order = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "x", "duration": 4}
    url = f"{server.origin}/_mock/files/no/a.png"
    assert "not available" in server.post("/api/v1/video/generations", order | {"first_frame_url": url}).text


def test_a_redirect_to_a_clip_has_the_prefix_of_the_proxy(start_server: StartServer) -> None:
    server = start_server("on a socket", public_url=PUBLIC)
    path = f"/v1/videos/{server.order_opeai()}/content"
    response = server.get(path, headers={"X-Mock-Fault": "redirect"}, follow_redirects=False)
    assert response.headers["location"].startswith("/seed/_mock/results/cgt-")


def test_a_public_url_with_a_slash_at_its_end_is_rejected_in_python() -> None:
    with pytest.raises(InvalidSetting, match="without a slash at its end"):
        Settings(public_url="https://mock.example/")


@pytest.mark.parametrize("transport", ["in process", "on a socket"])
def test_the_root_says_where_the_health_check_is(start_server: StartServer, transport: str) -> None:
    server = start_server(transport)
    response = server.get("/", key=None)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == {
        "name": "seedmock",
        "page": f"{server.origin}/_mock/",
        "health": f"{server.origin}/_mock/health",
        "openapi": f"{server.origin}/_mock/openapi.json",
        "upstreams": {"apimodels": f"{server.origin}/api/v1", "opeai": f"{server.origin}/v1"},
    }
    assert server.get(response.json()["health"].removeprefix(server.origin), key=None).status_code == 200
    head = server.ask("HEAD", "/", key=None)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == response.headers["content-length"]
    assert server.journal() == []


def test_other_methods_of_the_root_are_unknown_endpoints(start_server: StartServer) -> None:
    assert start_server().post("/", {}).status_code == 404


def test_the_root_behind_a_proxy_names_the_public_address(start_server: StartServer) -> None:
    assert start_server().get("/", headers=PROXY).json()["health"] == f"{PUBLIC}/_mock/health"
    assert start_server(public_url=PUBLIC).get("/").json()["upstreams"]["opeai"] == f"{PUBLIC}/v1"


def test_the_root_answers_other_machines(clips: Any) -> None:
    async def ask() -> httpx.Response:
        async with create_app(cache_dir=clips) as app:
            transport = httpx.ASGITransport(app, client=("192.0.2.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                return await client.get("/", headers=PROXY)

    assert asyncio.run(ask()).json()["health"] == "http://x/_mock/health"
